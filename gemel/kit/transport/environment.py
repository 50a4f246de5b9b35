"""What the process environment says about proxies and trusted certificates; read when a client is made."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from msgspec import Struct

from gemel.kit.http.messages import origin

__all__ = ["Certificate", "Network", "Verify"]

Verify = bool | str | ssl.SSLContext
"""True: the usual authorities; a path: those of this file or folder; a context: as it says; False: no check."""

Certificate = str | tuple[str, str]
"""A client certificate: one PEM file, or the certificate's and the key's."""

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Network(Struct, frozen=True, eq=False):
    """How connections are made: which proxy for an address, which TLS context for an address.

    Attributes:
        secrets: The passwords of the proxies, as they are written and as they are meant.
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
            verify: which authorities to trust.
            certificate: a client certificate.
            proxy: for every address, else HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY are honoured.
            trust: whether the environment is read at all.
            home: an address of the origin that the certificate is for, "" for every one; like other credentials, it is
                not shown to where a redirect leads.

        Raises:
            ValueError: for a file that cannot be used.
        """
        named, authorities = _ca_bundle(verify, trust)
        plain = lru_cache(maxsize=1)(lambda: _context(named, authorities, None))
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
    """Return what of a proxy's address is secret; of one that cannot be parsed any part of it may be said."""
    scheme, mark, rest = proxy.partition("://")
    user, _, password = (rest if mark else scheme).rpartition("@")[0].partition(":")
    parts = [password, *re.split("[/?#@]", password)] if password else [user]
    return [text for part in parts for text in (part, unquote(part)) if text]


def _proxies(proxy: str | None, known: Mapping[str, str]) -> Callable[[str], str | None]:
    if proxy is not None:
        _check_proxy(proxy)
        return lambda url: proxy

    @lru_cache(maxsize=64)
    def lookup(scheme: str, netloc: str) -> str | None:
        if proxy_bypass(netloc):
            return None
        found = known.get(scheme) or known.get("all")
        return found if not found or "://" in found else f"http://{found}"

    return lambda url: lookup(*urlsplit(url)[:2]) if known else None


def _check_proxy(proxy: str) -> None:
    parts = urlsplit(proxy)
    if parts.scheme not in ("http", "https", "socks5", "socks5h") or not parts.hostname:
        raise ValueError("proxy: expected an address like http://proxy.example:8080")


def _ca_bundle(verify: Verify, trust: bool) -> tuple[str, Verify]:
    """Return which authorities to trust, and the setting or variable that says so."""
    names = _CA_VARIABLES if trust and verify is True else ()
    return next(((name, path) for name in names if (path := os.environ.get(name))), ("verify", verify))


def _context(named: str, verify: Verify, certificate: Certificate | None) -> ssl.SSLContext:
    if isinstance(verify, ssl.SSLContext):
        if certificate is not None:
            raise ValueError("certificate: load it into the SSLContext that is passed as `verify`")
        return verify
    with _reading(named, verify):
        context = _trusting(verify)
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


def _trusting(verify: bool | str) -> ssl.SSLContext:
    if isinstance(verify, str):
        folder = os.path.isdir(verify)
        return ssl.create_default_context(capath=verify) if folder else ssl.create_default_context(cafile=verify)
    if verify:
        import certifi

        return ssl.create_default_context(cafile=certifi.where())
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
