"""The web server under an API: record the request, let it suffer its faults, write the reply."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from aiohttp import web

from .control import PREFIX, control
from .faults import Faults, Plan
from .messages import Api, RecordedRequest, Reply, RequestLog
from .rate import RateLimit

__all__ = ["WebServer"]

SHUTDOWN_SECONDS = 0.5  # how long a request under way may go on when the server stops


class WebServer:
    """An API on a TCP port.

    Requests are routed by the API itself on the target as it came: aiohttp's own router
    normalises paths, which would hide what a client really sent.

    Arguments:
        api: What answers.
        faults: What requests suffer.
        log: Where requests are recorded.
        limit: The rate limit in force.
    """

    def __init__(self, api: Api, faults: Faults, log: RequestLog, limit: RateLimit) -> None:
        self._api = api
        self._faults = faults
        self._log = log
        self._limit = limit
        self._runner: web.ServerRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, which is a free one when 0 was asked for.

        Raises:
            OSError: The port is taken or the host is not ours.
        """
        server = web.Server(self._handle, access_log=None)
        self._runner = runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except BaseException:
            await self.stop()
            raise
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await incoming.read()
        except web.HTTPRequestEntityTooLarge:
            return _response(self._api.too_large())
        request = _recorded(incoming, body)
        if request.target.startswith(PREFIX):
            return _response(control(request, self._faults, self._log))
        self._log.add(request)
        plan = self._faults.take(request)
        if plan.delay:
            await asyncio.sleep(plan.delay)
        return self._written(incoming, plan, plan.spoil(self._reply(request, plan)))

    def _reply(self, request: RecordedRequest, plan: Plan) -> Reply:
        refusal = plan.refusal(self._api.rate_limited)
        if refusal is not None:
            return refusal
        return self._limit.apply(request, self._api)

    def _written(self, incoming: web.BaseRequest, plan: Plan, reply: Reply) -> web.StreamResponse:
        head = _head(reply)
        end = plan.cut(len(head), len(reply.body))
        transport = incoming.transport
        if end is not None and transport is not None:
            if end:
                transport.write((head + reply.body)[:end])
            transport.close()
        return _response(reply)


def _recorded(incoming: web.BaseRequest, body: bytes) -> RecordedRequest:
    pairs = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in incoming.raw_headers)
    return RecordedRequest(incoming.method, incoming.raw_path, pairs, body)


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body or None, headers=reply.headers)


def _head(reply: Reply) -> bytes:
    """The status line and headers, for a reply that is written by hand because it will not be whole."""
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in (*reply.headers, ("Content-Length", len(reply.body)))]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
