# mypy: disable-error-code="empty-body"
"""A small API with all that gemel has: declared once, used blocking and awaited, against a server of this machine."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from typing_extensions import NotRequired, Unpack

import gemel as api
from gemel import SECRET, Async, AsyncClient, BaseClient, Client, Flow, M, Model, Resource, Sync, flow, perform
from gemel.testing import FrozenClock, Random, Recorder, StubServer


class Note(Model, case="camel"):
    id: str
    text: str = ""
    is_ready: bool = False


class NewNote(TypedDict):
    text: str
    tags: NotRequired[list[str]]


class Tokens(Resource[M]):
    @api.post("login", auth=None)  # a form
    def login(self, *, user: Annotated[str, api.Form], secret: Annotated[str, api.Form, SECRET]) -> dict[str, str]: ...
    @api.post("logout", auth=None)
    def revoke(self, token: Annotated[str, SECRET]) -> None: ...


class Notes(Resource[M], case="camel"):
    @api.get("notes/{note_id}", unwrap="note")
    def retrieve(self, note_id: str) -> Note: ...
    @api.get("notes", unwrap="notes", paging=api.Offset(limit=2))
    def list(self) -> api.Page[Note]: ...
    @api.post("notes", unwrap="note")  # each key of the TypedDict is an argument
    def create(self, **note: Unpack[NewNote]) -> Note: ...
    @api.patch("notes/{note_id}", unwrap="note")  # each argument is a member of the JSON body
    def update(self, note_id: str, *, text: str) -> Note: ...
    @api.post("notes/{note_id}/files")  # multipart
    def attach(self, note_id: str, file: Annotated[api.File, api.Part], *, title: Annotated[str, api.Part]) -> None: ...
    @api.put("notes/{note_id}/icon")  # bytes as they are
    def set_icon(self, note_id: str, icon: Annotated[bytes, api.Body(content_type="image/png")]) -> None: ...
    @api.put("notes/{note_id}/scan")  # a file, read while it is sent
    def set_scan(self, note_id: str, scan: Annotated[api.Upload, api.Body]) -> None: ...
    @api.get("notes/{note_id}/scan")
    def scan(self, note_id: str) -> api.Download: ...
    @api.get("notes/{note_id}/summary", events=api.EventStream(done="[DONE]"))
    def summary(self, note_id: str) -> api.Stream[Note]: ...
    @flow  # a workflow for both modes
    def ready(self, **note: Unpack[NewNote]) -> Flow[Note]:
        made = yield from perform(self.create, **note)
        return (
            yield from api.wait_until(api.Poll[Note](lambda found: found.is_ready, jitter=0), self.retrieve, made.id)
        )


class User:  # a credential: how a token is fetched, and given back
    renewable = True

    def bound(self, caller: api.Caller) -> api.Fetch:
        def fetch(deadline: float) -> Flow[api.Token]:
            made = yield from Tokens[Sync](caller).login.flow(deadline, user="ada", secret="hunter22")
            return api.Token(made["token"], lifetime=3600)

        return fetch

    def revoking(self, caller: api.Caller) -> api.Revoke:
        return lambda token, deadline: Tokens[Sync](caller).revoke.flow(deadline, token.value)


class Service(BaseClient[M]):
    notes: Notes[M]


class NotesClient(Service[Sync], Client): ...


class AsyncNotesClient(Service[Async], AsyncClient): ...


def blocking(client: NotesClient) -> None:  # lists, streams and downloads, as a user of the blocking client reads them
    assert [note.id for note in client.notes.list()] == ["n1", "n2", "n3"]
    with client.notes.summary("n1") as events, client.notes.scan("n1") as scan:
        assert [event.text for event in events] + list(scan) == ["milk", b"%PDF"]


async def awaited(client: AsyncNotesClient) -> None:  # and of the other
    assert [note.id async for note in client.notes.list()] == ["n1", "n2", "n3"]
    async with client.notes.summary("n1") as events, client.notes.scan("n1") as scan:
        assert [event.text async for event in events] + [piece async for piece in scan] == ["milk", b"%PDF"]


def tour(client: Any, do: Any) -> None:  # the same calls on both clients: of the async one, `do` awaits the outcome
    notes = client.notes
    assert do(notes.ready(text="Buy milk", tags=["home"])).is_ready
    assert [do(notes.retrieve.raw("n1")).cache for _ in range(2)] == ["miss", "hit"]
    assert do(notes.retrieve.options(cache=False, timeout=5, headers={"X-Why": "sure"})("n1")).text == "Buy milk"
    assert notes.update.request("n1", text="Buy bread").body == b'{"text":"Buy bread"}'
    assert notes.retrieve.url("n1").endswith("/notes/n1") and "Bearer ***" in notes.retrieve.curl("n1")
    assert type(notes).retrieve.spec.path == "notes/{note_id}" and len(client.endpoints()) == 9
    assert do(notes.update("n1", text="Buy bread")).text == "Buy bread"
    assert do(client.with_options(retries=2).notes.list().limit(1).all())[0].id == "n1"
    do(notes.attach("n1", api.File(b"a,b", name="table.csv"), title="A table"))
    do(notes.set_icon("n1", b"\x89PNG"))
    do(notes.set_scan("n1", api.Upload(__file__)))
    assert do(client.request("GET", "health")).status == 200


def serve(stub: StubServer) -> None:  # each route by its declaration, each answer of the type that it returns
    notes = [Note(id="n1"), Note(id="n2"), Note(id="n3")]
    stub.on(Tokens.login).reply_each({"token": "t-one"}, {"token": "t-two"})
    stub.on(Notes.create).reply(notes[0])
    stub.on(Notes.retrieve).fail(401).reply(notes[0]).reply(Note(id="n1", text="Buy milk", is_ready=True))
    stub.on(Notes.list).fail(503).answer(lambda call: notes[int(str(call.query["offset"])) :][:2])
    stub.on(Notes.update).reply_json({"note": {"id": "n1", "text": "Buy bread", "isReady": True, "color": "red"}})
    stub.on(Notes.summary).reply([Note(id="n1", text="milk")])
    stub.on(Notes.scan).reply(b"%PDF")
    for silent in (Notes.attach, Notes.set_icon, Notes.set_scan, Tokens.revoke):
        stub.on(silent).reply(None)
    stub.on("GET", "health").reply({"ok": True})


@pytest.mark.parametrize(("mode", "read"), [(NotesClient, blocking), (AsyncNotesClient, awaited)])
def test_the_whole_of_it(mode: Any, read: Any, tmp_path: Path) -> None:
    clock, repeats, drifts = FrozenClock(), list[api.Event](), list[api.Drift]()
    watch: Any = {"on_retry": repeats.append, "on_drift": drifts.append, "clock": clock, "random": Random(0.5)}
    keep: Any = {"credential": User(), "revoke_on_close": True, "cache": api.Cache(ttl=60)}
    with StubServer() as stub, Recorder(stub.url, tmp_path / "record", sdk=mode) as recorder:
        serve(stub)
        client = mode(recorder.url, **watch, **keep)
        do: Any = asyncio.run if mode is AsyncNotesClient else lambda outcome: outcome
        tour(client, do)
        do(read(client))
        do(client.close())
    assert clock.slept == [1.0, 0.25] and [event.status for event in repeats] == [503]
    assert drifts == [api.Drift("note.color", "unknown", "Notes.update")]
    assert stub.calls[-1].label == "Tokens.revoke" and "hunter22" not in (tmp_path / "record").read_text()
