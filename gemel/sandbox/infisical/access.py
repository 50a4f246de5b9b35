"""Who may do what: the role of an identity in a project, and the actions of each role."""

from __future__ import annotations

from typing import Any

from ..store import Row
from .backend import Backend, Caller
from .errors import bad_request, forbidden, not_found, permission_denied
from .routing import Call

__all__ = ["ROLES", "permit", "permit_organization", "project_by_slug", "project_id_of", "role_in"]

_READ = {
    "secrets": ("describeSecret", "readValue"),
    "secret-folders": ("read",),
    "secret-imports": ("read",),
    "environments": ("read",),
    "tags": ("read",),
    "workspace": ("read",),
}
_WRITE = ("create", "edit", "delete")
_MEMBER = {subject: (*actions, *_WRITE) for subject, actions in _READ.items()} | {"workspace": ("read",)}
_ADMIN = _MEMBER | {"workspace": ("read", *_WRITE)}

# The actions of each role, by what they are done to.
ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    "no-access": {},
    "viewer": _READ,
    "member": _MEMBER,
    "admin": _ADMIN,
}


def role_in(backend: Backend, caller: Caller, project_id: str) -> str | None:
    """The role of the caller in a project; None for one who is no member."""
    row = backend.store.one(
        "SELECT role, project_id FROM roles WHERE identity_id = ? AND project_id IN (?, '') ORDER BY project_id DESC",
        caller.id,
        project_id,
    )
    if row is None or (row["role"] == "no-access" and not row["project_id"]):
        return None
    return str(row["role"])


def permit(call: Call, project_id: str, action: str, subject: str) -> Row:
    """The project, when the caller's role in it holds the action.

    Raises:
        ApiError: 404 for no such project, 403 for one who is no member, 403 PermissionDenied
            with the rules of the role for that subject when the action is not among them.
    """
    project = call.backend.store.one("SELECT * FROM projects WHERE id = ?", project_id)
    if project is None:
        raise not_found(f"Project with {project_id} not found")
    role = role_in(call.backend, call.caller, project_id)
    if role is None:
        raise forbidden(
            f"You are not a member of this project with ID {project_id}. "
            "Please assign this identity to the project with the appropriate permissions, then try again.",
            "ProjectMembershipNotFound",
        )
    if action not in ROLES[role].get(subject, ()):
        raise permission_denied(action, subject, _rules(role, subject))
    return project


def _rules(role: str, subject: str) -> list[dict[str, Any]]:
    actions = ROLES[role].get(subject, ())
    return [{"action": action, "inverted": False, "subject": subject, "conditions": {}} for action in actions]


def permit_organization(call: Call, action: str, subject: str) -> None:
    """Pass a member or admin of the organization.

    Raises:
        ApiError: 403 PermissionDenied for any other identity.
    """
    row = call.backend.store.one("SELECT role FROM roles WHERE identity_id = ? AND project_id = ''", call.caller.id)
    if row is None or row["role"] not in ("member", "admin"):
        raise permission_denied(action, subject, [])


def project_by_slug(call: Call, slug: str) -> Row:
    """The project with that slug.

    Raises:
        ApiError: 404 for no such project.
    """
    project = call.backend.store.one("SELECT * FROM projects WHERE slug = ?", slug)
    if project is None:
        raise not_found(f"Project with slug '{slug}' not found")
    return project


def project_id_of(call: Call, complaint: str) -> str:
    """The project that the data names by id or by slug.

    Raises:
        ApiError: 400 with the complaint when it names none, 404 for an unknown slug.
    """
    if call.data.get("project_id"):
        return str(call.data["project_id"])
    if call.data.get("project_slug"):
        return str(project_by_slug(call, call.data["project_slug"])["id"])
    raise bad_request(complaint)
