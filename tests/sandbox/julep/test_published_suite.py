"""What the published SDK's own tests hold a server to, as of 0.3.9: each of the 48 as the requests that it makes.

Its sync and its async clients send the same; what is asserted of both is tested once for each. The suite deletes the
agents and users of a test before their docs and tools, and asserts that this succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .wire import Julep

MODEL = "julep-ai/samantha-1-turbo"
AGENT = {
    "name": "Grace",
    "about": "tests ships",
    "model": MODEL,
    "instructions": "be exact",
    "default_settings": {"temperature": 0.5},
    "metadata": {"suite": "agents"},
    "tools": [],
    "docs": [],
}
USER = {"name": "Hal", "about": "tests people", "metadata": {"suite": "users"}, "docs": []}
SESSION: dict[str, Any] = {
    "situation": "a trial",
    "metadata": {"suite": "sessions"},
    "render_templates": False,
    "token_budget": None,
    "context_overflow": None,
}
CHANGED: dict[str, Any] = {
    "situation": "another trial",
    "metadata": {"suite": "sessions"},
    "token_budget": None,
    "context_overflow": None,
}
PARAMETERS = {"type": "object", "properties": {"knots": {"type": "string", "default": "five"}}}
FUNCTION = {"description": "a try", "name": "try it", "parameters": PARAMETERS}
DOC: dict[str, Any] = {"title": "Log", "content": "All is well.", "metadata": {}}
SECRET_WORD = "Rosebud"  # what a template puts in front of the model


class Suite:
    """The records that a test of the suite gets, and their end after it: owners first."""

    def __init__(self, julep: Julep) -> None:
        self.julep = julep
        self.ends: list[tuple[str, int]] = []

    def _made(self, path: str, body: dict[str, Any], status: int, gone: int) -> str:
        made = self.julep.ok("POST", path, status, json=body)
        assert made["created_at"]
        self.ends.append((f"{path}/{made['id']}", gone))
        return str(made["id"])

    def agent(self) -> str:
        """An agent of the suite."""
        return self._made("/agents", AGENT, 201, 202)

    def user(self) -> str:
        """A user of the suite."""
        return self._made("/users", USER, 201, 202)

    def session(self, *, with_user: bool = True, **more: Any) -> str:
        """A session of a new agent, with a new user unless told otherwise."""
        body = {"agent_id": self.agent(), "user_id": self.user() if with_user else None}
        return self._made("/sessions", body | SESSION | more, 201, 202)

    def tool(self) -> tuple[str, str]:
        """A new agent with a tool: its path, and the tool's id."""
        path = f"/agents/{self.agent()}/tools"
        return path, self._made(path, {"type": "function", "function": FUNCTION}, 200, 200)

    def doc(self, noun: str) -> tuple[str, str]:
        """A new owner with a doc: the path of its docs, and the doc's id."""
        path = f"/{noun}s/{self.agent() if noun == 'agent' else self.user()}/docs"
        return path, self._made(path, DOC, 200, 200)

    def end(self) -> None:
        """Delete everything, an owner before what it owns."""
        for path, status in self.ends:
            self.julep.ok("DELETE", path, status)


@pytest.fixture
def suite(julep: Julep) -> Iterator[Suite]:
    running = Suite(julep)
    yield running
    running.end()


def agent_create(suite: Suite) -> None:
    read = suite.julep.ok("GET", f"/agents/{suite.agent()}")
    assert (read["name"], read["about"]) == (AGENT["name"], AGENT["about"])


def agent_create_several_instructions(suite: Suite) -> None:
    made = suite.julep.ok("POST", "/agents", 201, json=AGENT | {"instructions": ["one", "two"]})["id"]
    assert suite.julep.ok("GET", f"/agents/{made}")["instructions"] == ["one", "two"]


def agent_get(suite: Suite) -> None:
    agent = suite.agent()
    read = suite.julep.ok("GET", f"/agents/{agent}")
    assert (read["id"], read["name"], read["about"]) == (agent, AGENT["name"], AGENT["about"])


def agent_walk(suite: Suite) -> None:
    agent = suite.agent()
    change = {"name": "Ruth", "about": "tests tides", "instructions": ["be brief"], "metadata": {"suite": "agents"}}
    assert suite.julep.ok("PATCH", f"/agents/{agent}", json=change)["updated_at"]
    read = suite.julep.ok("GET", f"/agents/{agent}")
    assert {name: read[name] for name in change} == change


