"""Replayer: a local server that answers from a recording and nothing else.

with Replayer("tests/exchanges.jsonl") as replayer:
    with InfisicalClient(endpoint=replayer.url, token="any") as client: ...
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import Any

from typing_extensions import Self

from gemel.kit.http.messages import Headers
from gemel.kit.types import is_array, is_mapping
from gemel.sandbox.messages import RecordedRequest, ServerReply
from gemel.testing.bodies import kept_request, sent_body
from gemel.testing.calls import asked
from gemel.testing.exchange import SERVER, Exchange, read_exchanges
from gemel.testing.server import Account, LocalServer, StubError, refusal

__all__ = ["Replayer"]

_LISTED = 10


class Replayer:
    """A local server that returns the replies of a recording (see Recorder), each of them once.

    A request is answered if verb, path, query and body are as recorded; headers and the order of parameters do
    not matter, and masked parts match anything. Equal requests get their replies in the order recorded. A request that
    was not recorded is answered with 501 and fails the test: leaving the block raises StubError.

    Args:
        path: The recording.
        repeat: Whether the last reply to equal requests is returned again when all are used up.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is not a recording.
    """

    def __init__(self, path: str | os.PathLike[str], *, repeat: bool = False) -> None:
        self._path = os.fspath(path)
        self._exchanges = read_exchanges(path)
        self._repeat = repeat
        self._guard = threading.Lock()
        self._used: set[int] = set()
        self._account = Account()
        self._server = LocalServer(self._answer, "replayer")

    @property
    def url(self) -> str:
        """The address at which it listens, without a trailing slash: the endpoint of a client."""
        return self._server.url

    def assert_all_replayed(self) -> None:
        """Raise StubError unless every exchange of the recording was asked for."""
        with self._guard:
            left = [one for number, one in enumerate(self._exchanges) if number not in self._used]
        if left:
            listed = "\n".join(f"  {one.method} {one.path}" for one in left)
            raise StubError(f"{self._path}: not asked for:\n{listed}")

    def __enter__(self) -> Self:
        self._server.open()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._server.close()
        self._account.settle(error)

    def __repr__(self) -> str:
        return f"<Replayer of {self._path}, {len(self._used)} of {len(self._exchanges)} exchanges given>"

    def _answer(self, request: RecordedRequest) -> ServerReply:
        compared = [(number, self._differences(one, request)) for number, one in enumerate(self._exchanges)]
        fitting = [number for number, differences in compared if differences == []]
        with self._guard:
            unused = [number for number in fitting if number not in self._used]
            number = unused[0] if unused else fitting[-1] if fitting and self._repeat else None
            if number is not None:
                self._used.add(number)
        if number is None:
            return self._unknown(request, [differences for _, differences in compared if differences is not None])
        return self._given(self._exchanges[number])

    def _differences(self, exchange: Exchange, request: RecordedRequest) -> list[str] | None:
        body = kept_request(Headers(request.headers), request.body)
        return exchange.differences(request.method, request.path, request.target.partition("?")[2], body)

    def _given(self, exchange: Exchange) -> ServerReply:
        placed = replace(
            exchange,
            reply_headers=_placed(exchange.reply_headers, self.url),
            reply=_placed(exchange.reply, self.url),
        )
        pairs = tuple((name, value) for name, value in placed.reply_headers)
        return ServerReply(placed.status, sent_body(placed.reply), pairs)

    def _unknown(self, request: RecordedRequest, near: list[list[str]]) -> ServerReply:
        problem = f"{self._path}: {asked(request)} was not recorded: {self._reason(near)}"
        self._account.add(problem)
        return refusal(problem)

    def _reason(self, near: list[list[str]]) -> str:
        used_up = sum(not differences for differences in near)
        if used_up:
            return f"its {used_up} recorded replies were given already; repeat=True gives the last one again"
        if near:
            closest = min(near, key=len)
            return f"it differs in {' and '.join(closest)} from what was recorded for this path; record again"
        known = list(dict.fromkeys(f"{one.method} {one.path}" for one in self._exchanges))
        more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
        return f"there are {', '.join(known[:_LISTED]) or 'no exchanges'}{more}"


def _placed(value: Any, url: str) -> Any:
    """Return a document with this address in place of the server's."""
    if isinstance(value, str):
        return value.replace(SERVER, url)
    if is_mapping(value):
        return {name: _placed(inner, url) for name, inner in value.items()}
    if is_array(value):
        return [_placed(inner, url) for inner in value]
    return value
