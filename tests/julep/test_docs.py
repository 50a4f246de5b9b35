"""Docs: metadata kept, one owner, limits that hold on servers that heed them and on those that do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from gemel.julep import Doc, InvalidIdError, OwnerError
from gemel.kit.errors import InvalidArgument, NotFoundError
from gemel.sandbox import JulepSandbox
from gemel.sandbox.messages import ServerReply
from gemel.testing import ReceivedCall, StubServer

from .modes import Mode

GHOST = "11111111-1111-4111-8111-111111111111"
V1 = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
DOC: dict[str, Any] = {"title": "t", "content": "c", "metadata": {"m": 1}}


@pytest.fixture(params=["agent_id", "user_id"])
def owner(request: pytest.FixtureRequest, mode: Mode, client: Any) -> dict[str, str]:
    """An agent, or a user, as the argument that names it."""
    noun = client.agents if request.param == "agent_id" else client.users
    return {request.param: mode.run(noun.create(name="A", about="a")).id}


def test_what_is_created_is_whole(mode: Mode, client: Any, owner: dict[str, str]) -> None:
    made = mode.run(client.docs.create(**owner, doc=DOC))
    assert type(made) is Doc and (made.title, made.content, made.metadata) == ("t", "c", {"m": 1})
    assert made.created_at.tzinfo is not None
    assert mode.run(client.jobs.wait(made.jobs[0])).state == "succeeded"
    (listed,) = mode.run(client.docs.list(**owner))
    assert listed.to_dict() | {"jobs": made.jobs} == made.to_dict()


METADATA: list[tuple[Any, Any, Any]] = [
    ({"m": 1}, None, {"m": 1}),
    (None, {"z": 1}, {"z": 1}),
    ({}, {"z": 1}, {"z": 1}),
    ({"m": 1, "z": 2}, {"z": 1, "y": 0}, {"m": 1, "z": 2, "y": 0}),
    (None, None, {}),
]


@pytest.mark.parametrize("of_doc, beside, stored", METADATA, ids=str)
def test_all_metadata_is_stored(mode: Mode, client: Any, of_doc: Any, beside: Any, stored: Any) -> None:
    agent = mode.run(client.agents.create(name="A"))
    doc = {"title": "t", "content": "c"} | ({} if of_doc is None else {"metadata": of_doc})
    more = {} if beside is None else {"metadata": beside}
    made = mode.run(client.docs.create(agent_id=agent.id, doc=doc, **more))
    assert made.metadata == stored
    assert mode.run(client.docs.list(agent_id=agent.id))[0].metadata == stored
    assert doc.get("metadata") == of_doc


def test_a_doc_of_parts(mode: Mode, client: Any, owner: dict[str, str]) -> None:
    parts = ["c1", "c2", "c3"]
    made = mode.run(client.docs.create(**owner, doc=DOC | {"content": parts}))
    assert made.content == parts
    listed = mode.run(client.docs.list(**owner))
    assert [doc.content for doc in listed] == parts and {doc.id for doc in listed} == {made.id}
    again = mode.run(client.docs.create(**owner, doc=DOC | {"content": parts}, reread=True))
    assert again.content == parts and again.metadata == {"m": 1} and again.jobs


CONTENTS: list[Any] = [
    ["zebra", "apple", "mango"],
    ["b", "a", "b", "a"],
    ["2", "10", "1"],
    ["Ä", "a", "Z", ""],
    ["one"],
    "one",
    [f"part {number}" for number in range(30, 0, -1)],
]


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: str(content)[:20])
@pytest.mark.parametrize("reread", [True, False])
def test_parts_stay_in_the_order_in_which_they_were_sent(
    mode: Mode, client: Any, owner: dict[str, str], content: Any, reread: bool
) -> None:
    """The server gives them back by the alphabet."""
    made = mode.run(client.docs.create(**owner, doc=DOC | {"content": content}, reread=reread))
    assert made.content == content
    listed = mode.run(client.docs.list(**owner))
    assert sorted(doc.content for doc in listed) == sorted([content] if isinstance(content, str) else content)


def test_parts_that_a_server_has_changed_are_not_lost(mode: Mode) -> None:
    said = {"id": GHOST, "title": "t", "created_at": "2024-06-11T00:00:00Z"}
    items = [said | {"content": text} for text in ("a", "B!", "c")]
    with StubServer() as stub:
        stub.on("POST", "api/agents/{agent_id}/docs").answer(lambda call: ServerReply.of(said))
        stub.on("GET", "api/agents/{agent_id}/docs").answer(lambda call: ServerReply.of({"items": items}))
        client = mode.client(stub.url + "/api")
        made = mode.run(client.docs.create(agent_id=GHOST, doc=DOC | {"content": ["c", "b", "a"]}, reread=True))
    assert made.content == ["c", "a", "B!"]


def test_a_doc_says_whose_it_is(mode: Mode, client: Any, owner: dict[str, str]) -> None:
    ids = {"agent_id": None, "user_id": None} | owner
    for reread in (True, False):
        made = mode.run(client.docs.create(**{k: UUID(v) for k, v in owner.items()}, doc=DOC, reread=reread))
        assert {"agent_id": made.agent_id, "user_id": made.user_id} == ids
        assert made.to_dict().keys() & ids.keys() == owner.keys()
    for doc in mode.run(client.docs.list(**owner)):
        assert {"agent_id": doc.agent_id, "user_id": doc.user_id} == ids


def test_the_owner_of_a_doc_to_be_read_again_need_not_exist(mode: Mode, client: Any) -> None:
    made = mode.run(client.docs.create(agent_id=GHOST, doc=DOC, reread=True))
    assert made.title == "t" and made.jobs
    mode.run(client.docs.delete(agent_id=GHOST, doc_id=made.id))


def test_deleting(mode: Mode, client: Any, owner: dict[str, str]) -> None:
    made = mode.run(client.docs.create(**owner, doc=DOC))
    assert mode.run(client.docs.delete(**owner, doc_id=UUID(made.id))) is None
    assert mode.run(client.docs.list(**owner)) == []
    with pytest.raises(NotFoundError, match="Docs not found"):
        mode.run(client.docs.delete(**owner, doc_id=made.id))


def test_docs_of_nobody(mode: Mode, client: Any) -> None:
    """The server tells of an unknown user, and not of an unknown agent."""
    assert mode.run(client.docs.list(agent_id=GHOST, limit=1, offset=1)) == []
    with pytest.raises(NotFoundError, match="User"):
        mode.run(client.docs.list(user_id=GHOST))


BOUNDS: list[tuple[dict[str, int], slice]] = [
    ({}, slice(None)),
    ({"limit": 2}, slice(2)),
    ({"limit": 0}, slice(0)),
    ({"limit": 9}, slice(None)),
    ({"offset": 1}, slice(1, None)),
    ({"limit": 1, "offset": 1}, slice(1, 2)),
    ({"limit": 9, "offset": 2}, slice(2, None)),
    ({"limit": 9, "offset": 9}, slice(9, None)),
]


@pytest.mark.parametrize("bounds, chosen", BOUNDS, ids=str)
def test_limits_hold_though_the_server_ignores_them(
    mode: Mode, client: Any, bounds: dict[str, int], chosen: slice
) -> None:
    agent = mode.run(client.agents.create(name="A"))
    for number in range(4):
        mode.run(client.docs.create(agent_id=agent.id, doc={"title": str(number), "content": "c"}))
    everything = [doc.title for doc in mode.run(client.docs.list(agent_id=agent.id))]
    assert sorted(everything) == list("0123")  # the server lists them in no order
    listed = mode.run(client.docs.list(agent_id=agent.id, **bounds))
    assert [doc.title for doc in listed] == everything[chosen]


@pytest.fixture
def heeding() -> Iterator[StubServer]:
    """A server that heeds the limits of docs: 100 unless told otherwise."""
    docs = [{"id": GHOST, "title": title, "content": "c", "created_at": "2024-06-11T00:00:00Z"} for title in "3210"]

    def answer(call: ReceivedCall) -> ServerReply:
        offset = int(str(call.query.get("offset", 0)))
        return ServerReply.of({"items": docs[offset:][: int(str(call.query.get("limit", 100)))]})

    with StubServer() as running:
        running.on("GET", "api/agents/{agent_id}/docs").answer(answer)
        yield running


@pytest.mark.parametrize("bounds, chosen", BOUNDS, ids=str)
def test_limits_hold_once_where_the_server_heeds_them(
    mode: Mode, heeding: StubServer, bounds: dict[str, int], chosen: slice
) -> None:
    client = mode.client(heeding.url + "/api")
    listed = mode.run(client.docs.list(agent_id=GHOST, **bounds))
    assert [doc.title for doc in listed] == list("3210")[chosen]


def test_docs_are_filtered(mode: Mode, client: Any, owner: dict[str, str]) -> None:
    for number in range(3):
        mode.run(client.docs.create(**owner, doc=DOC | {"metadata": {"n": number, "odd": number % 2 == 1}}))
    even = mode.run(client.docs.list(**owner, metadata_filter={"odd": False}))
    assert sorted(doc.metadata["n"] for doc in even) == [0, 2]
    assert mode.run(client.docs.list(**owner, metadata_filter={"odd": False}, offset=1)) == even[1:]


def calls(client: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The calls that take an owner, with what else each needs."""
    return [(client.docs.list, {}), (client.docs.create, {"doc": DOC}), (client.docs.delete, {"doc_id": GHOST})]


