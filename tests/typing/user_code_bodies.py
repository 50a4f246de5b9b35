# mypy: disable-error-code="empty-body"
"""User code with bodies: what the checkers must understand (R) and must reject (E) of forms, files and TypedDicts."""

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

from typing_extensions import NotRequired, Required, Unpack, assert_type, reveal_type

from gemel import (
    OMIT,
    SECRET,
    Async,
    AsyncClient,
    BaseClient,
    Body,
    Client,
    Field,
    File,
    Flow,
    Form,
    Header,
    M,
    Model,
    Omit,
    Part,
    Query,
    Request,
    Resource,
    Sync,
    Upload,
    flow,
    patch,
    perform,
    post,
    put,
)


class Agent(Model, case="camel"):
    """A record."""

    id: str
    name: str = ""


class Doc(TypedDict, total=False):
    """A dict inside a body."""

    title: Required[str]
    content: str | list[str]


class NewAgent(TypedDict):
    """What makes an agent."""

    name: str
    about: NotRequired[str | None]
    docs: NotRequired[list[Doc]]
    settings: NotRequired[dict[str, float]]
    dry_run: NotRequired[Annotated[bool, Query]]
    trace: NotRequired[Annotated[str, Header("X-Trace")]]
    own_name: NotRequired[Annotated[str, Field("its-name")]]
    api_key: NotRequired[Annotated[str, SECRET]]


class Changes(TypedDict, total=False):
    """What changes one."""

    agent_id: Required[str]
    name: str


class Agents(Resource[M], case="camel"):
    """A resource whose bodies are TypedDicts."""

    @post("agents/{kind}")
    def create(self, kind: str, *, version: int | Omit = OMIT, **agent: Unpack[NewAgent]) -> Agent:
        """Make an agent."""
        ...

    @patch("agents/{agent_id}")
    def update(self, **changes: Unpack[Changes]) -> None:
        """Change an agent."""
        ...

    @put("docs")
    def replace(self, doc: Annotated[Doc, Body]) -> None:
        """Replace a document."""
        ...

    @put("agents")
    def put(self, agent: Annotated[Agent | dict[str, Any], Body]) -> None:
        """Put an agent, as a record or as a dict."""
        ...

    @flow
    def made(self, **agent: Unpack[NewAgent]) -> Flow[Agent]:
        """Make an agent in a flow."""
        made = yield from perform(self.create, "bot", **agent)
        assert_type(made, Agent)
        return made


class Uploads(Resource[M]):
    """A resource with forms, parts and raw bytes."""

    @post("login")
    def login(self, *, user: Annotated[str, Form], password: Annotated[str, Form, SECRET]) -> None:
        """Log in by a form."""
        ...

    @post("uploads")
    def create(self, files: Annotated[Sequence[File] | bytes, Part("file")], *, title: Annotated[str, Part]) -> Agent:
        """Upload files."""
        ...

    @put("raw")
    def raw(self, content: Annotated[Upload, Body]) -> None:
        """Upload bytes as they are."""
        ...


class Service(BaseClient[M]):
    """An SDK of a user's own."""

    agents: Agents[M]
    uploads: Uploads[M]


class ServiceClient(Service[Sync], Client):
    """Blocking."""


class AsyncServiceClient(Service[Async], AsyncClient):
    """Awaited."""


def sync_user(client: ServiceClient) -> None:
    """What a blocking client takes and returns."""
    create = client.agents.create
    reveal_type(create("bot", name="N"))  # R: Agent
    assert_type(create("bot", version=2, name="N", about=None, docs=[{"title": "T"}]), Agent)
    assert_type(create("bot", name="N", dry_run=True, trace="t", own_name="me", settings={"t": 0.5}), Agent)
    reveal_type(create.raw("bot", name="N").value)  # R: Agent
    reveal_type(create.request("bot", name="N"))  # R: Request
    assert_type(create.options(timeout=5)("bot", name="N"), Agent)
    given: NewAgent = {"name": "N", "about": "A"}
    assert_type(create("bot", **given), Agent)
    client.agents.update(agent_id="a", name="N")
    client.agents.replace({"title": "T", "content": ["a", "b"]})
    client.agents.put(Agent(id="a"))
    client.agents.put({"id": "a"})
    reveal_type(client.agents.made(name="N"))  # R: Agent
    client.uploads.login(user="u", password="p")
    reveal_type(client.uploads.create([File("a.txt")], title="T"))  # R: Agent
    client.uploads.raw(Upload("a.bin"))
    assert_type(client.uploads.raw.request(Upload("a.bin")), Request)


async def async_user(client: AsyncServiceClient) -> None:
    """The same, awaited."""
    reveal_type(await client.agents.create("bot", name="N"))  # R: Agent
    reveal_type((await client.agents.create.raw("bot", name="N")).value)  # R: Agent
    reveal_type(await client.agents.made(name="N"))  # R: Agent
    await client.agents.replace({"title": "T"})
    await client.uploads.login(user="u", password="p")
    assert_type(await client.uploads.create(b"bytes", title="T"), Agent)


async def mistakes(client: ServiceClient, awaited: AsyncServiceClient) -> None:
    """Each of these must be an error."""
    client.agents.create("bot")  # E1 a required key is missing
    client.agents.create("bot", name=5)  # E2 a wrong type
    client.agents.create("bot", name="N", abuot="x")  # E3 an unknown key
    client.agents.create("bot", name="N", docs=[{"content": "a"}])  # E4 a required key inside is missing
    client.agents.create("bot", name="N", docs=[{"title": "T", "content": 5}])  # E5 a wrong type inside
    client.agents.create("bot", name="N", settings={"a": "b"})  # E6 a wrong value in a dict
    client.agents.create.raw("bot", name="N", dry_run="yes")  # E7 a wrong type, in another form of the call
    client.agents.update(name="N")  # E8 a key of the path is missing
    client.agents.replace({"titel": "T"})  # E9 an unknown key in a dict
    client.agents.put("agent")  # E10 neither a record nor a dict
    client.agents.made("N")  # E11 a key by position
    await awaited.agents.create("bot", about="A")  # E12 a required key is missing, awaited
    awaited.agents.made(name=5)  # E13 a wrong type in a flow
    client.uploads.login(user="u")  # E14 a field of a form is missing
    client.uploads.create("a.txt", title="T")  # E15 a path is no File
    client.uploads.raw(b"bytes")  # E16 bytes are no Upload
    made: str = client.agents.create("bot", name="N")  # E17 the record is no text
