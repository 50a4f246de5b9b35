"""One clock for every phase of a blocking request: resolving, connecting, TLS, CONNECT, sending, reading.

A socket's own timeout starts anew with every byte, urllib3's with every address of a name, and neither knows what the
phase before has taken. Here each step waits at most for what is left of the whole call, and it is noted how far the
request has come, because what failed tells it badly: a refused tunnel, a silent handshake and a reply that does not
come are all the same timeout.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from typing import Any, cast

import urllib3.util.connection
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from gemel.kit.flow.clock import monotonic
from gemel.kit.transport.failures import BROKEN, LONGEST_WAIT
from gemel.kit.transport.resolving import SocketAddress, resolved

__all__ = ["LIMITS", "Clocked", "ClockedConnection", "ClockedSecureConnection", "Limits"]

# A piece this small fits into the send buffer of a socket, so that sendall returns without waiting for the peer; 16 KiB
# is also the largest TLS record (RFC 8446, section 5.1).
_SENT_AT_ONCE = 1 << 14
# email.feedparser, which http.client parses headers with, notes these defects and goes on: everything behind the line
# counts as body of the message, so a header such as Content-Length behind it would be lost.
_NO_FIELD = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)
# Programs and test tools replace this function to reroute connections, so what it was at import is kept to see that.
_CREATE_CONNECTION = urllib3.util.connection.create_connection


class Limits:
    """How long one request may take, and how far it has come.

    They may be changed while its reply is read: a stream that is open lives longer than the call that opened it.

    Args:
        deadline: When the phase must be over, in monotonic seconds.
        connect: The most seconds for making a connection: resolving, every address, the proxy, TLS.
        silence: The most seconds between two pieces that are sent or received.
    """

    __slots__ = ("connect", "connecting", "deadline", "known", "sent", "silence")

    def __init__(self, deadline: float, connect: float, silence: float) -> None:
        self.deadline: float = deadline
        self.connect: float = connect
        self.silence: float = silence
        self.connecting: bool = False
        self.known: bool = False
        """Whether a connection of ours carries it: nobody notes how far a request has come on another one."""
        self.sent: bool = False
        """Whether a byte of the request may have gone out."""

    def left(self) -> float:
        """Return the seconds until the deadline, in the form that a socket takes; raises TimeoutError for none."""
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left if left < LONGEST_WAIT else LONGEST_WAIT

    def pause(self) -> float:
        """Return the seconds to wait for the next piece; raises TimeoutError for none."""
        left = self.left()
        return left if left < self.silence else self.silence


# A context variable, for urllib3 offers no other way: between Session.send and the socket lie an adapter, a pool and a
# connection that outlives the request, and none of them hands a value of the request down.
LIMITS: ContextVar[Limits | None] = ContextVar("gemel_limits", default=None)
"""The limits of the request being sent in this thread; None when somebody else uses one of these connections."""


class _ClockedReader(io.RawIOBase):
    """Reads a socket, setting its timeout before each read to what is left of the deadline."""

    _raw: Any = None

    def __init__(self, raw: Any, sock: Any) -> None:
        self._raw = raw
        self._sock = sock
        # Taken once: a stream is read after the call that opened it has reset the variable, and maybe in another
        # thread.
        self._limits = LIMITS.get() or Limits(float("inf"), 60.0, 60.0)
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
        # The timeout of a socket is counted for each recv, so it must shrink with each: a server that sends one byte a
        # second would otherwise hold a call for ever.
        self._sock.settimeout(self._limits.pause())
        count: int | None = self._raw.readinto(buffer)
        self.ended = not count
        return count

    def close(self) -> None:
        if not self.closed and self._raw is not None:
            self._raw.close()
        super().close()


class _ClockedResponse(http.client.HTTPResponse):
    """An HTTP reply that is read within the deadline of its request.

    Like every io object it closes itself when it is collected, even when a signal handler has interrupted `__init__`.
    """

    # HTTPResponse has `io.IOBase.__del__`, which calls `close` and reads `fp` whether or not `__init__` has set
    # it.
    fp: Any = None
    _clocked: Any = None

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._sock = sock
        self._process = os.getpid()
        # http.client has wrapped `sock.makefile("rb")` in a buffer already; the raw file is taken out of it before a
        # byte is read.
        self._clocked = _ClockedReader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._clocked)

    def begin(self) -> None:
        """Read the headers; http.client would take cut ones for whole, and go on with what it cannot read."""
        super().begin()
        # _read_headers stops at an empty line and at the end of the stream alike, so a head that was cut looks whole.
        if self._clocked.ended:
            self._close_conn()
            raise http.client.IncompleteRead(b"")
        if self.msg.defects and any(isinstance(defect, _NO_FIELD) for defect in self.msg.defects):
            raise http.client.HTTPException("a header line is no field")
        # http.client sets the length to None for a number that it cannot read or that is negative, and would then read
        # until the connection closes: the next reply on it would become part of this body (request smuggling, RFC 9112,
        # section 11.2).
        if self.length is None and not self.chunked and "content-length" in self.msg:
            raise http.client.HTTPException("Content-Length is no number")
        # After 101 the peer speaks another protocol. `getresponse` gives up the connection of a reply with
        # `will_close`, so the pool makes a new one.
        if self.status in (http.client.SWITCHING_PROTOCOLS, BROKEN):
            self.will_close = True

    def _close_conn(self) -> None:
        """End the reply; when more came than belongs to it, the connection is not used for another one."""
        # http.client calls this at the end of every body. Bytes behind the end belong to no request: whoever sent them
        # could answer the next request with a reply of their own choice (response splitting).
        fp, self.fp = self.fp, None
        if fp is None or self._clocked is None:
            return
        self._clocked.stop()
        with contextlib.suppress(OSError, ValueError):  # another thread may close it at the same time
            if fp.peek(1) and self._process == os.getpid():  # in a forked process it is the parent's connection
                self._sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(ValueError):
            fp.close()

    def _read_next_chunk_size(self) -> int:
        """Read the size of a chunk; http.client takes what is left of a cut line, "0" of "0a", and negative ones."""
        # It parses with `int(line, 16)`, which takes "-1", and does not see whether the line has ended with CRLF.
        size: int = cast(Any, super())._read_next_chunk_size()
        if size < 0 or self._clocked.ended:
            raise ValueError("a chunk has no size")
        return size

    def _read_status(self) -> tuple[str, int, str]:
        """Let http.client skip every interim reply as it skips 100 (RFC 9110, section 15.2); 101 is final."""
        # http.client loops while the status is exactly 100, so 102 and 103 would count as the final reply, and the real
        # one as the reply to the next request.
        version, status, reason = cast(Any, super())._read_status()
        return version, 100 if 101 < status < 200 else status, reason


class Clocked:
    """Makes a urllib3 connection keep to a deadline, and notes how far its request has come."""

    sock: Any
    response_class: Any = _ClockedResponse

    def connect(self) -> None:
        """Make the connection, within `connect` seconds and the deadline."""
        limits = LIMITS.get()
        if limits is None:
            cast(Any, super()).connect()
            return
        deadline = limits.deadline
        # urllib3 applies its connect timeout to the TCP handshake alone, and then again to TLS and to the tunnel.
        limits.deadline = min(deadline, monotonic() + limits.connect)
        limits.connecting = True
        try:
            cast(Any, super()).connect()
        finally:
            limits.deadline = deadline
            limits.connecting = False

    def _new_conn(self) -> Any:
        """Connect the socket; the TLS handshake that may follow has the rest of the time.

        urllib3 resolves the name without a limit, and gives each address the whole time.
        """
        limits = LIMITS.get()
        create = urllib3.util.connection.create_connection
        if limits is None or create is not _CREATE_CONNECTION:  # a program may say where connections go
            return cast(Any, super())._new_conn()
        me: Any = self
        try:
            # As urllib3 does it: a program may have set HAS_IPV6 to False. IPv6 literals come in brackets from the URL.
            family = urllib3.util.connection.allowed_gai_family()
            addresses = resolved(me._dns_host.strip("[]"), me.port, family, limits.left())
            sock = _connected(addresses, limits.left, me.socket_options or (), me.source_address)
        except socket.gaierror as failure:
            raise NameResolutionError(me.host, me, failure) from None
        # str.encode("idna") raises it for an empty label or one of more than 63 letters.
        except UnicodeError as failure:
            raise NewConnectionError(me, f"the name is none: {failure}") from None
        except TimeoutError as failure:
            raise ConnectTimeoutError(me, str(failure)) from None
        except OSError as failure:
            raise NewConnectionError(me, f"Failed to establish a new connection: {failure}") from None
        # urllib3 raises this event in the method that is replaced here, and audit hooks rely on it.
        sys.audit("http.client.connect", me, me.host, me.port)
        return sock

    def _tunnel(self) -> None:
        """Ask the proxy for a tunnel; the handshake through it has what is left of the time."""
        cast(Any, super())._tunnel()
        limits = LIMITS.get()
        if limits is not None:
            # ssl wraps the socket as it is, and the handshake takes the timeout that the socket has at that moment.
            self.sock.settimeout(limits.left())

    def send(self, data: Any) -> None:
        """Send a part of the request; a peer that reads slowly is waited for, one that does not read is not.

        socket.sendall counts its timeout from the first byte, so that no large body would reach a slow server.
        """
        limits, sock = LIMITS.get(), self.sock
        if limits is not None:
            if sock is None:
                self.connect()
                sock = self.sock
            # CONNECT goes out by this method too, while the connection is still being made: the server has seen nothing
            # then.
            limits.sent = limits.sent or not limits.connecting
            sock.settimeout(limits.pause())
        if limits is None or len(data) <= _SENT_AT_ONCE:
            cast(Any, super()).send(data)
            return
        rest = memoryview(data)
        while rest:
            sock.settimeout(limits.pause())
            rest = rest[sock.send(rest) :]


class ClockedConnection(Clocked, HTTPConnection):
    """A plain connection that keeps to the deadline of its request."""


class ClockedSecureConnection(Clocked, HTTPSConnection):
    """A TLS connection that keeps to the deadline of its request."""


def _connected(
    addresses: Sequence[SocketAddress],
    left: Callable[[], float],
    options: Iterable[tuple[Any, ...]],
    source: tuple[str, int] | None,
) -> socket.socket:
    """Return a socket that is connected to the first of the addresses that answers.

    Each has an equal part of the time that is left, so that one that is dead does not use it up.

    Args:
        addresses: What getaddrinfo returned, in its order.
        left: Returns the seconds until the deadline; raises TimeoutError when there are none.
        options: Arguments of `setsockopt`, one tuple each.
        source: The local host and port to bind to, None for any.

    Raises:
        OSError: No address answered; it is the error of the last one.
    """
    failure: OSError = OSError("the name has no address")
    for remaining, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        sock = None
        try:
            sock = socket.socket(family, kind, protocol)
            for option in options:
                sock.setsockopt(*option)
            if source:
                sock.bind(source)
            # A host with a dead IPv6 route has a first address whose packets vanish; nothing but a timeout ends that.
            sock.settimeout(left() / remaining)
            sock.connect(address)
            sock.settimeout(left())
            return sock
        except OSError as error:
            failure = error
            if sock is not None:
                sock.close()
        # A KeyboardInterrupt in `connect` would leave the socket to the garbage collector, which warns of it.
        except BaseException:
            if sock is not None:
                sock.close()
            raise
    raise failure
