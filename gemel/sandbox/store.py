"""The records of a sandbox in SQLite, in memory or in a file."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

__all__ = ["SandboxDataError", "Store"]

Row = sqlite3.Row
APPLICATION_ID = 0x67656D6C  # "geml": marks a SQLite file as ours
SCHEMA_VERSION = 1
_SETTINGS = "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);\n"


class SandboxDataError(ValueError):
    """A file given as `data` cannot be used as the records of a sandbox."""


class Store:
    """A SQLite connection that several threads may use, one at a time.

    Arguments:
        schema: The statements that create the tables when they are missing.
        path: A file to keep the records in; None keeps them in memory. The file holds
            everything in the clear and is made readable by its owner alone.

    Raises:
        SandboxDataError: The file is no SQLite file, is not a sandbox's, or cannot be opened.
    """

    def __init__(self, schema: str, path: str | os.PathLike[str] | None = None) -> None:
        self._lock = threading.RLock()
        self._connection = _connect(schema, path)

    def setting(self, name: str, initial: str) -> str:
        """A value kept beside the records; `initial` is stored when there is none yet."""
        self.run("INSERT OR IGNORE INTO settings VALUES (?, ?)", name, initial)
        row = self.one("SELECT value FROM settings WHERE name = ?", name)
        assert row is not None
        return str(row["value"])

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Hold the store for one caller; keep its changes only if the block succeeds."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row of a query, or None."""
        with self._lock:
            row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[Row]:
        """Every row of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        """Run a statement; how many rows it changed."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, /, **values: Any) -> None:
        """Add a row; table and column names come from the code, never from a request."""
        marks = ", ".join("?" * len(values))
        self.run(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", *values.values())

    def update(self, table: str, key: str, /, **values: Any) -> None:
        """Change columns of the row with that id."""
        columns = ", ".join(f"{name} = ?" for name in values)
        self.run(f"UPDATE {table} SET {columns} WHERE id = ?", *values.values(), key)


def _connect(schema: str, path: str | os.PathLike[str] | None) -> sqlite3.Connection:
    if path is None:
        return _prepared(sqlite3.connect(":memory:", **_OPTIONS), schema)
    try:
        Path(path).touch(mode=0o600)
        connection = sqlite3.connect(path, **_OPTIONS)
    except (OSError, sqlite3.Error) as error:
        raise SandboxDataError(f"cannot open sandbox data file {os.fspath(path)!r}: {error}") from error
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # one sandbox to a file
        _check_owner(connection)
        _tighten(path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return _prepared(connection, schema)
    except (sqlite3.Error, SandboxDataError) as error:
        connection.close()
        raise SandboxDataError(f"{os.fspath(path)!r} is not a sandbox data file: {error}") from error


# Autocommit: transactions are opened by `Store.transaction` alone.
_OPTIONS: dict[str, Any] = {"isolation_level": None, "check_same_thread": False, "timeout": 1.0}


def _tighten(path: str | os.PathLike[str]) -> None:
    """Take the rights of others from a file of ours, and from what SQLite keeps beside it.

    Raises:
        SandboxDataError: They can read it, and this cannot be changed.
    """
    for suffix in ("", "-wal", "-shm", "-journal"):
        file = Path(os.fspath(path) + suffix)
        try:
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                file.chmod(0o600)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise SandboxDataError(f"others can read {file.name!r}, and its mode cannot be changed: {error}") from None


def _check_owner(connection: sqlite3.Connection) -> None:
    if not _tables(connection):
        return
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise SandboxDataError("it is a database of something else")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        raise SandboxDataError(f"its schema has version {version}, not {SCHEMA_VERSION}")


def _tables(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _prepared(connection: sqlite3.Connection, schema: str) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    is_new = not _tables(connection)
    connection.executescript(_SETTINGS + schema)
    if not is_new:
        _add_columns(connection, schema)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return connection


def _add_columns(connection: sqlite3.Connection, schema: str) -> None:
    """Add to the tables of an older file the columns that they have come to have."""
    with closing(sqlite3.connect(":memory:")) as model:
        model.executescript(schema)
        for (table,) in model.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            held = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            for _, name, kind, required, default, _ in model.execute(f"PRAGMA table_info({table})"):
                if name not in held:
                    definition = f"{name} {kind}{' NOT NULL' if required else ''} DEFAULT {default or 'NULL'}"
                    connection.execute(f"ALTER TABLE {table} ADD COLUMN {definition}")
