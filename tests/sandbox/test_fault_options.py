"""What a fault may be asked for: refused at once, in the same words from Python and over HTTP, and never later."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.sandbox import JulepSandbox, Sandbox, serve

from .raw import exchange
from .wire import Http

FAULTS = "/__sandbox__/faults"
STATUS = "/api/status"
NUMBERS = [float("nan"), float("inf"), float("-inf"), -1, -0.5, 86401, 1e308, True, None, "1", [1]]
STATUSES = [99999, 600, 199, 100, 101, 0, -200, 200.0, True, None, "503", [503]]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    *(("delay", {"seconds": value}, "seconds must be a number of seconds, 0 to 86400") for value in NUMBERS),
    *(("status", {"status": value}, "status must be a whole number from 200 to 599") for value in STATUSES),
    *(("html", {"status": value}, "status must be a whole number from 200 to 599") for value in STATUSES),
    *(("rate_limit", {"retry_after": value}, "retry_after must be a whole number") for value in (-1, 0.5, True, "1")),
    *(("cut", {"after": value}, "after must be a whole number") for value in (-1, 1.5, True, "1", None)),
    *(("html", {"times": value}, "times must be a whole number of at least 1") for value in (0, -1, 1.5, True, "2")),
    *(("html", {"method": value}, "method must be a verb") for value in ("", "GET /", 5, ["GET"])),
    *(("html", {"path": value}, "path must begin with / or a wildcard") for value in ("", "api/v4", 5, ["/"])),
    *(("missing_field", {"name": value}, "name must be text") for value in ("", None, 5)),
    *(("unknown_field", {"name": value}, "name must be text") for value in ("", None, 5)),
    ("unknown_field", {"value": float("nan")}, "value cannot be sent as JSON"),
    ("status", {"status": 500, "body": float("inf")}, "body cannot be sent as JSON"),
    ("status", {"status": 500, "headers": {"a b": "1"}}, "is no name of a header"),
    ("status", {"status": 500, "headers": {"": "1"}}, "is no name of a header"),
    ("status", {"status": 500, "headers": {"X": "1\r\nSet-Cookie: a"}}, "must be text of one line"),
    ("status", {"status": 500, "headers": {"X": 1}}, "must be text of one line"),
    ("status", {"status": 500, "headers": {"Content-Length": "5"}}, "is written by the server"),
    ("status", {"status": 500, "headers": {"transfer-encoding": "chunked"}}, "is written by the server"),
    ("status", {"status": 500, "headers": ["X"]}, "headers must be names and values"),
]
# What only the JSON of a control can be.
MISNAMED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "html", "colour": 1}, "takes status, times, method, path, not colour"),
    ({"kind": "status"}, "and needs status"),
    ({"kind": "delay", "second": 1}, "not second"),
    ({"kind": "missing_field"}, "and needs name"),
    ({"kind": "nothing"}, "kind is one of delay, status"),
    ({"kind": "clear"}, "kind is one of"),
    ({"kind": "pending"}, "kind is one of"),
    ({"kind": ["html"]}, "kind is one of"),
    ({}, "kind is one of"),
]


def named(case: Any) -> str:
    return str(case)


@pytest.mark.parametrize(("kind", "options", "complaint"), WRONG, ids=named)
def test_a_wrong_option_is_refused_from_python(
    sandbox: Sandbox, kind: str, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError) as caught:
        getattr(sandbox.faults, kind)(**options)
    assert complaint in str(caught.value)
    assert sandbox.faults.pending == ()


@pytest.mark.parametrize(("kind", "options", "complaint"), WRONG, ids=named)
def test_a_wrong_option_is_refused_over_http(
    sandbox: Sandbox, kind: str, options: dict[str, Any], complaint: str
) -> None:
    refuse(sandbox, {"kind": kind} | options, complaint)


@pytest.mark.parametrize(("fault", "complaint"), MISNAMED, ids=named)
def test_an_unknown_name_is_refused_over_http(sandbox: Sandbox, fault: dict[str, Any], complaint: str) -> None:
    refuse(sandbox, fault, complaint)


def refuse(sandbox: Sandbox, fault: dict[str, Any], complaint: str) -> None:
    import json  # NaN and Infinity, as its encoder writes them and as JavaScript cannot

    for body in (fault, [{"kind": "html"}, fault]):
        reply = exchange(
            sandbox.url, f"POST {FAULTS}", "Content-Type: application/json", body=json.dumps(body).encode()
        )
        assert (reply.status, complaint in reply.message) == (400, True), reply
    assert sandbox.faults.pending == ()
    Http(sandbox.url, None).ok("GET", STATUS)


def test_a_body_that_is_no_json_is_refused_when_the_fault_is_made(sandbox: Sandbox) -> None:
    for body in (object(), b"bytes", {1, 2}):
        with pytest.raises(ValueError, match="body cannot be sent as JSON"):
            sandbox.faults.status(500, body=body)


@pytest.mark.parametrize("status", [299, 418, 451, 499, 520, 529, 530, 599])
@pytest.mark.parametrize("api", ["infisical", "julep"])
def test_a_status_without_a_phrase_of_its_own_is_sent(api: str, status: int) -> None:
    with serve(api) as sandbox:
        path = STATUS if api == "infisical" else "/api/agents"
        sandbox.faults.status(status)
        sandbox.faults.html(status=status)
        assert [exchange(sandbox.url, f"GET {path}").status for _ in range(2)] == [status, status]


def test_a_header_beyond_latin_1_is_sent(sandbox: Sandbox) -> None:
    sandbox.faults.status(302, headers={"Location": "/caf\u00e9\u65e5"})
    reply = exchange(sandbox.url, f"GET {STATUS}")
    assert reply.headers["location"].encode("latin-1").decode() == "/caf\u00e9\u65e5"


def test_delays_that_add_up_still_end(sandbox: Sandbox) -> None:
    for _ in range(3):
        sandbox.faults.delay(86400, path="/api/v4")
    sandbox.faults.delay(0)
    Http(sandbox.url, None).ok("GET", STATUS)


@pytest.mark.parametrize("window", [float("nan"), float("inf"), 0, -1, True, "60", None, 86401])
def test_the_window_of_a_rate_limit_is_checked(sandbox: Sandbox, window: Any) -> None:
    with pytest.raises(ValueError, match="window must be a number of seconds, above 0"):
        sandbox.set_rate_limit(5, window=window)
    answer = Http(sandbox.url, None)("PUT", "/__sandbox__/rate-limit", json={"limit": "5"})
    assert (answer.status_code, "limit must be" in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize("limit", [-1, 1.5, True, "5", float("nan")])
def test_the_number_of_a_rate_limit_is_checked(sandbox: Sandbox, limit: Any) -> None:
    with pytest.raises(ValueError, match="limit must be a whole number"):
        sandbox.set_rate_limit(limit)
    Http(sandbox.url, None).ok("GET", "/api/status")


def test_a_rate_limit_is_set_over_http(sandbox: Sandbox) -> None:
    http = Http(sandbox.url, sandbox.token)
    assert http("PUT", "/__sandbox__/rate-limit", json={"limit": 1, "window": 60}).status_code == 204
    assert [http("GET", "/api/v1/projects").status_code for _ in range(2)] == [200, 429]
    assert http("PUT", "/__sandbox__/rate-limit", json={"limit": None}).status_code == 204
    assert http("GET", "/api/v1/projects").status_code == 200


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1, True, "1", None])
def test_the_paces_of_julep_are_checked(seconds: Any) -> None:
    with serve("julep") as sandbox:
        assert isinstance(sandbox, JulepSandbox)
        for attempt in (lambda: sandbox.set_pace(seconds), lambda: sandbox.set_jobs(seconds=seconds)):
            with pytest.raises(ValueError, match="seconds must be a number of seconds"):
                attempt()


def test_the_paces_of_julep_are_set_over_http() -> None:
    with serve("julep") as sandbox:
        http = Http(sandbox.url, None)
        assert http("PUT", "/__sandbox__/pace", json={"seconds": 0.5}).status_code == 204
        assert http("PUT", "/__sandbox__/jobs", json={"outcome": "failed", "seconds": 0}).status_code == 204
        answer = http("PUT", "/__sandbox__/jobs", json={"outcome": "lost"})
        assert (answer.status_code, "succeeded, failed, aborted" in answer.json()["message"]) == (400, True)
        key = http.ok("POST", "/__sandbox__/developers", json={})["api_key"]
        other = Http(sandbox.url, key)
        assert other.ok("GET", "/api/agents") == {"items": []}