def agent_list(suite: Suite) -> None:
    agent = suite.agent()
    params = {"limit": 100, "offset": 0, "metadata_filter": "{}"}
    assert suite.julep.ok("GET", "/agents", params=params)["items"][0]["id"] == agent


def agent_update(suite: Suite) -> None:
    agent = suite.agent()
    assert suite.julep.ok("PATCH", f"/agents/{agent}", json={"name": "Ruth"})["updated_at"]
    assert suite.julep.ok("GET", f"/agents/{agent}")["name"] == "Ruth"


def agent_overwrite(suite: Suite) -> None:
    agent = suite.agent()
    assert suite.julep.ok("PUT", f"/agents/{agent}", json={"name": "Ruth", "about": "new"})["updated_at"]
    assert suite.julep.ok("GET", f"/agents/{agent}")["name"] == "Ruth"


def user_create(suite: Suite) -> None:
    read = suite.julep.ok("GET", f"/users/{suite.user()}")
    assert (read["name"], read["about"]) == (USER["name"], USER["about"])


def user_walk(suite: Suite) -> None:
    user = suite.user()
    read = suite.julep.ok("GET", f"/users/{user}")
    assert (read["id"], read["name"], read["about"]) == (user, USER["name"], USER["about"])
    change = {"name": "Ida", "about": "tests all", "metadata": {"suite": "users"}}
    assert suite.julep.ok("PATCH", f"/users/{user}", json=change)["updated_at"]
    read = suite.julep.ok("GET", f"/users/{user}")
    assert {name: read[name] for name in change} == change


def user_get(suite: Suite) -> None:
    read = suite.julep.ok("GET", f"/users/{suite.user()}")
    assert (read["name"], read["about"]) == (USER["name"], USER["about"])


def user_list_of_none(suite: Suite) -> None:
    params = {"limit": 100, "offset": 0, "metadata_filter": "{}"}
    assert suite.julep.ok("GET", "/users", params=params) == {"items": []}


def user_list(suite: Suite) -> None:
    user = suite.user()
    assert [one["id"] for one in suite.julep.ok("GET", "/users", params={"metadata_filter": "{}"})["items"]] == [user]


def user_update(suite: Suite) -> None:
    user = suite.user()
    assert suite.julep.ok("PATCH", f"/users/{user}", json={"name": "Ida"})["updated_at"]
    assert suite.julep.ok("GET", f"/users/{user}")["name"] == "Ida"


def user_overwrite(suite: Suite) -> None:
    user = suite.user()
    assert suite.julep.ok("PUT", f"/users/{user}", json={"name": "Ida", "about": ""})["updated_at"]
    read = suite.julep.ok("GET", f"/users/{user}")
    assert (read["name"], read["about"]) == ("Ida", "")


def user_delete(suite: Suite) -> None:
    user = suite.user()  # deleted once more at the end
    assert suite.julep.ok("DELETE", f"/users/{user}", 202)["deleted_at"]


def doc_create(noun: str) -> Callable[[Suite], None]:
    return lambda suite: None if suite.doc(noun)[1] else pytest.fail("it has no id")


def doc_list(noun: str) -> Callable[[Suite], None]:
    def check(suite: Suite) -> None:
        path, doc = suite.doc(noun)
        items = suite.julep.ok("GET", path, params={"limit": 100, "offset": 0, "metadata_filter": "{}"})["items"]
        assert [(item["id"], item["title"], item["content"]) for item in items] == [(doc, "Log", "All is well.")]

    return check


def tool_create(suite: Suite) -> None:
    assert suite.tool()[1]


def tool_update(suite: Suite) -> None:
    path, tool = suite.tool()
    answer = suite.julep.ok("PATCH", f"{path}/{tool}", json={"function": FUNCTION | {"description": "again"}})
    assert (answer["id"], bool(answer["updated_at"])) == (tool, True)


def tool_list(suite: Suite) -> None:
    path, tool = suite.tool()
    items = suite.julep.ok("GET", path, params={"limit": 100, "offset": 0})["items"]
    assert items == [{"id": tool, "type": "function", "function": FUNCTION}]


def tool_walk(suite: Suite) -> None:
    path, tool = suite.tool()
    assert [item["id"] for item in suite.julep.ok("GET", path)["items"]] == [tool]
    assert suite.julep.ok("PATCH", f"{path}/{tool}", json={"function": FUNCTION})["updated_at"]


