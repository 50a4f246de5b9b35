"""The official openai package, configured for a Julep server: `client.openai()`. The only place that imports it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from gemel.julep.errors import MissingExtraError
from gemel.kit.http.messages import Headers, root_of
from gemel.kit.policies.tokens import Token

__all__ = ["Serving"]


class Serving:
    """What a client keeps for `openai()`: the address of model serving, the key and the headers, in no repr."""

    _key: Token
    _root: str
    _own_headers: Headers
    _seconds: float

    def _remember(self, key: str, address: str, headers: Mapping[str, str], seconds: float) -> None:
        self._key, self._root = Token(key), root_of(address)
        self._own_headers, self._seconds = Headers(headers), seconds

    def _official(self, name: str) -> Any:
        """Return a new client of the openai package, by the name of its class; raises MissingExtraError without it."""
        make: Any = getattr(_package(), name)
        made: Any = make(
            api_key=self._key.value,
            base_url=f"{self._root}/v1",
            default_headers=dict(self._own_headers.pairs()),
            timeout=self._seconds,
        )
        # The package reads both from the environment; a Julep server must not learn of an account at OpenAI.
        made.organization = made.project = None
        return made


def _package() -> Any:
    try:
        return import_module("openai")
    except ModuleNotFoundError as missing:
        if missing.name != "openai":
            raise
        raise MissingExtraError("client.openai() needs the openai package: pip install 'gemel[openai]'") from None
