"""Secrets in the current generation (v4): what is sent, with which defaults, and what only v4 does."""

from __future__ import annotations

from typing import Any

from gemel.infisical import NewSecret, SecretChange, SecretKey, SecretMetadata
from gemel.sandbox import Sandbox

from .conftest import Place
from .modes import Mode
from .sent import last

SECRETS = "/api/v4/secrets"
BATCH = "/api/v4/secrets/batch"


def query(place: Place, **more: str) -> dict[str, str]:
    return {"projectId": place["project_id"], "environment": "dev", "secretPath": "/", **more}


def body(place: Place, **more: Any) -> dict[str, Any]:
    return query(place) | more


def test_a_list_sends_every_default(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    """The defaults flipped between generations, so each is sent; imports under both names, for servers of 2025."""
    mode.run(client.secrets.list(**place))
    sent = last(sandbox)
    assert (sent.line, sent.body) == (f"GET {SECRETS}", None)
    assert sent.query == query(
        place,
        viewSecretValue="true",
        expandSecretReferences="true",
        recursive="false",
        includePersonalOverrides="false",
        includeImports="true",
        include_imports="true",
    )


def test_a_list_sends_every_argument(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.folders.create("b", secret_path="/a", **place))
    mode.run(
        client.secrets.list(
            **place,
            secret_path="/a/b",
            view_secret_value=False,
            expand_secret_references=False,
            recursive=True,
            include_personal_overrides=True,
            include_imports=False,
            tag_slugs=["red", "blue"],
            metadata_filter="key=team,value=core",
        )
    )
    assert last(sandbox).query == query(
        place,
        secretPath="/a/b",
        viewSecretValue="false",
        expandSecretReferences="false",
        recursive="true",
        includePersonalOverrides="true",
        includeImports="false",
        include_imports="false",
        tagSlugs="red,blue",
        metadataFilter="key=team,value=core",
    )


def test_retrieving_sends_every_default(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.secrets.create("KEY", secret_value="v", **place))
    mode.run(client.secrets.retrieve("KEY", **place))
    sent = last(sandbox)
    assert (sent.line, sent.body) == (f"GET {SECRETS}/KEY", None)
    assert sent.query == query(
        place,
        type="shared",
        viewSecretValue="true",
        expandSecretReferences="true",
        includeImports="true",
        include_imports="true",
    )


def test_retrieving_sends_every_argument(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.folders.create("a", **place))
    mode.run(client.secrets.create("KEY", secret_value="v", secret_path="/a", **place))
    options = {"view_secret_value": False, "expand_secret_references": False, "include_imports": False}
    mode.run(client.secrets.retrieve("KEY", **place, secret_path="/a", version=1, type="shared", **options))
    assert last(sandbox).query == query(
        place,
        secretPath="/a",
        version="1",
        type="shared",
        viewSecretValue="false",
        expandSecretReferences="false",
        includeImports="false",
        include_imports="false",
    )


def test_values_are_encoded_byte_for_byte(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    """One segment is one segment: what separates parts of an address is percent-encoded (RFC 3986)."""
    mode.run(client.secrets.create("A?B#C %ä+&", secret_value="v", **place))
    made = mode.run(client.secrets.retrieve("A?B#C %ä+&", **place))
    target = sandbox.requests[-1].target
    assert target.startswith(f"{SECRETS}/A%3FB%23C%20%25%C3%A4%2B%26?projectId={place['project_id']}")
    assert "&secretPath=%2F&" in target
    assert made.secret_key == "A?B#C %ä+&"


def test_creating_sends_the_least(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.secrets.create("KEY", secret_value="v", **place))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"POST {SECRETS}/KEY", {})
    assert sent.body == body(place, secretValue="v", type="shared")


def test_creating_sends_every_argument(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(
        client.secrets.create(
            "KEY",
            **place,
            secret_value="v",
            secret_comment="why",
            secret_metadata=[SecretMetadata(key="team", value="core"), SecretMetadata(key="x", is_encrypted=True)],
            tag_ids=[],
            skip_multiline_encoding=None,
            type="shared",
            secret_reminder_note="rotate",
            secret_reminder_repeat_days=30,
        )
    )
    metadata = [
        {"key": "team", "value": "core", "isEncrypted": False},
        {"key": "x", "value": "", "isEncrypted": True},
    ]
    assert last(sandbox).body == body(
        place,
        secretValue="v",
        secretComment="why",
        secretMetadata=metadata,
        tagIds=[],
        skipMultilineEncoding=None,
        type="shared",
        secretReminderNote="rotate",
        secretReminderRepeatDays=30,
    )


def test_updating_sends_only_what_is_given(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.secrets.create("KEY", secret_value="v", **place))
    mode.run(client.secrets.update("KEY", secret_comment="why", **place))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"PATCH {SECRETS}/KEY", {})
    assert sent.body == body(place, secretComment="why", type="shared")


def test_updating_sends_every_argument(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.secrets.create("KEY", secret_value="v", **place))
    mode.run(
        client.secrets.update(
            "KEY",
            **place,
            secret_value="w",
            new_secret_name="OTHER",
            secret_comment="",
            secret_metadata=[],
            tag_ids=[],
            skip_multiline_encoding=True,
            type="shared",
            secret_reminder_note=None,
            secret_reminder_repeat_days=None,
        )
    )
    assert last(sandbox).body == body(
        place,
        secretValue="w",
        newSecretName="OTHER",
        secretComment="",
        secretMetadata=[],
        tagIds=[],
        skipMultilineEncoding=True,
        type="shared",
        secretReminderNote=None,
        secretReminderRepeatDays=None,
    )


def test_deleting_sends_a_body(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.secrets.create("KEY", secret_value="v", **place))
    mode.run(client.secrets.delete("KEY", **place))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"DELETE {SECRETS}/KEY", {})
    assert sent.body == body(place, type="shared")


