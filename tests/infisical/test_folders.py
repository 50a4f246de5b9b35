"""Folders in both generations: what is sent, what comes back, and what is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from gemel.infisical import Folder, FolderChange, FolderDetails
from gemel.infisical.models.folders import FolderEnvironment
from gemel.kit.errors import BadRequestError, NotFoundError, UnprocessableEntityError
from gemel.sandbox import Sandbox

from .conftest import Place
from .modes import Mode
from .sent import last

BASES = {"v2": "/api/v2/folders", "v1": "/api/v1/folders"}
PROJECT_NAMES = {"v2": "projectId", "v1": "workspaceId"}


@pytest.fixture(params=["v2", "v1"])
def generation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folders(client: Any, generation: str) -> Any:
    """The folders of one generation."""
    return client.folders if generation == "v2" else client.folders.v1


def address(place: Place, generation: str, **more: Any) -> dict[str, Any]:
    return {PROJECT_NAMES[generation]: place["project_id"], "environment": "dev", **more}


def test_a_list_sends_every_default_and_argument(
    mode: Mode, folders: Any, place: Place, generation: str, sandbox: Sandbox
) -> None:
    mode.run(folders.list(**place))
    sent = last(sandbox)
    assert (sent.line, sent.body) == (f"GET {BASES[generation]}", None)
    assert sent.query == address(place, generation, path="/", recursive="false")
    mode.run(folders.list(secret_path="/a", recursive=True, **place))
    assert last(sandbox).query == address(place, generation, path="/a", recursive="true")


def test_creating_sends_the_least_and_every_argument(
    mode: Mode, folders: Any, place: Place, generation: str, sandbox: Sandbox
) -> None:
    mode.run(folders.create("a", **place))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"POST {BASES[generation]}", {})
    assert sent.body == address(place, generation, name="a", path="/")
    mode.run(folders.create("b", secret_path="/a", description=None, **place))
    assert last(sandbox).body == address(place, generation, name="b", path="/a", description=None)


def test_updating_sends_its_arguments(
    mode: Mode, folders: Any, place: Place, generation: str, sandbox: Sandbox
) -> None:
    made = mode.run(folders.create("a", **place))
    mode.run(folders.update(made.id, name="b", **place))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"PATCH {BASES[generation]}/{made.id}", {})
    assert sent.body == address(place, generation, name="b", path="/")
    mode.run(folders.update(made.id, name="b", secret_path="/", description="why", **place))
    assert last(sandbox).body == address(place, generation, name="b", path="/", description="why")


def test_deleting_sends_a_body(mode: Mode, folders: Any, place: Place, generation: str, sandbox: Sandbox) -> None:
    made = mode.run(folders.create("a", **place))
    mode.run(folders.delete(made.id, **place))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"DELETE {BASES[generation]}/{made.id}", {})
    assert sent.body == address(place, generation, path="/")
    mode.run(folders.create("a", **place))
    mode.run(folders.delete("a", force_delete=True, secret_path="/", **place))
    assert last(sandbox).body == address(place, generation, path="/", forceDelete=True)


def test_a_new_folder_comes_back_typed(mode: Mode, folders: Any, place: Place) -> None:
    made = mode.run(folders.create("deep", secret_path="/a/b", description="why", **place))
    assert type(made) is Folder
    assert (made.name, made.path, made.description, made.is_reserved) == ("deep", "/a/b/deep", "why", False)
    assert made.id and made.env_id and made.parent_id and type(made.created_at) is datetime


def test_a_list_is_of_one_level_or_of_all(mode: Mode, folders: Any, place: Place) -> None:
    mode.run(folders.create("deep", secret_path="/a", **place))
    (top,) = mode.run(folders.list(**place))
    assert (type(top), top.name, top.relative_path) == (Folder, "a", None)
    found = mode.run(folders.list(recursive=True, **place))
    assert [(folder.name, folder.relative_path) for folder in found] == [("a", "/a"), ("deep", "/a/deep")]
    assert mode.run(folders.list(secret_path="/nowhere", **place)) == []


def test_one_folder_comes_with_its_environment(mode: Mode, folders: Any, place: Place) -> None:
    made = mode.run(folders.create("deep", secret_path="/a", **place))
    found = mode.run(folders.retrieve(made.id))
    assert type(found) is FolderDetails
    assert (found.name, found.path, found.project_id) == ("deep", "/a/deep", place["project_id"])
    assert found.environment == FolderEnvironment(env_id=made.env_id, env_name="Development", env_slug="dev")


def test_a_folder_is_renamed_and_described(mode: Mode, folders: Any, place: Place) -> None:
    made = mode.run(folders.create("a", description="old", **place))
    changed = mode.run(folders.update(made.id, name="b", **place))
    assert (changed.id, changed.name, changed.description) == (made.id, "b", "old")
    assert mode.run(folders.update(made.id, name="b", description=None, **place)).description is None


def test_a_folder_is_deleted_with_what_is_in_it(mode: Mode, client: Any, folders: Any, place: Place) -> None:
    made = mode.run(folders.create("a", **place))
    mode.run(client.secrets.create("KEY", secret_value="v", secret_path="/a", **place))
    gone = mode.run(folders.delete(made.id, **place))
    assert (type(gone), gone.id) == (Folder, made.id)
    with pytest.raises(NotFoundError, match="'/a'"):
        mode.run(client.secrets.retrieve("KEY", secret_path="/a", **place))


def test_a_protected_folder_stays_unless_forced(
    mode: Mode, client: Any, folders: Any, place: Place, sandbox: Sandbox
) -> None:
    mode.run(folders.create("a", **place))
    mode.run(client.secrets.create("KEY", secret_value="v", secret_path="/a", **place))
    sandbox.add_change_policy(place["project_id"], "dev", "/a", name="four eyes")
    with pytest.raises(BadRequestError, match="four eyes") as caught:
        mode.run(folders.delete("a", **place))
    assert caught.value.code == "DeleteFolderProtectedByPolicy"
    assert mode.run(folders.delete("a", force_delete=True, **place)).name == "a"


def test_what_cannot_be_a_folder_is_refused(mode: Mode, folders: Any, place: Place) -> None:
    with pytest.raises(UnprocessableEntityError, match="name: Invalid folder name"):
        mode.run(folders.create("a b", **place))
    with pytest.raises(NotFoundError):
        mode.run(folders.retrieve("none"))
    with pytest.raises(NotFoundError):
        mode.run(folders.delete("none", **place))


def test_several_folders_change_at_once(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    first = mode.run(client.folders.create("a", **place))
    second = mode.run(client.folders.create("b", secret_path="/a", **place))
    changes = [
        FolderChange(id=first.id, environment="dev", name="a", description="top"),
        FolderChange(id=second.id, environment="dev", name="c", path="/a"),
    ]
    changed = mode.run(client.folders.batch_update(changes, project_id=place["project_id"]))
    sent = last(sandbox)
    assert sent.line == "PATCH /api/v2/folders/batch"
    assert sent.body == {
        "projectId": place["project_id"],
        "folders": [
            {"id": first.id, "environment": "dev", "name": "a", "description": "top"},
            {"id": second.id, "environment": "dev", "name": "c", "path": "/a"},
        ],
    }
    assert [(folder.id, folder.name) for folder in changed] == [(first.id, "a"), (second.id, "c")]
    assert (changed[0].description, type(changed[0])) == ("top", Folder)


def test_both_generations_see_the_same_folder(mode: Mode, client: Any, place: Place) -> None:
    made = mode.run(client.folders.v1.create("a", **place))
    assert mode.run(client.folders.retrieve(made.id)) == mode.run(client.folders.v1.retrieve(made.id))
