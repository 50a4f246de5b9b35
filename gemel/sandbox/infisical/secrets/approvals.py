"""Approval requests: writes that a policy holds, until users have approved them and one merges them."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...store import Row, Store
from ..access import permit
from ..backend import Caller, timestamp
from ..errors import bad_request, forbidden, not_found
from ..paths import ResolvedFolder, folder_path
from ..policies import policy_over
from ..routing import USERS, Call, Routes
from ..validation import ABSENT, choice, text
from .rows import add_secret, change_secret, find_secret

__all__ = ["Change", "hold", "routes"]

routes: Routes = Routes()  # the operations of this noun
BASE = "/api/v1/secret-approval-requests"


@dataclass(frozen=True)
class Change:
    """What a held write would do to one secret.

    Attributes:
        op: Create, update or delete.
        key: The key of the secret.
        data: What it would be created with, or changed to.
    """

    op: str
    key: str
    data: Mapping[str, Any]


def hold(call: Call, place: ResolvedFolder, *changes: Change) -> dict[str, Any] | None:
    """Keep a write at a guarded place as a request and give the reply to it; None where writes are free."""
    store = call.backend.store
    policy = policy_over(store, call.caller, place)
    if policy is None:
        return None
    now, request_id = timestamp(), str(uuid.uuid4())
    kept = [{"op": change.op, "key": change.key, "data": _kept(change.data)} for change in changes]
    store.insert(
        "approval_requests",
        id=request_id,
        policy_id=policy["id"],
        folder_id=place.folder_id,
        slug=secrets.token_hex(5),
        committer_id=call.caller.id,
        changes=json.dumps(kept),
        created_at=now,
        updated_at=now,
    )
    return {"approval": _shown(_get(store, request_id))}


_WRITTEN = ("value", "comment", "skip_multiline", "reminder_note", "reminder_days", "new_key", "metadata", "tags")


def _kept(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in _WRITTEN if name in data}


def _get(store: Store, request_id: str) -> Row:
    row = store.one("SELECT * FROM approval_requests WHERE id = ?", request_id)
    if row is None:
        raise not_found(f"Secret approval request with ID '{request_id}' not found")
    return row


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "policyId": row["policy_id"],
        "hasMerged": bool(row["merged"]),
        "status": row["status"],
        "conflicts": json.loads(row["conflicts"] or "null"),
        "slug": row["slug"],
        "folderId": row["folder_id"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "isReplicated": None,
        "committerUserId": row["committer_id"],
        "statusChangedByUserId": None,
        "bypassReason": None,
    }


def _place(store: Store, row: Row) -> ResolvedFolder:
    folder = store.one(
        "SELECT f.*, e.project_id, e.slug FROM folders f JOIN environments e ON e.id = f.environment_id WHERE f.id = ?",
        row["folder_id"],
    )
    assert folder is not None
    return ResolvedFolder(folder["project_id"], folder["slug"], folder_path(store, folder), folder["id"])


def show(call: Call) -> Any:
    """GET one request, with what it would do, without values."""
    store = call.backend.store
    row = _get(store, call.params["requestId"])
    place = _place(store, row)
    permit(call, place.project_id, "read", "workspace")
    commits = [{"op": change["op"], "secretKey": change["key"]} for change in json.loads(row["changes"])]
    where = {"environment": place.environment, "secretPath": place.path}
    return {"approval": _shown(row) | where | {"commits": commits, "reviewers": _reviews(store, row)}}


def list_all(call: Call) -> Any:
    """GET the requests of a project."""
    project_id = call.data.get("project_id") or call.data.get("workspace_id") or ""
    permit(call, project_id, "read", "workspace")
    rows = call.backend.store.all(
        "SELECT r.* FROM approval_requests r JOIN policies p ON p.id = r.policy_id WHERE p.project_id = ?"
        " ORDER BY r.rowid",
        project_id,
    )
    wanted = call.data.get("status")
    return {"approvals": [_shown(row) for row in rows if wanted in (None, row["status"])]}


def _reviews(store: Store, row: Row) -> list[dict[str, Any]]:
    rows = store.all("SELECT * FROM reviews WHERE request_id = ? ORDER BY rowid", row["id"])
    return [{"userId": review["user_id"], "status": review["status"]} for review in rows]


def _approvers(store: Store, row: Row) -> list[str]:
    policy = store.one("SELECT approvers FROM policies WHERE id = ?", row["policy_id"])
    assert policy is not None
    approvers: list[str] = json.loads(policy["approvers"])
    return approvers


def _open(call: Call) -> Row:
    """The request, when it is open and the caller has a say in it."""
    store, caller = call.backend.store, call.caller
    row = _get(store, call.params["requestId"])
    permit(call, _place(store, row).project_id, "read", "workspace")
    approvers = _approvers(store, row)
    if approvers and caller.id not in (*approvers, row["committer_id"]):
        raise forbidden("User has insufficient privileges")
    if row["status"] != "open":
        raise bad_request("Secret approval request has been closed")
    return row


def review(call: Call) -> Any:
    """POST a review: approved or rejected."""
    store, row, now = call.backend.store, _open(call), timestamp()
    store.run("DELETE FROM reviews WHERE request_id = ? AND user_id = ?", row["id"], call.caller.id)
    review_id, comment = str(uuid.uuid4()), call.data.get("comment")
    columns = {"status": call.data["status"], "comment": comment, "created_at": now, "updated_at": now}
    store.insert("reviews", id=review_id, request_id=row["id"], user_id=call.caller.id, **columns)
    return {
        "review": {
            "id": review_id,
            "status": call.data["status"],
            "requestId": row["id"],
            "createdAt": now,
            "updatedAt": now,
            "reviewerUserId": call.caller.id,
            "comment": comment,
        }
    }


def merge(call: Call) -> Any:
    """POST merge: do what was held, but for what the secrets of today are in the way of."""
    store, row = call.backend.store, _open(call)
    policy = store.one("SELECT approvals FROM policies WHERE id = ?", row["policy_id"])
    approvers = _approvers(store, row)
    approved = [
        each
        for each in _reviews(store, row)
        if each["status"] == "approved" and (not approvers or each["userId"] in approvers)
    ]
    if policy is None or len(approved) < policy["approvals"]:
        raise bad_request("Doesn't have minimum approvals needed")
    place = _place(store, row)
    conflicts = [
        {"secretKey": change["key"], "op": change["op"]}
        for change in json.loads(row["changes"])
        if not _done(store, call.caller, place, change)
    ]
    store.update(
        "approval_requests",
        row["id"],
        status="close",
        merged=1,
        conflicts=json.dumps(conflicts or None),
        updated_at=timestamp(),
    )
    return {"approval": _shown(_get(store, row["id"]))}


def _done(store: Store, caller: Caller, place: ResolvedFolder, change: dict[str, Any]) -> bool:
    existing = find_secret(store, place.folder_id, change["key"])
    if (existing is None) != (change["op"] == "create"):
        return False
    if existing is None:
        add_secret(store, caller, place, change["data"] | {"key": change["key"]})
    elif change["op"] == "delete":
        store.run("DELETE FROM secrets WHERE id = ?", existing["id"])
    else:
        change_secret(store, caller, place, existing, change["data"])
    return True


_LISTED = {
    "projectId": text("project_id", default=ABSENT),
    "workspaceId": text("workspace_id", default=ABSENT),
    "status": choice("status", ("open", "close"), ABSENT),
}
_REVIEW = {"status": choice("status", ("approved", "rejected")), "comment": text(default=ABSENT)}

routes.add("GET", BASE, list_all, query=_LISTED)
routes.add("GET", f"{BASE}/{{requestId}}", show)
routes.add("POST", f"{BASE}/{{requestId}}/review", review, body=_REVIEW, modes=USERS)
routes.add("POST", f"{BASE}/{{requestId}}/merge", merge, body={"bypassReason": text(default=ABSENT)}, modes=USERS)
