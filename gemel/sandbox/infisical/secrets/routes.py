"""The routes of secrets: the same operations under the names and defaults of two generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..paths import secret_path_field
from ..routing import CURRENT, SERVICE, Routes
from ..validation import (
    ABSENT,
    REQUIRED,
    Field,
    Rule,
    choice,
    coerced_number,
    flag,
    listing,
    number,
    record,
    switch,
    text,
    uuid_text,
)
from . import copying, read, write
from .filters import metadata_filter, tag_slugs

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun


@dataclass(frozen=True)
class Generation:
    """What differs between the generations of the secrets endpoints.

    Attributes:
        base: The path of the list.
        batch: The path of the batch operations.
        in_query: How a query names the project.
        in_body: How a body names the project.
        imports: The query parameter that asks for imports.
        generous: Whether imports and expanded references are the default.
    """

    base: str
    batch: str
    in_query: Mapping[str, Field]
    in_body: Mapping[str, Field]
    imports: str
    generous: bool


_WORKSPACE = {"workspaceId": text("project_id", default=ABSENT)}

V3 = Generation(
    "/api/v3/secrets/raw",
    "/api/v3/secrets/batch/raw",
    _WORKSPACE | {"workspaceSlug": text("project_slug", default=ABSENT)},
    _WORKSPACE | {"projectSlug": text("project_slug", default=ABSENT)},
    "include_imports",
    generous=False,
)
V4 = Generation(
    "/api/v4/secrets",
    "/api/v4/secrets/batch",
    {"projectId": text("project_id")},
    {"projectId": text("project_id")},
    "includeImports",
    generous=True,
)

TYPE = choice("type", ("shared", "personal"), "shared")
NAME_RULE: Rule = (
    lambda name: ":" not in name and "/" not in name,
    "Secret name cannot contain colon or forward slash.",
)


def _kept_newline(value: str) -> str:
    return value.strip() + "\n" if value.endswith("\n") else value.strip()


def _name(to: str = "", default: object = REQUIRED) -> Field:
    return text(to, default=default, least=1, rule=NAME_RULE)


def _value(default: object = REQUIRED) -> Field:
    return text("value", default=default, trim=False, then=_kept_newline)


_METADATA_ITEM = record(
    {"key": text(least=1, most=255), "value": text(default="", most=1020), "isEncrypted": flag(default=False)}
)
_TAGS_AND_METADATA = {
    "tagIds": listing(text(trim=False), "tags", default=ABSENT),
    "secretMetadata": listing(_METADATA_ITEM, "metadata", default=ABSENT),
}
_REMINDER = {
    "secretReminderNote": text("reminder_note", default=ABSENT, nullable=True, trim=False, most=1024),
    "secretReminderRepeatDays": number("reminder_days", nullable=True),
}
_NEW = {
    "secretValue": _value(),
    "secretComment": text("comment", default=""),
    "skipMultilineEncoding": flag("skip_multiline", nullable=True),
} | _TAGS_AND_METADATA
_CHANGED = (
    {
        "secretValue": _value(ABSENT),
        "secretComment": text("comment", default=ABSENT),
        "skipMultilineEncoding": flag("skip_multiline"),
        "newSecretName": _name("new_key", ABSENT),
    }
    | _TAGS_AND_METADATA
    | _REMINDER
)
# Checked and then forgotten: the sandbox reminds nobody.
_RECIPIENTS = {"secretReminderRecipients": listing(text(), "reminder_recipients", default=ABSENT)}

_KEY = {"secretKey": _name("key")}
_NEW_ITEM = record(_KEY | _NEW)
_CHANGED_ITEM = record(_KEY | _CHANGED | {"secretPath": secret_path_field(default=ABSENT)})
_DELETED_ITEM = record({"secretKey": text("key", trim=False), "type": TYPE})
_MODE = {"mode": choice("mode", ("upsert", "ignore", "failOnNotFound"), "failOnNotFound")}

_NEW_NAME = {"secretName": _name()}
_OLD_NAME = {"secretName": text(least=1)}


def _add_reading(generation: Generation) -> None:
    shown = {
        "environment": text(default=ABSENT),
        "secretPath": secret_path_field(),
        "viewSecretValue": switch("visible", True),
        "expandSecretReferences": switch("expand", generation.generous),
        generation.imports: switch("imports", generation.generous),
    }
    optional = {name: text(field.to, default=ABSENT) for name, field in generation.in_query.items()}
    modes = CURRENT | SERVICE
    filters = {"recursive": switch("recursive", False), "metadataFilter": metadata_filter(), "tagSlugs": tag_slugs()}
    if generation.generous:
        filters["includePersonalOverrides"] = switch("personal", False)
    version = {"version": coerced_number("version"), "type": TYPE}
    base = generation.base
    one = f"{base}/{{secretName}}"
    named = {**generation.in_query, **shown, **version}
    routes.add("GET", base, read.list_all, query=optional | shown | filters, etag=True, modes=modes)
    routes.add("GET", one, read.show, query=named, params={"secretName": text()}, etag=True, modes=modes)
    routes.add("GET", f"{base}/id/{{secretId}}", read.show_by_id, modes=modes)


def _add_writing(generation: Generation) -> None:
    address = {**generation.in_body, "environment": text(), "secretPath": secret_path_field()}
    one, batch = f"{generation.base}/{{secretName}}", generation.batch
    new, changed = _NEW | _REMINDER | {"type": TYPE}, _CHANGED | _RECIPIENTS | {"type": TYPE}
    many = {"secrets": listing(_CHANGED_ITEM, least=1)} | _MODE
    for method, path, handler, body, params in (
        ("POST", one, write.create, new, _NEW_NAME),
        ("PATCH", one, write.update, changed, _OLD_NAME),
        ("DELETE", one, write.delete, {"type": TYPE}, None),
        ("POST", batch, write.create_many, {"secrets": listing(_NEW_ITEM, least=1)}, None),
        ("PATCH", batch, write.update_many, many, None),
        ("DELETE", batch, write.delete_many, {"secrets": listing(_DELETED_ITEM, least=1)}, None),
    ):
        routes.add(method, path, handler, body=address | body, params=params, modes=CURRENT | SERVICE)


_ENDS = {
    "sourceEnvironment": text("source_environment"),
    "sourceSecretPath": secret_path_field("source_path"),
    "destinationEnvironment": text("destination_environment"),
    "destinationSecretPath": secret_path_field("destination_path"),
    "shouldOverwrite": flag("overwrite", default=False),
}
_ATTRIBUTES = record(
    {name: flag(default=False) for name in ("value", "comment", "tags", "metadata", "skipMultilineEncoding")},
    "attributes",
    default=ABSENT,
)
_MOVED = _ENDS | {"secretIds": listing(text(trim=False), "ids")}
_DUPLICATED = _ENDS | {"secretIds": listing(uuid_text(), "ids", least=1, most=50), "attributesToCopy": _ATTRIBUTES}

routes.add("POST", "/api/v4/secrets/move", copying.move, body=_MOVED | {"projectId": text("project_id")})
routes.add("POST", "/api/v3/secrets/move", copying.move, body=_MOVED | {"projectSlug": text("project_slug")})
routes.add("POST", "/api/v4/secrets/duplicate", copying.duplicate, body=_DUPLICATED | {"projectId": text("project_id")})

for _generation in (V3, V4):
    _add_reading(_generation)
    _add_writing(_generation)
