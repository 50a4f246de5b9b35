"""Change policies: writes under one become approval requests and change nothing."""

from __future__ import annotations

import secrets
import uuid
from fnmatch import fnmatchcase
from typing import Any

from ..store import Row, Store
from .backend import timestamp
from .paths import Place

__all__ = ["add_policy", "approval", "policy_for"]


def add_policy(store: Store, project_id: str, environment: str, secret_path: str, name: str) -> str:
    """Record a policy on a path, which may hold wildcards; its id."""
    policy_id = str(uuid.uuid4())
    store.insert(
        "policies", id=policy_id, project_id=project_id, environment=environment, secret_path=secret_path, name=name
    )
    return policy_id


def policy_for(store: Store, project_id: str, environment: str, path: str) -> Row | None:
    """The policy that guards a path, or None."""
    rows = store.all("SELECT * FROM policies WHERE project_id = ? AND environment = ?", project_id, environment)
    return next((row for row in rows if fnmatchcase(path, row["secret_path"])), None)


def approval(store: Store, place: Place) -> dict[str, Any] | None:
    """The reply to a write at a guarded place, or None where writes are free."""
    policy = policy_for(store, place.project_id, place.environment, place.path)
    if policy is None:
        return None
    now = timestamp()
    return {
        "approval": {
            "id": str(uuid.uuid4()),
            "policyId": policy["id"],
            "hasMerged": False,
            "status": "open",
            "conflicts": None,
            "slug": secrets.token_hex(5),
            "folderId": place.folder_id,
            "createdAt": now,
            "updatedAt": now,
            "isReplicated": None,
            "committerUserId": None,
            "statusChangedByUserId": None,
            "bypassReason": None,
        }
    }
