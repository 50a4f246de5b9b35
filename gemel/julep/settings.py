"""Reads the settings of a client: key and address, from arguments or the environment; headers; timeout."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gemel.julep.errors import MissingSettingError
from gemel.kit.errors import InvalidArgument
from gemel.kit.http.address import shown_address
from gemel.kit.http.messages import Timeout
from gemel.kit.types import is_mapping

__all__ = ["find_api_key", "find_base_url", "given_headers", "patience", "refuse_httpx"]


def patience(timeout: Timeout | float) -> Timeout:
    """Return a Timeout; for plain seconds, one that lets the server be silent for all of them, as a model may be.

    Raises:
        ValueError: The seconds are not positive and finite.
    """
    return timeout if isinstance(timeout, Timeout) else Timeout(total=timeout, read=timeout)


def find_api_key(given: object, environ: Mapping[str, str] = os.environ) -> str:
    """Return the API key; raises MissingSettingError without one, InvalidArgument for anything but a str."""
    return _found(given, "api_key", "JULEP_API_KEY", environ)


def find_base_url(given: object, environ: Mapping[str, str] = os.environ) -> str:
    """Return the base URL with the API's path.

    Args:
        given: The argument `base_url`.
        environ: The environment variables.

    Raises:
        MissingSettingError: There is no address.
        InvalidArgument: The argument is not a str.
        ValueError: The text is not an http or https address.
    """
    found = _found(given, "base_url", "JULEP_API_URL", environ).strip()
    if not found.lower().startswith(("http://", "https://")):
        said = shown_address(found)
        raise ValueError(f"base_url, or JULEP_API_URL: expected an address like https://host/api, got {said!r}")
    return found


def given_headers(given: object) -> Mapping[str, str]:
    """Return the additional headers; raises InvalidArgument for anything but a mapping or None."""
    if given is None or is_mapping(given):
        return given or {}
    raise InvalidArgument("Client", "additional_headers", f"expected a mapping or None, got {type(given).__name__}")


def refuse_httpx(given: object) -> None:
    """Raise InvalidArgument for an httpx client, since this SDK sends with requests and aiohttp."""
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
