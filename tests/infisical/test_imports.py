"""Secret imports: making them, what they bring, and which secret wins."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from gemel.infisical import ImportSource, SecretImport, SecretImportBlock
from gemel.kit.errors import BadRequestError, NotFoundError
from gemel.sandbox import Sandbox

from .conftest import Place
from .modes import Mode
from .sent import last

IMPORTS = "/api/v2/secret-imports"


def bring(mode: Mode, client: Any, place: Place, name: str, **secrets: str) -> SecretImport:
    """Make a folder of that name in staging with these secrets, and import it."""
    there = {**place, "environment": "staging"}
    mode.run(client.folders.create(name, **there))
    for key, value in secrets.items():
        mode.run(client.secrets.create(key, secret_value=value, secret_path=f"/{name}", **there))
    made: SecretImport = mode.run(
        client.secret_imports.create(ImportSource(environment="staging", path=f"/{name}"), **place)
    )
    return made


def test_creating_sends_the_least_and_every_argument(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    address = {"projectId": place["project_id"], "environment": "dev"}
    mode.run(client.folders.create("a", **place))
    mode.run(client.secret_imports.create(ImportSource(environment="prod", path="/"), **place))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"POST {IMPORTS}", {})
    source = {"environment": "prod", "path": "/"}
    assert sent.body == {**address, "path": "/", "import": source, "isReplication": False}
    made = mode.run(
        client.secret_imports.create(
            ImportSource(environment="prod", path="/"), secret_path="/a", is_replication=True, **place
        )
    )
    assert last(sandbox).body == {**address, "path": "/a", "import": source, "isReplication": True}
    assert made.is_replication is True


def test_an_import_comes_back_typed_and_goes(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    made = bring(mode, client, place, "shared")
    assert type(made) is SecretImport
    assert (made.import_path, made.import_env.slug, made.position) == ("/shared", "staging", 1)
    assert (made.is_replication, type(made.created_at)) == (False, datetime)

    assert mode.run(client.secret_imports.list(**place)) == [made]
    sent = last(sandbox)
    address = {"projectId": place["project_id"], "environment": "dev", "path": "/"}
    assert (sent.line, sent.query, sent.body) == (f"GET {IMPORTS}", address, None)

    gone = mode.run(client.secret_imports.delete(made.id, **place))
    sent = last(sandbox)
    assert (sent.line, sent.query, sent.body) == (f"DELETE {IMPORTS}/{made.id}", {}, address)
    assert gone.id == made.id
    assert mode.run(client.secret_imports.list(**place)) == []


def test_imports_come_beside_the_secrets_of_a_list(mode: Mode, client: Any, place: Place) -> None:
    bring(mode, client, place, "shared", THEIRS="s")
    mode.run(client.secrets.create("OWN", secret_value="o", **place))
    page = mode.run(client.secrets.list(**place))
    assert [secret.secret_key for secret in page] == ["OWN"]
    (block,) = page.imports
    assert type(block) is SecretImportBlock
    assert (block.environment, block.secret_path) == ("staging", "/shared")
    assert [(secret.secret_key, secret.secret_value) for secret in block.secrets] == [("THEIRS", "s")]
    assert block.secrets[0].created_at is None
    assert mode.run(client.secrets.list(include_imports=False, **place)).imports == []


def test_the_legacy_generation_imports_when_asked(mode: Mode, client: Any, place: Place) -> None:
    bring(mode, client, place, "shared", THEIRS="s")
    assert mode.run(client.secrets.v3.list(**place)).imports == []
    with pytest.raises(NotFoundError):
        mode.run(client.secrets.v3.retrieve("THEIRS", **place))
    (block,) = mode.run(client.secrets.v3.list(include_imports=True, **place)).imports
    assert [secret.secret_key for secret in block.secrets] == ["THEIRS"]
    assert mode.run(client.secrets.v3.retrieve("THEIRS", include_imports=True, **place)).secret_value == "s"


def test_merged_says_which_secret_holds(mode: Mode, client: Any, place: Place) -> None:
    """The folder's own secrets win; among imports the later one."""
    bring(mode, client, place, "first", A="first", B="first", C="first")
    bring(mode, client, place, "second", B="second", C="second", D="second")
    mode.run(client.secrets.create("C", secret_value="own", **place))
    mode.run(client.secrets.create("E", secret_value="own", **place))
    merged = mode.run(client.secrets.list(**place)).merged()
    values = {key: secret.secret_value for key, secret in merged.items()}
    assert values == {"A": "first", "B": "second", "C": "own", "D": "second", "E": "own"}


def test_retrieving_agrees_with_merged(mode: Mode, client: Any, place: Place) -> None:
    bring(mode, client, place, "first", A="first", B="first")
    bring(mode, client, place, "second", B="second", C="second")
    mode.run(client.secrets.create("C", secret_value="own", **place))
    merged = mode.run(client.secrets.list(**place)).merged()
    for key in "ABC":
        assert mode.run(client.secrets.retrieve(key, **place)).secret_value == merged[key].secret_value
    with pytest.raises(NotFoundError):
        mode.run(client.secrets.retrieve("A", include_imports=False, **place))


def test_a_circle_is_refused(mode: Mode, client: Any, place: Place) -> None:
    with pytest.raises(BadRequestError, match="Cyclic import"):
        mode.run(client.secret_imports.create(ImportSource(environment="dev", path="/"), **place))
    with pytest.raises(NotFoundError):
        mode.run(client.secret_imports.delete("none", **place))
