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
from gemel.kit.http.redaction import MASK

__all__ = ["Address", "as_octets", "encoded", "named_address", "referred_address", "shown_address"]

_SPACE = " \t\r\n"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_AFTER_PATH = re.compile("[?#]")
# Labels of up to 63 letters, digits and hyphens (RFC 1123, section 2.1); underscores too, as in names of containers.
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z0-9_](?:[a-z0-9_-]{0,62})\.?")
_IN_BRACKETS = re.compile(r"\[[0-9a-fA-F:.]+\](?::[0-9]*)?")
_LONGEST_HOST = 253
_KEPT = "!$%&'()*+,/:;=@-._~"

_BRACKETS = "[]"
"""What RFC 3986 wants encoded in a path and a query, and servers write there; theirs stay as they have named them."""


class Address(Struct, frozen=True):
    """One absolute http or https address, ready to be sent.

    Attributes:
        scheme: The scheme, in lower case.
        user: The user information as written, "" when there is none.
        host: The host in lower case and ASCII (IDNA 2008, by UTS 46); an IPv6 address in brackets.
        port: The port, 1 to 65535, None for the default of the scheme.
        path: The path, percent-encoded; it begins with "/" unless it is empty.
        query: The query, percent-encoded, None when there is no "?".
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
        """The whole address, user information included."""
        mark = "//" + self.user + "@" if self.user else "//"
        return self.root.replace("//", mark, 1) + self.target

    @property
    def target(self) -> str:
        """The path, "/" at least, with the query."""
        path = self.path or "/"
        return path if self.query is None else f"{path}?{self.query}"


def named_address(text: str, *, schemes: Collection[str] = ("http", "https")) -> Address:
    """Parse the address in a setting, which may hold a user, but neither a query nor a fragment.

    Args:
        text: The value of the setting; white space around it is ignored.
        schemes: The schemes that are allowed.

    Raises:
        Refused: The text is not such an address; the message says why, without user and password.
    """
    if "?" in text or "#" in text:
        raise Refused("it must end with the path")
    return _parsed(text, schemes)


def shown_address(text: str) -> str:
    """Return what was given for an address as an error may show it: without user, password, query and fragment.

    Args:
        text: Any text: it may be no address at all.
    """
    user, at, rest = text.rpartition("@")
    # A query may hold an "@", and a password a "?": which of the two it is, only a sound address would tell.
    if _AFTER_PATH.search(user):
        return MASK
    return f"{MASK}{at}{_AFTER_PATH.split(rest)[0]}" if user else _AFTER_PATH.split(text)[0]


def referred_address(base: str, reference: str | bytes) -> Address:
    """Parse the address that a reply refers to, in a Location, a Link or a member of its body; without fragment.

    Args:
        base: The address of the reply, against which a relative reference is resolved (RFC 3986, section 5).
        reference: The reference as text, or as the octets of a header field.

    Raises:
        Refused: The reference is not an http or https address.
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
    """Return the octets of a header field, which http.client and aiohttp decode as Latin-1.

    Servers send UTF-8 there, which would be encoded twice if those letters were taken at face value.
    """
    return field.strip(_SPACE).encode("latin-1", "replace")


def encoded(text: str, *, kept: str = "") -> str:
    """Return a path percent-encoded once; what is encoded already stays as it is.

    Args:
        text: The path.
        kept: Further characters that stay as they are, such as "?" in a query.

    Raises:
        Refused: The text is not valid Unicode.
    """
    try:
        return quote(text, safe=_KEPT + kept)
    except UnicodeEncodeError:
        raise Refused("the text is not valid Unicode (a lone surrogate)") from None


def _parsed(text: str, schemes: Collection[str], kept: str = "") -> Address:
    # urlsplit removes tabs and line breaks from inside an address (WHATWG URL), which could hide where it really leads.
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


def _compressed(address: ipaddress.IPv6Address) -> str:
    """Return an IPv6 address in its one form (RFC 5952); from Python 3.13 on, str() writes some with dots."""
    mapped = address.ipv4_mapped
    return str(address) if mapped is None else f"::ffff:{int(mapped) >> 16:x}:{int(mapped) & 0xFFFF:x}"


def _host(name: str, netloc: str) -> str:
    """Return a host as it is sent; raises Refused for what is none.

    An IPv6 address must not name an interface (RFC 6874): urllib3 and aiohttp make different things of it.
    """
    if "[" in netloc or "]" in netloc:
        if not _IN_BRACKETS.fullmatch(netloc.rpartition("@")[2]):
            raise Refused("its host is no host name")
        return f"[{_compressed(ipaddress.IPv6Address(name))}]"
    if not name.isascii():
        name = _in_ascii(name)
    if name and (len(name) > _LONGEST_HOST or not _HOST.fullmatch(name)):
        raise Refused("its host is no host name")
    return name


def _in_ascii(name: str) -> str:
    import idna  # which requests and yarl bring; needed for few addresses

    try:
        # Not str.encode("idna"), which is IDNA 2003: "straße.de" would be "strasse.de", maybe another owner's host.
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise Refused("its host cannot be written in ASCII (IDNA)") from None


def _reason(fault: ValueError) -> str:
    """Return what the standard library found wrong, in words that do not show the address."""
    said = str(fault).lower()
    return "its port is no number from 1 to 65535" if "port" in said else "its host is no host name"
