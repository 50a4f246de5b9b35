# mypy: disable-error-code="empty-body"
"""User code: what the checkers must understand (R) and must reject (E); test_user_code.py says how to read it."""

import asyncio
from typing import Annotated, Any

import aiohttp
import requests
from typing_extensions import assert_type, reveal_type

from gemel import (
    OMIT,
    SECRET,
    Async,
    AsyncClient,
    BaseClient,
    Client,
    Field,
    Flow,
    M,
    Model,
    NotFoundError,
    Omit,
    Poll,
    Query,
    Request,
    Resource,
    Response,
    Sync,
    delete,
    flow,
    get,
    perform,
    post,
    wait_until,
)
from gemel.infisical import (
    Folder,
    ImportSource,
    InfisicalAsyncClient,
    InfisicalClient,
    NewSecret,
    Project,
    Secret,
    SecretList,
    Secrets,
)


def sync_user(client: InfisicalClient) -> None:
    """What a blocking client returns."""
    reveal_type(client.secrets)  # R: Secrets[Sync]
    reveal_type(client.secrets.retrieve("A", project_id="p", environment="e"))  # R: Secret
    assert_type(client.secrets.retrieve("A", project_id="p", environment="e"), Secret)
    assert_type(client.secrets.v3.retrieve("A", project_id="p", environment="e"), Secret)
    assert_type(client.secrets.list(project_id="p", environment="e", recursive=True), SecretList)
    for secret in client.secrets.list(project_id="p", environment="e"):
        assert_type(secret, Secret)
    made = client.secrets.batch_create([NewSecret(secret_key="A", secret_value="v")], project_id="p", environment="e")
    assert_type(made, list[Secret])
    reveal_type(client.folders.list(project_id="p", environment="e"))  # R: list[Folder]
    assert_type(client.folders.v1.list(project_id="p", environment="e"), list[Folder])
    assert_type(client.projects.create("name"), Project)
    client.secret_imports.create(ImportSource(environment="e", path="/"), project_id="p", environment="f")
    # R pyright: () -> Response
    # R mypy: def () -> Response
    reveal_type(client.create_request("get", "api/v1/projects"))
    with InfisicalClient(token="t", timeout=5, retries=0, session=requests.Session()) as own:
        reveal_type(own)  # R: InfisicalClient


async def async_user(client: InfisicalAsyncClient) -> None:
    """What an async client returns, awaited."""
    reveal_type(client.secrets)  # R: Secrets[Async]
    reveal_type(await client.secrets.retrieve("A", project_id="p", environment="e"))  # R: Secret
    assert_type(await client.secrets.retrieve("A", project_id="p", environment="e"), Secret)
    assert_type(await client.secrets.v3.list(project_id="p", environment="e"), SecretList)
    assert_type(await client.folders.list(project_id="p", environment="e"), list[Folder])
    task = asyncio.create_task(client.secrets.retrieve("A", project_id="p", environment="e"))
    assert_type(await task, Secret)
    one, many = await asyncio.gather(
        client.projects.create("name"), client.secrets.list(project_id="p", environment="e")
    )
    assert_type(one, Project)
    assert_type(many, SecretList)
    async with InfisicalAsyncClient(token="t", session=aiohttp.ClientSession()) as own:
        reveal_type(own)  # R: InfisicalAsyncClient


class Audit(Model, case="camel"):
    """A record of a user's own."""

    reason: str
    audited_by: Annotated[str | None, SECRET] = None


class MySecrets(Secrets[M]):
    """An endpoint added to a resource of an SDK."""

    @post("api/v4/secrets/{name}/audit", unwrap="audit")
    def audit(self, name: str, *, reason: str, depth: Annotated[int | Omit, Query] = OMIT) -> Audit:
        """Note why a secret was looked at."""
        ...

    @flow
    def get_or_create(self, name: str, *, project_id: str) -> Flow[Secret]:
        """Return the secret; make it empty when there is none."""
        try:
            return (yield from perform(self.retrieve, name, project_id=project_id, environment="e"))
        except NotFoundError:
            made = yield from perform(self.create, name, project_id=project_id, environment="e", secret_value="")
            assert_type(made, Secret)
            return made

    @flow
    def audited(self, name: str) -> Flow[Audit]:
        """Compose another flow, and wait."""
        secret = yield from perform(self.get_or_create, name, project_id="p")
        assert_type(secret, Secret)
        poll: Poll[Audit] = Poll(lambda audit: audit.reason == "r", timeout=5)
        return (yield from wait_until(poll, self.audit, secret.secret_key, reason="r"))


class Albums(Resource[M], case="camel"):
    """A resource of a user's own."""

    @get("albums/{album_id}")
    def retrieve(self, album_id: int, *, with_tracks: bool = False) -> Audit:
        """Retrieve one album."""
        ...

    @delete("albums/{album_id}")
    def delete(self, album_id: int, *, reason: Annotated[str, Field]) -> None:
        """Delete one album."""
        ...


class MyClient(InfisicalClient):
    """A blocking client with one resource narrowed and one added."""

    secrets: MySecrets[Sync]
    albums: Albums[Sync]


class MyAsyncClient(InfisicalAsyncClient):
    """The same, async."""

    secrets: MySecrets[Async]
    albums: Albums[Async]


class Shop(BaseClient[M]):
    """An SDK of a user's own: its resources once."""

    albums: Albums[M]


class ShopClient(Shop[Sync], Client):
    """Blocking."""


class AsyncShopClient(Shop[Async], AsyncClient):
    """Async."""


