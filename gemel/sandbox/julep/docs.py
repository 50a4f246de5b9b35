"""Docs of agents and users: each part of the content is a snippet, embedded by a job and ranked by SQLite."""

from __future__ import annotations

import re
import time
from typing import Any

from ..store import Row
from .errors import database_refused, detail, domain_error, not_found
from .fields import DOC
from .listing import FILTERED, matching
from .records import Records, by_id, document, new_id, text_of, timestamp
from .routing import Call, Handler, Routes

__all__ = ["add_docs", "recall", "routes"]

routes: Routes = Routes()  # the operations of this noun
RECALLED = 3  # snippets of one owner in a prompt
# Words that say nothing about a text; each alone would recall most docs.
_COMMON = re.compile(
    "a|about|all|an|and|any|are|as|at|be|but|by|can|do|does|for|from|has|have|how|i|if|in|into|is|it|its|me|my|no|not|of"
    "|on|or|our|so|that|the|their|them|there|they|this|to|was|we|were|what|when|where|which|who|why|will|with|you|your"
)


def add_docs(records: Records, owner_type: str, owner_id: str, docs: list[dict[str, Any]]) -> list[str]:
    """Store docs that come with their owner; they share one job, as on the server."""
    if not docs:
        return []
    job_id = records.start_job()
    for doc in docs:
        _add(records, owner_type, owner_id, doc, job_id)
    return [job_id]


def _add(records: Records, owner_type: str, owner_id: str, doc: dict[str, Any], job_id: str) -> tuple[str, str]:
    doc_id, now = new_id(), timestamp()
    records.store.insert(
        "docs",
        id=doc_id,
        owner_type=owner_type,
        owner_id=owner_id,
        title=doc["title"],
        metadata=text_of(doc["metadata"] or {}),
        job_id=job_id,
        created_at=now,
    )
    parts = [doc["content"]] if isinstance(doc["content"], str) else doc["content"]
    if not parts:
        raise database_refused("Constant rule does not have data")
    for part in parts:
        records.store.insert("snippets", doc_id=doc_id, title=doc["title"], content=part)
    return doc_id, now


def recall(records: Records, owner_type: str, owner_id: str | None, query: str) -> list[Row]:
    """The snippets of an owner that fit a text best, of docs whose job has succeeded."""
    words = {word for word in re.findall(r"\w+", query.lower()) if not _COMMON.fullmatch(word)}
    if not words:
        return []
    return records.store.all(
        "SELECT snippets.doc_id, snippets.title, snippets.content FROM snippets "
        "JOIN docs ON docs.id = snippets.doc_id JOIN jobs ON jobs.id = docs.job_id "
        "WHERE snippets MATCH ? AND docs.owner_type = ? AND docs.owner_id = ? "
        "AND jobs.outcome = 'succeeded' AND jobs.ends <= ? ORDER BY snippets.rank, snippets.rowid LIMIT ?",
        " OR ".join(f'"{word}"' for word in sorted(words)),
        owner_type,
        owner_id,
        time.time(),
        RECALLED,
    )


def _delete(records: Records, doc_id: str) -> None:
    records.store.run("DELETE FROM snippets WHERE doc_id = ?", doc_id)
    records.store.run("DELETE FROM docs WHERE id = ?", doc_id)


def _creating(owner_type: str) -> Handler:
    def create(call: Call) -> Any:
        """POST docs of an owner, who need not exist."""
        job_id = call.records.start_job()
        doc_id, now = _add(call.records, owner_type, call.ids[f"{owner_type}_id"], dict(call.body), job_id)
        return {"id": doc_id, "created_at": now, "jobs": [job_id]}

    return create


def _listing(owner_type: str) -> Handler:
    def list_all(call: Call) -> Any:
        """GET docs of an owner, an item for each part, whatever the limit and whoever asks.

        The docs come in no order that means anything, their parts by the alphabet.
        """
        owner_id = call.ids[f"{owner_type}_id"]
        if owner_type == "user" and call.records.store.one("SELECT 1 FROM users WHERE id = ?", owner_id) is None:
            raise not_found("User", owner_id)
        rows = call.records.store.all(
            "SELECT docs.id, docs.title, snippets.content, docs.created_at, docs.metadata FROM docs "
            "JOIN snippets ON snippets.doc_id = docs.id WHERE docs.owner_type = ? AND docs.owner_id = ? "
            f"ORDER BY {by_id('docs.id')}, snippets.content, snippets.rowid",
            owner_type,
            owner_id,
        )
        return {"items": [_shown(row) for row in matching(rows, call.query)]}

    return list_all


def _shown(row: Row) -> dict[str, Any]:
    shown = {name: row[name] for name in ("title", "content", "id", "created_at")}
    return shown | document(row, "metadata")


def _deleting(owner_type: str) -> Handler:
    def delete(call: Call) -> Any:
        """DELETE a doc of an owner."""
        doc_id, owner_id = call.ids["doc_id"], call.ids[f"{owner_type}_id"]
        row = call.records.store.one("SELECT owner_id FROM docs WHERE id = ? AND owner_type = ?", doc_id, owner_type)
        if row is None:
            raise detail(404, "Docs not found")
        if row["owner_id"] != owner_id:
            raise domain_error(404, f"Doc {doc_id} not found for {owner_type} {owner_id}")
        _delete(call.records, doc_id)
        return {"id": doc_id, "deleted_at": timestamp(), "jobs": None}

    return delete


for _type in ("agent", "user"):
    routes.add("POST", f"/{_type}s/{{{_type}_id}}/docs", _creating(_type), body=DOC)
    routes.add("GET", f"/{_type}s/{{{_type}_id}}/docs", _listing(_type), query=FILTERED)
    routes.add("DELETE", f"/{_type}s/{{{_type}_id}}/docs/{{doc_id}}", _deleting(_type))
