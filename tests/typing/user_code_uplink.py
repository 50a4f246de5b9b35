# mypy: disable-error-code="empty-body"
"""User code with uplink: what the checkers must understand (R) and must reject (E), in stubs and of the Adapter."""

from typing import Annotated, Any

from typing_extensions import assert_type, reveal_type

import gemel.uplink
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Page, PageNumber, Stream, get, post
from gemel.kit.errors import APIConnectionError, APITimeoutError, GemelError
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, Async, M, Omit, Sync
from gemel.uplink import Adapter, AsyncReply, Field, Header, Query, QueryMap, Reply, headers, params, timeout


class Repo(Model):
    """A record."""

    id: int
    name: str = ""


@headers({"Accept": "application/vnd.github+json"})
@timeout(30)
class Repos(Resource[M]):
    """Stubs with annotations and decorators of uplink's."""

    @get("search/repositories", unwrap="items")
    def search(
        self,
        text: Annotated[str, gemel.uplink.Query("q")],
        *,
        ready: Annotated[str | Omit, Query("sort", encoded=True)] = OMIT,
        order: Annotated[str | None, Query("order", encode_none="desc")] = None,
        more: Annotated[dict[str, Any] | Omit, QueryMap] = OMIT,
        token: Annotated[str | Omit, Header("X-Token"), SECRET] = OMIT,
    ) -> list[Repo]:
        """Search."""
        ...

    @headers("X-Above: 1")
    @params(page=1, sort="stars")
    @get("repos/{owner}/{repo}")
    @params({"below": [1, 2]})
    @headers(["X-Below: 1"])
    @timeout(2.5)
    def retrieve(self, owner: str, repo: Annotated[str, gemel.uplink.Path("repo")]) -> Repo:
        """Retrieve one."""
        ...

    @params("per_page=100&sort=name")
    @get("repos", unwrap="items", paging=PageNumber(limit=100))
    def list(self) -> Page[Repo]:
        """List them."""
        ...

    @get("events")
    @headers(Accept="text/event-stream")
    def events(self) -> Stream[Repo]:
        """Stream them."""
        ...

    @post("repos")
    def create(self, name: Annotated[str, Field], *, city: Annotated[str, Field(("owner", "city"))]) -> Repo:
        """Make one."""
        ...


class Service(BaseClient[M]):
    """The resources."""

    repos: Repos[M]


class ServiceClient(Service[Sync], Client):
    """Blocking."""


class AsyncServiceClient(Service[Async], AsyncClient):
    """Awaited."""


@headers({"X-Sub": "1"})
class MoreRepos(Repos[M]):
    """A decorated class keeps its type."""


async def more_user(repos: MoreRepos[Sync], awaited: MoreRepos[Async]) -> None:
    """What a class that is decorated gives."""
    reveal_type(repos.retrieve("a", "b"))  # R: Repo
    reveal_type(await awaited.retrieve("a", "b"))  # R: Repo


def sync_user(client: ServiceClient) -> None:
    """What a blocking call takes and gives."""
    reveal_type(client.repos.search("a", ready="b%20c", more={"n": 1}))  # R: list[Repo]
    reveal_type(client.repos.retrieve("a", repo="b"))  # R: Repo
    assert_type(client.repos.retrieve("a", "b").name, str)
    for repo in client.repos.list():
        assert_type(repo, Repo)
    with client.repos.events() as events:
        for event in events:
            assert_type(event, Repo)
    client.repos.search(1)  # E1 not a text
    client.repos.search("a", order=1)  # E2 not a text
    client.repos.search("a", sort="stars")  # E3 the wire's name is no argument
    client.repos.retrieve("a")  # E4 an argument is missing
    client.repos.retrieve("a", "b").size  # E5 no such field
    client.repos.create("a", city=None)  # E6 None is no text


async def async_user(client: AsyncServiceClient) -> None:
    """The same, awaited."""
    reveal_type(await client.repos.search("a"))  # R: list[Repo]
    reveal_type(await client.repos.retrieve("a", "b"))  # R: Repo
    async for repo in client.repos.list():
        assert_type(repo, Repo)
    client.repos.retrieve("a", "b").name  # E7 it was not awaited


class Wrong(Resource[M]):
    """Decorators and annotations that say what they cannot."""

    @headers({"X-A": 1})  # E8 a header is text
    @get("a")
    def a(self) -> None: ...

    @timeout("soon")  # E9 no number
    @get("b")
    def b(self) -> None: ...


# mypy does not look into Annotated, so that these stand outside of it.
numbered = Query(1)  # E10 a name is text
misspelt = Query("q", encode="yes")  # E11 no such argument


def adapted(client: ServiceClient, awaited: AsyncServiceClient) -> None:
    """A Consumer's client."""
    adapter = Adapter(client)
    Adapter(awaited)
    assert_type(adapter.exceptions.BaseClientException, type[GemelError])
    assert_type(adapter.exceptions.ConnectionError, type[APIConnectionError])
    try:
        adapter.send(("GET", "http://localhost", {}))
    except adapter.exceptions.ServerTimeout as error:
        reveal_type(error)  # R: ServerTimeout
        assert_type(error.sent, bool)
        late: APITimeoutError = error
    except gemel.uplink.SSLError as error:
        assert_type(error.permanent, bool)
    Adapter("http://localhost")  # E12 an address is no client
    adapter.sned(("GET", "http://localhost", {}))  # E13 no such method
    adapter.exceptions.Timeout  # E14 no such name


def handled(response: Reply) -> Reply:
    """A handler that does not await."""
    reveal_type(response.status_code)  # R: int
    reveal_type(response.json())  # R: Any
    reveal_type(response.headers.get("etag", ""))  # R: str
    assert_type(response.content, bytes)
    assert_type(response.links["next"]["url"], str)
    response.raise_for_status()
    response.status_code = 200  # E15 read only
    return response


async def handled_awaited(response: AsyncReply) -> str:
    """A handler that awaits."""
    reveal_type(await response.text())  # R: str
    reveal_type(await response.read())  # R: bytes
    async for piece in response.content.iter_chunked(1024):
        assert_type(piece, bytes)
    return response.text()  # E16 it was not awaited
