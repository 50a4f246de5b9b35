"""What the environment says of the server: its address, and whether its certificate is checked."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gemel.kit.http.address import named_address, shown_address
from gemel.kit.http.encoding import Refused
from gemel.kit.tracebacks import warn_caller

__all__ = ["checks_certificates", "find_endpoint"]

DEFAULT_ENDPOINT = "https://app.infisical.com"

_ADDRESSES = ("INFISICAL_URL", "INFISICAL_DOMAIN", "INFISICAL_API_URL", "INFISICAL_HOST", "INFISICAL_SITE_URL")
_CHECK = "INFISICAL_VERIFY_SSL"
_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def find_endpoint(given: str | None, found: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """Return the server's address without a trailing /api: argument, provider chain, environment, US cloud.

    Warns of variables that name another address than the one that counts.

    Raises:
        ValueError: A variable holds no address; it is named.
    """
    return _without_api(given or found or _named(environ) or DEFAULT_ENDPOINT)


def checks_certificates(environ: Mapping[str, str] = os.environ) -> bool:
    """Say whether the environment wants certificates checked; raises ValueError for what is neither yes nor no."""
    word = environ.get(_CHECK, "").strip().lower()
    if word not in (*_WORDS, ""):
        raise ValueError(f"{_CHECK}: expected true or false, got {word[:20]!r}")
    return _WORDS.get(word, True)


def _named(environ: Mapping[str, str]) -> str | None:
    named = {name: _checked(name, text) for name in _ADDRESSES if (text := environ.get(name, "").strip())}
    if not named:
        return None
    used, address = next(iter(named.items()))
    others = [name for name, other in named.items() if other != address]
    if others:
        warn_caller(f"several addresses are set; used: {used}; ignored: {' and '.join(others)}")
    return address


def _checked(name: str, text: str) -> str:
    """Return an address in the form in which it can be compared; shows nothing of a user or a password."""
    try:
        address = named_address(text)
    except Refused as refusal:
        said = shown_address(text)
        raise ValueError(f"{name}: expected an address like https://host, got {said!r}: {refusal}") from None
    if address.user:
        raise ValueError(f"{name}: it must not hold a user name or password")
    if "{" in text:
        raise ValueError(f"{name}: it must end with the path, got {text!r}")
    return _without_api(address.root + address.path)


def _without_api(address: str) -> str:
    return address.strip().rstrip("/").removesuffix("/api")
