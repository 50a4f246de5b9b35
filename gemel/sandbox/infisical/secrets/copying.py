"""Moving secrets to another folder, and duplicating them into one."""

from __future__ import annotations

import json
from typing import Any

from ...store import Row
from ..access import ability_in, deny_unless, project_id_of
from ..errors import bad_request, not_found
from ..paths import ResolvedFolder, find_folder
from ..routing import Call
from ..rules import Ability
from .approvals import Change, hold
from .references import follow
from .rows import add_secret, change_secret, find_secret, secret_fields, tag_refs

__all__ = ["duplicate", "move"]

# What of a secret can be copied, by the name of it in a request and in a write.
_COPIED = {
    "value": "value",
    "comment": "comment",
    "tags": "tags",
    "metadata": "metadata",
    "skipMultilineEncoding": "skip_multiline",
}


class _Ends:
    """The two folders, and what the caller may do in them."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.store = call.backend.store
        project_id = project_id_of(call, "Must provide either project slug or projectId")
        self.ability: Ability = ability_in(call, project_id)
        self.source = self._folder(project_id, "Source", "source_environment", "source_path")
        self.destination = self._folder(project_id, "Destination", "destination_environment", "destination_path")

    def _folder(self, project_id: str, which: str, environment: str, path: str) -> ResolvedFolder:
        slug, where = self.call.data[environment], self.call.data[path]
        folder = find_folder(self.store, project_id, slug, where)
        if folder is None:
            raise not_found(f"{which} folder with path '{where}' in environment with slug '{slug}' not found")
        return ResolvedFolder(project_id, slug, where, folder["id"])

    def allow(self, place: ResolvedFolder, row: Row, *actions: str) -> None:
        fields = secret_fields(self.store, row, place)
        for action in actions:
            deny_unless(self.ability, action, "secrets", fields)

    def there(self, row: Row) -> Row | None:
        return find_secret(self.store, self.destination.folder_id, row["key"])

    def copied(self, row: Row, wanted: dict[str, bool]) -> dict[str, Any]:
        """What a secret is written with at the destination."""
        whole = {
            "value": row["value"],
            "comment": row["comment"],
            "tags": [tag["id"] for tag in tag_refs(self.store, row["id"])],
            "metadata": json.loads(row["metadata"]),
            "skip_multiline": row["skip_multiline"],
        }
        return {name: whole[name] for sent, name in _COPIED.items() if wanted.get(sent)}

    def write(self, row: Row, data: dict[str, Any]) -> Row:
        """Write a secret at the destination, or change the one that is there."""
        caller, existing = self.call.caller, self.there(row)
        if existing is None:
            return add_secret(self.store, caller, self.destination, data | {"key": row["key"]})
        return change_secret(self.store, caller, self.destination, existing, data)


def move(call: Call) -> Any:
    """POST move: the secrets are then at the destination, and what referred to them refers to them there."""
    ends = _Ends(call)
    rows = [ends.store.one("SELECT * FROM secrets WHERE id = ?", key) for key in call.data["ids"]]
    sources = [row for row in rows if row is not None]
    for row in sources:
        ends.allow(ends.source, row, "delete", "readValue", "describeSecret")
    if len(sources) != len(rows) or any(row["folder_id"] != ends.source.folder_id for row in sources):
        raise bad_request("Invalid secrets")
    differing = [row for row in sources if (there := ends.there(row)) and there["value"] != row["value"]]
    new = [row for row in sources if ends.there(row) is None]
    if differing and not call.data["overwrite"]:
        keys = ",".join(row["key"] for row in differing)
        raise bad_request(f"Failed to move secrets. The following secrets already exist in the destination: {keys}")
    if not differing and not new:
        raise bad_request("Selected secrets already exist in the destination.")
    for row in new:
        ends.allow(ends.destination, row, "create", "edit")
    return _moved(ends, sources, [*new, *differing])


def _moved(ends: _Ends, sources: list[Row], written: list[Row]) -> dict[str, bool]:
    everything = dict.fromkeys(_COPIED, True)
    changes = [
        Change("update" if ends.there(row) else "create", row["key"], ends.copied(row, everything)) for row in written
    ]
    arrives = hold(ends.call, ends.destination, *changes) is None
    for row in written if arrives else ():
        ends.write(row, ends.copied(row, everything))
    leaves = hold(ends.call, ends.source, *(Change("delete", row["key"], {}) for row in sources)) is None
    for row in sources if leaves else ():
        ends.store.run("DELETE FROM secrets WHERE id = ?", row["id"])
    for row in sources if arrives else ():
        follow(ends.call, ends.source, row["key"], ends.destination, row["key"])
    return {"isSourceUpdated": leaves, "isDestinationUpdated": arrives}


def duplicate(call: Call) -> Any:
    """POST duplicate: of each secret only the attributes that were asked for."""
    ends = _Ends(call)
    if ends.source.folder_id == ends.destination.folder_id:
        raise bad_request("Cannot duplicate secrets to the same environment and path")
    rows = [_source(ends, key) for key in call.data["ids"]]
    for row in rows:
        ends.allow(ends.source, row, "describeSecret", "readValue")
        ends.allow(ends.destination, row, "edit" if ends.there(row) else "create")
        if ends.there(row) and not call.data["overwrite"]:
            raise bad_request(
                f"Secret with key '{row['key']}' already exists at destination."
                " Set shouldOverwrite to true to replace it."
            )
    return {"results": [_duplicated(ends, row) for row in rows]}


def _source(ends: _Ends, key: str) -> Row:
    row = ends.store.one("SELECT * FROM secrets WHERE id = ? AND folder_id = ?", key, ends.source.folder_id)
    if row is None:
        raise not_found(
            f"Secret with ID '{key}' not found in source folder with path '{ends.source.path}'"
            f" and environment slug '{ends.source.environment}'"
        )
    return row


def _duplicated(ends: _Ends, row: Row) -> dict[str, Any]:
    data = ends.copied(row, ends.call.data.get("attributes") or {})
    source = {"sourceSecretId": row["id"], "sourceSecretKey": row["key"]}
    held = hold(ends.call, ends.destination, Change("update" if ends.there(row) else "create", row["key"], data))
    return source | (held or {"destinationSecretId": ends.write(row, data)["id"]})
