"""Jobs: work that goes on after the reply, such as embedding docs."""

from __future__ import annotations

import time
from typing import Any

from .errors import domain_error
from .routing import Call, Routes

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun


def show(call: Call) -> Any:
    """GET a job: in progress until its time is over, then as it ended."""
    key = call.ids["job_id"]
    row = call.records.store.one("SELECT * FROM jobs WHERE id = ?", key)
    if row is None:
        raise domain_error(400, "job not found or invalid", code="NOT_FOUND")
    state = row["outcome"] if time.time() >= row["ends"] else "in_progress"
    return {
        "name": key,
        "reason": f"Execution status: {state}",
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
        "id": key,
        "has_progress": False,
        "progress": 0.0,
        "state": state,
    }


routes.add("GET", "/jobs/{job_id}", show)
