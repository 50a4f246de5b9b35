"""INFISICAL_VERIFY_SSL: whether the certificate of the server is checked."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Iterator

import pytest
import trustme

from gemel.infisical import APIConnectionError

from .modes import Mode

# Before 3.11, asyncio leaves the transport of a TLS connection that ended badly to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function _(SSLProtocol|Selector)Transport:pytest.PytestUnraisableExceptionWarning"
    if sys.version_info < (3, 11)
    else "error"
)

REPLY = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"projects":[]}'


@pytest.fixture
def unknown() -> Iterator[str]:
    """The address of a server whose certificate nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, context))
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def _serve(listening: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain = listening.accept()[0]
        except OSError:
            return
        with plain:
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    if connection.recv(65536):
                        connection.sendall(REPLY)
            except OSError:
                continue


@pytest.mark.parametrize("word", ["false", "False", "0", "no", "off", " FALSE "])
def test_the_check_can_be_switched_off(mode: Mode, unknown: str, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("INFISICAL_VERIFY_SSL", word)
    assert mode.run(mode.client(endpoint=unknown, token="t").projects.list()) == []


@pytest.mark.parametrize("word", ["true", "1", "yes", "on", "", "TRUE", " "])
def test_it_is_on_where_it_is_wanted(mode: Mode, unknown: str, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("INFISICAL_VERIFY_SSL", word)
    with pytest.raises(APIConnectionError, match="certificate"):
        mode.run(mode.client(endpoint=unknown, token="t").projects.list())


@pytest.mark.parametrize("settings", [{"verify": ssl.create_default_context()}, {"trust_env": False}])
def test_what_the_program_says_goes_before_it(
    mode: Mode, unknown: str, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object]
) -> None:
    monkeypatch.setenv("INFISICAL_VERIFY_SSL", "false")
    with pytest.raises(APIConnectionError, match="certificate"):
        mode.run(mode.client(endpoint=unknown, token="t", **settings).projects.list())


@pytest.mark.parametrize("word", ["flase", "2", "none", "ca.pem"])
def test_another_word_is_an_error_that_names_the_variable(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("INFISICAL_VERIFY_SSL", word)
    with pytest.raises(ValueError, match=f"^INFISICAL_VERIFY_SSL: expected true or false, got '{word}'"):
        mode.client(endpoint="https://127.0.0.1", token="t")
