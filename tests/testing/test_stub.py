"""StubServer: typed replies, recorded calls, scripts, and what fails a test."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any
from urllib.request import Request, urlopen

import marshmallow
import pytest

from gemel.infisical import InfisicalAsyncClient, InfisicalClient, Secret
from gemel.infisical.api.secrets import Secrets
from gemel.kit.client import Client
from gemel.kit.declare import Stream, get
from gemel.kit.errors import APIConnectionError, ConflictError, InternalServerError, ResponseValidationError
from gemel.kit.models.codecs import Base64, Epoch, Rfc2822
from gemel.kit.models.model import Model
from gemel.kit.stubs.reply import Reply
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M, Sync
from gemel.testing import ReceivedCall, ServerReply, StubError, StubServer

from .library import Author, Book, Books, Library, Lock, streamed

BOOK = Book(id="b1", page_count=7, authors=[Author(full_name="Ada", pen_password="inkwell7")])


def test_a_typed_reply_has_wire_names_and_its_envelope(call: Any) -> None:
    with StubServer() as stub:
        stub.on(Books.retrieve).reply(BOOK)
        raw = call(stub.url, lambda library: library.books.retrieve.raw("b1"))
    assert raw.value == BOOK
    assert raw.body == (
        b'{"book":{"id":"b1","pageCount":7,"secretTitle":"","authors":[{"fullName":"Ada","penPassword":"inkwell7"}],'
        b'"readingKeys":[]}}'
    )
    assert raw.status == 200 and raw.headers["content-type"].startswith("application/json")


class Times(Resource[M]):
    """Replies in forms of their own."""

    @get("one")
    def one(self) -> Annotated[datetime, Epoch]: ...
    @get("some")
    def some(self) -> list[Annotated[datetime, Rfc2822]]: ...
    @get("sent")
    def sent(self) -> Stream[Annotated[datetime, Epoch]]: ...
    @get("held")
    def held(self) -> Reply[Annotated[bytes, Base64]]: ...
    @get("either", replies={200: Annotated[datetime, Epoch], 202: Annotated[datetime, Rfc2822], 203: str, 404: None})
    def either(self) -> Annotated[datetime, Epoch] | Annotated[datetime, Rfc2822] | str | None: ...


class Clock(Client):
    times: Times[Sync]


def test_a_typed_reply_is_written_by_its_codec() -> None:
    noon = datetime(2024, 2, 29, 12, tzinfo=timezone.utc)
    with StubServer() as stub, Clock(stub.url) as clock:
        stub.on(Times.one).reply(noon)
        stub.on(Times.some).reply([noon])
        stub.on(Times.sent).reply([noon])
        stub.on(Times.held).reply(b"\x00")
        stub.on(Times.either).reply(noon).reply("later").reply(None)
        assert (clock.times.one(), clock.times.some()) == (noon, [noon])
        with clock.times.sent() as times:
            assert list(times) == [noon]
        held = clock.times.held()
        assert (held.body, held.value) == (b'"AA=="', b"\x00")
        assert [clock.times.either() for _ in range(3)] == [noon, "later", None]


def test_a_call_is_recorded_with_its_parts(call: Any) -> None:
    with StubServer() as stub:
        stub.on(Books.retrieve).reply(BOOK)
        stub.on(Books.create).reply(BOOK)
        call(stub.url, lambda library: library.books.retrieve("a/b ü", with_notes=True))
        call(stub.url, lambda library: library.books.create("T", tags=["x", "y"], shelf="s", card="card-0042"))
        retrieved, created = stub.calls
    assert (retrieved.label, retrieved.method, retrieved.template) == ("Books.retrieve", "GET", "api/books/{book_id}")
    assert retrieved.path_values == {"book_id": "a/b ü"}
    assert retrieved.query == {"withNotes": "true"}
    assert retrieved.target == "/api/books/a%2Fb%20%C3%BC?withNotes=true"
    assert retrieved.json is None and retrieved.body == b""
    assert created.json == {"title": "T", "tags": ["x", "y"]}
    assert created.query == {"shelf": "s"}
    assert created.headers["x-library-card"] == "card-0042"
    assert "card-0042" not in repr(created) and "a/b" not in repr(stub.calls)


def test_one_stub_serves_both_clients_of_an_sdk() -> None:
    secret = Secret(
        id="1",
        workspace="p",
        environment="dev",
        version=1,
        type="shared",
        secret_key="DB",
        secret_value="hunter22",
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    )
    place = {"project_id": "p", "environment": "dev"}

    async def awaited(url: str) -> Secret:
        async with InfisicalAsyncClient(endpoint=url, token="token") as client:
            return await client.secrets.retrieve("DB", **place)

    with StubServer() as stub:
        stub.on(Secrets.retrieve).reply(secret)
        with InfisicalClient(endpoint=stub.url, token="token") as client:
            assert client.secrets.retrieve("DB", **place) == secret
        import asyncio

        assert asyncio.run(awaited(stub.url)) == secret
        assert [one.headers["authorization"] for one in stub.calls] == ["Bearer token"] * 2


def test_a_page_is_replied_with_its_items_and_what_is_beside_them(call: Any) -> None:
    books = [Book(id=str(number)) for number in range(3)]
    with StubServer() as stub:
        stub.on(Books.list).reply(books[:2], beside={"total": 3}).reply(books[2:], beside={"total": 3})
        pages = call(stub.url, listed)
        assert [one.query["offset"] for one in stub.calls] == ["0", "2"]
    assert [book.id for book in pages] == ["0", "1", "2"]


def listed(library: Any) -> Any:
    if isinstance(library, Library):
        return list(library.books.list())

    async def collect() -> list[Book]:
        return [book async for book in library.books.list()]

    return collect()


def test_none_text_and_bytes(call: Any) -> None:
    with StubServer() as stub:
        stub.on(Books.delete).reply(None)
        stub.on(Books.text).reply("Ünï")
        stub.on(Books.cover).reply(b"\x89PNG\x00")
        deleted = call(stub.url, lambda library: library.books.delete.raw("b"))
        text = call(stub.url, lambda library: library.books.text.raw("b"))
        assert call(stub.url, lambda library: library.books.cover("b")) == b"\x89PNG\x00"
    assert (deleted.status, deleted.body) == (204, b"")
    assert text.value == "Ünï" and text.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_stream_is_replied_with_its_events(call: Any) -> None:
    books = [Book(id="1"), Book(id="two\nlines")]
    with StubServer() as stub:
        stub.on(Books.pages).reply(books)
        assert call(stub.url, streamed) == books
        assert fetch(f"{stub.url}/api/books/b/pages").endswith(b"data: [END]\n\n")


def test_a_download_is_replied_with_its_bytes(tmp_path: Path) -> None:
    with StubServer() as stub:
        stub.on(Books.scan).reply(b"\x00scan")
        with Library(stub.url) as library, library.books.scan("b") as download:
            download.save(tmp_path / "scan")
    assert (tmp_path / "scan").read_bytes() == b"\x00scan"


class AlbumSchema(marshmallow.Schema):
    title = marshmallow.fields.String(data_key="albumTitle")


class Own(Model):
    n: int


class Odd(Resource[M]):
    """Endpoints with returns of other kinds."""

    @get("own")
    def own(self) -> Annotated[Any, AlbumSchema]:
        """Return what a schema of one's own gives."""
        ...

    @get("maybe", unwrap="found")
    def maybe(self) -> Own | None:
        """Return a record or null."""
        ...


