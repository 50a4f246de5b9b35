"""The routes of secrets: the same operations under the names and defaults of two generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..paths import secret_path_field
from ..routing import Routes
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
)
from . import read, write
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
    filters = {"recursive": switch("recursive", False), "metadataFilter": metadata_filter(), "tagSlugs": tag_slugs()}
    if generation.generous:
        filters["includePersonalOverrides"] = switch("personal", False)
    version = {"version": coerced_number("version"), "type": TYPE}
    base = generation.base
    one = f"{base}/{{secretName}}"
    routes.add("GET", base, read.list_all, query=optional | shown | filters, etag=True)
    routes.add("GET", one, read.show, query={**generation.in_query, **shown, **version}, params={"secretName": text()})
    routes.add("GET", f"{base}/id/{{secretId}}", read.show_by_id)


def _add_writing(generation: Generation) -> None:
    address = {**generation.in_body, "environment": text(), "secretPath": secret_path_field()}
    one, batch = f"{generation.base}/{{secretName}}", generation.batch
    routes.add("POST", one, write.create, body=address | _NEW | _REMINDER | {"type": TYPE}, params=_NEW_NAME)
    changed = _CHANGED | _RECIPIENTS | {"type": TYPE}
    routes.add("PATCH", one, write.update, body=address | changed, params=_OLD_NAME)
    routes.add("DELETE", one, write.delete, body=address | {"type": TYPE})
    routes.add("POST", batch, write.create_many, body=address | {"secrets": listing(_NEW_ITEM, least=1)})
    routes.add("PATCH", batch, write.update_many, body=address | _MODE | {"secrets": listing(_CHANGED_ITEM, least=1)})
    routes.add("DELETE", batch, write.delete_many, body=address | {"secrets": listing(_DELETED_ITEM, least=1)})


for _generation in (V3, V4):
    _add_reading(_generation)
    _add_writing(_generation)
