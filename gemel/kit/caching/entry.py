"""Entry: a cached reply, and how it is stored as bytes."""

from __future__ import annotations

import msgspec

from gemel.kit.http.messages import Headers, Response
from gemel.kit.types import Discreet

__all__ = ["Entry"]


class Entry(Discreet, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One reply with status 200, as it came; its repr shows nothing of it.

    Attributes:
        url: The address that answered.
        fields: Its header fields, in order.
        body: Its body, content coding removed.
        time: When it was asked for or last confirmed, in seconds of the cache's clock.
        fresh: For how many seconds after `time` it is served without asking the server.
        spare: For how many further seconds it may stand in for a server that is down.
    """

    url: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    time: float
    fresh: float
    spare: float

    @classmethod
    def read(cls, data: bytes | None) -> Entry | None:
        """Decode an entry; None for None, and for bytes that are not an entry."""
        try:
            # A shared store may hold what another version of this library, or another program, has written.
            return None if data is None else _decoder.decode(data)
        except msgspec.DecodeError:
            return None

    def written(self) -> bytes:
        """Encode the entry."""
        return msgspec.msgpack.encode(self)

    @property
    def headers(self) -> Headers:
        """The header fields as they came."""
        return Headers(self.fields)

    def age(self, now: float) -> float:
        """Return its age in seconds; infinite when the clock was set back since."""
        # With a store the clock is the time of day, which NTP or an administrator may set back.
        return now - self.time if now >= self.time else float("inf")

    def is_fresh(self, now: float) -> bool:
        """Say whether it may be served without asking the server."""
        return self.age(now) < self.fresh

    def is_spare(self, now: float) -> bool:
        """Say whether it may stand in for a server that is down."""
        return self.age(now) < self.fresh + self.spare

    def reply(self, now: float, use: str) -> Response:
        """Return the reply with its Age (RFC 9111, section 5.1); `use` becomes `Response.cache`."""
        headers = self.headers
        age = {"Age": str(int(self.age(now) + _seconds(headers.get("age"))))}
        return Response(200, headers.with_values(age), self.body, self.url, attempts=0, cache=use)

    def __repr__(self) -> str:
        return f"<Entry, {len(self.body)} bytes>"


def _seconds(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0


_decoder = msgspec.msgpack.Decoder(Entry)
