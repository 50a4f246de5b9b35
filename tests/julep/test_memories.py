"""Memories: described by the API, not served by a server of this generation; read where one serves them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from gemel.julep import InvalidIdError, Memory
from gemel.kit.errors import InvalidArgument, NotFoundError
from gemel.sandbox import JulepSandbox
from gemel.testing import StubServer

from .modes import Mode

ID = "11111111-1111-4111-8111-111111111111"
MEMORY: dict[str, Any] = {
    "id": ID,
    "agent_id": ID,
    "user_id": ID,
    "content": "likes trains",
    "created_at": "2024-06-11T00:00:00Z",
    "entities": [{"name": "train"}],
    "sentiment": 0.5,
}


def test_there_are_none(mode: Mode, client: Any) -> None:
    agent = mode.run(client.agents.create(name="A"))
    with pytest.raises(NotFoundError, match="Not Found"):
        mode.run(client.memories.list(agent_id=agent.id, query="q"))


def test_a_server_that_has_them(mode: Mode) -> None:
    with StubServer() as stub:
        stub.on("GET", "api/agents/{agent_id}/memories").reply_json({"items": [MEMORY]})
        client = mode.client(stub.url + "/api")
        (memory,) = mode.run(client.memories.list(agent_id=ID, query="q", types=["episode"], user_id=UUID(ID), limit=5))
        assert type(memory) is Memory and memory.to_dict() == MEMORY and memory.timestamp is None
        assert stub.calls[0].query == {"query": "q", "user_id": ID, "limit": "5"}


@pytest.mark.parametrize("given", [{}, {"query": 5}, {"query": "q", "limit": -1}, {"query": "q", "types": 5}], ids=str)
def test_wrong_questions_are_refused(mode: Mode, client: Any, sandbox: JulepSandbox, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        mode.run(client.memories.list(agent_id=ID, **given))
    for ids in ({"agent_id": "nope"}, {"agent_id": ID, "user_id": "nope"}):
        with pytest.raises(InvalidIdError):
            mode.run(client.memories.list(**ids, query="q"))
    assert len(sandbox.requests) == 0
