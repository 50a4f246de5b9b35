"""Docs: snippets, owners, jobs that finish or fail, and what a chat recalls of them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gemel.sandbox import JulepSandbox

from .wire import GHOST, Julep, by_the_database

TEA = {"title": "Tea", "content": ["Green tea wants water of eighty degrees.", "Black tea wants boiling water."]}
TRAIN = {"title": "Trains", "content": "The night train to Vienna leaves from platform nine."}


def add(julep: Julep, owner: str, doc: dict[str, Any]) -> str:
    return str(julep.ok("POST", f"{owner}/docs", json=doc)["id"])


def recalled(julep: Julep, session: str, text: str, **more: Any) -> dict[str, list[str]]:
    return dict(julep.chat(session, text, **more)["doc_ids"])


def test_a_chat_recalls_the_docs_that_fit(julep: Julep) -> None:
    agent, user = julep.agent(), julep.user()
    tea, train = add(julep, f"/agents/{agent}", TEA), add(julep, f"/agents/{agent}", TRAIN)
    own = add(julep, f"/users/{user}", {"title": "Habits", "content": "Uwe takes the train on Fridays."})
    add(julep, f"/agents/{julep.agent()}", TRAIN)
    session = julep.session_of(agent, user_id=user)
    assert recalled(julep, session, "How hot is the water for tea?") == {"agent_doc_ids": [tea], "user_doc_ids": []}
    both = recalled(julep, session, 'Which "trains" go on Friday?')
    assert both == {"agent_doc_ids": [train], "user_doc_ids": [own]}
    assert recalled(julep, session, "Are you there?") == {"agent_doc_ids": [], "user_doc_ids": []}


@pytest.mark.parametrize("recall", [False, None, "no", 0])
def test_docs_are_recalled_whatever_is_said(julep: Julep, recall: Any) -> None:
    agent, user = julep.agent(), julep.user()
    tea, own = add(julep, f"/agents/{agent}", TEA), add(julep, f"/users/{user}", TEA)
    session = julep.session_of(agent, user_id=user)
    assert recalled(julep, session, "tea?", recall=recall) == {"agent_doc_ids": [tea], "user_doc_ids": [own]}
    usual, told = (julep.chat(session, "tea?", remember=False, **more)["usage"] for more in ({}, {"recall": recall}))
    assert usual == told  # the docs are part of the prompt


def test_the_better_doc_comes_first_and_few_come(julep: Julep) -> None:
    agent = julep.agent()
    weak = add(julep, f"/agents/{agent}", {"title": "x", "content": "tea " + "filler word here " * 20})
    strong = add(julep, f"/agents/{agent}", {"title": "tea", "content": "tea tea"})
    for _ in range(4):
        add(julep, f"/agents/{agent}", {"title": "y", "content": "coffee"})
    session = julep.session_of(agent)
    assert recalled(julep, session, "tea")["agent_doc_ids"] == [strong, weak]
    assert len(recalled(julep, session, "coffee")["agent_doc_ids"]) == 3


def test_recalled_docs_are_part_of_the_prompt(julep: Julep) -> None:
    agent = julep.agent()
    session = julep.session_of(agent)
    before = julep.chat(session, "train", remember=False)["usage"]["prompt_tokens"]
    add(julep, f"/agents/{agent}", TRAIN)
    after = julep.chat(session, "train", remember=False)["usage"]["prompt_tokens"]
    assert after - before == len(["Trains:", *f"...{TRAIN['content']}".split()])


def test_a_deleted_doc_is_recalled_no_more(julep: Julep) -> None:
    agent = julep.agent()
    doc = add(julep, f"/agents/{agent}", TRAIN)
    julep.ok("DELETE", f"/agents/{agent}/docs/{doc}")
    assert recalled(julep, julep.session_of(agent), "train")["agent_doc_ids"] == []


def test_a_doc_is_deleted_by_its_owner_alone(julep: Julep) -> None:
    agent, other, user = julep.agent(), julep.agent(), julep.user()
    doc = add(julep, f"/agents/{agent}", TRAIN)
    refusal = julep.refused(404, "DELETE", f"/agents/{other}/docs/{doc}")
    assert refusal == {"error": {"message": f"Doc {doc} not found for agent {other}"}}
    assert julep.refused(404, "DELETE", f"/users/{user}/docs/{doc}") == {"detail": "Docs not found"}
    julep.ok("DELETE", f"/agents/{agent}/docs/{doc}")


def test_docs_of_users_are_filtered_by_metadata(julep: Julep) -> None:
    user = julep.user()
    add(julep, f"/users/{user}", TEA | {"metadata": {"drink": True}})
    add(julep, f"/users/{user}", TRAIN)
    params = {"metadata_filter": '{"drink": true}', "limit": 1, "offset": 7}
    items = julep.ok("GET", f"/users/{user}/docs", params=params)["items"]
    assert [item["content"] for item in items] == sorted(TEA["content"])
    assert items[0]["metadata"] == {"drink": True}


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "aborted"])
def test_a_job_runs_and_ends_as_was_asked_for(sandbox: JulepSandbox, julep: Julep, outcome: str) -> None:
    sandbox.set_jobs(outcome, seconds=0.3)
    agent = julep.agent()
    made = julep.ok("POST", f"/agents/{agent}/docs", json=TRAIN)
    (job,) = made["jobs"]
    session = julep.session_of(agent)
    assert recalled(julep, session, "train")["agent_doc_ids"] == []
    shown = julep.ok("GET", f"/jobs/{job}")
    assert (shown["state"], shown["reason"]) == ("in_progress", "Execution status: in_progress")
    deadline = time.monotonic() + 5
    while julep.ok("GET", f"/jobs/{job}")["state"] == "in_progress" and time.monotonic() < deadline:
        time.sleep(0.02)
    shown = julep.ok("GET", f"/jobs/{job}")
    assert (shown["state"], shown["reason"]) == (outcome, f"Execution status: {outcome}")
    assert recalled(julep, session, "train")["agent_doc_ids"] == ([made["id"]] if outcome == "succeeded" else [])


def test_an_unknown_outcome_is_no_outcome(sandbox: JulepSandbox) -> None:
    with pytest.raises(ValueError, match="succeeded, failed, aborted"):
        sandbox.set_jobs("lost")


def test_an_unknown_job(julep: Julep) -> None:
    expected = {"message": "job not found or invalid", "code": "NOT_FOUND"}
    assert julep.refused(400, "GET", f"/jobs/{GHOST}") == {"error": expected}


def listed(julep: Julep, owner: str) -> list[tuple[str, str]]:
    """The id and the content of each part of an owner's docs."""
    return [(item["id"], item["content"]) for item in julep.ok("GET", f"{owner}/docs")["items"]]


