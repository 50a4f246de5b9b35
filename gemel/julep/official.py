"""The official openai package, configured for a Julep server: `client.openai()`. The only place that imports it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gemel.julep.errors import MissingExtraError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["official_async_client", "official_client"]


def official_client(key: str, root: str, headers: Mapping[str, str], timeout: float) -> OpenAI:
    """Return the blocking client of the openai package for model serving below `root`.

    headers: sent with every request.   timeout: in seconds.   Raises MissingExtraError when it is not installed.
    """
    made: OpenAI = _made("OpenAI", key, root, headers, timeout)
    return made


def official_async_client(key: str, root: str, headers: Mapping[str, str], timeout: float) -> AsyncOpenAI:
    """Return the async client of the openai package; the arguments are those of `official_client`."""
    made: AsyncOpenAI = _made("AsyncOpenAI", key, root, headers, timeout)
    return made


def _made(name: str, key: str, root: str, headers: Mapping[str, str], timeout: float) -> Any:
    try:
        package: Any = import_module("openai")
    except ModuleNotFoundError as missing:
        if missing.name != "openai":
            raise
        raise MissingExtraError("client.openai() needs the openai package: pip install 'gemel[openai]'") from None
    made: Any = getattr(package, name)(
        api_key=key, base_url=f"{root}/v1", default_headers=dict(headers) or None, timeout=timeout
    )
    # It reads them from the environment; an account at OpenAI is no business of a Julep server.
    made.organization = made.project = None
    return made
