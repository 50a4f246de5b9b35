"""Every reply that is valid by the published description is understood, alike in both modes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from gemel.infisical import ApprovalRequiredError, InfisicalAsyncClient, InfisicalClient
from gemel.kit.errors import AlternativeReplyError, ResponseValidationError
from gemel.kit.model import Model
from gemel.sandbox import Sandbox, serve

from .calls import CALLS, World, declared
from .description import check_reply, key
from .replies import Schema, replies, reply_schema, resolved

ENDPOINTS = dict(declared())
ANYWHERE = World("p", "e", "f", "i", "t", "c", "s")


class Clients:
    """One client of each kind, and a sandbox that answers what it is told."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        settings = {"endpoint": sandbox.url, "token": sandbox.token, "retries": 0}
        self.blocking = InfisicalClient(**settings)
        self.awaiting = InfisicalAsyncClient(**settings)
        self.loop = asyncio.new_event_loop()

    def answer(self, body: bytes) -> None:
        self.sandbox.faults.clear()
        self.sandbox.faults.status(
            200, times=2, body=body.decode(), headers={"content-type": "application/json; charset=utf-8"}
        )

    def both(self, path: str) -> list[Any]:
        """The outcome of a call in each mode: its result, or the answer that came in its place."""
        return [outcome(lambda: self.block(path)), outcome(lambda: self.wait(path))]

    def block(self, path: str) -> Any:
        """The result of the blocking call."""
        return CALLS[path][0](self.blocking, ANYWHERE)

    def wait(self, path: str) -> Any:
        """The result of the awaited call."""
        return self.loop.run_until_complete(CALLS[path][0](self.awaiting, ANYWHERE))

    def close(self) -> None:
        self.blocking.close()
        self.loop.run_until_complete(self.awaiting.close())
        self.loop.close()


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except AlternativeReplyError as instead:
        return type(instead), instead.reply


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with serve() as sandbox:
        made = Clients(sandbox)
        yield made
        made.close()


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_valid_reply_is_understood(path: str, clients: Clients) -> None:
    endpoint = ENDPOINTS[path]
    unwrap = endpoint.spec.unwrap

    @settings(
        max_examples=settings().max_examples // 5,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(replies(key(endpoint), unwrap))
    def understood(document: Any) -> None:
        body = json.dumps(document).encode()
        clients.answer(body)
        blocking, awaiting = clients.both(path)
        assert blocking == awaiting
        check_reply(clients.sandbox.requests[-1], 200, body)
        if "approval" in document:
            kind, reply = blocking
            assert kind is ApprovalRequiredError
            assert differences(reply, document["approval"]) == []
        else:
            assert differences(blocking, document[unwrap] if unwrap else document) == []

    understood()


def differences(value: Any, document: Any, at: str = "") -> list[str]:
    """Where a result differs from the JSON it was read from; what the JSON lacks is not compared."""
    if isinstance(value, Model):
        names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        pairs = [(getattr(value, name), document[wire], wire) for name, wire in names if wire in document]
        return [line for one, other, wire in pairs for line in differences(one, other, f"{at}.{wire}")]
    if isinstance(value, list):
        lengths = [] if len(value) == len(document) else [f"{at}: {len(value)} items, not {len(document)}"]
        return lengths + [
            line for one, other in zip(value, document, strict=False) for line in differences(one, other, at)
        ]
    if isinstance(value, datetime):
        document = datetime.fromisoformat(document.replace("Z", "+00:00"))
    return [] if value == document else [f"{at}: {value!r} is not {document!r}"]


def test_a_difference_is_seen(clients: Clients) -> None:
    folder = {"id": "1", "name": "a", "envId": "e", "createdAt": "2026-01-02T03:04:05.678Z"}
    clients.answer(json.dumps({"folders": [folder]}).encode())
    (found, _) = clients.both("folders.list")
    assert differences(found, [folder]) == []
    assert differences(found, [{**folder, "name": "b", "createdAt": "2026-01-02T03:04:05Z"}, folder]) != []
    assert len(differences(found, [{**folder, "name": "b", "createdAt": "2026-01-02T03:04:05Z"}])) == 2


@pytest.mark.parametrize("path", [path for path, endpoint in ENDPOINTS.items() if endpoint.spec.unwrap])
def test_a_reply_without_its_envelope_is_refused(path: str, clients: Clients) -> None:
    clients.answer(b'{"other": {}}')
    for call in (clients.block, clients.wait):
        with pytest.raises(ResponseValidationError, match=f"lacks '{ENDPOINTS[path].spec.unwrap}'"):
            call(path)


def described_names() -> dict[type[Model], set[str]]:
    """For every model the wire names that the description gives it, in all the replies where it stands."""
    found: dict[type[Model], set[str]] = {}
    for endpoint in ENDPOINTS.values():
        schema = reply_schema(key(endpoint))
        for shape in map(resolved, schema.get("oneOf", [schema])):
            _collect(endpoint.compiled()[0].returns, _opened(shape, endpoint.spec.unwrap), found)
    _collect(ApprovalRequiredError.model, {"$ref": "#/components/schemas/SecretApprovalRequest"}, found)
    return found


def _opened(shape: Schema, unwrap: str | None) -> Schema:
    inner: Schema = shape if unwrap is None else shape["properties"].get(unwrap, {})
    return inner


def _collect(hint: Any, schema: Schema, found: dict[type[Model], set[str]]) -> None:
    schema = resolved(schema)
    if isinstance(hint, type) and issubclass(hint, Model):
        known = schema.get("properties", {})
        found.setdefault(hint, set()).update(known)
        for each in msgspec.structs.fields(hint):
            _collect(each.type, known.get(each.encode_name, {}), found)
    for argument in get_args(hint):
        _collect(argument, schema.get("items", schema), found)


def test_models_name_described_fields_only() -> None:
    """A misspelt field with a default would stay empty without a word."""
    found = described_names()
    assert {model.__name__ for model in found} >= {"Secret", "SecretImportBlock", "Folder", "Project", "SecretApproval"}
    for model, names in found.items():
        inherited = set[str]().union(*(found.get(base, set()) for base in model.__mro__[1:]))
        assert set(model.__struct_encode_fields__) <= names | inherited, model.__name__
