"""Users: whole records, changes, lists."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from gemel.julep import InvalidIdError, User
from gemel.kit.errors import InvalidArgument, NotFoundError
from gemel.sandbox import JulepSandbox

from .modes import Mode

METADATA = {"k": [1, {"z": None}]}


@pytest.fixture
def user(mode: Mode, client: Any) -> User:
    made: User = mode.run(client.users.create(name="U", about="u", metadata=METADATA))
    return made


def test_what_is_created_is_whole(mode: Mode, client: Any, user: User) -> None:
    assert type(user) is User and (user.name, user.about, user.metadata) == ("U", "u", METADATA)
    assert user.created_at is not None and user.jobs == [] and user.updated_at is None
    read = mode.run(client.users.get(user.id))
    assert read.metadata == METADATA and read.updated_at is not None
    again = mode.run(client.users.create(name="U", about="u", reread=True))
    assert again.updated_at is not None and again.metadata == {}


def test_the_metadata_of_its_docs_is_stored(mode: Mode, client: Any) -> None:
    docs = [{"title": "t", "content": "c", "metadata": {"m": 1}}]
    made = mode.run(client.users.create(name="U", about="u", docs=docs, reread=True))
    (doc,) = mode.run(client.docs.list(user_id=made.id))
    assert doc.metadata == {"m": 1}
    assert mode.run(client.jobs.wait(made.jobs[0])).over


def test_a_change_merges_and_overwriting_replaces(mode: Mode, client: Any, user: User) -> None:
    changed = mode.run(client.users.update(user_id=user.id, metadata={"j": 1}))
    assert changed.metadata == METADATA | {"j": 1} and (changed.name, changed.about) == ("U", "u")
    changed = mode.run(client.users.update(user_id=UUID(user.id), name="N", about="m", overwrite=True))
    assert changed.metadata == {} and (changed.name, changed.about) == ("N", "m")
    assert changed.created_at == user.created_at and changed.updated_at is not None


def test_a_change_of_nothing_and_of_null_changes_nothing(mode: Mode, client: Any, user: User) -> None:
    for given in ({}, {"name": None, "about": None, "metadata": None}):
        changed = mode.run(client.users.update(user_id=user.id, **given))
        assert (changed.name, changed.about, changed.metadata) == ("U", "u", METADATA)


def test_overwriting_needs_name_and_about(mode: Mode, client: Any, user: User, sandbox: JulepSandbox) -> None:
    sandbox.requests.clear()
    for given in ({"name": "N"}, {"about": "m"}, {}):
        with pytest.raises(TypeError, match="missing argument"):
            mode.run(client.users.update(user_id=user.id, overwrite=True, **given))
    assert len(sandbox.requests) == 0


def test_a_user_that_is_not_there(mode: Mode, client: Any, user: User) -> None:
    for _ in range(2):
        assert mode.run(client.users.delete(user.id)) is None
    with pytest.raises(NotFoundError, match="User not found"):
        mode.run(client.users.get(user.id))
    with pytest.raises(NotFoundError, match="User not found"):
        mode.run(client.users.update(user_id=user.id, name="N"))
    with pytest.raises(NotFoundError, match=f"User {user.id} not found"):
        mode.run(client.users.update(user_id=user.id, name="N", about="a", overwrite=True))


def test_lists_and_iteration(mode: Mode, client: Any) -> None:
    for number in range(5):
        mode.run(client.users.create(name=str(number), about="u", metadata={"even": number % 2 == 0}))
    assert [user.name for user in mode.run(client.users.list(limit=2, offset=1))] == ["3", "2"]
    assert [user.name for user in mode.run(client.users.list(metadata_filter={"even": False}))] == ["3", "1"]
    assert [user.name for user in mode.all(client.users.iterate(page_size=2))] == list("43210")
    assert [user.name for user in mode.all(client.users.iterate(metadata_filter={"even": False}))] == ["3", "1"]


WRONG: list[dict[str, Any]] = [
    {},
    {"name": "U"},
    {"about": "u"},
    {"name": 1, "about": "u"},
    {"name": "U", "about": None},
    {"name": "U", "about": "u", "docs": ["text"]},
    {"name": "U", "about": "u", "metadata": [1]},
    {"name": "U", "about": "u", "age": 3},
]


@pytest.mark.parametrize("given", WRONG, ids=str)
def test_wrong_users_are_refused(mode: Mode, client: Any, sandbox: JulepSandbox, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        mode.run(client.users.create(**given))
    for call in (client.users.get, client.users.delete):
        with pytest.raises(InvalidIdError):
            mode.run(call("nope"))
    with pytest.raises(InvalidIdError):
        mode.run(client.users.update(user_id="nope", name="N"))
    assert len(sandbox.requests) == 0
