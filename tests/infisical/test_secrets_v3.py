"""Secrets in the legacy generation (v3, raw): its wire names and its defaults."""

from __future__ import annotations

from typing import Any

from gemel.infisical import NewSecret, SecretChange, SecretKey
from gemel.infisical.api.secrets import RawSecrets
from gemel.kit.calls.endpoint import Endpoint
from gemel.sandbox import Sandbox

from .conftest import Place
from .modes import Mode
from .sent import last

SECRETS = "/api/v3/secrets/raw"
BATCH = "/api/v3/secrets/batch/raw"


def body(place: Place, **more: Any) -> dict[str, Any]:
    return {"workspaceId": place["project_id"], "environment": "dev", "secretPath": "/", **more}


def test_every_endpoint_is_marked_deprecated() -> None:
    declared = [value for value in vars(RawSecrets).values() if isinstance(value, Endpoint)]
    assert len(declared) == 8
    assert all(endpoint.spec.deprecated for endpoint in declared)


def test_a_list_sends_every_default(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.secrets.v3.list(**place))
    sent = last(sandbox)
    assert (sent.line, sent.body) == (f"GET {SECRETS}", None)
    assert sent.query == body(
        place, viewSecretValue="true", expandSecretReferences="false", recursive="false", include_imports="false"
    )


def test_a_list_sends_every_argument(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.folders.create("a", **place))
    mode.run(
        client.secrets.v3.list(
            **place,
            secret_path="/a",
            view_secret_value=False,
            expand_secret_references=True,
            recursive=True,
            include_imports=True,
            tag_slugs=("red",),
            metadata_filter="key=a,value=b",
        )
    )
    assert last(sandbox).query == body(
        place,
        secretPath="/a",
        viewSecretValue="false",
        expandSecretReferences="true",
        recursive="true",
        include_imports="true",
        tagSlugs="red",
        metadataFilter="key=a,value=b",
    )


def test_retrieving_sends_every_default_and_argument(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.secrets.v3.create("KEY", secret_value="v", **place))
    mode.run(client.secrets.v3.retrieve("KEY", **place))
    sent = last(sandbox)
    assert (sent.line, sent.body) == (f"GET {SECRETS}/KEY", None)
    defaults = {"viewSecretValue": "true", "expandSecretReferences": "false", "include_imports": "false"}
    assert sent.query == body(place, type="shared", **defaults)
    options = {"view_secret_value": False, "expand_secret_references": True, "include_imports": True}
    mode.run(client.secrets.v3.retrieve("KEY", **place, version=1, **options))
    given = {"viewSecretValue": "false", "expandSecretReferences": "true", "include_imports": "true", "version": "1"}
    assert last(sandbox).query == body(place, type="shared", **given)


def test_writing_names_the_workspace(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.secrets.v3.create("KEY", secret_value="v", secret_reminder_repeat_days=7, **place))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"POST {SECRETS}/KEY", {})
    assert sent.body == body(place, secretValue="v", type="shared", secretReminderRepeatDays=7)

    mode.run(client.secrets.v3.update("KEY", new_secret_name="OTHER", secret_value="w", **place))
    sent = last(sandbox)
    assert sent.line == f"PATCH {SECRETS}/KEY"
    assert sent.body == body(place, newSecretName="OTHER", secretValue="w", type="shared")

    mode.run(client.secrets.v3.delete("OTHER", **place))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"DELETE {SECRETS}/OTHER", {})
    assert sent.body == body(place, type="shared")


def test_batches_name_the_workspace(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.secrets.v3.batch_create([NewSecret(secret_key="A", secret_value="1")], **place))
    sent = last(sandbox)
    assert sent.line == f"POST {BATCH}"
    assert sent.body == body(place, secrets=[{"secretKey": "A", "secretValue": "1"}])

    change = SecretChange(secret_key="A", secret_value="2", secret_path="/")
    mode.run(client.secrets.v3.batch_update([change], mode="upsert", **place))
    sent = last(sandbox)
    assert sent.line == f"PATCH {BATCH}"
    item = {"secretKey": "A", "secretValue": "2", "secretPath": "/"}
    assert sent.body == body(place, secrets=[item], mode="upsert")

    mode.run(client.secrets.v3.batch_delete([SecretKey(secret_key="A")], **place))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"DELETE {BATCH}", {})
    assert sent.body == body(place, secrets=[{"secretKey": "A"}])


def test_references_stay_as_written_by_default(mode: Mode, client: Any, place: Place) -> None:
    mode.run(client.secrets.v3.create("HOST", secret_value="db", **place))
    mode.run(client.secrets.v3.create("URL", secret_value="tcp://${HOST}", **place))
    assert mode.run(client.secrets.v3.retrieve("URL", **place)).secret_value == "tcp://${HOST}"
    expanded = mode.run(client.secrets.v3.retrieve("URL", expand_secret_references=True, **place))
    assert expanded.secret_value == "tcp://db"


def test_both_generations_see_the_same_secret(mode: Mode, client: Any, place: Place) -> None:
    mode.run(client.secrets.create("KEY", secret_value="v", **place))
    assert mode.run(client.secrets.v3.retrieve("KEY", **place)) == mode.run(client.secrets.retrieve("KEY", **place))
