"""Projects of the organization."""

from __future__ import annotations

import json
import re
import secrets
import uuid
from typing import Any

from ..store import Row, Store
from .access import permit, permit_organization, project_by_slug, role_in
from .backend import timestamp
from .environments import add_environment, environment_ref
from .errors import bad_request, forbidden
from .routing import Call, Routes
from .validation import ABSENT, Rule, choice, flag, listing, number, switch, text

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun
TYPES = ("secret-manager", "cert-manager", "kms", "ssh", "secret-scanning", "pam", "ai")
DEFAULT_ENVIRONMENTS = (("Development", "dev"), ("Staging", "staging"), ("Production", "prod"))
SLUG_RULE: Rule = (lambda slug: re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", slug) is not None, "Slug must be a valid slug")


def project_row(row: Row, organization_id: str) -> dict[str, Any]:
    """A project as the API shows it, without its environments."""
    return {
        "id": row["id"],
        "_id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "type": row["type"],
        "defaultProduct": None,
        "slug": row["slug"],
        "autoCapitalization": bool(row["auto_capitalization"]),
        "orgId": organization_id,
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "version": 3,
        "upgradeStatus": None,
        "pitVersionLimit": row["pit_version_limit"],
        "kmsCertificateKeyId": None,
        "auditLogsRetentionDays": None,
        "hasDeleteProtection": bool(row["delete_protection"]),
        "secretSharing": bool(row["secret_sharing"]),
        "showSnapshotsLegacy": bool(row["snapshots_legacy"]),
        "secretDetectionIgnoreValues": json.loads(row["ignore_values"] or "null"),
        "enforceEncryptedSecretManagerSecretMetadata": bool(row["encrypted_metadata"]),
    }


def _whole(call: Call, row: Row) -> dict[str, Any]:
    environments = call.backend.store.all(
        "SELECT * FROM environments WHERE project_id = ? ORDER BY position", row["id"]
    )
    listed = [environment_ref(environment) for environment in environments]
    return project_row(row, call.backend.organization_id) | {"environments": listed}


def create(call: Call) -> Any:
    """POST projects; the caller becomes its admin."""
    permit_organization(call, "create", "workspace")
    store, data, now = call.backend.store, call.data, timestamp()
    slug = data.get("slug") or _slug_from(data["name"])
    _refuse_taken(store, slug)
    project_id = str(uuid.uuid4())
    store.insert(
        "projects",
        id=project_id,
        name=data["name"],
        slug=slug,
        description=data["description"],
        type=data["type"],
        delete_protection=data["delete_protection"],
        created_at=now,
        updated_at=now,
    )
    store.insert("roles", identity_id=call.caller.id, project_id=project_id, role="admin")
    for name, environment_slug in DEFAULT_ENVIRONMENTS if data["default_environments"] else ():
        add_environment(store, project_id, name, environment_slug)
    return {"project": _whole(call, permit(call, project_id, "read", "workspace"))}


def _slug_from(name: str) -> str:
    stem = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{stem}-{secrets.token_hex(2)}".lstrip("-")


def _refuse_taken(store: Store, slug: str) -> None:
    if store.one("SELECT 1 FROM projects WHERE slug = ?", slug):
        raise bad_request("Project with slug already exists")


def list_all(call: Call) -> Any:
    """GET projects: those where the caller is a member."""
    rows = call.backend.store.all("SELECT * FROM projects ORDER BY name, id")
    wanted = call.data.get("type")
    seen = [row for row in rows if role_in(call.backend, call.caller, row["id"])]
    return {"projects": [_whole(call, row) for row in seen if wanted in (None, row["type"])]}


def show(call: Call) -> Any:
    """GET projects/{projectId}."""
    return {"project": _whole(call, permit(call, call.params["projectId"], "read", "workspace"))}


def show_by_slug(call: Call) -> Any:
    """GET projects/slug/{slug}: the bare object."""
    project = project_by_slug(call, call.params["slug"])
    return _whole(call, permit(call, project["id"], "read", "workspace"))


def update(call: Call) -> Any:
    """PATCH projects/{projectId}."""
    project = permit(call, call.params["projectId"], "edit", "workspace")
    columns = dict(call.data)
    if columns.get("slug") not in (None, project["slug"]):
        _refuse_taken(call.backend.store, columns["slug"])
    if "ignore_values" in columns:
        columns["ignore_values"] = json.dumps(columns["ignore_values"])
    call.backend.store.update("projects", project["id"], **columns, updated_at=timestamp())
    changed = permit(call, project["id"], "read", "workspace")
    return {"project": project_row(changed, call.backend.organization_id)}


def delete(call: Call) -> Any:
    """DELETE projects/{projectId}, with everything in it."""
    project = permit(call, call.params["projectId"], "delete", "workspace")
    if project["delete_protection"]:
        raise forbidden("Project delete protection is enabled")
    call.backend.store.run("DELETE FROM projects WHERE id = ?", project["id"])
    call.backend.store.run("DELETE FROM roles WHERE project_id = ?", project["id"])
    return {"project": project_row(project, call.backend.organization_id)}


_CREATE = {
    "projectName": text("name", least=1, most=64),
    "projectDescription": text("description", default=None, most=1024),
    "slug": text(default=ABSENT, least=5, most=36, rule=SLUG_RULE),
    "kmsKeyId": text(default=ABSENT),
    "template": text(default="default", most=64),
    "type": choice("type", TYPES, "secret-manager"),
    "shouldCreateDefaultEnvs": flag("default_environments", default=True),
    "hasDeleteProtection": flag("delete_protection", default=False),
}
_UPDATE = {
    "name": text(default=ABSENT, least=1, most=64),
    "description": text(default=ABSENT, most=1024),
    "slug": text(default=ABSENT, most=64, rule=SLUG_RULE),
    "autoCapitalization": flag("auto_capitalization"),
    "hasDeleteProtection": flag("delete_protection"),
    "enforceEncryptedSecretManagerSecretMetadata": flag("encrypted_metadata"),
    "secretSharing": flag("secret_sharing"),
    "showSnapshotsLegacy": flag("snapshots_legacy"),
    "secretDetectionIgnoreValues": listing(text(), "ignore_values", default=ABSENT),
    "pitVersionLimit": number("pit_version_limit", least=1, most=100),
}
_LIST = {"includeRoles": switch("include_roles", False), "type": choice("type", TYPES, ABSENT)}

routes.add("POST", "/api/v1/projects", create, body=_CREATE)
routes.add("GET", "/api/v1/projects", list_all, query=_LIST)
routes.add("GET", "/api/v1/projects/{projectId}", show)
routes.add("GET", "/api/v1/projects/slug/{slug}", show_by_slug)
routes.add("PATCH", "/api/v1/projects/{projectId}", update, body=_UPDATE)
routes.add("DELETE", "/api/v1/projects/{projectId}", delete)
