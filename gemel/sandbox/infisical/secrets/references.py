"""References between secrets: `${KEY}` in the same folder, `${env.folder.KEY}` elsewhere."""

from __future__ import annotations

import re

from ...store import Store
from ..errors import bad_request
from ..paths import Place, find_folder
from .rows import find_secret

__all__ = ["check", "expand"]

PATTERN = re.compile(r"\$\{([A-Za-z0-9._-]+)\}")
MAX_REFERENCE_DEPTH = 10

Address = tuple[str, str, str]  # environment, path, key


def _address(reference: str, environment: str, path: str) -> Address:
    first, *rest = reference.split(".")
    if not rest:
        return environment, path, first
    return first, "/" + "/".join(rest[:-1]), rest[-1]


def _value(store: Store, project_id: str, address: Address) -> str | None:
    environment, path, key = address
    folder = find_folder(store, project_id, environment, path)
    row = folder and find_secret(store, folder["id"], key)
    return row["value"] if row else None


def expand(store: Store, place: Place, key: str, value: str) -> str:
    """The value with its references replaced, theirs included.

    A reference that leads nowhere, back to a secret being expanded, or deeper than ten is left as written.
    """
    if "${" not in value:
        return value
    return _expand(store, place.project_id, (place.environment, place.path, key), value, ())


def _expand(store: Store, project_id: str, at: Address, value: str, above: tuple[Address, ...]) -> str:
    seen = (*above, at)

    def replace(match: re.Match[str]) -> str:
        address = _address(match[1], at[0], at[1])
        found = None if address in seen or len(seen) > MAX_REFERENCE_DEPTH else _value(store, project_id, address)
        return match[0] if not found else _expand(store, project_id, address, found, seen)

    return PATTERN.sub(replace, value)


def check(store: Store, place: Place, value: str) -> None:
    """Pass a value whose references lead to secrets.

    Raises:
        ApiError: 400 that names the environment, path or secret that is missing.
    """
    for reference in PATTERN.findall(value):
        environment, path, key = _address(reference, place.environment, place.path)
        known = store.one("SELECT 1 FROM environments WHERE project_id = ? AND slug = ?", place.project_id, environment)
        if known is None:
            raise bad_request(f"Referenced environment not found. Missing {environment}")
        folder = find_folder(store, place.project_id, environment, path)
        if folder is None:
            raise bad_request(f"Referenced path {path} doesn't exist")
        if find_secret(store, folder["id"], key) is None:
            raise bad_request(f"Referenced secret(s) not found: {key}")
