"""The cases of the Infisical SDK, and the one reply that all its calls understand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gemel.infisical import InfisicalAsyncClient, InfisicalClient

from .cases import Arguments, Case, call, case, declared
from .common import METHODS, PATHS, QUERY, configured, optional, repeated, undeclared, undeclared_forms
from .play import Sdk
from .recorder import Request, reply
from .values import ANYTHING

PLACE = {"project_id": "p", "environment": "dev"}
READING = call("secrets.retrieve", "KEY", **PLACE)
WRITING = call("secrets.create", "KEY", secret_value="v", **PLACE)
ENVIRONMENT = {"id": "e", "name": "Dev", "slug": "dev", "envId": "e", "envName": "Dev", "envSlug": "dev"}
FOLDER = {"id": "f", "name": "a", "envId": "e", "environment": ENVIRONMENT, "projectId": "p"}
PROJECT = {"id": "p", "name": "P", "slug": "p", "orgId": "o", "type": "secret-manager"}
SECRET = {
    "id": "s",
    "workspace": "p",
    "environment": "dev",
    "version": 1,
    "type": "shared",
    "secretKey": "KEY",
    "secretValue": "v",
}
IMPORT = {"id": "i", "importPath": "/", "importEnv": ENVIRONMENT, "position": 1, "folderId": "f"}
EVERYTHING: dict[str, Any] = {
    **PROJECT,
    "secret": SECRET,
    "secrets": [SECRET],
    "folder": FOLDER,
    "folders": [FOLDER],
    "project": PROJECT,
    "projects": [PROJECT],
    "environment": {**ENVIRONMENT, "position": 1, "projectId": "p"},
    "secretImport": IMPORT,
    "secretImports": [IMPORT],
    "accessToken": "a-token",
    "expiresIn": 7200,
    "message": "done",
}


def answer(request: Request) -> bytes:
    """What every call gets: no field that a call knows is missing, and what it does not know it drops."""
    return reply(EVERYTHING)


def settings(url: str) -> dict[str, Any]:
    return {"endpoint": url, "token": "wire-token", "retries": 0}


def cases(client: Any, mode: str) -> Iterator[Case]:
    yield from declared(client)
    yield from optional("secrets.list", **PLACE)
    yield from optional("secrets.create", name="A/B", secret_value="v", **PLACE)
    yield from optional("folders.delete", folder_id="f", **PLACE)
    yield from undeclared()
    yield from undeclared_forms()
    yield from created()
    url = client.endpoint
    yield from configured(client, mode, address="endpoint", url=url, reading=READING, writing=WRITING)
    written = call("request", "POST", "once", body={"a": 1}, headers={"Idempotency-Key": "once"})
    yield from repeated(READING, written)
    yield from identified()


def created() -> Iterator[Case]:
    """The cases of `create_request` and `handle_request`."""
    for method in METHODS:
        yield case(f"create_request {method}", call("create_request", method, "api/v1/x"))
        everything = {"params": QUERY, "body": ANYTHING[2]}
        yield case(
            f"create_request {method}, all", call("create_request", method.lower(), "/api/v1/x?a=b", **everything)
        )
    for number, path in enumerate(PATHS, 1):
        yield case(f"create_request, path {number}", call("create_request", "get", path, {"a": "b"}))
    yield case(
        "handle_request",
        lambda client: client.handle_request(client.create_request("get", "api/v1/x"), {"message": str}),
    )


def identified() -> Iterator[Case]:
    """The cases of credentials: tokens, a login that serves several calls, and a token that is given back."""
    identity: Arguments = {"token": None, "client_id": "an id, ü", "client_secret": 'a "secret" \\ ü'}
    service: Arguments = {"token": "st.one.two.the-key-of-its-own"}
    yield case("service token", READING, **service)
    yield case("login", READING, WRITING, **identity)
    yield case("login, revoked on close", READING, revoke_on_close=True, **identity)
    yield case("login again", READING, READING, replies=(reply(EVERYTHING), reply({}, 401)), **identity)
    yield case("login, headers", READING, headers={"X-One": "1"}, **identity)


SDK = Sdk(InfisicalClient, InfisicalAsyncClient, settings, cases, answer)