def tool_list_of_none(suite: Suite) -> None:
    assert suite.julep.ok("GET", f"/agents/{suite.agent()}/tools") == {"items": []}


def session_create(suite: Suite) -> None:
    assert suite.julep.ok("GET", f"/sessions/{suite.session()}")["situation"] == SESSION["situation"]


def session_walk(suite: Suite) -> None:
    session = suite.session()
    read = suite.julep.ok("GET", f"/sessions/{session}")
    assert (read["id"], read["situation"]) == (session, SESSION["situation"])
    suite.julep.ok("PATCH", f"/sessions/{session}", json=CHANGED)
    assert suite.julep.ok("GET", f"/sessions/{session}")["situation"] == CHANGED["situation"]


def session_create_without_a_user(suite: Suite) -> None:
    assert suite.session(with_user=False)


def session_get_without_a_user(suite: Suite) -> None:
    session = suite.session(with_user=False)
    read = suite.julep.ok("GET", f"/sessions/{session}")
    assert (read["id"], read["user_id"]) == (session, None)


def session_get(suite: Suite) -> None:
    session = suite.session()
    read = suite.julep.ok("GET", f"/sessions/{session}")
    assert (read["id"], read["situation"]) == (session, SESSION["situation"])


def session_list(suite: Suite) -> None:
    session = suite.session()
    params = {"limit": 100, "offset": 0, "metadata_filter": "{}"}
    assert suite.julep.ok("GET", "/sessions", params=params)["items"][0]["id"] == session


def session_change(verb: str) -> Callable[[Suite], None]:
    def check(suite: Suite) -> None:
        session = suite.session()
        assert suite.julep.ok(verb, f"/sessions/{session}", json=CHANGED)["updated_at"]
        assert suite.julep.ok("GET", f"/sessions/{session}")["situation"] == CHANGED["situation"]

    return check


def session_chat(suite: Suite) -> None:
    session = suite.session()
    settings = {"max_tokens": 120, "presence_penalty": 0.5, "repetition_penalty": 0.5, "seed": 1, "stream": False}
    body = {"messages": [{"role": "user", "content": "a trial", "name": "Hal Hale"}], "temperature": 0.7, "top_p": 0.9}
    answer = suite.julep.ok(
        "POST", f"/sessions/{session}/chat", json=body | settings | {"recall": True, "remember": True}
    )
    assert answer.keys() == {"id", "finish_reason", "response", "usage", "jobs", "doc_ids"}
    assert len(suite.julep.ok("GET", f"/sessions/{session}/history")["items"]) == 2


def session_chat_with_a_template(suite: Suite) -> None:
    """The model is to say what the situation tells it: it takes one that reads. Ours answers, and echoes."""
    word = {"word": SECRET_WORD} | SESSION["metadata"]
    session = suite.session(situation="Say {{session.metadata.word}}", metadata=word, render_templates=True)
    body = {"messages": [{"role": "user", "content": "say it please"}], "max_tokens": 10}
    answer = suite.julep.ok("POST", f"/sessions/{session}/chat", json=body)
    assert answer["response"][0][0]["content"] == "echo: say it please"  # there: it holds the word


def session_history_of_none(suite: Suite) -> None:
    assert suite.julep.ok("GET", f"/sessions/{suite.session()}/history") == {"items": []}


def session_delete_history(suite: Suite) -> None:
    session = suite.session()
    assert suite.julep.ok("DELETE", f"/sessions/{session}/history", 202)["deleted_at"]
    assert suite.julep.ok("GET", f"/sessions/{session}/history") == {"items": []}


def session_delete(suite: Suite) -> None:
    session = suite.session()  # deleted once more at the end
    assert suite.julep.ok("DELETE", f"/sessions/{session}", 202)["deleted_at"]


def memory_list(suite: Suite) -> None:
    assert suite.user() != suite.agent()  # that is all that is asserted: this server has no memories


def completion(suite: Suite) -> None:
    body = {"model": MODEL, "prompt": "Once more", "min_p": 0.1, "temperature": 0.7}
    answer = suite.julep.serving("/completions", body)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["text"]


def chat_completion(suite: Suite) -> None:
    messages = [{"role": "system", "content": "Once more"}]
    body = {"model": MODEL, "messages": messages, "min_p": 0.1, "temperature": 0.7}
    answer = suite.julep.serving("/chat/completions", body)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"]