def sync_author(client: MyClient, shop: ShopClient) -> None:
    """What added endpoints return."""
    assert_type(client.secrets.audit("A", reason="r"), Audit)
    assert_type(client.secrets.retrieve("A", project_id="p", environment="e"), Secret)
    assert_type(client.albums.retrieve(1), Audit)
    assert_type(client.secrets.get_or_create("A", project_id="p"), Secret)
    assert_type(client.secrets.audited("A"), Audit)
    assert_type(client.run(wait_until(Poll[Audit](bool), client.albums.retrieve, 1)), Audit)
    reveal_type(client.albums.retrieve.raw(1))  # R: Reply[Audit]
    assert_type(client.albums.retrieve.raw(1).value, Audit)
    assert_type(client.albums.retrieve.options(timeout=1, retries=0)(1), Audit)
    assert_type(client.albums.retrieve.request(1), Request)
    assert_type(client.albums.retrieve.url(1), str)
    assert_type(client.with_options(timeout=1).albums.retrieve(1), Audit)
    assert_type(client.request("GET", "x"), Response)
    assert_type(shop.albums.retrieve(1, with_tracks=True), Audit)
    # R pyright: SyncCall[(album_id: int, *, reason: str), None]
    # R mypy: SyncCall[[album_id: int, *, reason: str], None]
    reveal_type(shop.albums.delete)
    either(client.secrets)


async def async_author(client: MyAsyncClient, shop: AsyncShopClient) -> None:
    """What added endpoints return, awaited."""
    assert_type(await client.secrets.audit("A", reason="r"), Audit)
    assert_type(await client.albums.retrieve(1), Audit)
    assert_type(await client.secrets.get_or_create("A", project_id="p"), Secret)
    assert_type(await client.run(wait_until(Poll[Audit](bool), client.albums.retrieve, 1)), Audit)
    assert_type((await client.albums.retrieve.raw(1)).value, Audit)
    assert_type(await client.albums.retrieve.options(timeout=1)(1), Audit)
    assert_type(await client.request("GET", "x"), Response)
    assert_type(await shop.albums.retrieve(1), Audit)
    # R pyright: AsyncCall[(album_id: int, *, with_tracks: bool = False), Audit]
    # R mypy: AsyncCall[[album_id: int, *, with_tracks: bool =], Audit]
    reveal_type(shop.albums.retrieve)


def either(secrets: Secrets) -> Secret:
    """Take blocking secrets: the mode is Sync unless said otherwise."""
    return secrets.retrieve("A", project_id="p", environment="e")


async def only_async(secrets: Secrets[Async]) -> Secret:
    """Take async secrets."""
    return await secrets.retrieve("A", project_id="p", environment="e")


def wrong_sync_user(client: InfisicalClient) -> None:
    """Each line is a mistake that a checker must catch."""
    client.secrets.retrieve(1, project_id="p", environment="e")  # E1 wrong type
    client.secrets.retrieve("A", project="p", environment="e")  # E2 unknown keyword
    client.secrets.retrieve("A", environment="e")  # E3 missing argument
    client.secrets.retrieve("A", "p", environment="e")  # E4 keyword-only, passed by position
    number: int = client.secrets.retrieve("A", project_id="p", environment="e")  # E5 wrong result type
    wants_async(client)  # E6 a blocking client where an async one is wanted
    client.secrets.retrieve("A", project_id="p", environment="e").value  # E7 no such field
    client.secrets.retrieve("A", project_id="p", environment="e", type="own")  # E8 not one of the choices
    client.secrets.batch_create([{"secret_key": "A"}], project_id="p", environment="e")  # E9 not a record
    client.folders.retreive("id")  # E10 misspelt method
    NewSecret(secret_key="A")  # E11 a required field is missing
    client.projects.create("A").name = "B"  # E12 records are frozen


async def wrong_async_user(client: InfisicalAsyncClient) -> None:
    """The same, for coroutines."""
    secret: Secret = client.secrets.retrieve("A", project_id="p", environment="e")  # E13 forgot to await
    client.secrets.retrieve("A", project_id="p", environment="e")  # E14 a coroutine that nobody awaits
    client.secrets.retrieve("A", project_id="p", environment="e").secret_value  # E15 attribute of a coroutine
    wants_sync(client)  # E16 an async client where a blocking one is wanted
    either(client.secrets)  # E17 an async resource where a blocking one is wanted
    with client:  # E18 a blocking block around an async client
        pass


def wrong_author(client: MyClient) -> None:
    """Mistakes in using calls as objects, and flows."""
    client.albums.retrieve.options(timout=1)  # E19 unknown option
    client.albums.retrieve.raw("one")  # E20 wrong type of an argument
    client.albums.retrieve.url()  # E21 missing argument
    client.secrets.get_or_create(1, project_id="p")  # E22 wrong type of a flow's argument
    title: str = client.secrets.audited("A")  # E23 wrong result of a flow


def wrong_settings(anything: Any) -> None:
    """Mistakes in making a client."""
    InfisicalClient(tokn="t")  # E24 unknown setting
    InfisicalClient(token="t", session=aiohttp.ClientSession())  # E25 the other mode's session
    InfisicalAsyncClient(token="t", timeout="5")  # E26 wrong type of a setting
    ShopClient()  # E27 the endpoint is missing


def wants_sync(client: InfisicalClient) -> None:
    """Take a blocking client only."""


def wants_async(client: InfisicalAsyncClient) -> None:
    """Take an async client only."""