@pytest.mark.parametrize("noun", ["agents", "users"])
def test_the_parts_of_a_doc_come_by_the_alphabet(julep: Julep, noun: str) -> None:
    owner = f"/{noun}/{julep.agent() if noun == 'agents' else julep.user()}"
    parts = ["second", "First", "10", "9", "über", "a", "zoo", "a"]
    key = add(julep, owner, {"title": "t", "content": parts})
    assert listed(julep, owner) == [(key, part) for part in ("10", "9", "First", "a", "a", "second", "zoo", "über")]


def test_the_parts_of_a_doc_that_comes_with_its_owner_come_by_the_alphabet(julep: Julep) -> None:
    doc = {"title": "t", "content": ["b", "a", "c"]}
    for path, body in (("/agents", {"name": "A", "docs": [doc]}), ("/users", {"docs": [doc]})):
        made = julep.ok("POST", path, 201, json=body)["id"]
        assert [content for _, content in listed(julep, f"{path}/{made}")] == ["a", "b", "c"]


@pytest.mark.parametrize("noun", ["agents", "users"])
def test_docs_are_listed_by_their_ids(julep: Julep, noun: str) -> None:
    owner = f"/{noun}/{julep.agent() if noun == 'agents' else julep.user()}"
    made = [add(julep, owner, {"title": f"t{number}", "content": ["2", "1"]}) for number in range(8)]
    expected = [(key, part) for key in sorted(made, key=by_the_database) for part in ("1", "2")]
    assert listed(julep, owner) == expected


@pytest.mark.parametrize("path", ["docs", "owner"])
@pytest.mark.parametrize("noun", ["agents", "users"])
def test_a_doc_without_parts_breaks_the_server(julep: Julep, noun: str, path: str) -> None:
    doc = {"title": "t", "content": []}
    owner = f"/{noun}/{julep.agent() if noun == 'agents' else julep.user()}"
    at, body = (f"{owner}/docs", doc) if path == "docs" else (f"/{noun}", {"name": "A", "docs": [doc]})
    expected = {"status_code": 500, "message": "Constant rule does not have data", "data": None}
    assert julep.refused(500, "POST", at, json=body) == expected
    assert listed(julep, owner) == []
