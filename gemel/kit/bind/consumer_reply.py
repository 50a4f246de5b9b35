"""Reply and AsyncReply: the replies of an uplink Consumer, with the interfaces of requests and of aiohttp.

uplink hands a reply to handlers and converters as the HTTP library made it, so their users know what it has: `Reply` is
for code that does not await, `AsyncReply` for code that does. The body was read; both are views of one state, so that
what a handler keeps on the one is on the other.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from datetime import timedelta
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

from typing_extensions import Self

from gemel.kit.http.links import links
from gemel.kit.http.messages import Headers, Request, Response
from gemel.kit.policies.caller import Caller
from gemel.kit.tracebacks import entry

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy
    from yarl import URL

__all__ = ["AsyncReply", "Content", "Cookies", "Reply", "ReplyHeaders", "Text"]

F = TypeVar("F", bound="_Received")

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';]+)""", re.IGNORECASE)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})


class ReplyHeaders(Headers):
    """Header fields whose names compare without case and are listed as received."""

    def __iter__(self) -> Iterator[str]:
        spelt: dict[str, str] = {}
        for name, _ in self.pairs():
            spelt.setdefault(name.lower(), name)
        return iter(spelt.values())

    def getall(self, name: str, default: list[str] | None = None) -> list[str]:
        """Return every value of one field, as aiohttp's headers do.

        Args:
            name: The name of the field.
            default: The value to return when there is no such field; None raises KeyError.

        Raises:
            KeyError: There is no such field, and no default.
        """
        found = self.get_list(name)
        if not found and default is None:
            raise KeyError(name)
        return found or default or []


class Cookies(dict[str, str]):
    """The cookies that a reply sets: values by name."""

    def get_dict(self) -> dict[str, str]:
        """Return the cookies as a plain dict, as the cookie jar of requests does."""
        return dict(self)


class Text(str):
    """A body as text; it can also be called, for handlers written for aiohttp, where `text` is a method."""

    def __call__(self, encoding: str | None = None, errors: str = "strict") -> str:
        """Return the text.

        Args:
            encoding: Ignored; accepted for callers of aiohttp, since the text is decoded already.
            errors: Ignored likewise.
        """
        return str(self)


