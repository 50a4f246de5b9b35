"""Address: every absolute address is made here, so that both transports are given the same bytes.

The endpoint, a proxy, a Location, a Link and an address in a reply come from different hands: white space around them,
a scheme in capitals, a host that is not ASCII, a path that is not encoded. urllib3 and yarl each make their own of it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import quote, urljoin, urlsplit

from msgspec import Struct

from gemel.kit.http.encoding import Refused

__all__ = ["Address", "as_octets", "encoded", "named_address", "referred_address"]

_SPACE = " \t\r\n"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z0-9_](?:[a-z0-9_-]{0,62})\.?")
_IN_BRACKETS = re.compile(r"\[[0-9a-fA-F:.]+\](?::[0-9]*)?")
_LONGEST_HOST = 253
_KEPT = "!$%&'()*+,/:;=@-._~"

_BRACKETS = "[]"
"""What RFC 3986 wants encoded in a path and a query, and servers write there; theirs stay as they have named them."""


class Address(Struct, frozen=True):
    """One absolute address of http or https, ready to be sent.

    Attributes:
        scheme: In lower case.
        user: The user information as it is written, "" when there is none.
        host: In lower case and ASCII (IDNA 2008, by UTS 46); an IPv6 address in its brackets.
        port: A number from 1 to 65535, None for the usual one.
        path: Percent-encoded, and begins with "/" unless it is empty.
        query: Percent-encoded, None when there is no "?".
    """

    scheme: str
    user: str
    host: str
    port: int | None
    path: str
    query: str | None

    @property
    def root(self) -> str:
        """The address without user, path and query."""
        return f"{self.scheme}://{self.host}" if self.port is None else f"{self.scheme}://{self.host}:{self.port}"

    @property
    def with_user(self) -> str:
        """The whole address."""
        mark = "//" + self.user + "@" if self.user else "//"
        return self.root.replace("//", mark, 1) + self.target

    @property
    def target(self) -> str:
        """The path, at least "/", and the query."""
        path = self.path or "/"
        return path if self.query is None else f"{path}?{self.query}"


def named_address(text: str, *, schemes: Collection[str] = ("http", "https")) -> Address:
    """Return the address that a setting names: it may hold a user, and neither a query nor a fragment.

    Args:
        text: What the setting holds; white space around it does not count.
        schemes: Those that can be used.

    Raises:
        Refused: It is no such address; the text says why, and shows nothing of a user or a password.
    """
    if "?" in text or "#" in text:
        raise Refused("it must end with the path")
    return _parsed(text, schemes)


def referred_address(base: str, reference: str | bytes) -> Address:
    """Return the address that a reply refers to: a Location, a Link, or a member of its body; without fragment.

    Args:
        base: The address of the reply, which a relative reference goes by (RFC 3986, section 5).
        reference: Text, or the octets of a header field.

    Raises:
        Refused: There is no such address.
    """
    text = quote(reference, safe=_KEPT + _BRACKETS + "?#") if isinstance(reference, bytes) else reference.strip(_SPACE)
    if _CONTROL.search(text):
        raise Refused("it holds a control character")
    try:
        whole = urljoin(base, text).partition("#")[0]
    except ValueError as fault:
        raise Refused(_reason(fault)) from None
    return _parsed(whole, ("http", "https"), _BRACKETS)


def as_octets(field: str) -> bytes:
    """Return what a header field holds as it came: http.client and aiohttp give its octets as Latin-1 letters.

    Servers send UTF-8 there, which would be encoded once more if the letters were taken for what they look like.
    """
    return field.strip(_SPACE).encode("latin-1", "replace")


def encoded(text: str, *, kept: str = "") -> str:
    """Return a path percent-encoded once: what is encoded already stays as it is.

    Args:
        text: The path.
        kept: What stays besides: "?" in a query.

    Raises:
        Refused: The text is not valid Unicode.
    """
    try:
        return quote(text, safe=_KEPT + kept)
    except UnicodeEncodeError:
        raise Refused("the text is not valid Unicode (a lone surrogate)") from None


def _parsed(text: str, schemes: Collection[str], kept: str = "") -> Address:
    text = text.strip(_SPACE)
    if _CONTROL.search(text):
        raise Refused("it holds a control character")  # which urlsplit() would leave out without a word
    try:
        parts = urlsplit(text)
        host, port = _host(parts.hostname or "", parts.netloc), parts.port
    except Refused:
        raise
    except ValueError as fault:
        raise Refused(_reason(fault)) from None
    if parts.scheme not in schemes or not host:
        raise Refused("it is not of the form " + " or ".join(f"{scheme}://host" for scheme in schemes))
    if port == 0:
        raise Refused("there is no port 0")
    user = parts.netloc.rpartition("@")[0]
    query = encoded(parts.query, kept=f"{kept}?") if "?" in text else None
    return Address(parts.scheme, user, host, port, encoded(_without_dots(parts.path), kept=kept), query)


def _without_dots(path: str) -> str:
    """Return a path without "." and ".." (RFC 3986, section 5.2.4), which some libraries and proxies take out."""
    if "/." not in path:
        return path
    kept = list[str]()
    segments = path.split("/")
    for segment in segments:
        if segment == ".." and len(kept) > 1:
            kept.pop()
        elif segment not in (".", ".."):
            kept.append(segment)
    return "/".join([*kept, ""] if segments[-1] in (".", "..") else kept)


def _host(name: str, netloc: str) -> str:
    """Return a host as it is sent; raises Refused for what is none.

    An IPv6 address must not name an interface (RFC 6874): urllib3 and aiohttp make different things of it.
    """
    if "[" in netloc or "]" in netloc:
        if not _IN_BRACKETS.fullmatch(netloc.rpartition("@")[2]):
            raise Refused("its host is no host name")
        return f"[{ipaddress.IPv6Address(name)}]"
    if not name.isascii():
        name = _in_ascii(name)
    if name and (len(name) > _LONGEST_HOST or not _HOST.fullmatch(name)):
        raise Refused("its host is no host name")
    return name


def _in_ascii(name: str) -> str:
    import idna  # which requests and yarl bring; needed for few addresses

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise Refused("its host cannot be written in ASCII (IDNA)") from None


def _reason(fault: ValueError) -> str:
    """Return what the standard library found wrong, in words that do not show the address."""
    said = str(fault).lower()
    return "its port is no number from 1 to 65535" if "port" in said else "its host is no host name"
