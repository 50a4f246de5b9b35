# mypy: disable-error-code="empty-body"
"""User code of tests: what the checkers must understand (R) and must reject (E) of gemel.testing."""

from typing import Any

from typing_extensions import assert_type, reveal_type

from gemel import Download, M, Offset, Page, Resource, Stream, get
from gemel.infisical import Folder, Folders, InfisicalAsyncClient, InfisicalClient, Secret, Secrets
from gemel.testing import FrozenClock, Random, ReceivedCall, Recorder, Replayer, Route, ServerReply, StubServer


class Logs(Resource[M]):
    """A list in pages of a user's own."""

    @get("logs", unwrap="logs", paging=Offset(limit=10))
    def list(self) -> Page[Secret]:
        """List logs."""
        ...

    @get("logs/live")
    def live(self) -> Stream[Secret]:
        """Stream logs."""
        ...

    @get("logs/file")
    def file(self) -> Download:
        """Download the logs."""
        ...

    @get("logs/any")
    def any(self) -> Any:
        """Return what comes."""
        ...


def replies(stub: StubServer, secret: Secret, folder: Folder) -> None:
    """A route is typed by what its endpoint returns."""
    reveal_type(stub.on(Secrets.retrieve))  # R: Route[Secret]
    assert_type(stub.on(Folders.list), Route[list[Folder]])
    assert_type(stub.on(Logs.list), Route[list[Secret]])
    assert_type(stub.on(Logs.live), Route[list[Secret]])
    assert_type(stub.on(Logs.file), Route[bytes])
    assert_type(stub.on(Logs.any), Route[Any])
    assert_type(stub.on("GET", "api/{name}"), Route[Any])
    stub.on(Secrets.retrieve).fail(503).reply(secret, delay=0.1, headers={"a": "b"}).reply_each(secret, secret)
    stub.on(Logs.list).reply([secret], beside={"total": 1})
    stub.on("GET", "api/{name}").reply({"any": 1}, status=202)
    stub.on(Secrets.retrieve).reply(folder)  # E1 another record
    stub.on(Secrets.retrieve).reply({"secretKey": "A"})  # E2 a dict
    stub.on(Secrets.retrieve).reply_each(secret, folder)  # E3 one of them is another record
    stub.on(Folders.list).reply(folder)  # E4 one in the place of a list
    stub.on(Logs.list).reply([folder])  # E5 a page of other items
    stub.on(Secrets.retrieve).fail(404).reply(folder)  # E6 another record, later in the script
    stub.on("GET")  # E7 no path
    stub.on(Secrets)  # E8 a resource is no endpoint
    stub.on(Secrets.retrieve, "api/{name}")  # E9 an endpoint has its path


def computed(stub: StubServer, secret: Secret, folder: Folder) -> None:
    """A function that answers is typed in the same way."""

    def right(call: ReceivedCall) -> Secret | ServerReply:
        assert_type(call.path_values, dict[str, str])
        return secret if call.path_values["name"] else ServerReply.of({"message": "gone"}, 404)

    def wrong(call: ReceivedCall) -> Folder:
        return folder

    stub.on(Secrets.retrieve).answer(right)
    stub.on(Secrets.retrieve).answer(lambda call: secret)
    stub.on(Secrets.retrieve).answer(wrong)  # E10 a function that gives another record
    assert_type(stub.calls, list[ReceivedCall])


def servers_and_clocks(url: str) -> None:
    """Clients take the clock and the random numbers; recordings take the class of a client."""
    clock = FrozenClock()
    reveal_type(InfisicalClient(endpoint=url, clock=clock, random=Random(0.5)))  # R: InfisicalClient
    reveal_type(InfisicalAsyncClient(endpoint=url, clock=clock, random=Random(0.5)))  # R: InfisicalAsyncClient
    InfisicalClient(endpoint=url, clock=5.0)  # E11 no clock
    with Recorder(url, "e.jsonl", sdk=InfisicalClient) as recorder, Replayer("e.jsonl") as replayer:
        reveal_type(recorder)  # R: Recorder
        reveal_type(replayer)  # R: Replayer
    Recorder(url, "e.jsonl", sdk=Secret)  # E12 a record declares no endpoints
    assert_type(clock.slept, list[float])
