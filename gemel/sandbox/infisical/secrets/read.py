"""Reading secrets: list, by name with the fall-through to imports, by id."""

from __future__ import annotations

import json
from typing import Any

from ...store import Row
from ..access import ability_in, deny_unless, project_id_of
from ..catalogue import SECRET_WORDS
from ..errors import ApiError, bad_request, forbidden, not_found
from ..imports import ImportBlock, import_blocks
from ..paths import ResolvedFolder, descend, find_folder, folder_path, get_folder
from ..routing import Call
from ..rules import Ability
from .references import Expansion
from .rows import (
    find_override,
    named_fields,
    override_by_id,
    overrides_of,
    secret_fields,
    secret_row,
    tag_refs,
)

__all__ = ["absent", "list_all", "show", "show_by_id"]

READ = ("secretPath", "secretValueHidden", "secretMetadata", "tags")
IMPORTED = ("secretValueHidden", "secretMetadata")


def absent(call: Call, key: str, message: str) -> ApiError:
    """The refusal of a name that no secret has: 404, or 501 for a word that names operations elsewhere in the API."""
    if key not in SECRET_WORDS:
        return not_found(message)
    path = call.path.replace("{secretName}", key)
    return ApiError(
        501,
        "NotImplemented",
        f"No secret is called '{key}' here, and of the operations of the API that '{key}' names"
        f" none is {call.method} {path}",
    )


class _Reading:
    """One request that reads: who reads what, and how it is shown."""

    def __init__(self, call: Call, project_id: str) -> None:
        self.call = call
        self.store = call.backend.store
        self.ability: Ability = ability_in(call, project_id)
        self._project_id = project_id
        personal = bool(call.data.get("personal")) or call.data.get("type") == "personal"
        self._expansion = Expansion(call, self.ability, project_id, personal)

    def may(self, action: str, row: Row, place: ResolvedFolder) -> bool:
        """Whether the caller may do that with a secret."""
        return self.ability.can(action, "secrets", secret_fields(self.store, row, place))

    def shown(
        self, row: Row, place: ResolvedFolder, *extra: str, origin: ResolvedFolder | None = None
    ) -> dict[str, Any]:
        """A secret as it is shown at a place, expanded from where it lies."""
        visible, home = bool(self.call.data["visible"]), origin or place
        expands = visible and self.call.data["expand"] and not self.is_foreign(home)
        value = self._expansion.of(row, home) if expands else None
        return secret_row(self.store, row, place, *extra, value=value, hidden=not visible)

    def is_foreign(self, place: ResolvedFolder) -> bool:
        """Whether a place is in a project that shares it with this one; the grant is then all that is needed."""
        return place.project_id != self._project_id

    def rows(self, place: ResolvedFolder) -> list[Row]:
        """The secrets of a folder that the caller may know of and the filters let pass, with or as overrides."""
        shared = self.store.all("SELECT * FROM secrets WHERE folder_id = ? ORDER BY key", place.folder_id)
        seen = [row for row in shared if self.may("describeSecret", row, place) and self._passes(row)]
        if self.call.caller.user_id is None or self.call.data.get("personal") is False:
            return seen
        own = {row["key"]: row for row in overrides_of(self.store, place.folder_id, self.call.caller.id)}
        if self.call.data.get("personal"):
            return [own.get(row["key"], row) for row in seen]
        return [each for row in seen for each in (row, own.get(row["key"])) if each is not None]

    def _passes(self, row: Row) -> bool:
        slugs, pairs = self.call.data.get("tags"), self.call.data.get("metadata")
        if slugs and not slugs & {tag["slug"] for tag in tag_refs(self.store, row["id"])}:
            return False
        return not pairs or _has_metadata(row, pairs)


def _has_metadata(row: Row, pairs: list[tuple[str, str]]) -> bool:
    held = {(item["key"], item["value"]) for item in json.loads(row["metadata"]) if not item["isEncrypted"]}
    return held.issuperset(pairs)


def list_all(call: Call) -> Any:
    """GET secrets: those of a path, or of everything below it, with the imports apart."""
    project_id, environment, path = _scope(call)
    if not environment:
        raise bad_request("Missing project id or environment")
    reading = _Reading(call, project_id)
    deny_unless(reading.ability, "describeSecret", "secrets")
    places = _places(call, project_id, environment, path)
    found = [(row, place) for place in places for row in _visible(reading, place, path)]
    secrets = _all_shown(reading, found)
    importing = places if call.data["imports"] else []
    blocks = [block for place in importing for block in import_blocks(call.backend, place)]
    return {"secrets": secrets, "imports": [_block(reading, block) for block in blocks]}


def _scope(call: Call) -> tuple[str, str | None, str]:
    """The project, environment and path of a list; a service token with one plain scope has its own."""
    token = call.caller.token
    scopes: list[dict[str, str]] = json.loads(token["scopes"]) if token is not None else []
    if token is not None and len(scopes) == 1 and not set(scopes[0]["secretPath"]) & set("*?[{"):
        return str(token["project_id"]), scopes[0]["environment"], scopes[0]["secretPath"]
    project_id = project_id_of(call, "Missing project id or environment")
    return project_id, call.data.get("environment"), call.data["path"]


def _visible(reading: _Reading, place: ResolvedFolder, path: str) -> list[Row]:
    """What of a folder is shown with its values: below the path what may not be read is left out, on it refused."""
    rows = reading.rows(place)
    if not reading.call.data["visible"]:
        return rows
    if place.path != path:
        return [row for row in rows if reading.may("readValue", row, place)]
    for row in rows:
        deny_unless(reading.ability, "readValue", "secrets", secret_fields(reading.store, row, place))
    return rows


