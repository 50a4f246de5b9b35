"""TLS: checked by default, with own authorities, contexts and client certificates, and errors that say what to do."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gemel.kit.errors import APIConnectionError, APIStatusError

from .authority import Authority
from .shop import Mode
from .wire import Wire, cut, reply

# Before 3.11, asyncio leaves the transport of a TLS connection that ended badly to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function _(SSLProtocol|Selector)Transport:pytest.PytestUnraisableExceptionWarning"
    if sys.version_info < (3, 11)
    else "error"
)


@pytest.fixture
def wire(authority: Authority) -> Iterator[Wire]:
    with Wire(reply({"leaf": 1}), tls=authority.serving()) as running:
        yield running


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def test_an_unknown_authority_is_refused_with_the_way_out(mode: Mode, wire: Wire) -> None:
    error = mode.fails(wire.url, tree)
    assert type(error) is APIConnectionError
    assert error.sent is False
    assert "certificate" in str(error)
    assert "verify='ca.pem'" in str(error)
    assert not wire.seen


def test_a_refused_certificate_is_not_tried_again(mode: Mode, wire: Wire) -> None:
    mode.fails(wire.url, tree, retries=3)
    assert wire.connections == 1


def test_an_authority_file_is_trusted(mode: Mode, wire: Wire, authority: Authority) -> None:
    assert mode.run(wire.url, tree, tree, verify=authority.file).leaf == 1
    assert wire.connections == 1


def test_an_own_context_is_used(mode: Mode, wire: Wire, authority: Authority) -> None:
    assert mode.run(wire.url, tree, verify=authority.trusting()).leaf == 1


def test_the_check_can_be_switched_off(mode: Mode, wire: Wire) -> None:
    assert mode.run(wire.url, tree, verify=False).leaf == 1


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"])
def test_the_environment_names_an_authority(
    mode: Mode, wire: Wire, authority: Authority, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, authority.file)
    assert mode.run(wire.url, tree).leaf == 1
    assert isinstance(mode.fails(wire.url, tree, trust_env=False), APIConnectionError)


@pytest.fixture
def hashed(authority: Authority, tmp_path: Path) -> Path:
    """A folder that has the authority under the hash of its subject, as `openssl rehash` names it."""
    folder = tmp_path / "hashed"
    folder.mkdir()
    program = shutil.which("openssl") or pytest.skip("there is no openssl to hash a subject with")
    subject = subprocess.run(
        [program, "x509", "-noout", "-subject_hash", "-in", authority.file],
        capture_output=True,
        text=True,
        check=True,
    )
    (folder / f"{subject.stdout.strip()}.0").write_bytes(Path(authority.file).read_bytes())
    return folder


def test_the_environment_names_a_folder_of_authorities(
    mode: Mode, wire: Wire, hashed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(hashed))
    assert mode.run(wire.url, tree).leaf == 1
    assert isinstance(mode.fails(wire.url, tree, trust_env=False), APIConnectionError)
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join([str(hashed.parent / "missing"), str(hashed)]))
    assert mode.run(wire.url, tree).leaf == 1
    monkeypatch.setenv("SSL_CERT_DIR", str(hashed.parent))
    assert isinstance(mode.fails(wire.url, tree), APIConnectionError)
    assert mode.run(wire.url, tree, verify=str(hashed)).leaf == 1


def test_a_file_goes_before_a_folder(
    mode: Mode, wire: Wire, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    assert mode.run(wire.url, tree).leaf == 1


@pytest.mark.parametrize("name", ["missing", "file.pem", "missing:too"])
def test_a_variable_that_names_no_folder_is_named(
    mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "file.pem").touch()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / name))
    with pytest.raises(ValueError, match=r"SSL_CERT_DIR: .* cannot be used: it is no folder of certificates"):
        mode.client("https://127.0.0.1")


def test_another_host_name_is_refused(mode: Mode, authority: Authority) -> None:
    with Wire(reply({}), tls=authority.serving("shop.example.org")) as wire:
        error = mode.fails(wire.url, tree, verify=authority.file)
    assert type(error) is APIConnectionError
    assert not wire.seen
    assert "verify='ca.pem'" in str(error)


def test_a_client_certificate_is_shown(mode: Mode, authority: Authority) -> None:
    with Wire(reply({"leaf": 1}), tls=authority.serving(asks=True)) as wire:
        assert mode.run(wire.url, tree, verify=authority.file, certificate=authority.client).leaf == 1
        pair = (authority.client, authority.client)
        assert mode.run(wire.url, tree, verify=authority.file, certificate=pair).leaf == 1
        assert isinstance(mode.fails(wire.url, tree, verify=authority.file), APIConnectionError)


@pytest.mark.parametrize("setting", ["verify", "certificate"])
def test_a_file_that_is_not_there_is_named_when_the_client_is_made(mode: Mode, setting: str) -> None:
    with pytest.raises(ValueError, match=f"{setting}: .*missing.pem"):
        mode.client("https://127.0.0.1", **{setting: "missing.pem"})


@pytest.mark.parametrize("setting", ["verify", "certificate"])
def test_a_file_that_holds_no_certificate_is_named(mode: Mode, tmp_path: Path, setting: str) -> None:
    (tmp_path / "bad.pem").write_text("not a certificate")
    with pytest.raises(ValueError, match=f"{setting}: .*bad.pem cannot be used"):
        mode.client("https://127.0.0.1", **{setting: str(tmp_path / "bad.pem")})


def test_a_variable_that_names_no_file_is_named(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "missing.pem")
    with pytest.raises(ValueError, match=r"SSL_CERT_FILE: missing.pem cannot be used"):
        mode.client("https://127.0.0.1")


def test_a_certificate_beside_an_own_context_is_refused(mode: Mode, authority: Authority) -> None:
    with pytest.raises(ValueError, match="certificate: load it into the SSLContext"):
        mode.client("https://127.0.0.1", verify=authority.trusting(), certificate=authority.client)


def test_plain_http_at_a_tls_port_and_back(mode: Mode, wire: Wire) -> None:
    error = mode.fails(wire.url.replace("https", "http"), tree)
    assert type(error) is APIConnectionError
    with Wire(reply({})) as plain:
        error = mode.fails(plain.url.replace("http", "https"), tree)
    assert type(error) is APIConnectionError
    assert "check the server's certificate" in str(error)


def test_a_handshake_that_never_ends_is_a_timeout(mode: Mode) -> None:
    with Wire(mute=2) as wire:
        error = mode.fails(wire.url.replace("http", "https"), tree, timeout=0.4)
    assert "in time" in str(error)


def _garbage(connection: Any, stopped: Any) -> None:
    """Write under the TLS layer: the client meets a TLS failure after it has sent its request."""
    os.write(connection.fileno(), b"HTTP/1.1 400 this is no TLS record at all\r\n\r\n")


@pytest.mark.parametrize("step", [cut(), _garbage], ids=["cut", "garbage"])
def test_a_tls_failure_after_sending_is_not_taken_for_not_sent(mode: Mode, authority: Authority, step: Any) -> None:
    with Wire(step, tls=authority.serving()) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.create("T"), verify=authority.file, retries=2)
    assert type(error) is APIConnectionError
    assert len(wire.seen) == 1
    assert error.sent


def test_a_redirect_from_https_to_http_is_not_followed(mode: Mode, authority: Authority) -> None:
    with Wire(reply({})) as plain:
        with Wire(reply(b"", 302, {"Location": f"{plain.url}/x"}), tls=authority.serving()) as wire:
            error = mode.fails(wire.url, tree, verify=authority.file, follow_redirects=True)
    assert type(error) is APIStatusError
    assert error.status == 302
    assert not plain.seen


class Papers:
    """A server that asks for a certificate, takes none too, and notes which it was shown."""

    def __init__(self, authority: Authority, answer: Callable[[], bytes]) -> None:
        context = authority.serving(asks=True)
        context.verify_mode = ssl.CERT_OPTIONAL
        self.shown: list[bool] = []
        self.wire = Wire(self._step, tls=context)
        self._answer = answer

    def _step(self, connection: Any, stopped: threading.Event) -> None:
        self.shown.append(bool(connection.getpeercert()))
        connection.sendall(self._answer())


def test_the_client_certificate_is_not_shown_to_where_a_redirect_leads(mode: Mode, authority: Authority) -> None:
    settings = {"verify": authority.file, "certificate": authority.client, "follow_redirects": True}
    other = Papers(authority, lambda: reply({"leaf": 1}))
    home = Papers(
        authority,
        lambda: reply(b"", 302, {"Location": other.wire.url + "/a"}) if len(home.shown) == 1 else reply({"leaf": 1}),
    )
    with home.wire, other.wire:
        assert mode.run(home.wire.url, tree, tree, **settings).leaf == 1
    assert home.shown == [True, True]
    assert other.shown == [False]
