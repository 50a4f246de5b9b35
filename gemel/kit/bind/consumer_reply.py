"""Reply and AsyncReply: what a Consumer of uplink's is answered, as requests and aiohttp have taught its users.

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

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy
    from yarl import URL

__all__ = ["AsyncReply", "Content", "Cookies", "Reply", "ReplyHeaders", "Text"]

F = TypeVar("F", bound="_Received")

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';]+)""", re.IGNORECASE)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})


class ReplyHeaders(Headers):
    """Header fields whose names compare without case and are listed as they came."""

    def __iter__(self) -> Iterator[str]:
        spelt: dict[str, str] = {}
        for name, _ in self.pairs():
            spelt.setdefault(name.lower(), name)
        return iter(spelt.values())

    def getall(self, name: str, default: list[str] | None = None) -> list[str]:
        """Return every value of one field, as aiohttp's headers do.

        Args:
            name: of the field.
            default: what stands for no field.

        Raises:
            KeyError: there is no field, and no default.
        """
        found = self.get_list(name)
        if not found and default is None:
            raise KeyError(name)
        return found or default or []


class Cookies(dict[str, str]):
    """The cookies that a reply sets, by name."""

    def get_dict(self) -> dict[str, str]:
        """Return them as a plain dict, as requests' jar does."""
        return dict(self)


class Text(str):
    """A body as text; calling it gives it too, for handlers that were written for aiohttp, where `text` is a method."""

    def __call__(self, encoding: str | None = None, errors: str = "strict") -> str:
        """Return the text.

        Args:
            encoding: taken for the sake of aiohttp's callers; the text has been decoded.
            errors: the same.
        """
        return str(self)


