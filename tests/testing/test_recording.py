"""Recorder and Replayer: what is written down, what never is, and what is given back."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from gemel.infisical import InfisicalClient
from gemel.kit.errors import InternalServerError, NotFoundError
from gemel.sandbox import serve
from gemel.testing import Recorder, Replayer, ServerReply, StubError, StubServer

from .library import Author, Book, Books, Library, Lock, streamed

BOOK = Book(id="b1", page_count=7, authors=[Author(full_name="Ada", pen_password="inkwell7")])
SECRET_VALUE = "postgres://app:s3cr3t-Pässword/+=@db/shop"


def send(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    with urlopen(Request(url, body, headers or {}), timeout=10) as reply:
        content: bytes = reply.read()
    return content


def lines(path: Path) -> list[dict[str, Any]]:
    """The exchanges of a recording, without the line that says what it is."""
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


def test_what_was_recorded_is_given_back(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "exchanges.jsonl"
    with StubServer() as stub:
        stub.on(Books.retrieve).reply(Book(id="b1"), headers={"X-Request-Id": "r1"}).fail(404)
        stub.on(Books.cover).reply(b"\x89PNG\x00")
        stub.on(Books.delete).reply(None)
        with Recorder(stub.url, path) as recorder:
            first = journey(call, recorder.url)
    with Replayer(path) as replayer:
        assert journey(call, replayer.url) == first
        replayer.assert_all_replayed()
    assert first[0].id == "b1" and first[1] == "r1"


def journey(call: Any, url: str) -> list[Any]:
    raw = call(url, lambda library: library.books.retrieve.raw("b 1", with_notes=True))
    with pytest.raises(NotFoundError) as missing:
        call(url, lambda library: library.books.retrieve("b 1", with_notes=True))
    cover = call(url, lambda library: library.books.cover("b"))
    deleted = call(url, lambda library: library.books.delete.raw("b"))
    return [raw.value, raw.headers["x-request-id"], missing.value.message, cover, deleted.status]


def test_no_credential_of_a_real_session_is_written(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.jsonl"
    with serve() as sandbox:
        with Recorder(sandbox.url, path, sdk=InfisicalClient, mask=["clientId"]) as recorder:
            with InfisicalClient(
                endpoint=recorder.url, client_id=sandbox.client_id, client_secret=sandbox.client_secret
            ) as client:
                project = client.projects.create("Shop").id
                place = {"project_id": project, "environment": "dev"}
                made = client.secrets.create("DB_URL", secret_value=SECRET_VALUE, secret_comment="t0p note", **place)
                listed = client.secrets.list(**place)
        tokens = [one.header("authorization") or "" for one in sandbox.requests]
        secrets = {sandbox.client_secret, sandbox.token, SECRET_VALUE, "t0p note"} | {
            token.removeprefix("Bearer ") for token in tokens if token
        }
    assert made.secret_value == SECRET_VALUE and [secret.secret_value for secret in listed] == [SECRET_VALUE]
    assert len(secrets) >= 5
    text = path.read_text()
    for secret in secrets:
        assert written_forms(secret) & {form for form in written_forms(secret) if form in text} == set()
    assert '"DB_URL"' in text and '"secretKey"' in text and f'"{project}"' in text
    with Replayer(path) as replayer:
        with InfisicalClient(endpoint=replayer.url, client_id="any", client_secret="other") as client:
            assert client.projects.create("Shop").id == project
            again = client.secrets.create("DB_URL", secret_value="another", secret_comment="note", **place)
            assert (again.secret_key, again.secret_value) == ("DB_URL", "***")
            assert [secret.secret_key for secret in client.secrets.list(**place)] == ["DB_URL"]


def written_forms(secret: str) -> set[str]:
    """The ways in which a text could stand in a file."""
    plain = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    return {secret, *plain, base64.b64encode(secret.encode()).decode()}


def test_headers_cookies_and_credentials_of_an_unknown_api_are_masked(tmp_path: Path) -> None:
    path, password = tmp_path / "e.jsonl", "open sesame"
    basic = base64.b64encode(f"ali:{password}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Cookie": "sid=cookie-0001; theme=dark-blue",
        "X-Api-Key": "key-0002",
        "X-Mine": "mine-0003",
        "Content-Type": "application/json",
    }
    body = {
        "password": "pass-0004",
        "accessTokens": ["tok-0005"],
        "nested": [{"clientSecret": "cs-0006", "secret": {"name": "kept"}}],
        "mine": {"a": ["mine-0007", 42]},
        "dsn": "mysql://root:pw-0008@h/db",
        "link": "https://h/x?X-Amz-Signature=sig-0009&page=2",
        "odd": {"base64": "no base64 mine-0003"},
        "note": "Authorization: Bearer bea-0010 and sid cookie-0001",
    }
    reply = ServerReply.of(
        {"echo": f"{password} key-0002 mine-0003", "token": 123456, "pass-0004": 1},
        headers=(("Set-Cookie", "new=set-0011; Path=/"), ("X-Trace", "t1")),
    )
    with StubServer() as stub:
        stub.on("POST", "login").answer(lambda call: reply)
        with Recorder(stub.url, path, mask=["x-mine", "mine"], secrets=["given-0012"]) as recorder:
            send(f"{recorder.url}/login?api_token=q-0013&note=given-0012", json.dumps(body).encode(), headers)
        assert stub.calls[0].headers["authorization"] == f"Basic {basic}"
        assert stub.calls[0].json == body
    text = path.read_text()
    assert re.findall(r"\w+-00\d\d", text) == []
    assert password not in text and basic not in text and "dark-blue" not in text and "123456" not in text
    exchange = lines(path)[0]
    assert exchange["request"]["query"] == [["api_token", "***"], ["note", "***"]]
    kept = exchange["request"]["body"]["json"]
    assert kept["nested"][0]["secret"] == {"name": "kept"}
    assert kept["dsn"] == "mysql://root:***@h/db" and kept["link"] == "https://h/x?X-Amz-Signature=***&page=2"
    assert kept["mine"] == {"a": ["***", "***"]}
    assert exchange["reply"]["body"]["json"]["token"] == 0
    assert ["X-Trace", "t1"] in exchange["reply"]["headers"]


def test_the_declarations_say_what_is_secret(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    book = Book(id="b", secret_title="plain title", reading_keys=["rk-0001"], authors=BOOK.authors)
    with StubServer() as stub:
        stub.on(Books.create).reply(book)
        stub.on(Books.by_key).reply(book)
        stub.on(Books.lock).reply(Lock(pin=987654))
        with Recorder(stub.url, path, sdk=Library) as recorder:
            work(call, recorder.url, key="rk-0002", card="card-0003", pin=987654)
    text = path.read_text()
    assert re.findall(r"\w+-00\d\d|inkwell7|987654", text) == []
    created, fetched, locked = lines(path)
    assert created["request"]["body"] == {"json": {"title": "T", "readingKey": "***"}}
    assert ["X-Library-Card", "***"] in created["request"]["headers"]
    assert created["reply"]["body"]["json"]["book"]["secretTitle"] == "plain title"
    assert created["reply"]["body"]["json"]["book"]["readingKeys"] == ["***"]
    assert fetched["request"]["path"] == "/api/keys/***"
    assert locked["reply"]["body"]["json"] == {"pin": 0, "hint": ""}
    with Replayer(path) as replayer:
        work(call, replayer.url, key="other", card="another", pin=1)


def test_so_do_the_keys_of_typed_dicts(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with StubServer() as stub:
        stub.on(Books.move).reply(None)
        with Recorder(stub.url, path, sdk=Library) as recorder:
            mark = {"floor": 2, "door_pin": "pin-0001"}
            call(recorder.url, lambda library: library.books.move("b", marks=[mark], master_key="key-0002"))
    body = lines(path)[0]["request"]["body"]["json"]
    assert body == {"marks": [{"floor": 2, "door_pin": "***"}], "masterKey": "***"}


def work(call: Any, url: str, *, key: str, card: str, pin: int) -> None:
    call(url, lambda library: library.books.create("T", reading_key=key, card=card))
    call(url, lambda library: library.books.by_key(key))
    call(url, lambda library: library.books.lock("b", Lock(pin=pin)))


def test_a_value_is_masked_in_what_came_before_it_was_known(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with StubServer() as stub:
        stub.on("GET", "first").reply({"note": "later-0001"})
        stub.on("GET", "raw").reply(b"\xff\xfelater-0001\x00")
        stub.on("GET", "second").reply({"token": "later-0001"})
        with Recorder(stub.url, path) as recorder:
            for name in ("first", "raw", "second"):
                send(f"{recorder.url}/{name}")
    first, raw, _ = lines(path)
    assert first["reply"]["body"] == {"json": {"note": "***"}}
    assert base64.b64decode(raw["reply"]["body"]["base64"]) == b"\xff\xfe***\x00"


def test_forms_and_multipart_bodies_are_compared_by_content(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with StubServer() as stub:
        stub.on("POST", "form").reply({"n": 1})
        stub.on("POST", "upload").reply({"n": 2})
        with Recorder(stub.url, path) as recorder:
            send(f"{recorder.url}/form", b"user=ada&password=pw-0001", form)
            send(f"{recorder.url}/upload", multipart("one"), {"Content-Type": "multipart/form-data; boundary=one"})
    assert "pw-0001" not in path.read_text()
    with Replayer(path) as replayer:
        assert send(f"{replayer.url}/form", b"user=ada&password=other", form) == b'{"n":1}'
        other = {"Content-Type": 'multipart/form-data; boundary="two"'}
        assert send(f"{replayer.url}/upload", multipart("two"), other) == b'{"n":2}'


def multipart(boundary: str, password: str = "pw-0001") -> bytes:
    head = "Content-Disposition: form-data; name="
    parts = {"f": b"content", "password": password.encode(), "tokenFile": b"\xff" + password.encode(), "b": b"\xff\xfe"}
    bodies = [f'--{boundary}\r\n{head}"{name}"\r\n\r\n'.encode() + body + b"\r\n" for name, body in parts.items()]
    return b"".join(bodies) + f"--{boundary}--\r\n".encode()


def test_parts_are_compared_too(tmp_path: Path) -> None:
    path, kind = tmp_path / "e.jsonl", {"Content-Type": "multipart/form-data; boundary=one"}
    with StubServer() as stub:
        stub.on("POST", "upload").reply(None)
        with Recorder(stub.url, path) as recorder:
            send(f"{recorder.url}/upload", multipart("one"), kind)
    with (
        pytest.raises(StubError, match="differs in the body"),
        Replayer(path) as replayer,
        pytest.raises(HTTPError) as no,
    ):
        send(f"{replayer.url}/upload", multipart("one").replace(b"content", b"other"), kind)
    no.value.close()


def test_events_and_lines_are_masked_by_their_names(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    books = [Book(id="b", authors=BOOK.authors), Book(id="two\nlines")]
    with StubServer() as stub:
        stub.on(Books.pages).reply(books)
        stub.on("GET", "log").reply_bytes(
            b'{"token":"tk-0001"}\n{"n":1}\n', headers={"Content-Type": "application/x-ndjson"}
        )
        stub.on("GET", "env").reply_bytes(b"A=1\nDB_PASSWORD=pw-0002\n", headers={"Content-Type": "text/plain"})
        with Recorder(stub.url, path, sdk=Library) as recorder:
            call(recorder.url, streamed)
            for name in ("log", "env"):
                send(f"{recorder.url}/{name}")
    assert re.findall(r"\w+-00\d\d|inkwell7", path.read_text()) == []
    with Replayer(path) as replayer:
        first, second = call(replayer.url, streamed)
        assert (first.authors[0].full_name, first.authors[0].pen_password, second) == ("Ada", "***", books[1])
        assert send(f"{replayer.url}/log") == b'{"token":"***"}\n{"n":1}\n'
        assert send(f"{replayer.url}/env") == b"A=1\nDB_PASSWORD=***\n"


def test_addresses_of_the_server_become_those_of_the_recorder(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with StubServer() as stub:
        stub.on("GET", "a").reply({"next": f"{stub.url}/a?page=2"}, headers={"Link": f'<{stub.url}/b>; rel="next"'})
        with Recorder(stub.url, path) as recorder:
            assert json.loads(send(f"{recorder.url}/a")) == {"next": f"{recorder.url}/a?page=2"}
        assert stub.url not in path.read_text()
    with Replayer(path) as replayer:
        with urlopen(f"{replayer.url}/a", timeout=10) as reply:
            assert json.load(reply) == {"next": f"{replayer.url}/a?page=2"}
            assert reply.headers["link"] == f'<{replayer.url}/b>; rel="next"'


@pytest.mark.parametrize(
    ("target", "body", "reason"),
    [
        ("/api/books/b?withNotes=false", None, "differs in the query parameter 'withNotes'"),
        ("/api/books/b?extra=1&withNotes=true", None, "differs in the query parameter 'extra'"),
        ("/api/books", b'{"title":"U"}', "differs in the body"),
        ("/api/other", None, "there are GET /api/books/b, POST /api/books"),
    ],
)
def test_what_was_not_recorded_is_refused_and_fails_the_test(
    target: str, body: bytes | None, reason: str, recording: Path
) -> None:
    with pytest.raises(StubError) as failed:
        with Replayer(recording) as replayer:
            with pytest.raises(HTTPError) as caught:
                send(replayer.url + target, body)
            with caught.value as answer:
                assert answer.code == 501
                assert reason in json.load(answer)["message"]
    assert reason in str(failed.value)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """One GET with a query, and one POST with a body."""
    path = tmp_path / "e.jsonl"
    with StubServer() as stub:
        stub.on(Books.retrieve).reply(BOOK)
        stub.on(Books.create).reply(BOOK)
        with Recorder(stub.url, path) as recorder, Library(recorder.url) as library:
            library.books.retrieve("b", with_notes=True)
            library.books.create("T")
    return path


def test_each_reply_is_given_once_unless_told_otherwise(recording: Path) -> None:
    with pytest.raises(StubError, match="its 1 recorded replies were given already"):
        with Replayer(recording) as replayer, Library(replayer.url) as library:
            library.books.retrieve("b", with_notes=True)
            with pytest.raises(InternalServerError, match="repeat=True"):
                library.books.retrieve("b", with_notes=True)
    with Replayer(recording, repeat=True) as replayer, Library(replayer.url) as library:
        assert {library.books.retrieve("b", with_notes=True).id for _ in range(3)} == {"b1"}
        with pytest.raises(StubError, match="not asked for:\n  POST /api/books"):
            replayer.assert_all_replayed()


def test_equal_requests_get_their_replies_in_order(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with StubServer() as stub:
        stub.on(Books.latest).reply_each(Book(id="1"), Book(id="2"))
        with Recorder(stub.url, path) as recorder:
            recorded = [call(recorder.url, lambda library: library.books.latest()).id for _ in range(2)]
    with Replayer(path) as replayer:
        assert (
            [call(replayer.url, lambda library: library.books.latest()).id for _ in range(2)] == recorded == ["1", "2"]
        )


def test_a_server_that_is_down_fails_the_recording(tmp_path: Path) -> None:
    with StubServer() as stub:
        pass
    with pytest.raises(StubError, match="no reply to GET /api/books/latest"):
        with Recorder(stub.url, tmp_path / "e.jsonl") as recorder, Library(recorder.url, retries=0) as library:
            with pytest.raises(InternalServerError, match="502"):
                library.books.latest()


def test_a_recording_is_written_when_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with StubServer() as stub:
        stub.on(Books.latest).reply(BOOK)
        with pytest.raises(KeyError):
            with Recorder(stub.url, path) as recorder, Library(recorder.url) as library:
                library.books.latest()
                raise KeyError
    assert len(lines(path)) == 1


def test_a_prefix_of_the_server_is_kept(tmp_path: Path) -> None:
    with StubServer() as stub:
        stub.on("GET", "v2/api/books/latest").reply({"book": {"id": "b"}})
        with Recorder(f"{stub.url}/v2/", tmp_path / "e.jsonl") as recorder, Library(recorder.url) as library:
            assert library.books.latest().id == "b"


@pytest.mark.parametrize("address", ["h", "ftp://h", "https://u:p@h", "https://h/?a=1", ""])
def test_what_is_no_address_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="upstream"):
        Recorder(address, tmp_path / "e.jsonl")


def test_a_secret_too_short_to_mask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="below 4 characters"):
        Recorder("https://h", tmp_path / "e.jsonl", secrets=["abc"])


@pytest.mark.parametrize("text", ["", "{}\n", "nothing of the kind"])
def test_a_file_that_is_no_recording_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match="not a recording"):
        Replayer(path)


def test_a_broken_line_is_named(recording: Path) -> None:
    recording.write_text(recording.read_text() + "{}\n")
    with pytest.raises(ValueError, match="line 4 is not an exchange"):
        Replayer(recording)
