"""Who may do what in a project: the rules of the caller's role there, or of a service token."""

from __future__ import annotations

import json
from typing import Any

from ..store import Row, Store
from .backend import Backend, Caller
from .errors import bad_request, forbidden, not_found, permission_denied
from .routing import Call
from .rules import ROLES, Ability, Rule, parsed, service_token_rules

__all__ = [
    "ability_in",
    "deny_unless",
    "permit",
    "permit_organization",
    "project_by_slug",
    "project_id_of",
    "role_in",
]


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


def _rules_of(store: Store, project_id: str, role: str) -> tuple[Rule, ...]:
    if role in ROLES:
        return ROLES[role]
    row = store.one("SELECT permissions FROM project_roles WHERE project_id = ? AND slug = ?", project_id, role)
    return () if row is None else tuple(parsed(json.loads(row["permissions"])))


def _project(store: Store, project_id: str) -> Row:
    project = store.one("SELECT * FROM projects WHERE id = ?", project_id)
    if project is None:
        raise not_found(f"Project with {project_id} not found")
    return project


def ability_in(call: Call, project_id: str) -> Ability:
    """What the caller may do in a project.

    Raises:
        ApiError: 404 for no such project, 403 for one who is no member.
    """
    store, caller = call.backend.store, call.caller
    _project(store, project_id)
    if caller.token is not None:
        if caller.token["project_id"] != project_id:
            raise forbidden(f"Service token is not a part of the project with ID {project_id}")
        scopes, permissions = json.loads(caller.token["scopes"]), json.loads(caller.token["permissions"])
        return Ability(service_token_rules(scopes, permissions))
    role = role_in(call.backend, caller, project_id)
    if role is None:
        raise forbidden(
            f"You are not a member of this project with ID {project_id}. "
            f"Please assign this {caller.kind} to the project with the appropriate permissions, then try again.",
            "ProjectMembershipNotFound",
        )
    return Ability(_rules_of(store, project_id, role))


def deny_unless(ability: Ability, action: str, subject: str, fields: dict[str, Any] | None = None) -> None:
    """Pass an action that is allowed.

    Raises:
        ApiError: 403 PermissionDenied with the rules of the role for that subject.
    """
    if not ability.can(action, subject, fields):
        raise permission_denied(action, subject, ability.details(subject))


def permit(call: Call, project_id: str, action: str, subject: str, fields: dict[str, Any] | None = None) -> Row:
    """The project, when the caller's role in it holds the action.

    Raises:
        ApiError: As `ability_in` and `deny_unless`.
    """
    deny_unless(ability_in(call, project_id), action, subject, fields)
    return _project(call.backend.store, project_id)


def permit_organization(call: Call, action: str, subject: str) -> None:
    """Pass a member or admin of the organization.

    Raises:
        ApiError: 403 PermissionDenied for any other caller.
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
