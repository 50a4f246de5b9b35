# mypy: disable-error-code="empty-body"
"""What completion shows of a client and of what it gives: only what a user calls or reads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from gemel import (
    Async,
    AsyncClient,
    BaseClient,
    Client,
    Download,
    Flow,
    M,
    Model,
    Offset,
    Page,
    Resource,
    Stream,
    Sync,
    flow,
    get,
    perform,
)
from gemel.infisical import InfisicalAsyncClient, InfisicalClient
from gemel.julep import AsyncClient as AsyncJulepClient
from gemel.julep import Client as JulepClient
from gemel.testing import StubServer


class Track(Model):
    title: str


class Tracks(Resource[M]):
    @get("tracks/{title}")
    def retrieve(self, title: str) -> Track: ...
    @get("tracks", paging=Offset(limit=2))
    def list(self) -> Page[Track]: ...
    @get("tracks/news")
    def news(self) -> Stream[Track]: ...
    @get("tracks/{title}/audio")
    def audio(self, title: str) -> Download: ...
    @flow
    def twice(self, title: str) -> Flow[Track]:
        yield from perform(self.retrieve, title)
        return (yield from perform(self.retrieve, title))


class Shop(BaseClient[M]):
    tracks: Tracks[M]


class ShopClient(Shop[Sync], Client): ...


class AsyncShopClient(Shop[Async], AsyncClient): ...


def shown(value: Any) -> list[str]:
    return [name for name in dir(value) if not name.startswith("_")]


COMMON = "cache close endpoint endpoints request run with_options"
INFISICAL = (
    "access_tokens create_request environments folders handle_request projects secret_imports secrets universal_auth"
)
JULEP = "agents chat completions docs jobs memories openai sessions tools users"


NOWHERE = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("kind", "settings", "own"),
    [
        (Client, {"endpoint": NOWHERE}, ""),
        (AsyncClient, {"endpoint": NOWHERE}, "aclose"),
        (ShopClient, {"endpoint": NOWHERE}, "tracks"),
        (AsyncShopClient, {"endpoint": NOWHERE}, "tracks aclose"),
        (InfisicalClient, {"token": "t"}, INFISICAL),
        (InfisicalAsyncClient, {"token": "t"}, f"{INFISICAL} aclose"),
        (JulepClient, {"api_key": "k", "base_url": f"{NOWHERE}/api"}, JULEP),
        (AsyncJulepClient, {"api_key": "k", "base_url": f"{NOWHERE}/api"}, f"{JULEP} aclose"),
    ],
)
def test_a_client_shows(kind: Any, settings: dict[str, str], own: str) -> None:
    assert shown(kind(**settings)) == shown(kind) == sorted(f"{COMMON} {own}".split())


def test_resources_show_their_endpoints() -> None:
    with InfisicalClient(token="t") as infisical, JulepClient("key", f"{NOWHERE}/api") as julep:
        batches = ["batch_create", "batch_delete", "batch_update"]
        assert shown(infisical.secrets) == [*batches, "create", "delete", "list", "retrieve", "update", "v3"]
        assert shown(infisical.secrets.v3) == [*batches, "create", "delete", "list", "retrieve", "update"]
        low_level = {"create_agent", "patch_agent", "update_agent"}
        assert set(shown(julep.agents)) == {"create", "delete", "get", "iterate", "list", "update"} | low_level


CALL = "curl flow options request url"
BODY = "body headers status url"
SURFACES = {
    "resource": "audio list news retrieve twice",
    "call": f"{CALL} raw",
    "call of a list": f"{CALL} raw gathered",
    "call of a stream": f"{CALL} gathered",
    "call of a download": CALL,
    "flow call": "flow",
    "raw reply": f"{BODY} attempts cache stale value",
    "pager": "all first limit page pages resume",
    "page": f"{BODY} items position total",
    "stream": "close headers last_event_id status",
    "download": "close headers save size status",
    "reply": f"{BODY} attempts cache ok",
    "request": "body context headers masked method path query replayable url with_context with_headers",
    "record": "Schema extras from_dict from_json replace title to_dict to_json",
    "headers": "get get_list items keys masked pairs values with_values",
    "cache": "clear",
}


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(assert_all_called=False) as made:
        track = Track(title="Blue")
        made.on(Tracks.retrieve).reply(track)
        made.on(Tracks.list).reply([track])
        made.on(Tracks.news).reply([track])
        made.on(Tracks.audio).reply(b"")
        yield made


def given(client: Any) -> dict[str, Any]:
    """What is there before anything is sent."""
    tracks = client.tracks
    calls = {"call": tracks.retrieve, "call of a list": tracks.list, "call of a stream": tracks.news}
    calls |= {"call of a download": tracks.audio, "flow call": tracks.twice}
    return {
        **calls,
        "resource": tracks,
        "pager": tracks.list(),
        "request": tracks.retrieve.request("Blue"),
        "cache": client.cache,
    }


def test_what_a_blocking_client_gives_shows(stub: StubServer) -> None:
    with ShopClient(stub.url) as client, client.tracks.news() as news, client.tracks.audio("Blue") as audio:
        raw = client.tracks.retrieve.raw("Blue")
        found = given(client) | {"raw reply": raw, "headers": raw.headers, "record": raw.value}
        found |= {"stream": news, "download": audio, "page": client.tracks.list().page()}
        found |= {"reply": client.request("GET", "tracks/Blue")}
        assert {kind: shown(value) for kind, value in found.items()} == expected()


def expected(**others: str) -> dict[str, list[str]]:
    return {kind: sorted(others.get(kind, names).split()) for kind, names in SURFACES.items()}


def test_what_an_async_client_gives_shows(stub: StubServer) -> None:
    async def main() -> dict[str, Any]:
        async with AsyncShopClient(stub.url) as client:
            raw = await client.tracks.retrieve.raw("Blue")
            found = given(client) | {"raw reply": raw, "headers": raw.headers, "record": raw.value}
            found |= {"page": await client.tracks.list(), "reply": await client.request("GET", "tracks/Blue")}
            opening = client.tracks.news()
            assert shown(opening) == []
            async with opening as news, client.tracks.audio("Blue") as audio:
                return found | {"stream": news, "download": audio}

    shows = {kind: shown(value) for kind, value in asyncio.run(main()).items()}
    assert shows == expected(pager=f"{SURFACES['pager']} ahead")
