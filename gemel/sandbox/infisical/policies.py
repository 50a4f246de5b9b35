"""Change policies: a write that one guards becomes an approval request and changes nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence

from ..store import Row, Store
from .backend import Caller
from .paths import ResolvedFolder
from .rules import glob_matches

__all__ = ["add_policy", "policy_for", "policy_over"]


def add_policy(
    store: Store,
    project_id: str,
    environment: str,
    secret_path: str,
    name: str,
    *,
    bypass_identities: bool = False,
    approvers: Sequence[str] = (),
    approvals: int = 1,
) -> str:
    """Record a policy on a path, which may hold wildcards; its id."""
    policy_id = str(uuid.uuid4())
    store.insert(
        "policies",
        id=policy_id,
        project_id=project_id,
        environment=environment,
        secret_path=secret_path,
        name=name,
        bypass_identities=bypass_identities,
        approvers=json.dumps(list(approvers)),
        approvals=approvals,
    )
    return policy_id


def policy_for(store: Store, project_id: str, environment: str, path: str) -> Row | None:
    """The policy that guards a path, or None; one on the path itself comes before a pattern."""
    rows = store.all("SELECT * FROM policies WHERE project_id = ? AND environment = ?", project_id, environment)
    exact = (row for row in rows if row["secret_path"] == path)
    return next(exact, None) or next((row for row in rows if glob_matches(row["secret_path"], path)), None)


def policy_over(store: Store, caller: Caller, place: ResolvedFolder) -> Row | None:
    """The policy that holds the writes of a caller at a place, or None where they are free."""
    policy = policy_for(store, place.project_id, place.environment, place.path)
    if policy is None or (policy["bypass_identities"] and caller.kind != "user"):
        return None
    return policy
