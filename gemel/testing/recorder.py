"""Recorder: a local server in front of a real one that records what passes through it, secrets masked.

with Recorder("https://app.infisical.com", "tests/exchanges.jsonl", sdk=InfisicalClient) as recorder:
    with InfisicalClient(endpoint=recorder.url) as client: ...
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import Self

from gemel.kit.errors import APIConnectionError
from gemel.kit.flow.clock import monotonic
from gemel.kit.http.messages import CallContext, Headers, Request, Response, Timeout
from gemel.kit.stubs.resource import Mounting
from gemel.kit.transport.environment import Network, Verify
from gemel.sandbox.messages import RecordedRequest, ServerReply
from gemel.testing.bodies import kept_body, kept_request
from gemel.testing.calls import asked
from gemel.testing.exchange import SERVER, Exchange, write_exchanges
from gemel.testing.masking import SHORTEST_SECRET, Masking
from gemel.testing.secrecy import Declared, Names, declared_by
from gemel.testing.server import Account, LocalServer

if TYPE_CHECKING:
    from gemel.kit.flow.drive import AsyncPerformer

__all__ = ["Recorder"]

_OF_ONE_CONNECTION = frozenset(
    {"connection", "content-encoding", "content-length", "keep-alive", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
_NOT_FORWARDED = _OF_ONE_CONNECTION | {"host", "accept-encoding", "expect"}
_CODINGS = ("Accept-Encoding", "gzip, deflate")


class Recorder:
    """A local server that forwards every request to another one, and writes a recording at its end.

    The file has `***` for the values of headers, parameters and JSON members whose names are those of
    credentials, for values that `sdk` declares as SECRET, and for all of these values wherever else they occur. A plain
    member that `sdk` declares, such as `secretKey`, is kept. The client itself receives everything unmasked.

    Args:
        upstream: The address of the real server.
        path: The file to write when the block is left, even by an error.
        sdk: The class of the client or resource whose endpoints are called, None for none.
        mask: Further names of headers, parameters and members to mask.
        secrets: Values to mask wherever they occur, each of four characters or more.
        timeout: Seconds that the real server may take for a whole reply, so that endless streams cannot be
            recorded.
        verify: Which certificate authorities to trust, as for a client.

    Raises:
        ValueError: `upstream` is not an address, or a secret is too short.
    """

    def __init__(
        self,
        upstream: str,
        path: str | os.PathLike[str],
        *,
        sdk: type[Mounting] | None = None,
        mask: Iterable[str] = (),
        secrets: Iterable[str] = (),
        timeout: float = 60.0,
        verify: Verify = True,
    ) -> None:
        self._upstream = _address(upstream)
        self._path = path
        self._declared: list[Declared] = [] if sdk is None else declared_by(sdk)
        self._mask = frozenset(mask)
        self._masking = Masking(_long_enough(secrets))
        self._timeout = Timeout.of(timeout)
        self._network = Network.of(verify=verify)
        self._transport: AsyncPerformer | None = None
        self._passed: list[tuple[RecordedRequest, Response]] = []
        self._account = Account()
        self._server = LocalServer(self._answer, "recorder")

    @property
    def url(self) -> str:
        """The address at which it listens, without a trailing slash: the endpoint of a client."""
        return self._server.url

    def __enter__(self) -> Self:
        self._server.open()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._server.close()
        write_exchanges(self._path, self._masked())
        self._account.settle(error)

    def __repr__(self) -> str:
        return f"<Recorder of {self._upstream}, {len(self._passed)} exchanges>"

    async def _answer(self, incoming: RecordedRequest) -> ServerReply:
        try:
            reply = await self._sender().send(self._forwarded(incoming))
        except APIConnectionError as error:
            problem = f"the recorder had no reply to {asked(incoming)}: {error}"
            self._account.add(problem)
            return ServerReply.of({"message": problem}, 502)
        self._passed.append((incoming, reply))
        return self._handed_on(reply)

    def _sender(self) -> AsyncPerformer:
        """Return the transport, made in the event loop of the server and closed with it."""
        if self._transport is None:
            from gemel.kit.transport.aiohttp_ import AiohttpTransport

            self._transport = AiohttpTransport(self._network)
        return self._transport

    def _forwarded(self, incoming: RecordedRequest) -> Request:
        kept = [pair for pair in incoming.headers if pair[0].lower() not in _NOT_FORWARDED]
        return Request(
            incoming.method,
            self._upstream + incoming.target,
            Headers([*kept, _CODINGS]),
            incoming.body or None,
            CallContext(
                label="Recorder",
                deadline=monotonic() + self._timeout.total,
                timeout=self._timeout,
            ),
        )

    def _handed_on(self, reply: Response) -> ServerReply:
        """Return the reply with the recorder's address in place of the real server's."""
        pairs = [(name, value.replace(self._upstream, self.url)) for name, value in _own(reply.headers)]
        return ServerReply(reply.status, reply.body.replace(self._upstream.encode(), self.url.encode()), tuple(pairs))

    def _masked(self) -> list[Exchange]:
        """Return the exchanges, masked by place first, so that every value to mask everywhere is known."""
        exchanges = [self._by_place(*passed) for passed in self._passed]
        return [self._everywhere(exchange) for exchange in exchanges]

    def _by_place(self, request: RecordedRequest, reply: Response) -> Exchange:
        declared, names, path = self._names(request)
        masking, headers = self._masking, Headers(request.headers)
        query = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
        replied = reply.body.replace(self._upstream.encode(), SERVER.encode())
        reply_headers = [(name, value.replace(self._upstream, SERVER)) for name, value in _own(reply.headers)]
        sent, given = kept_request(headers, request.body), kept_body(reply.headers, replied)
        if declared is not None:
            masking.learn(declared.secrets(sent, given))
        return Exchange(
            method=request.method,
            path=path,
            query=masking.pairs(query, names),
            headers=masking.fields(_own(headers), names),
            body=masking.body(sent, names),
            status=reply.status,
            reply_headers=masking.fields(reply_headers, names),
            reply=masking.body(given, names, number=0),
        )

    def _names(self, request: RecordedRequest) -> tuple[Declared | None, Names, str]:
        """Return the endpoint that a request calls, its names, and the path with secret values masked."""
        for declared in self._declared:
            values = declared.template.match(request.path) if declared.method == request.method else None
            if values is not None:
                names = declared.names.joined(self._mask)
                hidden = {name: self._masking.text(value) for name, value in values.items() if names.hide(name)}
                return declared, names, declared.template.filled(request.path, hidden)
        return None, Names().joined(self._mask), request.path

    def _everywhere(self, exchange: Exchange) -> Exchange:
        masked = self._masking.everywhere
        return replace(
            exchange,
            path=masked(exchange.path),
            query=masked(exchange.query),
            headers=masked(exchange.headers),
            body=masked(exchange.body),
            reply_headers=masked(exchange.reply_headers),
            reply=masked(exchange.reply),
        )


def _own(headers: Headers) -> list[tuple[str, str]]:
    """Return the header fields that belong to a message, not to its connection or to its time of sending."""
    return [pair for pair in headers.pairs() if pair[0].lower() not in _OF_ONE_CONNECTION | {"host", "date"}]


def _address(upstream: str) -> str:
    parts = urlsplit(upstream)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError("upstream: expected an address like https://host, without a user, a password or a query")
    return upstream.rstrip("/")


def _long_enough(secrets: Iterable[str]) -> list[str]:
    known = list(secrets)
    if any(len(secret) < SHORTEST_SECRET for secret in known):
        raise ValueError(f"secrets: a value below {SHORTEST_SECRET} characters would be masked in every word")
    return known
