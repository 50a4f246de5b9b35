"""The web server under an API: record the request, let it suffer its faults, have the reply written."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from .control import PREFIX, Control
from .faults import Faults, Plan
from .guard import Guard
from .messages import Api, RecordedRequest, RequestLog, ServerReply, SharedPort
from .rate import RateLimit
from .writing import written

__all__ = ["WebServer"]

MAX_BODY = 1 << 20
SHUTDOWN_SECONDS = 0.5  # how long a request under way may go on when the server stops
_UNREADABLE = ServerReply.of({"message": "the body cannot be read: it is cut, or not in its chunks or its coding"}, 400)


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell whether a failure is ours; what is no HTTP is told to the client alone, for it may be secret."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_logger = logging.getLogger("gemel.sandbox.http")
_logger.addFilter(_is_ours)


class WebServer:
    """An API on a TCP port.

    Requests are routed by the API itself on the target as it came: aiohttp's own router
    normalises paths, which would hide what a client really sent.

    Arguments:
        api: What answers, or the choice of what answers.
        faults: What requests suffer.
        log: Where requests are recorded.
        limit: The rate limit in force.
        max_body: The bytes that a request's body may have.
        control: What answers below the control prefix; by default faults and requests, to this machine alone.
    """

    def __init__(
        self,
        api: Api | SharedPort,
        faults: Faults,
        log: RequestLog,
        limit: RateLimit,
        *,
        max_body: int = MAX_BODY,
        control: Control | None = None,
    ) -> None:
        self._max_body = max_body
        self._control = control or Control(faults, log, Guard())
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
        server = web.Server(self._handle, access_log=None, logger=_logger)
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
            if incoming.raw_path.startswith(PREFIX):
                return _response(await self._controlled(incoming))
            request = await self._received(incoming, self._max_body)
        except web.HTTPRequestEntityTooLarge:
            return _response(self._chosen(incoming.raw_path).too_large())
        except (web.RequestPayloadError, ConnectionError):
            return _response(_UNREADABLE)
        self._log.add(request)
        plan = self._faults.take(request)
        if plan.delay:
            await asyncio.sleep(plan.delay)
        return await written(incoming, plan, plan.spoil(await self._reply(request, plan)))

    async def _controlled(self, incoming: web.BaseRequest) -> ServerReply:
        """Return the reply of the control endpoint; what it refuses by its head is not read."""
        refusal = self._control.refusal(incoming.method, _pairs(incoming))
        if refusal is not None:
            return refusal
        try:
            return self._control.answer(await self._received(incoming, MAX_BODY))
        except web.HTTPRequestEntityTooLarge:
            return self._control.too_large()

    async def _received(self, incoming: web.BaseRequest, most: int) -> RecordedRequest:
        """Read a request.

        Raises:
            web.HTTPRequestEntityTooLarge: Its body has more than `most` bytes, or will have.
            web.RequestPayloadError: Its body is not in its chunks or its coding.
            ConnectionError: The client has left.
        """
        length = incoming.content_length or 0
        if length > most:
            raise web.HTTPRequestEntityTooLarge(most, length)
        if incoming.headers.get("Expect", "").lower() == "100-continue":  # RFC 9110, section 10.1.1
            await incoming.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            incoming.writer.output_size = 0
        body = await incoming.clone(client_max_size=most).read()
        return RecordedRequest(incoming.method, incoming.raw_path, _pairs(incoming), body)

    async def _reply(self, request: RecordedRequest, plan: Plan) -> ServerReply:
        api = self._chosen(request.path)
        refusal = plan.refusal(api.rate_limited)
        if refusal is not None:
            return refusal
        return await self._limit.apply(request, api)

    def _chosen(self, path: str) -> Api:
        return self._api.choose(path) if isinstance(self._api, SharedPort) else self._api


def _pairs(incoming: web.BaseRequest) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in incoming.raw_headers)


def _response(reply: ServerReply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body or None, headers=reply.headers)