def _all_shown(reading: _Reading, found: list[tuple[Row, ResolvedFolder]]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    refused: list[str] = []
    for row, place in found:
        try:
            shown.append(reading.shown(row, place, *READ))
        except ApiError as error:
            refused.append(error.message)
    if refused:
        raise forbidden("Failed to expand one or more secret references", details=refused)
    return shown


def _places(call: Call, project_id: str, environment: str, path: str) -> list[ResolvedFolder]:
    folder = find_folder(call.backend.store, project_id, environment, path)
    if folder is None and call.backend.behaviour.missing_folder == "empty":
        return []
    if folder is None:
        raise not_found(
            f"Folder with path '{path}' in environment '{environment}' was not found."
            " Please ensure the environment slug and secret path is correct.",
            "SecretPathNotFound",
        )
    root = ResolvedFolder(project_id, environment, path, folder["id"])
    if not call.data["recursive"]:
        return [root]
    below = descend(call.backend.store, folder["id"], path)
    return [root, *(ResolvedFolder(project_id, environment, child_path, row["id"]) for row, child_path in below)]


def _block(reading: _Reading, block: ImportBlock) -> dict[str, Any]:
    needed = ("describeSecret", "readValue") if reading.call.data["visible"] else ("describeSecret",)
    secrets = [
        _imported(reading, block.place, origin, row)
        for origin, row in block.secrets
        if reading.is_foreign(origin) or all(reading.may(action, row, origin) for action in needed)
    ]
    address = {"secretPath": block.place.path, "environment": block.place.environment}
    return address | {"folderId": block.place.folder_id, "secrets": secrets}


def _imported(reading: _Reading, place: ResolvedFolder, origin: ResolvedFolder, row: Row) -> dict[str, Any]:
    shown = reading.shown(row, place, *IMPORTED, origin=origin)
    return {name: value for name, value in shown.items() if name not in ("createdAt", "updatedAt")}


def show(call: Call) -> Any:
    """GET secrets/{secretName}: the secret, one of its versions, or one that is imported."""
    data, key = call.data, call.params["secretName"]
    if not data.get("environment"):
        raise bad_request("Missing environment")
    project_id = project_id_of(call, "You must provide workspaceSlug or workspaceId")
    reading = _Reading(call, project_id)
    place = get_folder(call.backend.store, project_id, data["environment"], data["path"], "GetSecretByName")
    row = _own(call, place, key)
    fields = named_fields(place, key) if row is None else secret_fields(call.backend.store, row, place)
    deny_unless(reading.ability, "describeSecret", "secrets", fields)
    if row is not None:
        return {"secret": _readable(reading, row, place, f"secret value on secret with name '{key}'")}
    for block in reversed(import_blocks(call.backend, place) if data["imports"] else []):
        for origin, imported in block.secrets:
            known = reading.is_foreign(origin) or reading.may("describeSecret", imported, origin)
            if imported["key"] == key and known:
                what = f"secret import value on secret with name '{key}'"
                return {"secret": _readable(reading, imported, block.place, what, origin)}
    raise absent(call, key, f"Secret with name '{key}' not found")


def _readable(
    reading: _Reading, row: Row, place: ResolvedFolder, what: str, origin: ResolvedFolder | None = None
) -> dict[str, Any]:
    """A secret with its value, where the caller may read it, or hidden where it was asked so."""
    home = origin or place
    needs = reading.call.data["visible"] and reading.call.data["type"] != "personal" and not reading.is_foreign(home)
    if needs and not reading.may("readValue", row, home):
        raise forbidden(f"You do not have permission to view {what}", "ForbiddenReadSecretError")
    return reading.shown(row, place, *READ, origin=origin)


def _own(call: Call, place: ResolvedFolder, key: str) -> Row | None:
    store, address = call.backend.store, (place.folder_id, key)
    if call.data["type"] == "personal" and call.caller.kind != "service":
        return find_override(store, *address, call.caller.user_id)
    if "version" not in call.data:
        return store.one("SELECT * FROM secrets WHERE folder_id = ? AND key = ?", *address)
    return store.one(
        "SELECT * FROM secret_versions WHERE folder_id = ? AND key = ? AND version = ?", *address, call.data["version"]
    )


def show_by_id(call: Call) -> Any:
    """GET secrets/id/{secretId}: never expanded, never hidden."""
    store, secret_id = call.backend.store, call.params["secretId"]
    row = store.one("SELECT * FROM secrets WHERE id = ?", secret_id) or override_by_id(store, secret_id)
    if row is None:
        raise not_found(f"Secret with ID '{secret_id}' not found", "GetSecretById")
    folder = store.one(
        "SELECT f.*, e.project_id, e.slug FROM folders f JOIN environments e ON e.id = f.environment_id WHERE f.id = ?",
        row["folder_id"],
    )
    assert folder is not None
    place = ResolvedFolder(folder["project_id"], folder["slug"], folder_path(store, folder), folder["id"])
    fields = secret_fields(store, row, place)
    deny_unless(ability_in(call, folder["project_id"]), "readValue", "secrets", fields)
    if "user_id" in row.keys() and row["user_id"] != call.caller.id:  # noqa: SIM118 - `in` a row looks at its values
        raise forbidden("You are not allowed to access this secret", "GetSecretById")
    return {"secret": secret_row(store, row, place, "secretPath", "secretMetadata", "tags")}
