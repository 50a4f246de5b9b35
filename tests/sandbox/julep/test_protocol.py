"""Below the operations: the gateway, keys, routes, issues, faults in this server's words, and the closed connection."""

from __future__ import annotations

import ast
import socket
from typing import Any

import pytest
import requests

from gemel.sandbox import JulepSandbox

from .wire import GHOST, Julep


@pytest.mark.parametrize("path", ["/", "/agents", "/api", "/v2/x", "/apiary/agents"])
def test_the_gateway_knows_two_services(sandbox: JulepSandbox, path: str) -> None:
    answer = requests.get(sandbox.url + path, timeout=5)
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Bearer wrong", "Basic x"])
def test_a_wrong_key_gets_403(sandbox: JulepSandbox, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.post(f"{sandbox.api_url}/agents", json={}, headers=headers, timeout=5)
    assert (answer.status_code, answer.json()) == (403, {"detail": "Could not validate API KEY"})


def test_routes_and_broken_documents_come_before_keys(sandbox: JulepSandbox) -> None:
    stranger = Julep(sandbox.url, None)
    with stranger.session:
        stranger.refused(404, "GET", "/nothing")
        stranger.refused(405, "PUT", "/agents")
        stranger.refused(422, "POST", "/agents", data=b"{")
        stranger.refused(403, "POST", "/agents", json={})


def test_another_verb_is_told_which_there_are(julep: Julep) -> None:
    assert julep("PUT", "/agents").headers["allow"] == "POST, GET"
    assert julep("HEAD", f"/agents/{GHOST}").status_code == 405


def test_a_slash_too_many_is_redirected_with_the_query(sandbox: JulepSandbox, julep: Julep) -> None:
    answer = julep("GET", "/agents/?limit=1")
    assert (answer.status_code, answer.headers["location"]) == (307, f"{sandbox.api_url}/agents?limit=1")
    julep.refused(404, "GET", "/nothing/")


def issues(julep: Julep, verb: str, path: str, **options: Any) -> list[tuple[Any, Any]]:
    refusal = julep.refused(422, verb, path, **options)
    assert (refusal["status_code"], refusal["data"]) == (422, None)
    return [(issue["type"], issue["loc"]) for issue in ast.literal_eval(refusal["message"])]


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("x", "uuid_parsing"),
        ("1-2", "uuid_parsing"),
        ("1" * 31, "uuid_parsing"),
        ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "uuid_version"),
    ],
)
def test_ids_are_of_version_4(julep: Julep, key: str, kind: str) -> None:
    assert issues(julep, "GET", f"/agents/{key}") == [(kind, ("path", "agent_id"))]


def test_the_issues_of_all_parts_come_at_once(julep: Julep) -> None:
    options = {"headers": {"X-Developer-Id": "?"}, "json": {"metadata": 1}}
    assert issues(julep, "PATCH", "/agents/x", **options) == [
        ("uuid_parsing", ("header", "x-developer-id")),
        ("uuid_parsing", ("path", "agent_id")),
        ("dict_type", ("body", "metadata")),
    ]


SENT: list[tuple[Any, list[tuple[Any, Any]]]] = [
    (None, [("missing", ("body",))]),
    ([], [("model_attributes_type", ("body",))]),
    ({"name": None}, [("string_type", ("body", "name"))]),
    ({"name": 1}, [("string_type", ("body", "name"))]),
    (
        {"name": "", "instructions": 1},
        [("string_type", ("body", "instructions", "str")), ("list_type", ("body", "instructions", "list[str]"))],
    ),
    (
        {"name": "", "default_settings": {"temperature": 9, "top_p": "x", "preset": "?"}},
        [
            ("less_than_equal", ("body", "default_settings", "temperature")),
            ("float_parsing", ("body", "default_settings", "top_p")),
            ("enum", ("body", "default_settings", "preset")),
        ],
    ),
    (
        {"name": "", "tools": [{}]},
        [("missing", ("body", "tools", 0, "type")), ("missing", ("body", "tools", 0, "function"))],
    ),
]


@pytest.mark.parametrize(("body", "expected"), SENT, ids=str)
def test_a_body_that_does_not_fit(julep: Julep, body: Any, expected: Any) -> None:
    assert issues(julep, "POST", "/agents", json=body) == expected


def test_a_body_of_another_type_is_no_document(julep: Julep) -> None:
    headers = {"Content-Type": "text/plain"}
    assert issues(julep, "POST", "/agents", data=b"{}", headers=headers) == [("model_attributes_type", ("body",))]
    julep.ok("POST", "/agents", 201, data=b'{"name": "x"}', headers={"Content-Type": "application/vnd.x+json"})


def test_numbers_may_come_as_text_and_booleans_as_words(julep: Julep) -> None:
    agent = julep.agent(default_settings={"temperature": "1.5"})
    session = julep.session_of(agent, token_budget="9", render_templates="yes")
    shown = julep.ok("GET", f"/sessions/{session}")
    assert (shown["token_budget"], shown["render_templates"]) == (9, True)
    assert issues(julep, "POST", "/sessions", json={"agent_id": agent, "token_budget": 1.5}) == [
        ("int_from_float", ("body", "token_budget"))
    ]


def test_half_a_surrogate_pair_is_kept_as_a_question_mark(julep: Julep) -> None:
    agent = julep.ok("POST", "/agents", 201, data=rb'{"name": "\ud800", "metadata": {"k": "\ud800"}}')["id"]
    assert julep.ok("GET", f"/agents/{agent}")["name"] == "?"


def connected(sandbox: JulepSandbox) -> socket.socket:
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=5)


def test_the_connection_ends_after_a_plain_500_without_a_word(sandbox: JulepSandbox) -> None:
    lines = f"GET /api/agents?metadata_filter=%s HTTP/1.1\r\nHost: x\r\nAuthorization: {sandbox.api_key}\r\n\r\n"
    with connected(sandbox) as connection:
        connection.sendall((lines % "bad").encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")  # and the connection stays
        connection.sendall((lines % "[]").encode())
        reply = connection.makefile("rb").read()
    assert reply.startswith(b"HTTP/1.1 500 ")
    assert reply.endswith(b"\r\n\r\nInternal Server Error")
    assert b"connection:" not in reply.lower()


def test_faults_speak_as_this_server_does(sandbox: JulepSandbox, julep: Julep) -> None:
    sandbox.faults.status(503)
    sandbox.faults.status(409, headers={"X-Mark": "1"})
    sandbox.faults.rate_limit(2)
    assert julep.refused(503, "GET", "/agents") == "Service Unavailable"
    answer = julep("GET", "/agents")
    assert (answer.status_code, answer.json(), answer.headers["x-mark"]) == (409, {"detail": "Conflict"}, "1")
    answer = julep("GET", "/agents")
    assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (429, "Too Many Requests", "2")
    assert julep("POST", "/agents", data=b"x" * (1 << 21)).status_code == 413


def test_fields_change_in_items_and_in_bare_records(sandbox: JulepSandbox, julep: Julep) -> None:
    agent = julep.agent()
    sandbox.faults.unknown_field("novelty")
    sandbox.faults.missing_field("model")
    shown = julep.ok("GET", f"/agents/{agent}")
    (listed,) = julep.ok("GET", "/agents")["items"]
    assert all("novelty" in record and "model" not in record for record in (shown, listed))