class _Received:
    """The base of both forms of a reply."""

    def __init__(self, response: Response, request: Request, caller: Caller, seconds: float = 0.0) -> None:
        """Take a reply.

        Args:
            response: The reply.
            request: The request that it answers, without the client's credentials.
            caller: The Caller of the client, which makes the errors of a status.
            seconds: The time from the call to the reply.
        """
        self._response = response
        self._request = request
        self._caller = caller
        self.elapsed: timedelta = timedelta(seconds=seconds)
        self.encoding: str | None = _encoding(response.headers.get("content-type", ""))
        self._stream: Content | None = None

    def seen_as(self, form: type[F]) -> F:
        """Return a view of the same state: an attribute set on one is set on the other.

        Args:
            form: The class of the view.
        """
        view = form.__new__(form)
        view.__dict__ = self.__dict__
        return view

    @property
    def status_code(self) -> int:
        """The status code, as requests names it."""
        return self._response.status

    @property
    def status(self) -> int:
        """The status code, as aiohttp names it."""
        return self._response.status

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self._response.status < 400

    @property
    def reason(self) -> str:
        """The reason phrase of the status (RFC 9110, section 15), "" for an unknown one."""
        known = {status.value: status.phrase for status in HTTPStatus}
        return known.get(self._response.status, "")

    @property
    def method(self) -> str:
        """The verb of the request."""
        return self._request.method

    @property
    def request(self) -> Request:
        """The request: its `method`, `url`, `headers` and `body`, without the client's credentials."""
        return self._request

    @entry
    def raise_for_status(self) -> None:
        """Raise the error for a status of 400 or more.

        Raises:
            APIStatusError: The status is 400 or more; its class is that of the status, as NotFoundError for 404.
        """
        if not self.ok:
            self._caller.checked(self._response, self._request)

    def close(self) -> None:
        """Do nothing: the body has been read and the connection given back."""

    def _decoded(self, encoding: str | None, errors: str) -> str:
        if encoding is not None:
            return self._response.body.decode(encoding, errors)
        return self._response.body.decode(_apparent(self._response.body), errors)

    def _json(self, loads: Callable[..., Any], encoding: str | None = None, **options: Any) -> Any:
        """Return the body decoded as JSON, by the encoding given or named, else as `json.loads` detects it."""
        told = encoding or _charset(self._response.headers.get("content-type", ""))
        return loads(self._decoded(told, "strict") if told else self._response.body, **options)

    def _links(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield each link with its target and parameters, keyed by its relation or else by its target."""
        for target, parameters in links(self._response.headers.get_list("link")):
            yield parameters.get("rel", target), {"url": target, **parameters}

    def _set_cookies(self) -> SimpleCookie:
        jar = SimpleCookie()
        for field in self._response.headers.get_list("set-cookie"):
            try:
                jar.load(field)
            except CookieError:
                continue
        return jar

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self._response.status}]>"


class Reply(_Received):
    """A reply with the interface of requests, and with aiohttp's `status`, `read()` and callable `text`."""

    @property
    def headers(self) -> ReplyHeaders:
        """The header fields; a repeated one is joined with commas."""
        return ReplyHeaders(self._response.headers.pairs())

    @property
    def url(self) -> str:
        """The address that answered."""
        return self._response.url

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return self._response.body

    @property
    def text(self) -> Text:
        """The body as text, decoded with `encoding`, or with `apparent_encoding` when that is None."""
        return Text(self._decoded(self.encoding, "replace"))

    @property
    def apparent_encoding(self) -> str:
        """The encoding that the bytes of the body suggest."""
        return _apparent(self._response.body)

    @property
    def cookies(self) -> Cookies:
        """The cookies that the reply sets."""
        return Cookies((name, morsel.value) for name, morsel in self._set_cookies().items())

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The links of the Link field by relation, `response.links["next"]["url"]` (RFC 8288)."""
        return dict(self._links())

    @property
    def history(self) -> list[Reply]:
        """Always empty: redirects that the client has followed are not kept."""
        return []

    @property
    def is_redirect(self) -> bool:
        """Whether the reply is a redirect."""
        return self._response.status in _REDIRECTS and "location" in self._response.headers

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether the reply is a permanent redirect (301 or 308)."""
        return self._response.status in _PERMANENT and self.is_redirect

    @entry
    def json(self, **options: Any) -> Any:
        """Return the body decoded as JSON.

        Args:
            **options: Arguments of `json.loads`, and those of aiohttp's `json()`.

        Raises:
            ValueError: The body is not JSON.
        """
        options.pop("content_type", None)
        return self._json(options.pop("loads", json.loads), **options)

    def read(self) -> bytes:
        """Return the body."""
        return self._response.body

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        """Yield the body in pieces.

        Args:
            chunk_size: The size of a piece in bytes, or in characters of text; None for all at once.
            decode_unicode: Whether the pieces are text, if `encoding` is known.
        """
        whole: Any = str(self.text) if decode_unicode and self.encoding else self.content
        size = chunk_size or len(whole) or 1
        return (whole[start : start + size] for start in range(0, len(whole), size))

    def iter_lines(self, chunk_size: int = 512, decode_unicode: bool = False, delimiter: Any = None) -> Iterator[Any]:
        """Yield the lines of the body.

        Args:
            chunk_size: Ignored; accepted for callers of requests, since the body has been read.
            decode_unicode: Whether the lines are text, if `encoding` is known.
            delimiter: The separator of lines; None splits at line breaks.
        """
        whole: Any = str(self.text) if decode_unicode and self.encoding else self.content
        return iter(whole.split(delimiter) if delimiter else whole.splitlines())

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content(128)

    def __bool__(self) -> bool:
        return self.ok

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncReply(_Received):
    """A reply with the interface of aiohttp, `await response.json()`, `.text()`, `.read()`, and with `status_code`."""

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The header fields."""
        from multidict import CIMultiDict, CIMultiDictProxy  # aiohttp's: loaded for those alone who await

        return CIMultiDictProxy(CIMultiDict(self._response.headers.pairs()))

    @property
    def url(self) -> URL:
        """The address that answered."""
        from yarl import URL

        return URL(self._response.url, encoded=True)

    real_url = url

    @property
    def host(self) -> str | None:
        """The host that answered."""
        return self.url.host

    @property
    def content(self) -> Content:
        """The body as a stream to read piece by piece."""
        if self._stream is None:
            self._stream = Content(self._response.body)
        return self._stream

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        kind = self._response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind or "application/octet-stream"

    @property
    def content_length(self) -> int | None:
        """The value of Content-Length in bytes, None when there is none."""
        announced = self._response.headers.get("content-length", "")
        return int(announced) if announced.isdecimal() else None

    @property
    def charset(self) -> str | None:
        """The encoding that Content-Type names, None when it names none."""
        return _charset(self._response.headers.get("content-type", ""))

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies that the reply sets."""
        return self._set_cookies()

    @property
    def links(self) -> dict[str, dict[str, Any]]:
        """The links of the Link field by relation, their addresses made absolute (RFC 8288)."""
        from yarl import URL

        return {
            name: {**link, "url": URL(urljoin(self._response.url, link["url"]), encoded=True)}
            for name, link in self._links()
        }

    @property
    def history(self) -> tuple[AsyncReply, ...]:
        """Always empty: redirects that the client has followed are not kept."""
        return ()

    @property
    def request_info(self) -> Request:
        """The same as `request`, as aiohttp names it."""
        return self._request

    @property
    def closed(self) -> bool:
        """Always True: the connection has been given back."""
        return True

    def get_encoding(self) -> str:
        """Return the encoding that text is decoded with when none is given."""
        return self.charset or "utf-8"

    async def read(self) -> bytes:
        """Return the body."""
        return self._response.body

    @entry
    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """Return the body as text.

        Args:
            encoding: The encoding of the body; None takes that of Content-Type, else UTF-8.
            errors: How undecodable bytes are handled, as in `bytes.decode`.

        Raises:
            UnicodeDecodeError: The body holds such bytes, and `errors` is "strict".
        """
        return self._decoded(encoding or self.get_encoding(), errors)

    @entry
    async def json(
        self,
        *,
        encoding: str | None = None,
        loads: Callable[..., Any] = json.loads,
        content_type: str | None = "application/json",
    ) -> Any:
        """Return the body decoded as JSON; None where there is none.

        Args:
            encoding: The encoding of the body; None takes that of Content-Type, else it is detected.
            loads: The function that decodes the text.
            content_type: Ignored; accepted for callers of aiohttp, as JSON under any media type is decoded.

        Raises:
            ValueError: The body is not JSON.
        """
        return self._json(loads, encoding) if self._response.body.strip() else None

    def release(self) -> Done:
        """Do nothing: the connection has been given back. The result may be awaited."""
        return Done()

    async def wait_for_close(self) -> None:
        """Do nothing: the connection has been given back."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


class Content:
    """A body with the interface of aiohttp's StreamReader, all of it in memory."""

    def __init__(self, body: bytes) -> None:
        self._size = len(body)
        self._file = io.BytesIO(body)

    async def read(self, n: int = -1) -> bytes:
        """Return at most `n` of the next bytes, all of them for -1."""
        return self._file.read(n)

    async def readany(self) -> bytes:
        """Return all bytes that are left."""
        return self._file.read()

    @entry
    async def readexactly(self, n: int) -> bytes:
        """Return exactly `n` of the next bytes.

        Args:
            n: How many bytes to return.

        Raises:
            asyncio.IncompleteReadError: Fewer bytes are left.
        """
        piece = self._file.read(n)
        if len(piece) < n:
            from asyncio import IncompleteReadError

            raise IncompleteReadError(piece, n)
        return piece

    async def readline(self) -> bytes:
        """Return the next line with its line break, b"" after the last."""
        return self._file.readline()

    def at_eof(self) -> bool:
        """Say whether all bytes have been read."""
        return self._file.tell() >= self._size

    def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        """Iterate over the bytes that are left in pieces of `n`."""
        return _each(lambda: self._file.read(n))

    def iter_any(self) -> AsyncIterator[bytes]:
        """Iterate over the bytes that are left, in one piece."""
        return _each(self._file.read)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _each(self._file.readline)


class Done:
    """The result of something that is done already, which may be awaited or not."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


async def _each(take: Callable[[], bytes]) -> AsyncIterator[bytes]:
    while piece := take():
        yield piece


def _charset(kind: str) -> str | None:
    """Return the encoding that a Content-Type names, None when it names no known one."""
    named = _CHARSET.search(kind)
    if named is None:
        return None
    try:
        b"a".decode(named[1])
    except (LookupError, UnicodeError):
        return None
    return named[1]


def _apparent(body: bytes) -> str:
    """Guess the encoding of a body: UTF-16 by its byte order mark, UTF-8 if it is valid, else ISO 8859-1."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "ISO-8859-1"
    return "utf-8"


def _encoding(kind: str) -> str | None:
    """Return the encoding of a text by its Content-Type as requests does, None when that says nothing about it."""
    named = _charset(kind)
    if named is not None:
        return named
    if kind.startswith("text/"):
        return "ISO-8859-1"  # as HTTP had it until RFC 7231
    return "utf-8" if "application/json" in kind else None
