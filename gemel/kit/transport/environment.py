"""Reads what the environment says about proxies and trusted certificates, when a client is made."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from gemel.kit.http.address import named_address
from gemel.kit.http.encoding import Refused
from gemel.kit.http.messages import origin
from gemel.kit.types import Discreet

__all__ = ["Certificate", "Network", "UnusableProxy", "Verify"]

Verify = bool | str | ssl.SSLContext
"""True trusts certifi's authorities, a path those of a PEM file or folder, a context its own; False checks nothing."""

Certificate = str | tuple[str, str]
"""A client certificate: the path of one PEM file, or the paths of the certificate and its key."""

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Network(Discreet, frozen=True, eq=False):
    """How connections are made: which proxy for an address, which TLS context for an address.

    Attributes:
        proxy_for: Returns the proxy of an address, None for a direct connection.
        tls: Returns the TLS context for an address.
        secrets: The passwords of the proxies, both percent-encoded and decoded.
    """

    proxy_for: Callable[[str], str | None]
    tls: Callable[[str], ssl.SSLContext]
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "<Network>"

    @classmethod
    def of(
        cls,
        *,
        verify: Verify = True,
        certificate: Certificate | None = None,
        proxy: str | None = None,
        trust: bool = True,
        home: str = "",
    ) -> Network:
        """Return the network settings of a client.

        Args:
            verify: Which certificate authorities to trust.
            certificate: The client certificate, None for none.
            proxy: The proxy of every address; when None, HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY decide.
            trust: Whether the environment is read at all.
            home: An address of the only origin that sees the client certificate, "" for every origin. Like other
                credentials it is not shown to the target of a redirect.

        Raises:
            ValueError: A certificate file cannot be read.
            UnusableProxy: The address of the proxy cannot be used.
        """
        named, authorities = _ca_bundle(verify, trust)
        plain = lru_cache(maxsize=1)(lambda: _context(named, authorities, None))
        # It lets lower-case names win, and ignores HTTP_PROXY under CGI, where a request header "Proxy" sets it
        # (CVE-2016-1000110).
        known = getproxies() if trust and proxy is None else {}
        secrets = tuple(secret for address in (proxy or "", *known.values()) for secret in _passwords(address))
        if certificate is None:
            if isinstance(authorities, str):
                plain()
            return cls(_proxies(proxy, known), lambda url: plain(), secrets)
        own = _context(named, authorities, certificate)
        at_home = origin(home)
        return cls(_proxies(proxy, known), lambda url: own if not home or origin(url) == at_home else plain(), secrets)


def _passwords(proxy: str) -> list[str]:
    """Return what is secret in a proxy's address; where it cannot be parsed, any part that an error might quote."""
    scheme, mark, rest = proxy.partition("://")
    user, _, password = (rest if mark else scheme).rpartition("@")[0].partition(":")
    parts = [password, *re.split("[/?#@]", password)] if password else [user]
    return [text for part in parts for text in (part, unquote(part)) if text]


class UnusableProxy(ValueError, OSError):
    """A proxy that cannot be used; also an OSError, since it may come up only when a connection is made."""


def _proxies(proxy: str | None, known: Mapping[str, str]) -> Callable[[str], str | None]:
    if proxy is not None:
        given = _proxy_address("proxy", proxy)
        return lambda url: given
    if not known:
        return lambda url: None
    # Without variables the names to leave out are those of the system, where it has any: on macOS and Windows.
    direct = [name for part in known["no"].split(",") if (name := part.strip())] if "no" in known else None

    # On macOS and Windows `proxy_bypass` asks the system each time; the answer depends on scheme and host alone.
    @lru_cache(maxsize=64)
    def lookup(scheme: str, netloc: str) -> str | None:
        if proxy_bypass(netloc) if direct is None else _is_direct(netloc, scheme, direct):
            return None
        variable = scheme if known.get(scheme) else "all"
        found = known.get(variable)
        return _proxy_address(f"{variable.upper()}_PROXY", found) if found else None

    return lambda url: lookup(*urlsplit(url)[:2])


def _proxy_address(setting: str, proxy: str) -> str:
    """Return a proxy's address as both transports take it; raises UnusableProxy, which shows nothing of a password."""
    # curl and requests take "proxy.example:8080" in a variable as http; a setting has to say its scheme.
    text = proxy.strip()
    try:
        address = named_address(text if "://" in text or setting == "proxy" else f"http://{text}")
    except Refused as refusal:
        scheme = text.partition("://")[0].lower()
        reason = "SOCKS proxies cannot be used" if scheme.startswith("socks") else refusal
        raise UnusableProxy(f"{setting}: expected an address like http://proxy.example:8080: {reason}") from None
    return address.with_user.removesuffix(address.target)


def _is_direct(netloc: str, scheme: str, names: list[str]) -> bool:
    """Say whether NO_PROXY leaves a host out: by "*", a name, a domain, an address or a network; a port may follow.

    The rules of requests, but that a name ends where a label does: "example.org" is not "notexample.org".
    """
    host, port = _host_and_port(netloc.lower())
    port = port or ("443" if scheme == "https" else "80")
    return any(name == "*" or _leaves_out(name.lower(), host.rstrip("."), port) for name in names)


def _leaves_out(name: str, host: str, port: str) -> bool:
    wanted, wanted_port = _host_and_port(name)
    if wanted_port not in ("", port):
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        wanted = wanted.strip(".")
        return bool(wanted) and f".{host}".endswith(f".{wanted}")


def _host_and_port(text: str) -> tuple[str, str]:
    """Split a host from its port; an IPv6 address may have brackets, as in a URL, or none, as people write it."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = text.rpartition(":")
    return (host, port) if host and ":" not in host else (text, "")


def _ca_bundle(verify: Verify, trust: bool) -> tuple[str, Verify]:
    """Return the name of the setting or variable that says which authorities to trust, and what it says."""
    names = _CA_VARIABLES if trust and verify is True else ()
    return next(((name, path) for name in names if (path := os.environ.get(name))), ("verify", verify))


def _context(named: str, verify: Verify, certificate: Certificate | None) -> ssl.SSLContext:
    if isinstance(verify, ssl.SSLContext):
        if certificate is not None:
            raise ValueError("certificate: load it into the SSLContext that is passed as `verify`")
        return verify
    with _reading(named, verify):
        context = _trusting_folders(verify) if named == "SSL_CERT_DIR" else _trusting(verify)
    if certificate is not None:
        files = (certificate,) if isinstance(certificate, str) else certificate
        with _reading("certificate", " and ".join(files)):
            context.load_cert_chain(*files)
    return context


@contextmanager
def _reading(setting: str, source: object) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:
        raise ValueError(f"{setting}: {source} cannot be used: {error.strerror or error}") from None


def _trusting_folders(verify: object) -> ssl.SSLContext:
    """Return a context of one folder or several, as OpenSSL reads its variable; missing ones do not count."""
    if not any(map(os.path.isdir, str(verify).split(os.pathsep))):
        raise NotADirectoryError(None, "it is no folder of certificates")
    return ssl.create_default_context(capath=str(verify))


def _trusting(verify: bool | str) -> ssl.SSLContext:
    if isinstance(verify, str):
        folder = os.path.isdir(verify)
        return ssl.create_default_context(capath=verify) if folder else ssl.create_default_context(cafile=verify)
    if verify:
        # What requests trusts; OpenSSL's default paths are empty in some builds of Python, on macOS for one.
        import certifi

        return ssl.create_default_context(cafile=certifi.where())
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
