"""Writing a reply to the socket: whole, in parts at a pace, cut short by a fault, or with a closed connection after."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from http.client import responses

from aiohttp import web

from .faults import Plan
from .messages import ServerReply

__all__ = ["written"]

END_OF_PART = b"\n\n"


async def written(incoming: web.BaseRequest, plan: Plan, reply: ServerReply) -> web.StreamResponse:
    """The response of the web framework, already written where its own writing would not do."""
    transport = incoming.transport
    if plan.cuts and transport is not None:
        head, body = _head(reply), _framed(reply)
        end = plan.cut(len(head), len(body))
        if end:
            transport.write((head + body)[:end])
        transport.close()
    elif reply.pause is not None:
        return await _streamed(incoming, reply, reply.pause)
    elif reply.hang_up:
        return await _last(incoming, reply)
    return web.Response(status=reply.status, body=reply.body or None, headers=reply.headers)


async def _streamed(incoming: web.BaseRequest, reply: ServerReply, pause: float) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    with suppress(ConnectionError):  # the client may leave at any time
        await response.prepare(incoming)
        for position, part in enumerate(_parts(reply.body)):
            if position and pause:
                await asyncio.sleep(pause)
            await response.write(part)
        await response.write_eof()
    return response


async def _last(incoming: web.BaseRequest, reply: ServerReply) -> web.StreamResponse:
    """The reply without `Connection: close`: the client learns of the end only by the end."""
    response = web.Response(status=reply.status, body=reply.body or None, headers=reply.headers)
    with suppress(ConnectionError):
        await response.prepare(incoming)
        await response.write_eof()
    if incoming.transport is not None:
        incoming.transport.close()
    return response


def _parts(body: bytes) -> Iterator[bytes]:
    whole, _, rest = body.rpartition(END_OF_PART)
    if whole:
        yield from (part + END_OF_PART for part in whole.split(END_OF_PART))
    if rest:
        yield rest


def _framed(reply: ServerReply) -> bytes:
    """The body as it crosses the wire."""
    if reply.pause is None:
        return reply.body
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in _parts(reply.body)]
    return b"".join(chunks) + b"0\r\n\r\n"


def _head(reply: ServerReply) -> bytes:
    """The status line and headers, for a reply that is written by hand because it will not be whole."""
    framing = ("Content-Length", len(reply.body)) if reply.pause is None else ("Transfer-Encoding", "chunked")
    lines = [f"HTTP/1.1 {reply.status} {responses.get(reply.status, '')}"]
    lines += [f"{name}: {value}" for name, value in (*reply.headers, framing)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