# Each test of the suite: its subject, whose clients it is about, and what it holds the server to.
PUBLISHED: list[tuple[str, Callable[[Suite], None]]] = [
    ("agents create", agent_create),
    ("agents create, several instructions", agent_create_several_instructions),
    ("agents get", agent_get),
    ("agents create, get and update, async", agent_walk),
    ("agents list", agent_list),
    ("agents update", agent_update),
    ("agents update, whole", agent_overwrite),
    ("users create", user_create),
    ("users create, get and update, async", user_walk),
    ("users get", user_get),
    ("users list, of none", user_list_of_none),
    ("users list", user_list),
    ("users list, async", user_list),
    ("users update", user_update),
    ("users update, whole", user_overwrite),
    ("users delete", user_delete),
    ("docs create, of an agent", doc_create("agent")),
    ("docs create, of a user", doc_create("user")),
    ("docs list, of an agent", doc_list("agent")),
    ("docs list, of a user", doc_list("user")),
    ("docs list, of an agent, async", doc_list("agent")),
    ("docs list, of a user, async", doc_list("user")),
    ("tools create", tool_create),
    ("tools update", tool_update),
    ("tools list", tool_list),
    ("tools list and update, async", tool_walk),
    ("tools list, async", tool_list),
    ("tools list, of none, async", tool_list_of_none),
    ("tools update, async", tool_update),
    ("sessions create", session_create),
    ("sessions create, get and update, async", session_walk),
    ("sessions create, without a user", session_create_without_a_user),
    ("sessions get, without a user", session_get_without_a_user),
    ("sessions get", session_get),
    ("sessions list", session_list),
    ("sessions list, async", session_list),
    ("sessions update", session_change("PATCH")),
    ("sessions update, whole", session_change("PUT")),
    ("sessions chat", session_chat),
    ("sessions chat, with a template", session_chat_with_a_template),
    ("sessions history, of none", session_history_of_none),
    ("sessions delete history", session_delete_history),
    ("sessions delete", session_delete),
    ("memories list", memory_list),
    ("completions", completion),
    ("completions, async", completion),
    ("chat completions", chat_completion),
    ("chat completions, async", chat_completion),
]


@pytest.mark.parametrize(("name", "check"), PUBLISHED, ids=[name for name, _ in PUBLISHED])
def test_what_the_published_suite_asserts_holds(suite: Suite, name: str, check: Callable[[Suite], None]) -> None:
    check(suite)


def test_the_suite_is_whole() -> None:
    assert len(PUBLISHED) == len({name for name, _ in PUBLISHED}) == 48


def test_an_example_of_an_agent_in_a_chat(julep: Julep) -> None:
    """The suite's example, a test of its own in later versions: records made, a chat, all deleted."""
    settings = {"temperature": 1.5, "min_p": 0.01, "repetition_penalty": 1.05}
    agent = julep.agent(model=MODEL, instructions=["be short", "be rude"], default_settings=settings)
    session = julep.session_of(agent, user_id=julep.user(), situation="a stranger")
    answer = julep.chat(session, "hi!", max_tokens=200, stream=False, remember=True, recall=True)
    assert answer["response"][0][0].keys() >= {"role", "content"}
    for path in (f"/sessions/{session}", f"/agents/{agent}"):
        julep.ok("DELETE", path, 202)


def test_the_cleaning_up_of_the_suite(suite: Suite) -> None:
    """It finds its records by their metadata, deletes each owner, and then what is still listed of it."""
    julep = suite.julep
    suite.doc("agent")
    suite.tool()
    suite.doc("user")
    suite.session()
    for noun in ("sessions", "agents", "users"):
        params = {"metadata_filter": f'{{"suite": "{noun}"}}'}
        owners = [one["id"] for one in julep.ok("GET", f"/{noun}", params=params)["items"]]
        assert len(owners) == {"sessions": 1, "agents": 3, "users": 2}[noun]
        for owner in owners:
            julep.ok("DELETE", f"/{noun}/{owner}", 202)
            if noun == "agents":
                for doc in julep.ok("GET", f"/agents/{owner}/docs")["items"]:
                    julep.ok("DELETE", f"/agents/{owner}/docs/{doc['id']}")
        assert julep.ok("GET", f"/{noun}") == {"items": []}
    suite.ends = [(path, status) for path, status in suite.ends if "/tools/" in path]  # those nobody lists
