"""Turns what an uplink Consumer wants sent into a Request, its values in the forms that requests gives them.

| of uplink's request | becomes |
|---|---|
| `params` | the query: a mapping, pairs, or text that is encoded already; None is left out, a list repeats the name |
| `headers` | header fields, over those of the client; None is left out |
| `json` | the body |
| `data` | the body: a mapping or pairs as a form, bytes, text or a file as they are |
| `files` | a multipart body, the fields of `data` first |
| `cookies` | the Cookie field |
| `auth` | the Authorization field: a pair of user and password, or what encodes itself, as aiohttp's BasicAuth |
| `timeout` | seconds to wait for the server, a pair of them, a Timeout, or a ClientTimeout of aiohttp |
| `stream` | nothing: a reply is read whole |
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote, urljoin, urlsplit

from msgspec.structs import replace

from gemel.kit.bind.request_builder import encoded_query, file_pieces, time_limits
from gemel.kit.bodies.multipart import Piece, multipart_body
from gemel.kit.bodies.parts import form_body
from gemel.kit.bodies.upload import Upload
from gemel.kit.errors import InvalidArgument
from gemel.kit.http.encoding import Refused, header_name, header_text, percent_encoded, utf8_bytes
from gemel.kit.http.messages import CallContext, Headers, Request, Timeout, origin
from gemel.kit.http.sensitive import is_sensitive
from gemel.kit.models.encode import json_bytes
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.options import Options
from gemel.kit.types import is_mapping

__all__ = ["InvalidURL", "consumer_request"]

LABEL = "Consumer"
"""The name of a Consumer's calls in errors and events, since uplink does not tell the name of the method."""

# What requests leaves as it is in a path: its `requote_uri` quotes with these characters as safe.
_PATH_CHARACTERS = "!$%&'()*+,/:;=@[]~"
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9.\-_~%]+|\[[0-9A-Fa-f:.]+\])(?::\d*)?")
_GOES_ABROAD = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})
_KNOWN = frozenset({"params", "headers", "json", "data", "files", "cookies", "auth", "timeout", "stream"})
_AT_CLIENT: Mapping[str, str] = {
    "allow_redirects": "follow_redirects=",
    "cert": "certificate=",
    "proxies": "proxy=",
    "proxy": "proxy=",
    "ssl": "verify=",
    "verify": "verify=",
}


class InvalidURL(InvalidArgument):
    """The address of a call cannot be sent to."""


def consumer_request(caller: Caller, method: str, address: str, extras: Mapping[str, Any]) -> Request:
    """Return the request for a call of a Consumer.

    Args:
        caller: The Caller of the client that sends it.
        method: The HTTP verb.
        address: The address, absolute or below the client's endpoint; a path that begins with `/` is below its host.
        extras: The values that uplink has collected, by the names in the table above.

    Returns:
        The request. The client's headers and options go along to the client's own origin; elsewhere only those that say
        nothing about the caller do.

    Raises:
        InvalidURL: The address cannot be sent to.
        InvalidArgument: A value cannot be sent, or belongs in a setting of the client.
    """
    _check_known(extras)
    base, query = _address(caller.base, address)
    at_home = origin(base) == origin(caller.base)
    try:
        own = _headers(extras)
        body, kind = _body(extras)
        pairs = [*query, *_pairs(extras.get("params") or {})]
        limits = time_limits(_timeout(extras.get("timeout")), caller.timeout)
    except (Refused, TypeError, ValueError, AttributeError) as error:
        raise InvalidArgument(LABEL, "", str(error)) from None
    headers = caller.headers if at_home else _abroad(caller.headers)
    typed = headers.with_values({"Content-Type": kind}) if kind else headers
    if kind.startswith("multipart/"):  # nobody else knows its boundary
        own = tuple(pair for pair in own if pair[0].lower() != "content-type")
    request = Request(
        method,
        f"{base}?{'&'.join(pairs)}" if pairs else base,
        typed.with_values(own),
        body,
        CallContext(
            label=LABEL,
            deadline=caller.clock() + limits.total,
            timeout=limits,
            secrets=tuple(_secrets(own, extras)),
            # What the Consumer says of itself is not replaced by the client's token.
            auth=None if any(name.lower() == "authorization" for name, _ in own) else (),
        ),
    )
    return _options(caller.options, at_home=at_home).applied(request, caller.clock())


def _check_known(extras: Mapping[str, Any]) -> None:
    for name, value in extras.items():
        # uplink's dict makes an empty one for whoever only looks.
        if name not in _KNOWN and value is not None and value != {}:
            setting = _AT_CLIENT.get(name)
            advice = f"give the client {setting}" if setting else f"there are {', '.join(sorted(_KNOWN))}"
            raise InvalidArgument(LABEL, name, f"it cannot be said of a single request; {advice}")


def _address(base: str, address: str) -> tuple[str, list[str]]:
    """Return an address without its query, encoded, and the query; raises InvalidURL."""
    try:
        parts = urlsplit(urljoin(base, address))
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError(address)
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode("ascii")
        if not _AUTHORITY.fullmatch(host):
            raise ValueError(address)
        path = quote(_STRAY_PERCENT.sub("%25", parts.path or "/"), safe=_PATH_CHARACTERS)
        return f"{parts.scheme}://{host}{path}", [encoded_query(parts.query)] if parts.query else []
    except ValueError:
        problem = f"nothing can be sent to {_shown(address)!r}; expected an address like https://host/path"
        raise InvalidURL(LABEL, "", problem) from None


