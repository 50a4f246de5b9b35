"""Keeps a blocking reply within its deadline, however slowly the server sends: headers, body and chunks.

A socket's own timeout starts anew with every byte; here each read waits at most for what is left of the whole call.
"""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

__all__ = ["POOLS", "reply_deadline"]

_limits: ContextVar[tuple[float, float]] = ContextVar("gemel_reply_limits", default=(float("inf"), 60.0))


@contextmanager
def reply_deadline(deadline: float, silence: float) -> Generator[None, None, None]:
    """Limit the replies read inside: until `deadline` (monotonic seconds), and `silence` seconds between bytes."""
    token = _limits.set((deadline, silence))
    try:
        yield
    finally:
        _limits.reset(token)


class _ClockedReader(io.RawIOBase):
    """Reads a socket, each time with what is left of the deadline as its timeout."""

    def __init__(self, raw: Any, sock: Any) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline, self._silence = _limits.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self._sock.settimeout(min(left, self._silence))
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _ClockedResponse(http.client.HTTPResponse):
    """An HTTP reply that is read by the clock."""

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_ClockedReader(self.fp.detach(), sock))

    def _read_status(self) -> tuple[str, int, str]:
        """Let http.client skip every interim reply as it skips 100 (RFC 9110, section 15.2); 101 is final."""
        version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, 100 if 101 < status < 200 else status, reason


class _Connection(HTTPConnection):
    response_class: Any = _ClockedResponse


class _SecureConnection(HTTPSConnection):
    response_class: Any = _ClockedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls: Any = _SecureConnection


POOLS: dict[str, Any] = {"http": _Pool, "https": _SecurePool}
"""The pools that read by the clock, for urllib3's managers."""
