"""Secrets as both generations handle them: results, versions, tags, metadata, approvals, batches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from gemel.infisical import (
    ApprovalRequiredError,
    NewSecret,
    Secret,
    SecretApproval,
    SecretChange,
    SecretKey,
    SecretList,
    SecretMetadata,
)
from gemel.infisical.models.secrets import SecretActor, SecretTagRef
from gemel.kit.errors import AlternativeReplyError, BadRequestError, NotFoundError
from gemel.sandbox import Sandbox

from .conftest import Place
from .modes import Mode

HIDDEN = "<hidden-by-infisical>"


@pytest.fixture(params=["v4", "v3"])
def secrets(client: Any, request: pytest.FixtureRequest) -> Any:
    """The secrets of one generation."""
    return client.secrets if request.param == "v4" else client.secrets.v3


def test_a_new_secret_comes_back_typed(mode: Mode, secrets: Any, place: Place, sandbox: Sandbox) -> None:
    made = mode.run(secrets.create("KEY", secret_value="v", secret_comment="why", **place))
    assert type(made) is Secret
    assert (made.secret_key, made.secret_value, made.secret_comment) == ("KEY", "v", "why")
    assert (made.workspace, made.environment, made.type, made.version) == (place["project_id"], "dev", "shared", 1)
    assert made.actor == SecretActor(actor_id=sandbox.identity_id, actor_type="identity", name="admin")
    assert type(made.created_at) is datetime and made.created_at.tzinfo is not None
    assert abs(datetime.now(timezone.utc) - made.created_at) < timedelta(minutes=1)
    assert (made.skip_multiline_encoding, made.is_rotated_secret, made.rotation_id) == (None, False, None)


def test_what_is_read_is_what_was_written(mode: Mode, secrets: Any, place: Place) -> None:
    made = mode.run(secrets.create("KEY", secret_value="v", secret_reminder_note="n", **place))
    read = mode.run(secrets.retrieve("KEY", **place))
    assert (read.id, read.secret_value, read.created_at) == (made.id, "v", made.created_at)
    assert (read.secret_path, read.secret_value_hidden) == ("/", False)
    assert (read.secret_metadata, read.tags, read.secret_reminder_note) == ([], [], "n")


@pytest.mark.parametrize("value", ["", "a b", "ä€𝄞", '"quoted"\\', "line\nline\n", "${not a reference}", "x" * 100_000])
def test_a_value_survives_the_journey(mode: Mode, secrets: Any, place: Place, value: str) -> None:
    mode.run(secrets.create("KEY", secret_value=value, **place))
    assert mode.run(secrets.retrieve("KEY", **place)).secret_value == value


def test_a_list_is_a_list_of_secrets(mode: Mode, secrets: Any, place: Place) -> None:
    for key in ("A", "B"):
        mode.run(secrets.create(key, secret_value=key.lower(), **place))
    page = mode.run(secrets.list(**place))
    assert type(page) is SecretList and len(page) == 2
    assert [(secret.secret_key, secret.secret_value) for secret in page] == [("A", "a"), ("B", "b")]
    assert all(type(secret) is Secret for secret in page.secrets)
    assert page.imports == []


def test_a_list_may_go_down(mode: Mode, client: Any, secrets: Any, place: Place) -> None:
    mode.run(client.folders.create("deep", secret_path="/a", **place))
    mode.run(secrets.create("TOP", secret_value="1", **place))
    mode.run(secrets.create("LOW", secret_value="2", secret_path="/a/deep", **place))
    assert [secret.secret_key for secret in mode.run(secrets.list(**place))] == ["TOP"]
    below = mode.run(secrets.list(recursive=True, **place))
    assert [(secret.secret_key, secret.secret_path) for secret in below] == [("TOP", "/"), ("LOW", "/a/deep")]
    with pytest.raises(NotFoundError, match="Folder with path '/nowhere' in environment 'dev' was not found"):
        mode.run(secrets.list(secret_path="/nowhere", **place))


def test_an_update_changes_what_it_names(mode: Mode, secrets: Any, place: Place) -> None:
    mode.run(secrets.create("KEY", secret_value="v", secret_comment="why", **place))
    changed = mode.run(secrets.update("KEY", secret_value="w", new_secret_name="OTHER", **place))
    assert (changed.secret_key, changed.secret_value, changed.secret_comment) == ("OTHER", "w", "why")
    assert changed.version == 2
    with pytest.raises(NotFoundError, match="KEY"):
        mode.run(secrets.retrieve("KEY", **place))


def test_old_versions_stay_readable(mode: Mode, secrets: Any, place: Place) -> None:
    mode.run(secrets.create("KEY", secret_value="old", **place))
    mode.run(secrets.update("KEY", secret_value="new", **place))
    first = mode.run(secrets.retrieve("KEY", version=1, **place))
    assert (first.version, first.secret_value) == (1, "old")
    assert mode.run(secrets.retrieve("KEY", **place)).secret_value == "new"
    with pytest.raises(NotFoundError):
        mode.run(secrets.retrieve("KEY", version=3, **place))


def test_a_deleted_secret_comes_back_once(mode: Mode, secrets: Any, place: Place) -> None:
    mode.run(secrets.create("KEY", secret_value="v", **place))
    gone = mode.run(secrets.delete("KEY", **place))
    assert (gone.secret_key, gone.secret_value) == ("KEY", "v")
    with pytest.raises(NotFoundError):
        mode.run(secrets.delete("KEY", **place))


def test_values_can_stay_hidden(mode: Mode, secrets: Any, place: Place) -> None:
    mode.run(secrets.create("KEY", secret_value="v", **place))
    one = mode.run(secrets.retrieve("KEY", view_secret_value=False, **place))
    (listed,) = mode.run(secrets.list(view_secret_value=False, **place))
    assert (one.secret_value, one.secret_value_hidden) == (HIDDEN, True)
    assert (listed.secret_value, listed.secret_value_hidden) == (HIDDEN, True)


def test_metadata_is_kept_and_filtered_by(mode: Mode, secrets: Any, place: Place) -> None:
    team = SecretMetadata(key="team", value="core")
    mode.run(secrets.create("A", secret_value="1", secret_metadata=[team], **place))
    mode.run(secrets.create("B", secret_value="2", secret_metadata=[SecretMetadata(key="team", value="edge")], **place))
    assert mode.run(secrets.retrieve("A", **place)).secret_metadata == [team]
    found = mode.run(secrets.list(metadata_filter="key=team,value=edge", **place))
    assert [secret.secret_key for secret in found] == ["B"]
    mode.run(secrets.update("A", secret_metadata=[], **place))
    assert mode.run(secrets.retrieve("A", **place)).secret_metadata == []


def test_tags_are_attached_by_id_and_filtered_by_slug(mode: Mode, client: Any, secrets: Any, place: Place) -> None:
    path = f"api/v1/projects/{place['project_id']}/tags"
    request = client.create_request("post", path, body={"slug": "red", "color": "#f00"})
    red = mode.run(client.handle_request(request, {"tag": SecretTagRef}))
    mode.run(secrets.create("A", secret_value="1", tag_ids=[red.id], **place))
    mode.run(secrets.create("B", secret_value="2", **place))
    assert mode.run(secrets.retrieve("A", **place)).tags == [red]
    assert (red.slug, red.color) == ("red", "#f00")
    assert [secret.secret_key for secret in mode.run(secrets.list(tag_slugs=["red", "blue"], **place))] == ["A"]
    assert [secret.secret_key for secret in mode.run(secrets.list(tag_slugs=[], **place))] == ["A", "B"]
    with pytest.raises(NotFoundError, match="Tag not found"):
        mode.run(secrets.update("B", tag_ids=["none"], **place))


WRITES: dict[str, Callable[[Any, Place], Any]] = {
    "create": lambda secrets, place: secrets.create("NEW", secret_value="v", **place),
    "update": lambda secrets, place: secrets.update("OLD", secret_value="w", **place),
    "delete": lambda secrets, place: secrets.delete("OLD", **place),
    "batch_create": lambda secrets, place: secrets.batch_create(
        [NewSecret(secret_key="NEW", secret_value="v")], **place
    ),
    "batch_update": lambda secrets, place: secrets.batch_update(
        [SecretChange(secret_key="OLD", secret_value="w")], **place
    ),
    "batch_delete": lambda secrets, place: secrets.batch_delete([SecretKey(secret_key="OLD")], **place),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_guarded_folder_asks_for_approval(
    mode: Mode, secrets: Any, place: Place, sandbox: Sandbox, write: str
) -> None:
    mode.run(secrets.create("OLD", secret_value="v", **place))
    policy = sandbox.add_change_policy(place["project_id"], "dev", "/")
    with pytest.raises(ApprovalRequiredError, match=rf"{write}\b.*nothing was changed.*\.reply") as caught:
        mode.run(WRITES[write](secrets, place))
    reply = caught.value.reply
    assert type(reply) is SecretApproval
    assert (reply.policy_id, reply.status, reply.has_merged) == (policy, "open", False)
    assert reply.slug and reply.folder_id and type(reply.created_at) is datetime
    assert isinstance(caught.value, AlternativeReplyError)
    left = [(secret.secret_key, secret.secret_value) for secret in mode.run(secrets.list(**place))]
    assert left == [("OLD", "v")]


def test_personal_secrets_are_for_users(mode: Mode, secrets: Any, place: Place) -> None:
    mode.run(secrets.create("KEY", secret_value="v", **place))
    calls: list[Callable[[], Any]] = [
        lambda: secrets.create("OTHER", secret_value="v", type="personal", **place),
        lambda: secrets.update("KEY", secret_value="w", type="personal", **place),
        lambda: secrets.delete("KEY", type="personal", **place),
        lambda: secrets.batch_delete([SecretKey(secret_key="KEY", type="personal")], **place),
    ]
    for call in calls:
        with pytest.raises(BadRequestError, match=r"Must be user to (create|delete) personal secret"):
            mode.run(call())
    with pytest.raises(NotFoundError):
        mode.run(secrets.retrieve("KEY", type="personal", **place))


def test_a_taken_name_is_refused(mode: Mode, secrets: Any, place: Place) -> None:
    mode.run(secrets.create("KEY", secret_value="v", **place))
    with pytest.raises(BadRequestError, match="Secret already exist") as caught:
        mode.run(secrets.create("KEY", secret_value="w", **place))
    assert (caught.value.status, caught.value.code) == (400, "BadRequest")


def test_a_batch_creates_all_or_none(mode: Mode, secrets: Any, place: Place) -> None:
    new = [NewSecret(secret_key=key, secret_value=key.lower()) for key in "ABC"]
    made = mode.run(secrets.batch_create(new, **place))
    assert [(type(secret), secret.secret_key, secret.secret_value) for secret in made] == [
        (Secret, "A", "a"),
        (Secret, "B", "b"),
        (Secret, "C", "c"),
    ]
    more = [NewSecret(secret_key=key, secret_value="x") for key in "CD"]
    with pytest.raises(BadRequestError, match="already exists: 'C' in path '/'"):
        mode.run(secrets.batch_create(more, **place))
    assert [secret.secret_key for secret in mode.run(secrets.list(**place))] == ["A", "B", "C"]


def changes(*keys: str) -> list[SecretChange]:
    return [SecretChange(secret_key=key, secret_value="new") for key in keys]


def test_a_batch_update_fails_on_unknown_names_by_default(mode: Mode, secrets: Any, place: Place) -> None:
    mode.run(secrets.create("A", secret_value="old", **place))
    with pytest.raises(NotFoundError, match="B"):
        mode.run(secrets.batch_update(changes("A", "B"), **place))
    assert mode.run(secrets.retrieve("A", **place)).secret_value == "old"


@pytest.mark.parametrize(("how", "expected"), [("upsert", ["A", "B"]), ("ignore", ["A"])])
def test_a_batch_update_may_make_or_ignore_unknown_names(
    mode: Mode, secrets: Any, place: Place, how: str, expected: list[str]
) -> None:
    mode.run(secrets.create("A", secret_value="old", **place))
    changed = mode.run(secrets.batch_update(changes("A", "B"), mode=how, **place))
    assert [(secret.secret_key, secret.secret_value) for secret in changed] == [(key, "new") for key in expected]
    assert [secret.secret_key for secret in mode.run(secrets.list(**place))] == expected


def test_a_batch_update_may_reach_several_folders(mode: Mode, client: Any, secrets: Any, place: Place) -> None:
    mode.run(client.folders.create("a", **place))
    mode.run(secrets.create("KEY", secret_value="old", secret_path="/a", **place))
    change = SecretChange(secret_key="KEY", secret_value="new", secret_path="/a")
    mode.run(secrets.batch_update([change], **place))
    assert mode.run(secrets.retrieve("KEY", secret_path="/a", **place)).secret_value == "new"


def test_a_batch_deletes_all_or_none(mode: Mode, secrets: Any, place: Place) -> None:
    mode.run(secrets.batch_create([NewSecret(secret_key=key, secret_value="v") for key in "AB"], **place))
    with pytest.raises(NotFoundError):
        mode.run(secrets.batch_delete([SecretKey(secret_key="A"), SecretKey(secret_key="NONE")], **place))
    gone = mode.run(secrets.batch_delete([SecretKey(secret_key="A"), SecretKey(secret_key="B")], **place))
    assert [secret.secret_key for secret in gone] == ["A", "B"]
    assert len(mode.run(secrets.list(**place))) == 0


def test_many_at_once_are_kept_apart(mode: Mode, secrets: Any, place: Place) -> None:
    mode.run(secrets.batch_create([NewSecret(secret_key=f"K{n}", secret_value=f"v{n}") for n in range(30)], **place))
    names = iter(range(30))
    read = mode.together(lambda: secrets.retrieve(f"K{next(names)}", **place), 30)
    assert sorted((secret.secret_key, secret.secret_value) for secret in read) == sorted(
        (f"K{n}", f"v{n}") for n in range(30)
    )
