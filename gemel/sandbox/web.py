"""The web server under an API: record the request, let it suffer its faults, have the reply written."""

from __future__ import annotations

import asyncio

from aiohttp import web

from .control import PREFIX, control
from .faults import Faults, Plan
from .messages import Api, RecordedRequest, Reply, RequestLog, SharedPort
from .rate import RateLimit
from .writing import written

__all__ = ["WebServer"]

MAX_BODY = 1 << 20
SHUTDOWN_SECONDS = 0.5  # how long a request under way may go on when the server stops


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
    """

    def __init__(
        self, api: Api | SharedPort, faults: Faults, log: RequestLog, limit: RateLimit, *, max_body: int = MAX_BODY
    ) -> None:
        self._max_body = max_body
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
            body = await incoming.clone(client_max_size=self._max_body).read()
        except web.HTTPRequestEntityTooLarge:
            return _response(self._chosen(incoming.raw_path).too_large())
        request = _recorded(incoming, body)
        if request.target.startswith(PREFIX):
            return _response(control(request, self._faults, self._log))
        self._log.add(request)
        plan = self._faults.take(request)
        if plan.delay:
            await asyncio.sleep(plan.delay)
        return await written(incoming, plan, plan.spoil(await self._reply(request, plan)))

    async def _reply(self, request: RecordedRequest, plan: Plan) -> Reply:
        api = self._chosen(request.path)
        refusal = plan.refusal(api.rate_limited)
        if refusal is not None:
            return refusal
        return await self._limit.apply(request, api)

    def _chosen(self, path: str) -> Api:
        return self._api.choose(path) if isinstance(self._api, SharedPort) else self._api


def _recorded(incoming: web.BaseRequest, body: bytes) -> RecordedRequest:
    pairs = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in incoming.raw_headers)
    return RecordedRequest(incoming.method, incoming.raw_path, pairs, body)


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body or None, headers=reply.headers)