class _Received:
    """What both forms of a reply have."""

    def __init__(self, response: Response, request: Request, caller: Caller, seconds: float = 0.0) -> None:
        """Take a reply.

        Args:
            response: it.
            request: what it answers, without the client's credentials.
            caller: the client's way to the server, which knows the errors of a status.
            seconds: from the call to the reply.
        """
        self._response = response
        self._request = request
        self._caller = caller
        self.elapsed: timedelta = timedelta(seconds=seconds)
        self.encoding: str | None = _encoding(response.headers.get("content-type", ""))
        self._stream: Content | None = None

    def seen_as(self, form: type[F]) -> F:
        """Return a view of the same state, so that what is set on the one is on the other.

        Args:
            form: the class of the view.
        """
        view = form.__new__(form)
        view.__dict__ = self.__dict__
        return view

    @property
    def status_code(self) -> int:
        """The status code, by requests' name."""
        return self._response.status

    @property
    def status(self) -> int:
        """The status code, by aiohttp's name."""
        return self._response.status

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self._response.status < 400

    @property
    def reason(self) -> str:
        """What the status is called (RFC 9110, section 15); "" for one that has no name."""
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

    def raise_for_status(self) -> None:
        """Raise the error of a status that is 400 or more.

        Raises:
            APIStatusError: one of its kinds, as a NotFoundError for 404; nothing in it shows a credential.
        """
        if not self.ok:
            self._caller.checked(self._response, self._request)

    def close(self) -> None:
        """Do nothing: the body was read, and the connection given back."""

    def _decoded(self, encoding: str | None, errors: str) -> str:
        if encoding is not None:
            return self._response.body.decode(encoding, errors)
        return self._response.body.decode(_apparent(self._response.body), errors)

    def _json(self, loads: Callable[..., Any], encoding: str | None = None, **options: Any) -> Any:
        """Return the body decoded as JSON; without a word about its encoding, in any that JSON may have."""
        told = encoding or _charset(self._response.headers.get("content-type", ""))
        return loads(self._decoded(told, "strict") if told else self._response.body, **options)

    def _links(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the target and the parameters of each link, by its relation where it names one."""
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
    """A reply as requests gives it; `status`, `read()` and that `text` can be called are for aiohttp's users."""

    @property
    def headers(self) -> ReplyHeaders:
        """The header fields; a field that came several times is joined by commas."""
        return ReplyHeaders(self._response.headers.pairs())

    @property
    def url(self) -> str:
        """The address that answered."""
        return self._response.url

    @property
    def content(self) -> bytes:
        """The body."""
        return self._response.body

    @property
    def text(self) -> Text:
        """The body as text, by `encoding`; where that is None, by what it looks like."""
        return Text(self._decoded(self.encoding, "replace"))

    @property
    def apparent_encoding(self) -> str:
        """The encoding that the body looks like."""
        return _apparent(self._response.body)

    @property
    def cookies(self) -> Cookies:
        """The cookies that the reply sets."""
        return Cookies((name, morsel.value) for name, morsel in self._set_cookies().items())

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The links of the header, by their relation: `response.links["next"]["url"]` (RFC 8288)."""
        return dict(self._links())

    @property
    def history(self) -> list[Reply]:
        """Nothing: redirects that the client has followed are not kept."""
        return []

    @property
    def is_redirect(self) -> bool:
        """Whether it names another address to go to."""
        return self._response.status in _REDIRECTS and "location" in self._response.headers

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether it names another address to go to from now on."""
        return self._response.status in _PERMANENT and self.is_redirect

    def json(self, **options: Any) -> Any:
        """Return the body decoded as JSON.

        Args:
            **options: of `json.loads`; those of aiohttp's method of this name are taken too.

        Raises:
            ValueError: it is not JSON.
        """
        options.pop("content_type", None)
        return self._json(options.pop("loads", json.loads), **options)

    def read(self) -> bytes:
        """Return the body."""
        return self._response.body

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        """Yield the body in pieces.

        Args:
            chunk_size: bytes, or characters, of a piece; None for all at once.
            decode_unicode: whether the pieces are text, where `encoding` says how to make it.
        """
        whole: Any = str(self.text) if decode_unicode and self.encoding else self.content
        size = chunk_size or len(whole) or 1
        return (whole[start : start + size] for start in range(0, len(whole), size))

    def iter_lines(self, chunk_size: int = 512, decode_unicode: bool = False, delimiter: Any = None) -> Iterator[Any]:
        """Yield the lines of the body.

        Args:
            chunk_size: taken for the sake of requests' callers; the body is there.
            decode_unicode: whether the lines are text, where `encoding` says how to make it.
            delimiter: what ends a line; None for the ends of lines.
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
    """A reply as aiohttp gives it: `await response.json()`, `.text()`, `.read()`; `status_code` is there too."""

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
        """The body, to be read piece by piece."""
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
        """The bytes that were announced, None when none were."""
        announced = self._response.headers.get("content-length", "")
        return int(announced) if announced.isdecimal() else None

    @property
    def charset(self) -> str | None:
        """The encoding that the reply names."""
        return _charset(self._response.headers.get("content-type", ""))

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies that the reply sets."""
        return self._set_cookies()

    @property
    def links(self) -> dict[str, dict[str, Any]]:
        """The links of the header, by their relation, their addresses whole (RFC 8288)."""
        from yarl import URL

        return {
            name: {**link, "url": URL(urljoin(self._response.url, link["url"]), encoded=True)}
            for name, link in self._links()
        }

    @property
    def history(self) -> tuple[AsyncReply, ...]:
        """Nothing: redirects that the client has followed are not kept."""
        return ()

    @property
    def request_info(self) -> Request:
        """The request, as `request`."""
        return self._request

    @property
    def closed(self) -> bool:
        """True: the connection was given back."""
        return True

    def get_encoding(self) -> str:
        """Return the encoding that text is decoded with when none is given."""
        return self.charset or "utf-8"

    async def read(self) -> bytes:
        """Return the body."""
        return self._response.body

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """Return the body as text.

        Args:
            encoding: of the body; by default what the reply says, else UTF-8.
            errors: what is done about bytes that the encoding does not know.

        Raises:
            UnicodeDecodeError: there are such bytes, and errors is "strict".
        """
        return self._decoded(encoding or self.get_encoding(), errors)

    async def json(
        self,
        *,
        encoding: str | None = None,
        loads: Callable[..., Any] = json.loads,
        content_type: str | None = "application/json",
    ) -> Any:
        """Return the body decoded as JSON; None where there is none.

        Args:
            encoding: of the body; by default what the reply says, else what JSON looks like.
            loads: what decodes it.
            content_type: taken for the sake of aiohttp's callers; JSON under another media type is JSON too.

        Raises:
            ValueError: it is not JSON.
        """
        return self._json(loads, encoding) if self._response.body.strip() else None

    def release(self) -> Done:
        """Do nothing: the connection was given back. What is returned may be awaited."""
        return Done()

    async def wait_for_close(self) -> None:
        """Do nothing: the connection was given back."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


class Content:
    """A body that is read piece by piece, as aiohttp's StreamReader; all of it is there."""

    def __init__(self, body: bytes) -> None:
        self._size = len(body)
        self._file = io.BytesIO(body)

    async def read(self, n: int = -1) -> bytes:
        """Return at most so many of the next bytes; all of them without a number."""
        return self._file.read(n)

    async def readany(self) -> bytes:
        """Return what is left."""
        return self._file.read()

    async def readexactly(self, n: int) -> bytes:
        """Return so many of the next bytes.

        Args:
            n: the number.

        Raises:
            asyncio.IncompleteReadError: there are not so many.
        """
        piece = self._file.read(n)
        if len(piece) < n:
            from asyncio import IncompleteReadError

            raise IncompleteReadError(piece, n)
        return piece

    async def readline(self) -> bytes:
        """Return the next line, its end included; b"" after the last."""
        return self._file.readline()

    def at_eof(self) -> bool:
        """Say whether all was read."""
        return self._file.tell() >= self._size

    def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        """Return what yields the bytes that are left in pieces of so many."""
        return _each(lambda: self._file.read(n))

    def iter_any(self) -> AsyncIterator[bytes]:
        """Return what yields the bytes that are left, in one piece."""
        return _each(self._file.read)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _each(self._file.readline)


class Done:
    """What was done already, and may be awaited or not."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


async def _each(take: Callable[[], bytes]) -> AsyncIterator[bytes]:
    while piece := take():
        yield piece


def _charset(kind: str) -> str | None:
    """Return the encoding that a Content-Type names, if there is such a one."""
    named = _CHARSET.search(kind)
    if named is None:
        return None
    try:
        b"a".decode(named[1])
    except (LookupError, UnicodeError):
        return None
    return named[1]


def _apparent(body: bytes) -> str:
    """Return the encoding that a body looks like: UTF-16 by its mark, UTF-8 where it is valid, else ISO 8859-1."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "ISO-8859-1"
    return "utf-8"


def _encoding(kind: str) -> str | None:
    """Return the encoding of a text by its Content-Type, as requests does it; None when that says nothing of it."""
    named = _charset(kind)
    if named is not None:
        return named
    if kind.startswith("text/"):
        return "ISO-8859-1"  # as HTTP had it until RFC 7231
    return "utf-8" if "application/json" in kind else None
