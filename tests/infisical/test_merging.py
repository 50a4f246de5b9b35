"""Secrets of a list by key: none is lost without a word."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.infisical import ImportSource, MergeError, Secret, SecretList
from gemel.sandbox import Sandbox

from .conftest import Place
from .modes import Mode


@pytest.fixture(params=["v4", "v3"])
def secrets(client: Any, request: pytest.FixtureRequest) -> Any:
    """The secrets of one generation."""
    return client.secrets if request.param == "v4" else client.secrets.v3


def fill(mode: Mode, client: Any, place: Place, **folders: dict[str, str]) -> None:
    """Make folders below the root with secrets in them; "root" is the root itself."""
    for name, content in folders.items():
        path = "/" if name == "root" else f"/{name}"
        if name != "root":
            mode.run(client.folders.create(name, **place))
        for key, value in content.items():
            mode.run(client.secrets.create(key, secret_value=value, secret_path=path, **place))


def values(found: dict[str, Secret]) -> dict[str, str]:
    return {key: secret.secret_value for key, secret in found.items()}


def test_the_same_key_in_two_folders_is_refused(mode: Mode, client: Any, secrets: Any, place: Place) -> None:
    fill(mode, client, place, a={"DB_PASSWORD": "1", "ONCE": "x"}, b={"DB_PASSWORD": "2"})
    listed = mode.run(secrets.list(recursive=True, **place))
    assert len(listed) == 3
    with pytest.raises(
        MergeError, match=r"merged\(\): DB_PASSWORD is in /a and in /b: one of them would be lost; write by"
    ):
        listed.merged()
    found = listed.by_path()
    assert {path: values(of) for path, of in found.items()} == {
        "/a": {"DB_PASSWORD": "1", "ONCE": "x"},
        "/b": {"DB_PASSWORD": "2"},
    }


def test_the_root_is_a_folder_as_any(mode: Mode, client: Any, secrets: Any, place: Place) -> None:
    fill(mode, client, place, root={"KEY": "top"}, a={"KEY": "below"})
    listed = mode.run(secrets.list(recursive=True, **place))
    with pytest.raises(MergeError, match="KEY is in / and in /a") as caught:
        listed.merged()
    assert caught.value.keys == ["KEY"]
    assert values(listed.by_path()["/"]) == {"KEY": "top"}


def test_equal_values_in_two_folders_are_two_secrets(mode: Mode, client: Any, secrets: Any, place: Place) -> None:
    fill(mode, client, place, a={"KEY": "same"}, b={"KEY": "same"})
    with pytest.raises(MergeError):
        mode.run(secrets.list(recursive=True, **place)).merged()


def test_all_keys_that_would_be_lost_are_told(mode: Mode, client: Any, secrets: Any, place: Place) -> None:
    fill(mode, client, place, a={"K1": "1", "K2": "1", "K3": "1"}, b={"K1": "2", "K2": "2", "ONE": "2"})
    with pytest.raises(MergeError, match="and 1 more key is in several folders: one of them") as caught:
        mode.run(secrets.list(recursive=True, **place)).merged()
    assert sorted(caught.value.keys) == ["K1", "K2"]


def test_keys_that_are_each_in_one_folder_are_merged(mode: Mode, client: Any, secrets: Any, place: Place) -> None:
    fill(mode, client, place, root={"R": "r"}, a={"A": "a"}, b={"B": "b"})
    assert values(mode.run(secrets.list(recursive=True, **place)).merged()) == {"R": "r", "A": "a", "B": "b"}


def test_an_import_into_one_of_several_folders_is_not_lost_either(
    mode: Mode, client: Any, secrets: Any, place: Place
) -> None:
    """The reply does not tell which of the folders imports."""
    prod = {**place, "environment": "prod"}
    mode.run(client.secrets.create("KEY", secret_value="imported", **prod))
    fill(mode, client, place, a={"KEY": "own"}, b={"OTHER": "x"})
    source = ImportSource(environment="prod", path="/")
    mode.run(client.secret_imports.create(source, secret_path="/b", **place))
    listed = mode.run(secrets.list(recursive=True, include_imports=True, **place))
    with pytest.raises(MergeError, match="KEY is in /a and in the import of prod/"):
        listed.merged()
    one = mode.run(secrets.list(secret_path="/b", include_imports=True, **place))
    assert values(one.merged()) == {"KEY": "imported", "OTHER": "x"}


def test_a_personal_secret_stands_for_the_shared_one(mode: Mode, sandbox: Sandbox) -> None:
    """The older generation lists both rows, in no order that means anything."""
    shared = Secret(
        id="1", workspace="w", environment="dev", version=1, type="shared", secret_key="KEY", secret_value="ours"
    )
    mine = shared.replace(id="2", type="personal", secret_value="mine")
    for rows in ([shared, mine], [mine, shared]):
        listed = SecretList(secrets=rows)
        assert values(listed.merged()) == {"KEY": "mine"}
        assert values(listed.by_path()["/"]) == {"KEY": "mine"}
