"""Docs: snippets, owners, jobs that finish or fail, and what a chat recalls of them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gemel.sandbox import JulepSandbox

from .wire import GHOST, Julep

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
    nothing = {"agent_doc_ids": [], "user_doc_ids": []}
    assert recalled(julep, session, "Are you there?") == nothing
    assert recalled(julep, session, "tea?", recall=False) == nothing


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
    assert [item["content"] for item in items] == TEA["content"]
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
    error = julep.refused(400, "GET", f"/jobs/{GHOST}")["error"]
    assert error["code"] == "NOT_FOUND"
    assert GHOST in error["message"]