def _shown(address: str) -> str:
    """Return an address without user, password and query, which may be secret."""
    return re.sub(r"//[^/]*@", "//***@", address.partition("?")[0])[:200]


def _abroad(headers: Headers) -> Headers:
    return Headers((name, value) for name, value in headers.pairs() if name.lower() in _GOES_ABROAD)


def _options(options: Options, *, at_home: bool) -> Options:
    return options if at_home else replace(options, headers=Headers(), query=(), body={})


def _headers(extras: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the header fields of the Consumer; of one given twice, whatever the case of its name, the last."""
    given: dict[str, Any] = dict(extras.get("headers") or {})
    if extras.get("cookies"):
        given["Cookie"] = "; ".join(f"{name}={value}" for name, value in dict(extras["cookies"]).items())
    if extras.get("auth") is not None:
        given["Authorization"] = _authorization(extras["auth"])
    fields = {
        name.lower(): (header_name(name), header_text(value)) for name, value in given.items() if value is not None
    }
    return tuple(fields.values())


def _authorization(auth: Any) -> str:
    if isinstance(auth, tuple):
        # Latin-1, as requests encodes both (RFC 7617 leaves the encoding open unless the server names UTF-8).
        user, password = cast("Any", auth)
        return f"Basic {base64.b64encode(f'{user}:{password}'.encode('latin-1')).decode()}"
    if not hasattr(auth, "encode"):
        raise Refused("auth: expected (user, password); give a function to the Consumer instead: Consumer(auth=sign)")
    return str(auth.encode())


def _text(value: Any) -> str:
    """Return a value as requests and uplink write it; raises Refused for a mapping, which would lose its values."""
    if is_mapping(value):
        raise Refused("a mapping inside of a query or a form has no text form")
    return value.decode() if isinstance(value, bytes) else str(value)


def _pairs(given: Any) -> list[str]:
    """Return the encoded pairs of a query or form, given as a mapping, pairs or text, as requests encodes them."""
    if isinstance(given, str | bytes):
        return [encoded_query(_text(given))] if given else []
    named: Iterable[Any] = given.items() if is_mapping(given) else given
    return [
        f"{percent_encoded(_text(name))}={percent_encoded(_text(item))}"
        for name, value in named
        for item in (value if _is_several(value) else (value,))
        if item is not None
    ]


def _is_several(value: Any) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes | Mapping)


def _body(extras: Mapping[str, Any]) -> tuple[bytes | Upload | None, str]:
    """Return the body and its media type, "" where the Consumer has to name it; raises Refused."""
    data, files = extras.get("data"), extras.get("files")
    if files:
        return multipart_body([*_fields(data), *_files(files)])
    if not data:
        given = extras.get("json")
        return (None, "") if given is None else (_json(given), "application/json")
    if isinstance(data, str):
        return utf8_bytes(data), ""
    if isinstance(data, bytes | bytearray):
        return bytes(data), ""
    if isinstance(data, Upload) or hasattr(data, "read"):
        upload = data if isinstance(data, Upload) else Upload(data)
        return upload, upload.content_type
    return form_body(_pairs(data))


def _json(value: Any) -> bytes:
    """Return JSON as the standard library writes it, since requests uses that; records are encoded too."""
    try:
        return json.dumps(value, allow_nan=False).encode()
    except TypeError:
        return json_bytes(value)


def _fields(data: Any) -> list[Piece]:
    """Return the plain fields of a multipart body."""
    if isinstance(data, str | bytes):
        raise Refused("data: with files it is a mapping of fields")
    named: Iterable[Any] = data.items() if is_mapping(data) else data or ()
    return [
        Piece(_text(name), utf8_bytes(_text(item)))
        for name, value in named
        for item in (value if _is_several(value) else (value,))
        if item is not None
    ]


def _files(files: Any) -> list[Piece]:
    """Return the files of a multipart body; bytes and text are files too, named like their parts."""
    named: Iterable[Any] = files.items() if is_mapping(files) else files
    return [
        piece
        for name, value in named
        if value is not None
        for piece in file_pieces(name, (name, value) if isinstance(value, str | bytes) else value)
    ]


def _timeout(given: Any) -> Any:
    """Return an aiohttp.ClientTimeout as a Timeout, recognised by its attributes; anything else as it is."""
    if isinstance(given, Timeout) or not hasattr(given, "sock_read"):
        return given
    usual = Timeout()
    connect = given.sock_connect or given.connect or given.total or usual.connect
    read = given.sock_read or given.total or usual.read
    return replace(usual, total=given.total or usual.total, connect=connect, read=read)


def _secrets(own: Iterable[tuple[str, str]], extras: Mapping[str, Any]) -> Iterable[str]:
    """Yield the values that a Consumer sends under names of credentials, since uplink has no mark for secrets."""
    for name, value in own:
        if _is_confidential(name):
            yield from {value, value.rpartition(" ")[2]}
    for place in ("params", "data", "json", "cookies"):
        given: Any = extras.get(place)
        for name, value in given.items() if is_mapping(given) else ():
            if isinstance(value, str) and (place == "cookies" or _is_confidential(name)):
                yield value


def _is_confidential(name: Any) -> bool:
    return isinstance(name, str) and is_sensitive(name.replace("_", "-"))
