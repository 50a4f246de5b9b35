"""Keeps a blocking reply within its deadline, however slowly the server sends: headers, body and chunks.

A socket's own timeout starts anew with every byte; here each read waits at most for what is left of the whole call.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import socket
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from typing import Any, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import SSLError

from gemel.kit.transport.failures import BROKEN

__all__ = ["POOLS", "HandshakeError", "Limits", "aim", "reply_deadline"]


_NO_FIELD = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)


class Limits:
    """How long a reply may be read: until `deadline` (monotonic seconds), and `silence` seconds between bytes.

    They may be changed while it is read: a stream that is open lives longer than the call that opened it.
    target: what its request is sent with; None for what urllib3 makes of the address.
    """

    __slots__ = ("deadline", "silence", "target")

    def __init__(self, deadline: float, silence: float) -> None:
        self.deadline: float = deadline
        self.silence: float = silence
        self.target: str | None = None


_limits: ContextVar[Limits | None] = ContextVar("gemel_reply_limits", default=None)


@contextmanager
def reply_deadline(deadline: float, silence: float) -> Generator[Limits, None, None]:
    """Limit the replies whose headers are read inside; what is yielded can be changed for the rest of them."""
    limits = Limits(deadline, silence)
    token = _limits.set(limits)
    try:
        yield limits
    finally:
        _limits.reset(token)


def aim(target: str) -> None:
    """Send the request that is being made with this target, encoded already.

    urllib3 encodes one that it is given once more, letter by letter, and shows it in its own log.
    """
    limits = _limits.get()
    assert limits is not None
    limits.target = target


class _ClockedReader(io.RawIOBase):
    """Reads a socket, each time with what is left of the deadline as its timeout."""

    def __init__(self, raw: Any, sock: Any) -> None:
        self._raw = raw
        self._sock = sock
        self._limits = _limits.get() or Limits(float("inf"), 60.0)
        self._stopped = False
        self.ended = False

    def readable(self) -> bool:
        return True

    def stop(self) -> None:
        """Read nothing more, not even to fill a buffer."""
        self._stopped = True

    def readinto(self, buffer: Any) -> int | None:
        if self._stopped:
            return 0
        limits = self._limits
        left = limits.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self._sock.settimeout(min(left, limits.silence))
        count: int | None = self._raw.readinto(buffer)
        self.ended = not count
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _ClockedResponse(http.client.HTTPResponse):
    """An HTTP reply that is read by the clock."""

    fp: Any

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._sock = sock
        self._process = os.getpid()
        self._clocked = _ClockedReader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._clocked)

    def begin(self) -> None:
        """Read the headers; http.client would take cut ones for whole, and go on with what it cannot read."""
        super().begin()
        if self._clocked.ended:
            self._close_conn()
            raise http.client.IncompleteRead(b"")
        if self.msg.defects and any(isinstance(defect, _NO_FIELD) for defect in self.msg.defects):
            raise http.client.HTTPException("a header line is no field")
        if self.length is None and not self.chunked and "content-length" in self.msg:
            raise http.client.HTTPException("Content-Length is no number")
        if self.status in (http.client.SWITCHING_PROTOCOLS, BROKEN):
            self.will_close = True

    def _close_conn(self) -> None:
        """End the reply; when more came than belongs to it, the connection is not used for another one."""
        fp, self.fp = self.fp, None
        if fp is None:
            return
        self._clocked.stop()
        with contextlib.suppress(OSError, ValueError):  # another thread may close it at the same time
            if fp.peek(1) and self._process == os.getpid():  # in a forked process it is the parent's connection
                self._sock.shutdown(socket.SHUT_RDWR)
        fp.close()

    def _read_next_chunk_size(self) -> int:
        """Read the size of a chunk; http.client takes what is left of a cut line, "0" of "0a", and negative ones."""
        size: int = cast(Any, super())._read_next_chunk_size()
        if size < 0 or self._clocked.ended:
            raise ValueError("a chunk has no size")
        return size

    def _read_status(self) -> tuple[str, int, str]:
        """Let http.client skip every interim reply as it skips 100 (RFC 9110, section 15.2); 101 is final."""
        version, status, reason = cast(Any, super())._read_status()
        return version, 100 if 101 < status < 200 else status, reason


class _Aimed:
    """A connection that sends the target it was told."""

    def request(self, method: str, url: str, *args: Any, **options: Any) -> None:
        """Send a request."""
        limits = _limits.get()
        target = url if limits is None or limits.target is None else limits.target
        cast(Any, super()).request(method, target, *args, **options)


class _Connection(_Aimed, HTTPConnection):
    response_class: Any = _ClockedResponse


class HandshakeError(SSLError):
    """TLS failed before a request could be sent."""


class _SecureConnection(_Aimed, HTTPSConnection):
    response_class: Any = _ClockedResponse

    def connect(self) -> None:
        """Connect, and tell a failure now from one that comes after the request was sent."""
        try:
            super().connect()
        except ssl.SSLError as failure:
            raise HandshakeError(failure) from None


class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls: Any = _SecureConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connect before sending; who passed verify=False needs no warning at each call."""
        if conn.is_closed:
            conn.connect()


POOLS: dict[str, Any] = {"http": _Pool, "https": _SecurePool}
"""The pools that read by the clock, for urllib3's managers."""