def test_a_schema_of_ones_own_writes_the_reply() -> None:
    with StubServer() as stub:
        stub.on(Odd.own).reply({"title": "Blue"})
        stub.on(Odd.maybe).reply(None)
        assert fetch(f"{stub.url}/own") == b'{"albumTitle":"Blue"}'
        assert fetch(f"{stub.url}/maybe") == b'{"found":null}'


def fetch(url: str, body: bytes | None = None) -> bytes:
    with urlopen(Request(url, body), timeout=10) as reply:
        content: bytes = reply.read()
    return content


@pytest.mark.parametrize("value", [Author(full_name="A"), {"id": "b1"}, None, [BOOK]])
def test_a_value_that_the_endpoint_does_not_return_is_refused(value: Any) -> None:
    with StubServer(assert_all_called=False) as stub:
        with pytest.raises(TypeError, match=r"Books\.retrieve returns Book, not (Author|dict|NoneType|list)"):
            stub.on(Books.retrieve).reply(value)


def test_a_record_with_a_field_of_the_wrong_type_is_refused() -> None:
    wrong: Any = "seven"
    with StubServer(assert_all_called=False) as stub:
        with pytest.raises(ValueError, match="page"):
            stub.on(Books.retrieve).reply(Book(id="b", page_count=wrong))


