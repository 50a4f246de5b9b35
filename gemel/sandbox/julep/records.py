"""The state of the Julep sandbox: records, developers and their keys, jobs, and how fast the model speaks."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from datetime import datetime, timezone
from typing import Any

from ..store import Row, Store
from .errors import detail

__all__ = ["OUTCOMES", "Records", "by_id", "document", "new_id", "text_of", "timestamp"]

FIRST_DEVELOPER = str(uuid.UUID(int=0))  # who calls when neither the key nor a header says it
OUTCOMES = ("succeeded", "failed", "aborted")


def timestamp() -> str:
    """Now, as the server writes times: UTC with microseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def new_id() -> str:
    """A fresh id of a record."""
    return str(uuid.uuid4())


def text_of(value: Any) -> str:
    """A JSON value as it is stored; the database of the server sorts the keys of objects."""
    return json.dumps(value, sort_keys=True)


def by_id(column: str) -> str:
    """The order in SQL of what a query of the server does not sort: by id, the third group first, then backwards."""
    return ", ".join(f"substr({column}, {start}, {length})" for start, length in ((15, 4), (10, 4), (1, 8), (20, 17)))


def document(row: Row, *columns: str) -> dict[str, Any]:
    """The named columns of a row that hold JSON values, read."""
    return {column: json.loads(row[column]) for column in columns}


class Records:
    """Everything the operations read and change.

    Arguments:
        store: Where the records are; its tables must be those of `SCHEMA`.

    Attributes:
        api_key: The key of the first developer.
        pace: Seconds between the chunks of a streamed completion.
        job_outcome: How jobs end that begin from now on.
        job_seconds: How long they run.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.pace: float = 0.0
        self.job_outcome: str = OUTCOMES[0]
        self.job_seconds: float = 0.0
        with store.transaction():
            self.api_key: str = store.setting("julep_api_key", secrets.token_urlsafe(32))
            store.run("INSERT OR IGNORE INTO developers VALUES (?, ?)", self.api_key, FIRST_DEVELOPER)

    def add_developer(self) -> str:
        """The API key of a new developer, who sees none of the records of the others."""
        api_key = secrets.token_urlsafe(32)
        with self.store.transaction():
            self.store.insert("developers", api_key=api_key, id=new_id())
        return api_key

    def authenticate(self, authorization: str | None) -> str:
        """The id of the developer whose key a request carries, with or without a literal "Bearer " before it.

        Raises:
            Refusal: 403 without a key, or with one that nobody has.
        """
        api_key = (authorization or "").replace("Bearer ", "").strip()
        row = self.store.one("SELECT id FROM developers WHERE api_key = ?", api_key)
        if row is None:
            raise detail(403, "Could not validate API KEY")
        return str(row["id"])

    def start_job(self) -> str:
        """The id of a new job, which runs and ends as was last asked for."""
        job_id = new_id()
        ends = time.time() + self.job_seconds
        self.store.insert("jobs", id=job_id, outcome=self.job_outcome, ends=ends, created_at=timestamp())
        return job_id
