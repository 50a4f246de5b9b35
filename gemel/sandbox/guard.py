"""Who may use the control endpoint: programs, and no web page.

Any page in a browser of this machine can send requests to it. One whose own name has been pointed at this machine (DNS
rebinding) could read the replies too, so the name that a request gives the server must be one of ours.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple

from .messages import ServerReply

__all__ = ["Guard", "is_loopback", "is_wildcard"]

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?\Z")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
# W3C Fetch Metadata: "none" is an address that a person typed.
_OWN_SITES = frozenset({"none", "same-origin"})
Pairs = Iterable[tuple[str, str]]


class _Address(NamedTuple):
    """A host and its port, ready to be compared."""

    host: str
    port: int


def _address(text: str) -> _Address | None:
    """Read a Host header (RFC 9110, 7.2); None for one that is malformed."""
    found = _HOST.match(text)
    if found is None:
        return None
    six, name, port = found.groups()
    host = _literal(six) if six else name.lower().removesuffix(".")
    number = int(port) if port else 80
    return _Address(host, number) if host and number <= 65535 else None


def _literal(text: str) -> str:
    """Return an IP address in its one form, an IPv4 address mapped into IPv6 as itself; empty for any other text."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine alone: 127.0.0.0/8, ::1, localhost, and names below it (RFC 6761, 6.3)."""
    name = host.lower().removesuffix(".")
    literal = _literal(name)
    if literal:
        return ipaddress.ip_address(literal).is_loopback
    return name == "localhost" or name.endswith(".localhost")


def is_wildcard(host: str) -> bool:
    """Tell whether listening on a host means listening on every address."""
    literal = _literal(host)
    return not host or (bool(literal) and ipaddress.ip_address(literal).is_unspecified)


class Guard:
    """What a request to the control endpoint must show.

    Args:
        host: The address that the server listens on.
        names: Other names under which it may be reached.
    """

    def __init__(self, host: str = "127.0.0.1", names: Iterable[str] = ()) -> None:
        self._everywhere = is_wildcard(host)
        known = {host, *names} - {""}
        self._known = {_literal(name) or name.lower().removesuffix(".") for name in known}

    def refusal(self, method: str, headers: Pairs) -> ServerReply | None:
        """Return what a request is refused with before its body is read, or None.

        Args:
            method: Its verb.
            headers: Its headers, in the order sent.
        """
        sent = [(name.lower(), value.strip()) for name, value in headers]
        values = {name: [value for each, value in sent if each == name] for name, _ in sent}
        hosts = values.get("host", [])
        host = _address(hosts[0]) if len(hosts) == 1 else None
        if host is None or not self._is_ours(host.host):
            return _refused(403, f"the control endpoint does not answer to the Host {', '.join(hosts) or '(none)'}")
        if not all(_is_same(origin, host) for origin in values.get("origin", [])):
            return _refused(403, "the control endpoint does not answer to web pages of another origin")
        if not _OWN_SITES.issuperset(values.get("sec-fetch-site", [])):
            return _refused(403, "the control endpoint does not answer to web pages of another site")
        if method in _WITH_BODY and not _is_json(values.get("content-type", [])):
            return _refused(415, "the control endpoint takes JSON: send Content-Type: application/json")
        return None

    def _is_ours(self, host: str) -> bool:
        literal = _literal(host)
        return is_loopback(host) or (literal or host) in self._known or (bool(literal) and self._everywhere)


def _is_same(origin: str, host: _Address) -> bool:
    scheme, separator, rest = origin.partition("://")
    return scheme.lower() == "http" and bool(separator) and _address(rest) == host


def _is_json(content_types: list[str]) -> bool:
    return [each.partition(";")[0].strip().lower() for each in content_types] == ["application/json"]


def _refused(status: int, message: str) -> ServerReply:
    return ServerReply.of({"message": message}, status)