def test_a_route_of_a_verb_and_a_template(call: Any) -> None:
    with StubServer() as stub:
        route = stub.on("get", "/api/books/{id}").reply({"book": {"id": "b9"}}, headers={"X-Request-Id": "r1"})
        raw = call(stub.url, lambda library: library.books.retrieve.raw("b9"))
    assert raw.value == Book(id="b9") and raw.headers["x-request-id"] == "r1"
    assert route.calls[0].path_values == {"id": "b9"} and route.calls[0].label == ""


def test_the_more_exact_template_is_meant(call: Any) -> None:
    with StubServer() as stub:
        stub.on(Books.retrieve).reply(Book(id="any"))
        stub.on(Books.latest).reply(Book(id="newest"))
        assert call(stub.url, lambda library: library.books.latest()).id == "newest"
        assert call(stub.url, lambda library: library.books.retrieve("x")).id == "any"


def test_a_later_route_takes_the_place_of_the_same_one_before(call: Any) -> None:
    with StubServer() as stub:
        stub.on(Books.retrieve).reply(Book(id="old"))
        stub.on(Books.retrieve).reply(Book(id="new"))
        assert call(stub.url, lambda library: library.books.retrieve("x")).id == "new"


def test_a_script_goes_on_with_its_last_answer(call: Any) -> None:
    with StubServer() as stub:
        stub.on(Books.retrieve).reply_each(Book(id="1"), Book(id="2"))
        seen = [call(stub.url, lambda library: library.books.retrieve("x")).id for _ in range(3)]
    assert seen == ["1", "2", "2"]


def test_a_failure_is_the_error_of_its_status(call: Any) -> None:
    with StubServer() as stub:
        stub.on(Books.create).fail(409, {"message": "there is one", "code": "taken"}, headers={"X-Request-Id": "r7"})
        with pytest.raises(ConflictError) as caught:
            call(stub.url, lambda library: library.books.create("T"))
    assert (caught.value.message, caught.value.code, caught.value.request_id) == ("there is one", "taken", "r7")


def test_fail_takes_the_status_of_an_error_only() -> None:
    with StubServer(assert_all_called=False) as stub:
        with pytest.raises(ValueError, match="400 to 599"):
            stub.on(Books.create).fail(200)


def test_an_answer_is_computed_from_the_call(call: Any) -> None:
    def answer(call: ReceivedCall) -> Book | ServerReply:
        name = call.path_values["book_id"]
        return Book(id=name.upper()) if name != "gone" else ServerReply.of({"message": "gone"}, 404)

    with StubServer() as stub:
        stub.on(Books.retrieve).answer(answer)
        assert call(stub.url, lambda library: library.books.retrieve("abc")).id == "ABC"
        with pytest.raises(Exception, match="404 gone"):
            call(stub.url, lambda library: library.books.retrieve("gone"))


