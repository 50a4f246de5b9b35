"""Every reply that is valid by the description of the Julep API is understood, alike in both modes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given

from gemel.julep import AsyncClient, Client
from gemel.kit.errors import ResponseValidationError
from gemel.kit.models.model import Model
from gemel.sandbox import serve

from ..clients import Action, Clients
from ..comparing import differences
from ..declared import described_names, undescribed_names
from ..description import key
from ..replies import FEW, replies
from .calls import CALLS
from .described import DESCRIPTION, ENDPOINTS

NAMES = ("agent", "user", "session", "tool", "doc", "user_doc", "job")
ANYWHERE = SimpleNamespace(**dict.fromkeys(NAMES, "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"))


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with serve("julep") as sandbox:
        made = Clients(Client, AsyncClient, sandbox, api_key=sandbox.api_key, base_url=sandbox.api_url)
        yield made
        made.close()


def action(path: str) -> Action:
    """The call of an endpoint with the least arguments."""
    return lambda client: CALLS[path][0](client, ANYWHERE)


def returns_nothing(path: str) -> bool:
    return ENDPOINTS[path].returns in (None, type(None))


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_valid_reply_is_understood(path: str, clients: Clients) -> None:
    endpoint = ENDPOINTS[path]
    unwrap = endpoint.spec.unwrap

    @FEW
    @given(replies(DESCRIPTION, key(endpoint), unwrap))
    def understood(reply: tuple[int, Any]) -> None:
        status, document = reply
        body = json.dumps(document).encode()
        clients.answer(status, body)
        blocking, awaiting = clients.block(action(path)), clients.wait(action(path))
        assert blocking == awaiting
        DESCRIPTION.check_reply(clients.sandbox.requests[-1], status, body)
        if returns_nothing(path):
            assert blocking is None
        else:
            assert differences(blocking, document[unwrap] if unwrap else document) == []

    understood()


def test_nothing_of_a_reply_is_lost(clients: Clients) -> None:
    """Fields that no description has are given back too, and ids of jobs."""
    said = {
        "id": ANYWHERE.agent,
        "created_at": "2026-01-02T03:04:05.678901Z",
        "jobs": [ANYWHERE.job],
        "new": {"a": None},
    }
    clients.answer(201, json.dumps(said).encode())
    for perform in (clients.block, clients.wait):
        made = perform(action("agents.create_agent"))
        assert isinstance(made, Model)
        assert made.to_dict() == said
        assert differences(made, {**said, "id": "other"}) != []


@pytest.mark.parametrize("path", [path for path, endpoint in ENDPOINTS.items() if endpoint.spec.unwrap])
def test_a_reply_without_its_envelope_is_refused(path: str, clients: Clients) -> None:
    clients.answer(200, b'{"other": {}}')
    for perform in (clients.block, clients.wait):
        with pytest.raises(ResponseValidationError, match=f"lacks '{ENDPOINTS[path].spec.unwrap}'"):
            perform(action(path))


def test_models_name_described_fields_only() -> None:
    """A misspelt field with a default would stay empty without a word."""
    names = described_names(DESCRIPTION, ENDPOINTS)
    assert {model.__name__ for model in names} >= {
        "Agent",
        "Tool",
        "FunctionDef",
        "ChatMlMessage",
        "TextPart",
    }
    # Of a doc, whose it is: not in the description of a reply, but in the records of those that the call names.
    assert undescribed_names(names) == {"Doc": {"agent_id", "user_id"}}
