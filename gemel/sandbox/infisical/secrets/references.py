"""References between secrets: `${KEY}` in the same folder, `${env.folder.KEY}` elsewhere, `${@project.env.KEY}`.

As on the server the text is replaced in the whole value, reference by reference: what a reference brings is looked
through for references of its own, from where it lies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...store import Row, Store
from ..access import deny_unless
from ..errors import ApiError, forbidden
from ..grants import is_granted
from ..paths import ResolvedFolder, find_folder
from ..routing import Call
from ..rules import Ability
from .rows import change_secret, find_override, find_secret, named_fields, secret_fields

__all__ = ["Expansion", "follow"]

# No spaces at the ends: a reference padded with them is text.
PATTERN = re.compile(r"\$\{([A-Za-z0-9_.@-](?:[A-Za-z0-9_.@ -]*[A-Za-z0-9_.@-])?)\}")
MAX_REFERENCE_DEPTH = 10


@dataclass(frozen=True)
class _Address:
    """Where a secret lies: in a project, or in another one that a slug names."""

    environment: str
    path: str
    key: str
    project_slug: str = ""


def _address(reference: str, environment: str, path: str) -> _Address:
    first, *rest = reference.split(".")
    if first.startswith("@"):
        where, *deeper = rest or [""]
        return _Address(where, "/" + "/".join(deeper[:-1]), deeper[-1] if deeper else "", first[1:])
    if not rest:
        return _Address(environment, path, first)
    return _Address(first, "/" + "/".join(rest[:-1]), rest[-1])


@dataclass(frozen=True)
class Expansion:
    """The expansion of references for one caller in one project.

    Attributes:
        call: Whose request it is.
        ability: What the caller may do in the project.
        project_id: The project.
        personal: Whether the overrides of the caller count.
    """

    call: Call
    ability: Ability
    project_id: str
    personal: bool = False

    def of(self, row: Row, place: ResolvedFolder) -> str:
        """The value of a secret with its references replaced.

        A reference that leads nowhere stays as written, and so does what is left at a depth of ten.

        Raises:
            ApiError: 403 when one leads to a secret that the caller may not read.
        """
        value = str(row["value"])
        if not PATTERN.search(value):
            return value
        origin = _Address(place.environment, place.path, row["key"])
        if not self._readable(origin, row):
            raise forbidden(f"You do not have permission to read {_named(origin)}.")
        expanded = self._expanded(value, origin)
        return _quoted(expanded) if row["skip_multiline"] else expanded

    def check(self, value: str, place: ResolvedFolder) -> None:
        """Pass a value to be written; what it refers to need not be there.

        Raises:
            ApiError: 403 when it refers to a secret that the caller may not even know of.
        """
        for reference in PATTERN.findall(value):
            address = _address(reference, place.environment, place.path)
            row = None if address.project_slug else self._row(self.project_id, address)
            if row is not None:
                there = ResolvedFolder(self.project_id, address.environment, address.path, row["folder_id"])
                deny_unless(self.ability, "describeSecret", "secrets", secret_fields(self._store, row, there))

    def _expanded(self, value: str, origin: _Address) -> str:
        expanded = value
        waiting: list[tuple[str, _Address, tuple[_Address, ...]]] = [(value, origin, (origin,))]
        while waiting:
            text, at, above = waiting.pop()
            if len(above) - 1 > MAX_REFERENCE_DEPTH:
                continue
            for reference in PATTERN.findall(text):
                address = _address(reference, at.environment, at.path)
                found = self._found(address, origin)
                if found is None:
                    continue
                expanded = expanded.replace(f"${{{reference}}}", found)
                if PATTERN.search(found) and address not in above and not address.project_slug:
                    waiting.append((found, address, (*above, address)))
        return expanded

    def _found(self, address: _Address, origin: _Address) -> str | None:
        if address.project_slug:
            return self._shared(address)
        row = self._row(self.project_id, address)
        if not self._readable(address, row):
            raise forbidden(
                f"You do not have permission to read {_named(address)}, which is referenced by {_named(origin)}."
            )
        if row is None:
            return None
        own = find_override(self._store, row["folder_id"], row["key"], self._user_id)
        return str((own or row)["value"])

    @property
    def _store(self) -> Store:
        return self.call.backend.store

    @property
    def _user_id(self) -> str | None:
        return self.call.caller.user_id if self.personal else None

    def _row(self, project_id: str, address: _Address) -> Row | None:
        try:
            folder = find_folder(self._store, project_id, address.environment, address.path)
        except ApiError:  # no folder can have that path
            return None
        return None if folder is None else find_secret(self._store, folder["id"], address.key)

    def _shared(self, address: _Address) -> str | None:
        """The value of a secret in a folder that another project shares with this one; its references stay."""
        project = self._store.one("SELECT id FROM projects WHERE slug = ?", address.project_slug)
        row = None if project is None else self._row(project["id"], address)
        if row is None or not self.call.backend.behaviour.cross_project:
            return None
        return str(row["value"]) if is_granted(self._store, row["folder_id"], self.project_id) else None

    def _readable(self, address: _Address, row: Row | None) -> bool:
        place = ResolvedFolder(self.project_id, address.environment, address.path, "")
        fields = named_fields(place, address.key) if row is None else secret_fields(self._store, row, place)
        return self.ability.can("readValue", "secrets", fields)


def _named(address: _Address) -> str:
    return f"secret '{address.key}' in environment '{address.environment}' at path '{address.path}'"


def _quoted(value: str) -> str:
    return '"' + value.replace("\n", "\\n") + '"' if "\n" in value else value


def follow(call: Call, old: ResolvedFolder, old_key: str, new: ResolvedFolder, new_key: str) -> None:
    """Rewrite the references to a secret that has moved or has another name."""
    store = call.backend.store
    rows = store.all(
        "SELECT s.*, f.id AS folder, e.slug FROM secrets s JOIN folders f ON f.id = s.folder_id"
        " JOIN environments e ON e.id = f.environment_id WHERE e.project_id = ? AND instr(s.value, '${')",
        old.project_id,
    )
    for row in rows:
        here = row["folder_id"]
        value = _pointed(row["value"], old, old_key, new, new_key, here)
        if value != row["value"]:
            place = ResolvedFolder(old.project_id, row["slug"], "", here)
            change_secret(store, call.caller, place, row, {"value": value})


def _pointed(text: str, old: ResolvedFolder, old_key: str, new: ResolvedFolder, new_key: str, here: str) -> str:
    """A value in the folder `here` with its references to one secret led to another."""
    if old.folder_id == here:
        local = f"${{{new_key}}}" if new.folder_id == here else _whole(new, new_key)
        text = text.replace(f"${{{old_key}}}", local)
    return text.replace(_whole(old, old_key), _whole(new, new_key))


def _whole(place: ResolvedFolder, key: str) -> str:
    return "${" + ".".join([place.environment, *filter(None, place.path.split("/")), key]) + "}"