def test_answers_of_calls_at_the_same_time_may_wait_for_each_other() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def answer(call: ReceivedCall) -> Book:
        meeting.wait()
        return BOOK

    with StubServer() as stub:
        stub.on(Books.retrieve).answer(answer)
        with Library(stub.url) as library:
            threads = [threading.Thread(target=library.books.retrieve, args=("x",)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
        assert len(stub.calls) == 2 and not meeting.broken


def test_replies_that_are_not_as_declared(call: Any) -> None:
    with StubServer() as stub:
        stub.on(Books.retrieve).reply_json({"book": {"pageCount": "many"}}).reply_bytes(
            b"<html>", headers={"content-type": "text/html"}
        )
        for problem in ("id", "text/html"):
            with pytest.raises(ResponseValidationError, match=problem):
                call(stub.url, lambda library: library.books.retrieve("x"))


def test_a_reply_may_be_late(call: Any) -> None:
    with StubServer() as stub:
        stub.on(Books.retrieve).reply(BOOK, delay=0.2)
        started = time.monotonic()
        assert call(stub.url, lambda library: library.books.retrieve("x")) == BOOK
        assert time.monotonic() - started >= 0.2


def test_the_faults_of_the_sandbox_are_there_too(call: Any) -> None:
    with StubServer() as stub:
        stub.on(Books.retrieve).reply(BOOK)
        stub.faults.cut(times=1)
        with pytest.raises(APIConnectionError):
            call(stub.url, lambda library: library.books.retrieve("x"), retries=0)
        assert call(stub.url, lambda library: library.books.retrieve("x")) == BOOK


def test_a_body_beyond_a_megabyte_arrives(call: Any) -> None:
    title = "x" * (3 << 20)
    with StubServer() as stub:
        stub.on(Books.create).reply(BOOK)
        call(stub.url, lambda library: library.books.create(title))
        assert stub.calls[0].json == {"title": title}


def test_a_call_without_a_route_is_answered_with_help_and_fails_the_test(call: Any) -> None:
    with pytest.raises(StubError) as caught:
        with StubServer() as stub:
            stub.on(Books.latest).reply(BOOK)
            with pytest.raises(InternalServerError, match="no route for DELETE /api/books/x; it has GET") as answered:
                call(stub.url, lambda library: library.books.delete("x"))
            assert answered.value.status == 501
            assert len(stub.calls) == 1, "a client must not repeat it"
            call(stub.url, lambda library: library.books.latest())
    assert str(caught.value) == (
        "the stub has no route for DELETE /api/books/x; its routes are:\n  GET api/books/latest (Books.latest)"
    )
    assert stub.calls[0].label == "" and stub.calls[0].target == "/api/books/x"


def test_what_was_asked_is_told_without_the_values_of_parameters() -> None:
    with pytest.raises(StubError, match=r"GET /api/books\?key&n;") as caught:
        with StubServer() as stub:
            with Library(stub.url) as library, pytest.raises(InternalServerError):
                library.request("GET", "/api/books", params={"key": "hunter22", "n": 1})
    assert "hunter22" not in str(caught.value)


def test_a_route_that_was_not_called_fails_the_test() -> None:
    with pytest.raises(StubError, match=r"POST api/books \(Books\.create\): never called"):
        with StubServer() as stub:
            stub.on(Books.create).reply(BOOK)


def test_an_answer_that_was_not_given_fails_the_test() -> None:
    with pytest.raises(StubError, match=r"\(Books\.latest\): 1 of 2 answers given"):
        with StubServer() as stub:
            stub.on(Books.latest).reply(BOOK).fail(500)
            with Library(stub.url) as library:
                library.books.latest()


def test_the_check_can_be_left_out_and_asked_for() -> None:
    with StubServer(assert_all_called=False) as stub:
        stub.on(Books.latest).reply(BOOK)
        with pytest.raises(StubError, match="never called"):
            stub.assert_all_called()
        with Library(stub.url) as library:
            library.books.latest()
        stub.assert_all_called()


def test_a_route_without_an_answer_says_so() -> None:
    with pytest.raises(StubError, match=r"write \.reply"):
        with StubServer() as stub:
            stub.on(Books.latest)
            with Library(stub.url) as library, pytest.raises(InternalServerError, match=r"write \.reply"):
                library.books.latest()


def test_an_answer_that_raises_fails_the_test() -> None:
    with pytest.raises(StubError, match=r"Books\.latest\) cannot answer: ZeroDivisionError"):
        with StubServer() as stub:
            stub.on(Books.latest).answer(lambda call: Book(id=str(1 / 0)))
            with Library(stub.url) as library, pytest.raises(InternalServerError, match="ZeroDivisionError"):
                library.books.latest()


def test_the_error_of_a_test_is_not_replaced() -> None:
    with pytest.raises(KeyError) as caught:
        with StubServer() as stub:
            stub.on(Books.latest).reply(BOOK)
            with Library(stub.url) as library, pytest.raises(InternalServerError):
                library.books.delete("x")
            raise KeyError("the test's own")
    notes = getattr(caught.value, "__notes__", None)
    assert notes is None or "no route for DELETE" in notes[0]


def test_what_is_no_route_is_refused() -> None:
    wrong: Any = Books
    with StubServer() as stub:
        with pytest.raises(TypeError, match=r"like Secrets\.retrieve"):
            stub.on(wrong)


def test_a_stub_runs_once() -> None:
    stub = StubServer()
    with pytest.raises(RuntimeError, match="does not run yet"):
        _ = stub.url
    with stub:
        pass
    with pytest.raises(RuntimeError, match="make a new one"):
        stub.__enter__()


def test_nothing_is_left_of_it() -> None:
    before = threading.active_count()
    with StubServer() as stub:
        stub.on(Books.latest).reply(BOOK)
        with Library(stub.url) as library:
            library.books.latest()
            stub.assert_all_called()
    assert threading.active_count() == before
    with Library(stub.url, retries=0) as library, pytest.raises(APIConnectionError):
        library.books.latest()


def test_a_masked_number_is_typed_too() -> None:
    with StubServer() as stub:
        stub.on(Books.lock).answer(lambda call: Lock(pin=call.json["pin"], hint="h"))
        with Library(stub.url) as library:
            assert library.books.lock("b", Lock(pin=1234)).pin == 1234
