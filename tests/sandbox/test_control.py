"""The control endpoint: it answers programs of this machine and no web page, takes JSON, and says what is wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from gemel.sandbox import Sandbox, serve

from .raw import as_json, exchange
from .wire import Http

REQUESTS = "GET /__sandbox__/requests"
FAULTS = "/__sandbox__/faults"
JSON = "Content-Type: application/json"
FAULT = as_json({"kind": "html"})


def port_of(sandbox: Sandbox) -> int:
    return int(sandbox.url.rpartition(":")[2])


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example",
        "rebound.example:{port}",
        "127.0.0.1.rebound.example:{port}",
        "localhost.rebound.example:{port}",
        "notlocalhost:{port}",
        "192.0.2.1:{port}",
        "0.0.0.0:{port}",
        "[2001:db8::1]:{port}",
        "[::ffff:192.0.2.1]:{port}",
        "127.1:{port}",
        "2130706433:{port}",
        "0x7f000001:{port}",
        "user@127.0.0.1:{port}",
        "127.0.0.1:{port}:{port}",
        "127.0.0.1:99999",
        "127.0.0.1:http",
        "[::1",
        "::1",
        " ",
    ],
)
@pytest.mark.parametrize(
    "request_line", [REQUESTS, f"GET {FAULTS}", f"DELETE {FAULTS}", f"POST {FAULTS}", "GET /__sandbox__/"]
)
def test_a_foreign_host_is_refused(sandbox: Sandbox, host: str, request_line: str) -> None:
    sandbox.faults.html()
    reply = exchange(sandbox.url, request_line, JSON, host=host.format(port=port_of(sandbox)))
    assert reply.status == 403, reply
    assert "Host" in reply.message
    assert len(sandbox.faults.pending) == 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:{port}",
        "127.0.0.1",
        "127.8.8.8:{port}",
        "localhost:{port}",
        "LOCALHOST.:{port}",
        "sandbox.localhost:{port}",
        "[::1]:{port}",
        "[0:0:0:0:0:0:0:1]:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "127.0.0.1:8080",
    ],
)
def test_every_name_of_this_machine_is_answered(sandbox: Sandbox, host: str) -> None:
    assert exchange(sandbox.url, REQUESTS, host=host.format(port=port_of(sandbox))).status == 200


def test_no_host_and_two_hosts_are_refused(sandbox: Sandbox) -> None:
    assert exchange(sandbox.url, REQUESTS, host="").status in (400, 403)
    assert exchange(sandbox.url, REQUESTS, "Host: rebound.example").status in (400, 403)
    assert exchange(sandbox.url, REQUESTS, "Host: 127.0.0.1", host="rebound.example").status in (400, 403)


@pytest.mark.parametrize(
    "header",
    [
        "Origin: https://page.example",
        "Origin: null",
        "Origin: http://localhost:3000",
        "Origin: https://{netloc}",
        "Origin: http://{netloc}.page.example",
        "Origin: http://{netloc}/",
        "Origin: file://",
        "Origin: ",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Site: something-new",
    ],
)
@pytest.mark.parametrize("request_line", [REQUESTS, f"POST {FAULTS}", f"DELETE {FAULTS}", f"OPTIONS {FAULTS}"])
def test_web_pages_are_refused(sandbox: Sandbox, header: str, request_line: str) -> None:
    sandbox.faults.html()
    netloc = sandbox.url.removeprefix("http://")
    reply = exchange(sandbox.url, request_line, JSON, header.format(netloc=netloc), body=FAULT)
    assert reply.status == 403, reply
    assert not any(name.startswith("access-control-") for name in reply.headers)
    assert len(sandbox.faults.pending) == 1


def test_two_origins_of_which_one_is_foreign_are_refused(sandbox: Sandbox) -> None:
    origins = (f"Origin: {sandbox.url}", "Origin: https://page.example")
    assert exchange(sandbox.url, REQUESTS, *origins).status == 403
    assert exchange(sandbox.url, REQUESTS, *origins[::-1]).status == 403


@pytest.mark.parametrize("headers", [(), ("Sec-Fetch-Site: none",), ("Sec-Fetch-Site: same-origin", "Origin: {url}")])
def test_programs_and_what_a_person_typed_are_answered(sandbox: Sandbox, headers: tuple[str, ...]) -> None:
    shown = [header.format(url=sandbox.url) for header in headers]
    assert exchange(sandbox.url, REQUESTS, *shown).status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json, text/plain",
        "",
    ],
)
def test_a_fault_is_posted_as_json(sandbox: Sandbox, content_type: str | None) -> None:
    headers = [] if content_type is None else [f"Content-Type: {content_type}"]
    reply = exchange(sandbox.url, f"POST {FAULTS}", *headers, body=FAULT)
    assert (reply.status, "application/json" in reply.message) == (415, True)
    assert sandbox.faults.pending == ()


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "application/json ;"])
def test_json_in_each_spelling_is_json(sandbox: Sandbox, content_type: str) -> None:
    assert exchange(sandbox.url, f"POST {FAULTS}", f"Content-Type: {content_type}", body=FAULT).status == 200
    assert len(sandbox.faults.pending) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"kind": "delay", "seconds": NaN}', b"null", b"3"]
)
def test_a_body_that_is_no_fault_is_refused(sandbox: Sandbox, body: bytes) -> None:
    reply = exchange(sandbox.url, f"POST {FAULTS}", JSON, body=body)
    assert (reply.status, bool(reply.message)) == (400, True)
    assert sandbox.faults.pending == ()


def test_a_body_that_is_too_large_is_refused(sandbox: Sandbox) -> None:
    reply = exchange(sandbox.url, f"POST {FAULTS}", JSON, body=b" " * (2 << 20))
    assert (reply.status, reply.message) == (413, "the body is too large")


def test_a_page_is_refused_before_its_body_is_read(sandbox: Sandbox) -> None:
    """Of the gigabyte that is announced nothing is sent: the answer comes all the same."""
    reply = exchange(sandbox.url, f"POST {FAULTS}", JSON, "Origin: https://page.example", length=1 << 30)
    assert reply.status == 403


@pytest.mark.parametrize("request_line", [REQUESTS, f"POST {FAULTS}", "GET /__sandbox__/nothing"])
def test_no_reply_is_kept_or_taken_for_another_type(sandbox: Sandbox, request_line: str) -> None:
    reply = exchange(sandbox.url, request_line, JSON, body=FAULT)
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "faults", "DELETE, GET, POST"), ("POST", "requests", "DELETE, GET"), ("PATCH", "", "GET")],
)
def test_another_verb_is_told_which_ones_there_are(sandbox: Sandbox, method: str, path: str, allowed: str) -> None:
    answer = Http(sandbox.url, None)(method, f"/__sandbox__/{path}", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "path", ["/__sandbox__", "/%5f_sandbox__/requests", "//__sandbox__/requests", "/x/../__sandbox__/requests"]
)
def test_no_other_spelling_of_the_path_leads_in(sandbox: Sandbox, path: str) -> None:
    assert exchange(sandbox.url, f"GET {path}", host="rebound.example").status == 404


def test_an_absolute_target_leads_to_the_api(sandbox: Sandbox) -> None:
    """RFC 9112, 3.2.2: the target would outrank the Host, so nothing below the prefix is reached this way."""
    assert exchange(sandbox.url, f"GET {sandbox.url}/__sandbox__/requests", host="rebound.example").status == 404


def test_the_controls_are_listed(sandbox: Sandbox) -> None:
    listed = Http(sandbox.url, None).ok("GET", "/__sandbox__/")["controls"]
    assert {"method": "GET", "path": "/__sandbox__/requests", "takes": []} in listed
    taken = {(one["method"], one["path"]): one["takes"] for one in listed}
    assert taken["PUT", "/__sandbox__/rate-limit"] == ["limit", "window"]


def test_pending_faults_are_listed(sandbox: Sandbox) -> None:
    sandbox.faults.status(503, times=2, path="/api/v4/*")
    (fault,) = Http(sandbox.url, None).ok("GET", FAULTS)["faults"]
    assert fault == {
        "kind": "status", "status": 503, "headers": {}, "body": None, "times": 2, "method": None, "path": "/api/v4/*",
    }  # fmt: skip


@pytest.fixture
def named() -> Iterator[Sandbox]:
    with serve(host="0.0.0.0", control_hosts=["Sandbox", "ci-host.example."]) as running:
        yield running


def test_a_server_on_every_address_is_called_on_this_machine(named: Sandbox) -> None:
    assert named.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("host", ["sandbox:8080", "CI-HOST.example", "192.0.2.1:80", "[2001:db8::1]", "localhost"])
def test_a_server_on_every_address_answers_to_addresses_and_to_the_names_given(named: Sandbox, host: str) -> None:
    assert exchange(named.url, REQUESTS, host=host).status == 200


@pytest.mark.parametrize("host", ["rebound.example", "sandbox.example", "box", "example"])
def test_a_server_on_every_address_answers_to_no_other_name(named: Sandbox, host: str) -> None:
    assert exchange(named.url, REQUESTS, host=host).status == 403


def test_an_ipv6_server_has_a_url_and_answers_to_it() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serve(host="::1") as sandbox:
        assert sandbox.url.startswith("http://[::1]:")
        assert exchange(sandbox.url, REQUESTS).status == 200
        assert exchange(sandbox.url, REQUESTS, host="[2001:db8::1]").status == 403


@pytest.mark.parametrize("port", [-1, 65536, 1.5, True, "80"])
def test_a_port_that_there_is_not_is_refused(port: object) -> None:
    with pytest.raises(ValueError, match="port must be"):
        serve(port=port)  # type: ignore[call-overload]
