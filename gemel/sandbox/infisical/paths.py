"""Secret paths: their form, and the folder that one leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..store import Row, Store
from .errors import bad_request, not_found
from .validation import Field, Rule, text

__all__ = [
    "FOLDER_NAME_RULE",
    "MAX_DEPTH",
    "ResolvedFolder",
    "descend",
    "environment",
    "find_folder",
    "folder_path",
    "folder_path_field",
    "get_folder",
    "join",
    "secret_path_field",
]

MAX_DEPTH = 20  # how many levels of folders a recursive list goes down
_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
_NAMES_ONLY = "Only alphanumeric characters, dashes, and underscores are allowed."

# What the name of a folder must fulfil.
FOLDER_NAME_RULE: Rule = (lambda name: _NAME.match(name) is not None, f"Invalid folder name. {_NAMES_ONLY}")


@dataclass(frozen=True)
class ResolvedFolder:
    """A folder together with the address it was reached by."""

    project_id: str
    environment: str
    path: str
    folder_id: str


def _without_trailing_slash(path: str) -> str:
    return path[:-1] if len(path) > 1 and path.endswith("/") else path


def secret_path_field(to: str = "path", default: object = "/") -> Field:
    """A secretPath, whose trailing slash is dropped."""
    return text(to, default=default, then=_without_trailing_slash)


def folder_path_field(to: str = "path", default: object = "/") -> Field:
    """A folder path: a leading slash is added and a trailing one dropped."""
    return text(to, default=default, then=lambda path: _without_trailing_slash("/" + path.removeprefix("/")))


def join(path: str, name: str) -> str:
    """The path of a child."""
    return f"{path.rstrip('/')}/{name}"


def environment(store: Store, project_id: str, slug: str, name: str = "NotFound") -> Row:
    """The environment of a project with that slug.

    Raises:
        ApiError: 404 for no such environment.
    """
    row = store.one("SELECT * FROM environments WHERE project_id = ? AND slug = ?", project_id, slug)
    if row is None:
        raise not_found(f"Environment with slug '{slug}' in project with ID '{project_id}' not found", name)
    return row


def find_folder(store: Store, project_id: str, slug: str, path: str) -> Row | None:
    """The folder at a path of an environment, or None.

    Raises:
        ApiError: 400 when a segment of the path cannot be the name of a folder.
    """
    names = [name for name in path.split("/") if name]
    if not all(_NAME.match(name) for name in names):
        raise bad_request(f"Invalid secret path. {_NAMES_ONLY}")
    folder = store.one(
        "SELECT f.* FROM folders f JOIN environments e ON e.id = f.environment_id"
        " WHERE e.project_id = ? AND e.slug = ? AND f.parent_id IS NULL",
        project_id,
        slug,
    )
    for name in names:
        if folder is None:
            return None
        folder = store.one("SELECT * FROM folders WHERE parent_id = ? AND name = ?", folder["id"], name)
    return folder


def get_folder(store: Store, project_id: str, slug: str, path: str, name: str = "NotFound") -> ResolvedFolder:
    """The place of a folder.

    Raises:
        ApiError: 404, under the error name given, when there is no such folder.
    """
    folder = find_folder(store, project_id, slug, path)
    if folder is None:
        raise not_found(f"Folder with path '{path}' in environment with slug '{slug}' not found", name)
    return ResolvedFolder(project_id, slug, path, folder["id"])


def descend(store: Store, folder_id: str, path: str, depth: int = MAX_DEPTH) -> list[tuple[Row, str]]:
    """The folders below one with their paths, level by level."""
    found: list[tuple[Row, str]] = []
    level = [(folder_id, path)]
    for _ in range(depth):
        children = [
            (row, join(parent_path, row["name"]))
            for parent_id, parent_path in level
            for row in store.all("SELECT * FROM folders WHERE parent_id = ? ORDER BY name", parent_id)
        ]
        found += children
        level = [(row["id"], child_path) for row, child_path in children]
    return found


def folder_path(store: Store, folder: Row) -> str:
    """The path from the root of its environment to a folder."""
    names: list[str] = []
    current: Row | None = folder
    while current is not None and current["parent_id"]:
        names.append(current["name"])
        current = store.one("SELECT * FROM folders WHERE id = ?", current["parent_id"])
    return "/" + "/".join(reversed(names))
