"""Entry: a kept reply, and its form as bytes."""

from __future__ import annotations

import msgspec

from gemel.kit.http.messages import Headers, Response
from gemel.kit.types import Discreet

__all__ = ["Entry"]


class Entry(Discreet, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One reply with status 200, as it came; its repr shows nothing of it.

    Attributes:
        time: When it came or was last confirmed, in seconds of the cache's clock.
        fresh: How many seconds after that it is served without asking the server.
        spare: How many seconds after those it may stand in for a server that is down.
    """

    url: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    time: float
    fresh: float
    spare: float

    @classmethod
    def read(cls, data: bytes | None) -> Entry | None:
        """Return the entry that these bytes are, None when they are none."""
        try:
            return None if data is None else _decoder.decode(data)
        except msgspec.DecodeError:
            return None

    def written(self) -> bytes:
        """Return the entry as bytes."""
        return msgspec.msgpack.encode(self)

    @property
    def headers(self) -> Headers:
        """The header fields as they came."""
        return Headers(self.fields)

    def age(self, now: float) -> float:
        """Return how old it is, in seconds; for ever when the clock was set back since."""
        return now - self.time if now >= self.time else float("inf")

    def is_fresh(self, now: float) -> bool:
        """Whether it may be served without asking."""
        return self.age(now) < self.fresh

    def is_spare(self, now: float) -> bool:
        """Whether it may stand in for a server that is down."""
        return self.age(now) < self.fresh + self.spare

    def reply(self, now: float, use: str) -> Response:
        """Return the reply again, its Age as RFC 9111, section 5.1, has it; `use` is what `Response.cache` says."""
        headers = self.headers
        age = {"Age": str(int(self.age(now) + _seconds(headers.get("age"))))}
        return Response(200, headers.with_values(age), self.body, self.url, attempts=0, cache=use)

    def __repr__(self) -> str:
        return f"<Entry, {len(self.body)} bytes>"


def _seconds(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0


_decoder = msgspec.msgpack.Decoder(Entry)
