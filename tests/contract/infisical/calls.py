"""For every declared endpoint: calls that succeed, with the least and with every argument."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gemel.infisical import (
    FolderChange,
    ImportSource,
    InfisicalAsyncClient,
    InfisicalClient,
    NewSecret,
    SecretChange,
    SecretKey,
    SecretMetadata,
)
from gemel.sandbox import Sandbox

Call = Callable[[Any, "World"], Any]


@dataclass
class World:
    """What the calls find on the server: a project with one of everything."""

    project: str
    environment: str
    folder: str
    bring: str
    token: str
    client_id: str
    client_secret: str
    place: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.place = {"project_id": self.project, "environment": "dev"}


def world(sandbox: Sandbox) -> World:
    """Make one of everything."""
    lasting = sandbox.add_identity("lasting", role="member", access_token_ttl=60, access_token_max_ttl=600)
    with InfisicalClient(endpoint=sandbox.url, token=sandbox.token) as client:
        project = client.projects.create("World", slug="the-world").id
        place = {"project_id": project, "environment": "dev"}
        client.secrets.create("KEY", secret_value="v", **place)
        folder = client.folders.create("a", **place)
        bring = client.secret_imports.create(ImportSource(environment="prod", path="/"), **place)
        environment = client.environments.create("QA", project_id=project, slug="qa")
    token = sandbox.issue_token(lasting.identity_id)
    return World(project, environment.id, folder.id, bring.id, token, lasting.client_id, lasting.client_secret)


def blocking(sandbox: Sandbox, call: Callable[[Any], Any], **settings: Any) -> Any:
    with InfisicalClient(endpoint=sandbox.url, token=sandbox.token, retries=0, **settings) as client:
        return call(client)


def awaiting(sandbox: Sandbox, call: Callable[[Any], Any]) -> Any:
    async def run() -> Any:
        async with InfisicalAsyncClient(endpoint=sandbox.url, token=sandbox.token, retries=0) as client:
            return await call(client)

    return asyncio.run(run())


METADATA = [SecretMetadata(key="team", value="core")]
REMINDER: dict[str, Any] = {"secret_reminder_note": "rotate", "secret_reminder_repeat_days": 30}
HIDDEN: dict[str, Any] = {"view_secret_value": False, "expand_secret_references": False, "include_imports": True}
NEW = NewSecret(
    secret_key="B",
    secret_value="2",
    secret_comment="c",
    secret_metadata=METADATA,
    tag_ids=[],
    skip_multiline_encoding=None,
)
CHANGE = SecretChange(
    secret_key="KEY",
    secret_value="3",
    secret_comment="c",
    secret_path="/",
    new_secret_name="OTHER",
    secret_metadata=METADATA,
    tag_ids=[],
    skip_multiline_encoding=True,
    secret_reminder_note=None,
    secret_reminder_repeat_days=None,
)
CREATE: dict[str, Any] = {
    "secret_value": "v",
    "secret_path": "/",
    "secret_comment": "c",
    "secret_metadata": METADATA,
    "tag_ids": [],
    "skip_multiline_encoding": None,
    "type": "shared",
    **REMINDER,
}
UPDATE: dict[str, Any] = {**CREATE, "skip_multiline_encoding": True, "new_secret_name": "OTHER"}


def secrets(of: Callable[[Any], Any], **listed: Any) -> dict[str, list[Call]]:
    """The calls of one generation of secrets."""
    filters = {"tag_slugs": ["a", "b"], "metadata_filter": "key=a,value=b", "recursive": True, **listed}
    return {
        "list": [
            lambda client, at: of(client).list(**at.place),
            lambda client, at: of(client).list(secret_path="/a", **HIDDEN, **filters, **at.place),
        ],
        "retrieve": [
            lambda client, at: of(client).retrieve("KEY", **at.place),
            lambda client, at: of(client).retrieve("KEY", secret_path="/", version=1, **HIDDEN, **at.place),
        ],
        "create": [
            lambda client, at: of(client).create("A B", secret_value="v", **at.place),
            lambda client, at: of(client).create("ALL", **CREATE, **at.place),
        ],
        "update": [
            lambda client, at: of(client).update("KEY", secret_value="w", **at.place),
            lambda client, at: of(client).update("KEY", **UPDATE, **at.place),
        ],
        "delete": [
            lambda client, at: of(client).delete("KEY", **at.place),
            lambda client, at: of(client).delete("KEY", secret_path="/", type="shared", **at.place),
        ],
        "batch_create": [
            lambda client, at: of(client).batch_create([NewSecret(secret_key="A", secret_value="1"), NEW], **at.place)
        ],
        "batch_update": [
            lambda client, at: of(client).batch_update([SecretChange(secret_key="KEY")], **at.place),
            lambda client, at: of(client).batch_update([CHANGE], mode="upsert", secret_path="/", **at.place),
        ],
        "batch_delete": [
            lambda client, at: of(client).batch_delete([SecretKey(secret_key="KEY")], **at.place),
            lambda client, at: of(client).batch_delete([SecretKey(secret_key="KEY", type="shared")], **at.place),
        ],
    }


def folders(of: Callable[[Any], Any]) -> dict[str, list[Call]]:
    """The calls of one generation of folders."""
    described = {"secret_path": "/", "description": "why"}
    return {
        "list": [
            lambda client, at: of(client).list(**at.place),
            lambda client, at: of(client).list(secret_path="/a", recursive=True, **at.place),
        ],
        "retrieve": [lambda client, at: of(client).retrieve(at.folder)],
        "create": [
            lambda client, at: of(client).create("b", **at.place),
            lambda client, at: of(client).create("b", **described, **at.place),
            lambda client, at: of(client).create("b", description=None, **at.place),
        ],
        "update": [
            lambda client, at: of(client).update(at.folder, name="c", **at.place),
            lambda client, at: of(client).update(at.folder, name="c", **described, **at.place),
        ],
        "delete": [
            lambda client, at: of(client).delete(at.folder, **at.place),
            lambda client, at: of(client).delete("a", secret_path="/", force_delete=True, **at.place),
        ],
    }


def batch_of_folders(client: Any, at: World) -> Any:
    change = FolderChange(id=at.folder, environment="dev", name="b", path="/", description=None)
    return client.folders.batch_update([change], project_id=at.project)


PROJECTS: dict[str, list[Call]] = {
    "list": [
        lambda client, at: client.projects.list(),
        lambda client, at: client.projects.list(include_roles=True, type="kms"),
    ],
    "retrieve": [lambda client, at: client.projects.retrieve(at.project)],
    "retrieve_by_slug": [lambda client, at: client.projects.retrieve_by_slug("the-world")],
    "create": [
        lambda client, at: client.projects.create("Two"),
        lambda client, at: client.projects.create(
            "Two",
            description="why",
            slug="second",
            type="kms",
            template="default",
            kms_key_id="key",
            should_create_default_envs=False,
            has_delete_protection=True,
        ),
    ],
    "update": [
        lambda client, at: client.projects.update(at.project, name="New"),
        lambda client, at: client.projects.update(
            at.project,
            name="New",
            description="why",
            slug="new-slug",
            auto_capitalization=False,
            has_delete_protection=True,
            pit_version_limit=5,
        ),
    ],
    "delete": [lambda client, at: client.projects.delete(at.project)],
}
ENVIRONMENTS: dict[str, list[Call]] = {
    "retrieve": [lambda client, at: client.environments.retrieve(at.environment, project_id=at.project)],
    "create": [
        lambda client, at: client.environments.create("New", project_id=at.project, slug="new"),
        lambda client, at: client.environments.create("New", project_id=at.project, slug="new", position=1),
    ],
    "update": [
        lambda client, at: client.environments.update(at.environment, project_id=at.project, position=2),
        lambda client, at: client.environments.update(at.environment, project_id=at.project, name="N", slug="n"),
    ],
    "delete": [lambda client, at: client.environments.delete(at.environment, project_id=at.project)],
}
SOURCE = ImportSource(environment="staging", path="/")
IMPORTS: dict[str, list[Call]] = {
    "list": [
        lambda client, at: client.secret_imports.list(**at.place),
        lambda client, at: client.secret_imports.list(secret_path="/a", **at.place),
    ],
    "create": [
        lambda client, at: client.secret_imports.create(SOURCE, **at.place),
        lambda client, at: client.secret_imports.create(SOURCE, secret_path="/a", is_replication=True, **at.place),
    ],
    "delete": [lambda client, at: client.secret_imports.delete(at.bring, **at.place)],
}
LOGIN: dict[str, list[Call]] = {
    "login": [
        lambda client, at: client.universal_auth.login(client_id=at.client_id, client_secret=at.client_secret),
        lambda client, at: client.universal_auth.login(
            client_id=at.client_id, client_secret=at.client_secret, organization_slug="team"
        ),
    ]
}
TOKENS: dict[str, list[Call]] = {
    "renew": [lambda client, at: client.access_tokens.renew(at.token)],
    "revoke": [lambda client, at: client.access_tokens.revoke(at.token)],
}


def _under(path: str, calls: dict[str, list[Call]]) -> dict[str, list[Call]]:
    return {f"{path}.{name}": each for name, each in calls.items()}


CALLS: dict[str, list[Call]] = {
    **_under("secrets", secrets(lambda client: client.secrets, include_personal_overrides=True)),
    **_under("secrets.v3", secrets(lambda client: client.secrets.v3)),
    **_under("folders", folders(lambda client: client.folders)),
    **_under("folders", {"batch_update": [batch_of_folders]}),
    **_under("folders.v1", folders(lambda client: client.folders.v1)),
    **_under("projects", PROJECTS),
    **_under("environments", ENVIRONMENTS),
    **_under("secret_imports", IMPORTS),
    **_under("universal_auth", LOGIN),
    **_under("access_tokens", TOKENS),
}
