"""Folders that a project shares with another one."""

from __future__ import annotations

import uuid

from ..store import Store
from .backend import timestamp
from .paths import find_folder

__all__ = ["add_grant", "is_granted"]


def add_grant(store: Store, source: str, environment: str, path: str, target: str) -> str:
    """Share a folder of a project with another project; the id of the grant.

    Raises:
        LookupError: There is no such folder or project.
    """
    folder = find_folder(store, source, environment, path)
    if folder is None:
        raise LookupError(f"the project {source} has no folder {path!r} in {environment!r}")
    if store.one("SELECT 1 FROM projects WHERE id = ?", target) is None:
        raise LookupError(f"no project has the id {target}")
    known = store.one("SELECT id FROM folder_grants WHERE folder_id = ? AND project_id = ?", folder["id"], target)
    if known is not None:
        return str(known["id"])
    grant_id = str(uuid.uuid4())
    store.insert("folder_grants", id=grant_id, folder_id=folder["id"], project_id=target, created_at=timestamp())
    return grant_id


def is_granted(store: Store, folder_id: str, project_id: str) -> bool:
    """Whether a folder is shared with a project."""
    return bool(store.one("SELECT 1 FROM folder_grants WHERE folder_id = ? AND project_id = ?", folder_id, project_id))
