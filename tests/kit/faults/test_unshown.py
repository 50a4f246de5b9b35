"""What an unreadable reply holds is in no error: it may be a secret."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from gemel.kit.errors import APIError

from ..shop import Mode
from ..wire import Wire
from .hostile import BODY, CHUNKED, JSON, OK, held, sized

SECRET = b"hunter2-hunter2"
UNREADABLE = {
    "a body without headers": SECRET,
    "a status line": b"HTTP/1.1 " + SECRET + b"\r\n\r\n",
    "a version": b"HTTP/" + SECRET + b" 200 OK\r\n\r\n",
    "a header line": JSON + SECRET + b"\r\n\r\n" + BODY,
    "a header field": OK + b"X A: " + SECRET + b"\r\n\r\n" + BODY,
    "a long header field": OK + b"Set-Cookie: " + SECRET * 10_000 + b"\r\n\r\n",
    "many header fields": OK + b"Set-Cookie: %s\r\n" % SECRET * 200 + b"\r\n" + BODY,
    "a length": JSON + b"Content-Length: " + SECRET + b"\r\n\r\n" + BODY,
    "two lengths": JSON + b"Content-Length: 12\r\nContent-Length: 999\r\n\r\n" + SECRET,
    "the size of a chunk": CHUNKED + SECRET + b"\r\n" + BODY,
    "behind a chunk": CHUNKED + b"2\r\n{}" + SECRET,
    "behind the body": sized(5) + SECRET,
    "a body that is not gzip": JSON + b"Content-Encoding: gzip\r\nContent-Length: 15\r\n\r\n" + SECRET,
    "a name of a coding": JSON
    + b"Content-Encoding: "
    + SECRET
    + b", a, b, c, d, gzip\r\nContent-Length: 12\r\n\r\n"
    + BODY,
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_what_came_is_not_shown(mode: Mode, data: bytes) -> None:
    with Wire(held(data)) as wire:
        error: Any = mode.fails(wire.url, lambda shop: shop.albums.anything("a"), timeout=0.2)
    assert isinstance(error, APIError)
    shown = "".join([str(error), repr(error), repr(error.args), *traceback.format_exception(error)])
    assert "hunter2" not in shown
