"""Sessions: what a change keeps and what it destroys, and when a list of them breaks the server."""

from __future__ import annotations

from typing import Any

import pytest

from .wire import GHOST, Julep

FULL: dict[str, Any] = {
    "situation": "at sea",
    "metadata": {"a": 1},
    "render_templates": True,
    "token_budget": 100,
    "context_overflow": "truncate",
}
RESET = {"render_templates": False, "token_budget": None, "context_overflow": None}
NOTHING = {"metadata": None, "token_budget": None, "context_overflow": None}
UNPARSED = "The query parser has encountered unexpected input / end of input"


def shown(julep: Julep, session: str) -> dict[str, Any]:
    """The settings of a session."""
    read = julep.ok("GET", f"/sessions/{session}")
    return {name: read[name] for name in FULL}


def test_a_session_shows_what_it_was_made_with(julep: Julep) -> None:
    assert shown(julep, julep.session_of(julep.agent(), **FULL)) == FULL


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
@pytest.mark.parametrize("more", [{}, NOTHING, {"render_templates": True}], ids=str)
def test_a_change_of_the_situation_resets_every_other_setting(julep: Julep, verb: str, more: dict[str, Any]) -> None:
    session = julep.session_of(julep.agent(), **FULL)
    julep.ok(verb, f"/sessions/{session}", json={"situation": "in port"} | more)
    assert shown(julep, session) == {"situation": "in port", "metadata": {"a": 1}} | RESET


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_settings_that_are_sent_again_are_kept_but_for_the_templates(julep: Julep, verb: str) -> None:
    session = julep.session_of(julep.agent(), **FULL)
    julep.ok(verb, f"/sessions/{session}", json=FULL)
    assert shown(julep, session) == FULL | {"render_templates": False}


def test_one_setting_that_is_sent_does_not_save_the_other(julep: Julep) -> None:
    session = julep.session_of(julep.agent(), **FULL)
    julep.ok("PATCH", f"/sessions/{session}", json={"token_budget": 7})
    assert shown(julep, session) == FULL | RESET | {"token_budget": 7}
    julep.ok("PATCH", f"/sessions/{session}", json={"context_overflow": "adaptive"})
    assert shown(julep, session) == FULL | RESET | {"context_overflow": "adaptive"}


NO_CHANGE: list[dict[str, Any]] = [
    {},
    {"metadata": {"b": 2}},
    {"metadata": {}},
    NOTHING,
    {"situation": None, "metadata": {"b": 2}},
    {"render_templates": True},
]


@pytest.mark.parametrize("body", NO_CHANGE, ids=str)
@pytest.mark.parametrize("ghost", [False, True])
def test_a_patch_of_metadata_alone_or_of_nothing_breaks_the_server(
    julep: Julep, body: dict[str, Any], ghost: bool
) -> None:
    session = julep.session_of(julep.agent(), **FULL)
    refusal = julep.refused(500, "PATCH", f"/sessions/{GHOST if ghost else session}", json=body)
    assert refusal["status_code"] == 500
    assert refusal["message"].startswith(UNPARSED)
    assert shown(julep, session) == FULL


def test_a_patch_merges_metadata_and_a_put_replaces_it(julep: Julep) -> None:
    session = julep.session_of(julep.agent(), **FULL)
    julep.ok("PATCH", f"/sessions/{session}", json={"situation": "s", "metadata": {"b": 2}})
    assert shown(julep, session)["metadata"] == {"a": 1, "b": 2}
    julep.ok("PUT", f"/sessions/{session}", json={"situation": "s", "metadata": {"c": 3}})
    assert shown(julep, session)["metadata"] == {"c": 3}
    julep.ok("PUT", f"/sessions/{session}", json={"situation": "s"})
    assert shown(julep, session)["metadata"] == {"c": 3}


def test_a_session_that_does_not_exist(julep: Julep) -> None:
    assert julep.refused(404, "GET", f"/sessions/{GHOST}") == {"detail": "Session not found"}
    julep.refused(404, "PUT", f"/sessions/{GHOST}", json={"situation": ""})
    julep.refused(404, "PATCH", f"/sessions/{GHOST}", json={"token_budget": 1})


@pytest.mark.parametrize("more", [{}, {"situation": None}, {"situation": ""}], ids=str)
def test_a_situation_that_is_missing_is_empty(julep: Julep, more: dict[str, Any]) -> None:
    session = julep.session_of(julep.agent(), **more)
    assert shown(julep, session)["situation"] == ""
    assert julep.ok("GET", "/sessions")["items"][0]["situation"] == ""
    julep.ok("PUT", f"/sessions/{session}", json={"situation": "some"})
    julep.ok("PATCH", f"/sessions/{session}", json={"situation": ""})
    assert shown(julep, session)["situation"] == ""


def test_a_list_shows_no_session_with_templates(julep: Julep) -> None:
    agent = julep.agent()
    with_them, without = julep.session_of(agent, render_templates=True), julep.session_of(agent)
    assert [shown(julep, one)["render_templates"] for one in (with_them, without)] == [True, False]
    assert [one["render_templates"] for one in julep.ok("GET", "/sessions")["items"]] == [False, False]
    params = {"limit": 1, "offset": 1, "metadata_filter": "{}"}
    assert [one["render_templates"] for one in julep.ok("GET", "/sessions", params=params)["items"]] == [False]


def test_sessions_are_listed_while_all_or_none_has_a_budget(julep: Julep) -> None:
    agent = julep.agent()
    budgeted = [julep.session_of(agent, token_budget=5) for _ in range(2)]
    assert [one["id"] for one in julep.ok("GET", "/sessions")["items"]] == budgeted[::-1]
    free = julep.session_of(agent)
    assert julep.refused(500, "GET", "/sessions") == "Internal Server Error"
    assert [one["id"] for one in julep.ok("GET", "/sessions?limit=1")["items"]] == [free]


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_a_change_of_one_session_of_two_breaks_the_list(julep: Julep, verb: str) -> None:
    agent = julep.agent()
    changed, other = (julep.session_of(agent, token_budget=5) for _ in range(2))
    julep.ok(verb, f"/sessions/{changed}", json={"situation": "s"})
    assert julep.refused(500, "GET", "/sessions") == "Internal Server Error"
    julep.ok(verb, f"/sessions/{other}", json={"situation": "s"})
    assert [one["token_budget"] for one in julep.ok("GET", "/sessions")["items"]] == [None, None]


def test_a_change_takes_the_budget_from_the_next_chat(julep: Julep) -> None:
    session = julep.session_of(julep.agent(), token_budget=8, context_overflow="truncate")
    julep.chat(session, "one two three")
    assert julep.chat(session, "four five")["jobs"] is not None
    julep.ok("PATCH", f"/sessions/{session}", json={"situation": "s"})
    answer = julep.chat(session, "six seven")
    assert answer["jobs"] is None
    assert answer["usage"]["prompt_tokens"] > 8
