"""Where the key and the address come from, arguments before the environment; and how long a call may take."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gemel.julep.errors import MissingSettingError
from gemel.kit.errors import InvalidArgument
from gemel.kit.messages import Timeout

__all__ = ["find_api_key", "find_base_url", "patience"]


def patience(timeout: Timeout | float) -> Timeout:
    """Return a Timeout; of seconds alone, one whose server may be silent for all of them, as a model that thinks is.

    Raises ValueError unless positive and finite.
    """
    return timeout if isinstance(timeout, Timeout) else Timeout(total=timeout, read=timeout)


def find_api_key(given: object, environ: Mapping[str, str] = os.environ) -> str:
    """Return the API key; raises MissingSettingError, InvalidArgument for what is no text."""
    return _found(given, "api_key", "JULEP_API_KEY", environ)


def find_base_url(given: object, environ: Mapping[str, str] = os.environ) -> str:
    """Return the API's address with its path; raises MissingSettingError, InvalidArgument for what is no text."""
    return _found(given, "base_url", "JULEP_API_URL", environ)


def _found(given: object, name: str, variable: str, environ: Mapping[str, str]) -> str:
    if given is not None and not isinstance(given, str):
        raise InvalidArgument("Client", name, f"expected str or None, got {type(given).__name__}")
    found = given or environ.get(variable)
    if not found:
        raise MissingSettingError(f"{name} must be provided, or set as the environment variable {variable}")
    return found
