"""Each fault on the wire, which requests it hits, in which order, and the control endpoints."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import time
from typing import Any

import aiohttp
import pytest
import requests

from gemel.sandbox import Sandbox

from .wire import Http, Vault

STATUS = "/api/status"


def received(sandbox: Sandbox) -> bytes:
    """Every byte of the reply to one request, until the connection ends."""
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"GET /api/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return connection.makefile("rb").read()


def test_delay_holds_requests_until_cleared(sandbox: Sandbox, http: Http) -> None:
    sandbox.faults.delay(0.2)
    for _ in range(2):
        begun = time.monotonic()
        http.ok("GET", STATUS)
        assert time.monotonic() - begun >= 0.2
    assert [fault.times for fault in sandbox.faults.pending] == [None]
    sandbox.faults.clear()
    assert sandbox.faults.pending == ()


def test_status_answers_so_often_and_then_no_more(sandbox: Sandbox, http: Http) -> None:
    sandbox.faults.status(503, times=2, headers={"Retry-After": "0"})
    for _ in range(2):
        answer = http("GET", STATUS)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "0")
        assert answer.json()["statusCode"] == 503
    http.ok("GET", STATUS)


def test_status_sends_the_body_given(sandbox: Sandbox, http: Http) -> None:
    sandbox.faults.status(418, body={"a": 1})
    sandbox.faults.status(500, body="plain")
    assert http("GET", STATUS).json() == {"a": 1}
    assert http("GET", STATUS).text == "plain"


def test_a_refused_request_is_not_carried_out(sandbox: Sandbox, http: Http) -> None:
    sandbox.faults.status(503)
    http("POST", "/api/v1/projects", json={"projectName": "x"})
    assert http.ok("GET", "/api/v1/projects") == {"projects": []}


def test_rate_limit_is_the_refusal_of_the_server(sandbox: Sandbox, http: Http) -> None:
    sandbox.faults.rate_limit(retry_after=7)
    answer = http("GET", STATUS)
    assert answer.status_code == 429
    names = ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
    assert [answer.headers[name] for name in names] == ["7", "1", "0", "7"]
    assert answer.json()["error"] == "RateLimitExceeded"
    assert answer.json()["message"] == "Rate limit exceeded. Please try again in 7 seconds"
    assert answer.json()["reqId"].startswith("req-")


def test_cut_ends_the_connection_before_any_byte(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    sandbox.faults.cut()
    with caplog.at_level(logging.WARNING):
        assert received(sandbox) == b""
    assert received(sandbox).startswith(b"HTTP/1.1 200 OK\r\n")
    assert not caplog.records


@pytest.mark.parametrize("after", [1, 20, 150])
def test_cut_ends_the_connection_after_some_bytes(sandbox: Sandbox, after: int) -> None:
    sandbox.faults.cut(after=after)
    reply = received(sandbox)
    assert len(reply) == after
    assert b"HTTP/1.1 200 OK\r\n".startswith(reply[:17])


def test_a_cut_request_was_carried_out(sandbox: Sandbox, http: Http) -> None:
    sandbox.faults.cut(method="POST")
    with pytest.raises(requests.ConnectionError):
        http("POST", "/api/v1/projects", json={"projectName": "made"})
    assert [project["name"] for project in http.ok("GET", "/api/v1/projects")["projects"]] == ["made"]


def test_truncate_promises_more_than_it_sends(sandbox: Sandbox) -> None:
    sandbox.faults.truncate()
    head, _, body = received(sandbox).partition(b"\r\n\r\n")
    (length,) = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    assert 0 < len(body) < length


def test_truncate_is_seen_by_aiohttp(sandbox: Sandbox) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            async with session.get(sandbox.url + STATUS) as answer:
                with pytest.raises(aiohttp.ClientPayloadError):
                    await answer.read()

    sandbox.faults.truncate()
    asyncio.run(main())


def test_malformed_has_a_right_length_and_no_document(sandbox: Sandbox, http: Http) -> None:
    sandbox.faults.malformed()
    answer = http("GET", "/api/v1/projects/none")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content) > 0
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_html_is_what_a_proxy_sends(sandbox: Sandbox, http: Http) -> None:
    sandbox.faults.html()
    answer = http("GET", STATUS)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_fields_are_added_to_and_taken_from_records(sandbox: Sandbox, vault: Vault) -> None:
    vault.put("A", "1")
    vault.put("B", "2")
    sandbox.faults.unknown_field("novelty", {"deep": True})
    sandbox.faults.missing_field("createdAt")
    for secret in [*vault.list()["secrets"], vault.get("A")]:
        assert secret["novelty"] == {"deep": True}
        assert "createdAt" not in secret
        assert secret["secretKey"]
    sandbox.faults.clear()
    assert "novelty" not in vault.get("A")


def test_fields_of_a_bare_object_change_too(sandbox: Sandbox, http: Http) -> None:
    sandbox.faults.missing_field("message")
    assert "message" not in http.ok("GET", STATUS)


def test_a_bare_record_is_not_taken_for_an_envelope(sandbox: Sandbox, http: Http, project: str) -> None:
    slug = http.ok("GET", f"/api/v1/projects/{project}")["project"]["slug"]
    sandbox.faults.unknown_field("novelty")
    bare = http.ok("GET", f"/api/v1/projects/slug/{slug}")
    assert "novelty" in bare
    assert all("novelty" not in environment for environment in bare["environments"])
    environment = bare["environments"][0]["id"]
    written = http.ok("PATCH", f"/api/v1/projects/{project}/environments/{environment}", json={"name": "x"})
    assert "novelty" in written["environment"]
    assert "novelty" not in written


def test_faults_choose_by_method_and_path(sandbox: Sandbox, http: Http, project: str) -> None:
    sandbox.faults.status(503, times=None, method="post")
    sandbox.faults.status(502, times=None, path="/api/v1/projects/")
    sandbox.faults.status(500, times=None, path="/api/*/folders")
    http.ok("GET", "/api/v1/projects")
    assert http("POST", "/api/v1/projects", json={}).status_code == 503
    assert http("GET", f"/api/v1/projects/{project}").status_code == 502
    assert http("GET", "/api/v2/folders").status_code == 500
    assert http("GET", "/api/v1/folders?x").status_code == 500
    assert http("GET", "/api/v1/folders/x").status_code == 404


def test_faults_wait_in_order_and_pauses_add_up(sandbox: Sandbox, http: Http) -> None:
    sandbox.faults.status(500)
    sandbox.faults.status(501)
    sandbox.faults.delay(0.05, times=1)
    sandbox.faults.delay(0.05, times=1)
    begun = time.monotonic()
    assert http("GET", STATUS).status_code == 500
    assert time.monotonic() - begun >= 0.1
    assert [fault.options["status"] for fault in sandbox.faults.pending] == [501]
    assert http("GET", STATUS).status_code == 501
    assert sandbox.faults.pending == ()


def test_times_must_be_positive(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="times"):
        sandbox.faults.status(503, times=0)


def test_faults_are_steered_over_http(sandbox: Sandbox) -> None:
    http = Http(sandbox.url, None)
    faults: list[dict[str, Any]] = [{"kind": "status", "status": 503, "times": 2}, {"kind": "html"}]
    assert http.ok("POST", "/__sandbox__/faults", json=faults) == {"pending": 2}
    assert http.ok("POST", "/__sandbox__/faults", json={"kind": "rate_limit", "retry_after": 3}) == {"pending": 3}
    assert http("GET", STATUS).status_code == 503
    assert http("DELETE", "/__sandbox__/faults").status_code == 204
    http.ok("GET", STATUS)


@pytest.mark.parametrize("body", [{}, {"kind": "clear"}, {"kind": "status"}, {"kind": "html", "colour": 1}, [1], "x"])
def test_a_wrong_fault_over_http_is_refused_whole(sandbox: Sandbox, body: Any) -> None:
    http = Http(sandbox.url, None)
    bodies = [{"kind": "html"}, *body] if isinstance(body, list) else [{"kind": "html"}, body]
    assert http("POST", "/__sandbox__/faults", json=bodies).status_code == 400
    assert sandbox.faults.pending == ()


def test_requests_are_shown_over_http(sandbox: Sandbox) -> None:
    http = Http(sandbox.url, None)
    http("POST", "/a%20b", data=b"\xff")
    (shown,) = http.ok("GET", "/__sandbox__/requests")["requests"]
    assert (shown["method"], shown["target"], base64.b64decode(shown["body"])) == ("POST", "/a%20b", b"\xff")
    assert ["Content-Length", "1"] in shown["headers"]
    http("DELETE", "/__sandbox__/requests")
    assert not sandbox.requests
    assert http("GET", "/__sandbox__/nothing").status_code == 404
