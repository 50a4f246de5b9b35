"""Every reply that is valid by the published description is understood, alike in both modes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given

from gemel.infisical import ApprovalRequiredError, InfisicalAsyncClient, InfisicalClient
from gemel.kit.errors import AlternativeReplyError, ResponseValidationError
from gemel.sandbox import serve

from ..clients import Action, Clients
from ..comparing import differences
from ..declared import collect, described_names, undescribed_names
from ..description import key
from ..replies import FEW, replies
from .calls import CALLS, World
from .described import DESCRIPTION, ENDPOINTS

ANYWHERE = World("p", "e", "f", "i", "t", "c", "s")


def action(path: str) -> Action:
    """The call of an endpoint with the least arguments."""
    return lambda client: CALLS[path][0](client, ANYWHERE)


def outcome(perform: Callable[[Action], Any], path: str) -> Any:
    """The result of a call, or the answer that came in its place."""
    try:
        return perform(action(path))
    except AlternativeReplyError as instead:
        return type(instead), instead.reply


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with serve() as sandbox:
        made = Clients(InfisicalClient, InfisicalAsyncClient, sandbox, endpoint=sandbox.url, token=sandbox.token)
        yield made
        made.close()


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
        blocking, awaiting = outcome(clients.block, path), outcome(clients.wait, path)
        assert blocking == awaiting
        DESCRIPTION.check_reply(clients.sandbox.requests[-1], status, body)
        if "approval" in document:
            kind, opened = blocking
            assert kind is ApprovalRequiredError
            assert differences(opened, document["approval"]) == []
        else:
            assert differences(blocking, document[unwrap] if unwrap else document) == []

    understood()


def test_a_difference_is_seen(clients: Clients) -> None:
    folder = {"id": "1", "name": "a", "envId": "e", "createdAt": "2026-01-02T03:04:05.678Z"}
    clients.answer(200, json.dumps({"folders": [folder]}).encode())
    found = clients.block(action("folders.list"))
    assert differences(found, [folder]) == []
    assert differences(found, [{**folder, "name": "b", "createdAt": "2026-01-02T03:04:05Z"}, folder]) != []
    assert len(differences(found, [{**folder, "name": "b", "createdAt": "2026-01-02T03:04:05Z"}])) == 2


@pytest.mark.parametrize("path", [path for path, endpoint in ENDPOINTS.items() if endpoint.spec.unwrap])
def test_a_reply_without_its_envelope_is_refused(path: str, clients: Clients) -> None:
    clients.answer(200, b'{"other": {}}')
    for perform in (clients.block, clients.wait):
        with pytest.raises(ResponseValidationError, match=f"lacks '{ENDPOINTS[path].spec.unwrap}'"):
            perform(action(path))


def test_models_name_described_fields_only() -> None:
    """A misspelt field with a default would stay empty without a word."""
    names = described_names(DESCRIPTION, ENDPOINTS)
    collect(DESCRIPTION, ApprovalRequiredError.model, {"$ref": "#/components/schemas/SecretApprovalRequest"}, names)
    assert {model.__name__ for model in names} >= {"Secret", "SecretImportBlock", "Folder", "Project", "SecretApproval"}
    assert undescribed_names(names) == {}
