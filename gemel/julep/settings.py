"""The settings of a client: key and address, arguments before the environment; headers; how long a call may take."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gemel.julep.errors import MissingSettingError
from gemel.kit.errors import InvalidArgument
from gemel.kit.http.messages import Timeout
from gemel.kit.types import is_mapping

__all__ = ["find_api_key", "find_base_url", "given_headers", "patience", "refuse_httpx"]


def patience(timeout: Timeout | float) -> Timeout:
    """Return a Timeout; of seconds alone, one whose server may be silent for all of them, as a model that thinks is.

    Raises:
        ValueError: Unless positive and finite.
    """
    return timeout if isinstance(timeout, Timeout) else Timeout(total=timeout, read=timeout)


def find_api_key(given: object, environ: Mapping[str, str] = os.environ) -> str:
    """Return the API key; raises MissingSettingError, InvalidArgument for what is no text."""
    return _found(given, "api_key", "JULEP_API_KEY", environ)


def find_base_url(given: object, environ: Mapping[str, str] = os.environ) -> str:
    """Return the API's address with its path.

    Raises:
        MissingSettingError, InvalidArgument: For what is no text.
        ValueError: For what is no address.
    """
    found = _found(given, "base_url", "JULEP_API_URL", environ).strip()
    if not found.lower().startswith(("http://", "https://")):
        said = found.rpartition("@")[2]
        raise ValueError(f"base_url, or JULEP_API_URL: expected an address like https://host/api, got {said!r}")
    return found


def given_headers(given: object) -> Mapping[str, str]:
    """Return the additional headers; raises InvalidArgument for what is no mapping."""
    if given is None or is_mapping(given):
        return given or {}
    raise InvalidArgument("Client", "additional_headers", f"expected a mapping or None, got {type(given).__name__}")


def refuse_httpx(given: object) -> None:
    """Raise InvalidArgument for a client of httpx: requests and aiohttp send here."""
    if given is not None:
        problem = "this client does not send with httpx; pass session=requests.Session(), or an aiohttp.ClientSession"
        raise InvalidArgument("Client", "_httpx_client", problem)


def _found(given: object, name: str, variable: str, environ: Mapping[str, str]) -> str:
    if given is not None and not isinstance(given, str):
        raise InvalidArgument("Client", name, f"expected str or None, got {type(given).__name__}")
    found = given or environ.get(variable)
    if not found:
        raise MissingSettingError(f"{name} must be provided, or set as the environment variable {variable}")
    return found
