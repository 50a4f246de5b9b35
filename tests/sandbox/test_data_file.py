"""The data file: its owner alone reads it, however it was made, and a file of an older sandbox is taken as it is."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gemel.sandbox import SandboxDataError, serve
from gemel.sandbox.store import Store

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such modes")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture(params=[0o022, 0o000], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.mark.usefixtures("umask")
def test_a_new_file_and_its_journal_are_the_owners_alone(file: Path) -> None:
    with serve(data=file) as sandbox:
        sandbox.add_identity("other")
        found = modes(file.parent)
        assert "records.db-wal" in found
        assert set(found.values()) == {0o600}
    assert modes(file.parent) == {"records.db": 0o600}


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mode", [0o644, 0o666, 0o640, 0o604, 0o755])
def test_an_existing_file_is_tightened(file: Path, mode: int) -> None:
    with serve(data=file):
        pass
    file.chmod(mode)
    with serve(data=file) as sandbox:
        sandbox.add_identity("other")
        assert set(modes(file.parent).values()) == {0o600}
    assert modes(file.parent) == {"records.db": 0o600}


def test_an_empty_file_that_was_touched_is_tightened(file: Path) -> None:
    file.touch(mode=0o644)
    with serve(data=file):
        assert set(modes(file.parent).values()) == {0o600}


def test_what_a_crash_left_beside_the_file_is_tightened(file: Path, tmp_path: Path) -> None:
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with serve(data=file) as sandbox:
        sandbox.add_identity("other")
        for left in tmp_path.glob("records.db*"):
            (crashed / left.name).write_bytes(left.read_bytes())
    for left in crashed.iterdir():
        left.chmod(0o644)
    with serve(data=crashed / "records.db"):
        assert set(modes(crashed).values()) == {0o600}


def test_a_mode_that_is_tight_already_is_kept(file: Path) -> None:
    with serve(data=file):
        pass
    file.chmod(0o700)
    with serve(data=file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o700


def test_a_link_is_followed(file: Path, tmp_path: Path) -> None:
    with serve(data=file):
        pass
    file.chmod(0o644)
    link = tmp_path / "link.db"
    link.symlink_to(file)
    with serve(data=link):
        pass
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["text", "other database"])
def test_a_file_of_something_else_keeps_its_mode(file: Path, kind: str) -> None:
    if kind == "text":
        file.write_text("notes\n" * 1000)
    else:
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE things (id)")
    file.chmod(0o644)
    with pytest.raises(SandboxDataError), serve(data=file):
        pass
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_file_that_cannot_be_tightened_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(data=file):
        pass
    file.chmod(0o644)

    def refuse(self: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)  # as for the file of another user
    with pytest.raises(SandboxDataError, match=r"others can read 'records\.db'"), serve(data=file):
        pass


OLD = "CREATE TABLE IF NOT EXISTS things (id TEXT PRIMARY KEY, name TEXT NOT NULL);"
NEW = (
    "CREATE TABLE IF NOT EXISTS things (id TEXT PRIMARY KEY, name TEXT NOT NULL, size INTEGER NOT NULL DEFAULT 3,"
    " note TEXT, ends REAL, kind TEXT NOT NULL DEFAULT 'a ''kind''');"
    "CREATE TABLE IF NOT EXISTS others (id TEXT PRIMARY KEY);"
)


def test_the_columns_that_an_older_file_lacks_are_added(file: Path) -> None:
    old = Store(OLD, file)
    with old.transaction():
        old.insert("things", id="1", name="kept")
    old.close()
    for _ in range(2):
        new = Store(NEW, file)
        row = new.one("SELECT * FROM things")
        assert row is not None
        assert dict(row) == {"id": "1", "name": "kept", "size": 3, "note": None, "ends": None, "kind": "a 'kind'"}
        assert new.all("SELECT * FROM others") == []
        new.close()