GIVEN: list[tuple[dict[str, Any], str]] = [
    ({"agent_id": GHOST, "user_id": GHOST}, "both are given"),
    ({}, "neither is given"),
    ({"agent_id": None, "user_id": None}, "neither is given"),
]


@pytest.mark.parametrize("owners, said", GIVEN, ids=str)
def test_a_doc_has_one_owner(mode: Mode, client: Any, sandbox: JulepSandbox, owners: dict[str, Any], said: str) -> None:
    for call, more in (
        (client.docs.list, {}),
        (client.docs.create, {"doc": DOC}),
        (client.docs.delete, {"doc_id": GHOST}),
    ):
        with pytest.raises(AssertionError, match=said) as caught:
            mode.run(call(**owners, **more))
        assert isinstance(caught.value, OwnerError)
    assert len(sandbox.requests) == 0


@pytest.mark.parametrize("name", ["agent_id", "user_id"])
@pytest.mark.parametrize("wrong", ["nope", V1, ""])
def test_ids_are_checked(mode: Mode, client: Any, sandbox: JulepSandbox, name: str, wrong: str) -> None:
    for call, more in (
        (client.docs.list, {}),
        (client.docs.create, {"doc": DOC}),
        (client.docs.delete, {"doc_id": GHOST}),
    ):
        with pytest.raises(InvalidIdError):
            mode.run(call(**{name: wrong}, **more))
    with pytest.raises(InvalidIdError, match="doc_id"):
        mode.run(client.docs.delete(**{name: GHOST}, doc_id=wrong))
    assert len(sandbox.requests) == 0


WRONG: list[dict[str, Any]] = [
    {},
    {"doc": {"title": "t"}},
    {"doc": {"content": "c"}},
    {"doc": {"title": "t", "content": [1]}},
    {"doc": {"title": "t", "content": "c", "metadata": [3]}},
    {"doc": {"title": "t", "content": "c", "metadata": "m"}},
    {"doc": "text"},
    {"doc": DOC, "metadata": []},
]


@pytest.mark.parametrize("given", WRONG, ids=str)
def test_wrong_docs_are_refused(mode: Mode, client: Any, sandbox: JulepSandbox, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=r"doc|metadata"):
        mode.run(client.docs.create(agent_id=GHOST, **given))
    assert len(sandbox.requests) == 0