def test_batches_send_their_items(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    new = [NewSecret(secret_key="A", secret_value="1"), NewSecret(secret_key="B", secret_value="2", secret_comment="c")]
    mode.run(client.secrets.batch_create(new, **place))
    sent = last(sandbox)
    items = [
        {"secretKey": "A", "secretValue": "1"},
        {"secretKey": "B", "secretValue": "2", "secretComment": "c"},
    ]
    assert (sent.line, sent.query, sent.body) == (f"POST {BATCH}", {}, body(place, secrets=items))

    changes = [SecretChange(secret_key="A", secret_value="3"), SecretChange(secret_key="B", new_secret_name="C")]
    mode.run(client.secrets.batch_update(changes, **place))
    sent = last(sandbox)
    items = [{"secretKey": "A", "secretValue": "3"}, {"secretKey": "B", "newSecretName": "C"}]
    assert (sent.line, sent.body) == (f"PATCH {BATCH}", body(place, secrets=items, mode="failOnNotFound"))

    mode.run(
        client.secrets.batch_delete([SecretKey(secret_key="A"), SecretKey(secret_key="C", type="shared")], **place)
    )
    sent = last(sandbox)
    items = [{"secretKey": "A"}, {"secretKey": "C", "type": "shared"}]
    assert (sent.line, sent.query, sent.body) == (f"DELETE {BATCH}", {}, body(place, secrets=items))


def test_references_are_expanded_by_default(mode: Mode, client: Any, place: Place) -> None:
    mode.run(client.secrets.create("HOST", secret_value="db", **place))
    mode.run(client.secrets.create("URL", secret_value="tcp://${HOST}", **place))
    assert mode.run(client.secrets.retrieve("URL", **place)).secret_value == "tcp://db"
    raw = mode.run(client.secrets.retrieve("URL", expand_secret_references=False, **place))
    assert raw.secret_value == "tcp://${HOST}"
    values = [secret.secret_value for secret in mode.run(client.secrets.list(**place))]
    assert values == ["db", "tcp://db"]
