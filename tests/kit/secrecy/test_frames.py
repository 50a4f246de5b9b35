"""No frame of an error, or of what is chained to it, holds an argument, a header, a body or a decoded value."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gemel.kit.declare import Upload
from gemel.kit.errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    GemelError,
    InternalServerError,
    InvalidArgument,
    NotFoundError,
    PagingError,
    ResponseTooLargeError,
    ResponseValidationError,
    StreamFailedError,
    UploadError,
)
from gemel.kit.http.messages import Timeout

from ..shop import Mode
from ..wire import Wire, cut, reply, silence, stall
from .reporter import chain_of, frames_of, texts_in_frames
from .vault import (
    ARGUMENT,
    FETCHED,
    FIELD,
    OPTION,
    PLANTS,
    SENT,
    TOKEN,
    VAULT,
    Entry,
    all_of,
    echo,
    page_of,
    read_events,
    save,
    served,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=["sync", "async"])
def vault(request: Any) -> Mode:
    """The vault in each mode."""
    return VAULT[request.param]


def chunk(data: str) -> bytes:
    return f"{len(data.encode()):x}\r\n{data}\r\n".encode()


def event(value: str) -> bytes:
    return chunk(f'data: {{"name": "n", "value": "{value}"}}\n\n')


class Case:
    """One way to fail.

    answer: what the server does.   do: what is done with the client of a mode.   error: what comes of it.
    settings: of the client.
    """

    def __init__(self, answer: Any, do: Callable[[Any, Mode, Path], Any], error: type[BaseException], **settings: Any):
        self.answer, self.do, self.error, self.settings = answer, do, error, settings
        self.login = settings.pop("login", None)


def read(client: Any, mode: Mode, folder: Path) -> Any:
    return client.entries.read(ARGUMENT)


def make(client: Any, mode: Mode, folder: Path) -> Any:
    return client.entries.make(SENT, entry=Entry(name="n", value=FIELD), more={"a": FIELD}, code=71_234_567)


def optioned(client: Any, mode: Mode, folder: Path) -> Any:
    changed = {"headers": {"X-Vault-Token": OPTION}, "query": {"api_key": OPTION}, "body": {"password": OPTION}}
    call = client.with_options(**changed).entries.make
    return call(SENT, entry=Entry(name="n", value=FIELD), more={"a": FIELD})


def undeclared(client: Any, mode: Mode, folder: Path) -> Any:
    return client.request("POST", "x", params={"api_key": OPTION}, body={"password": SENT}, headers={"X-Key": OPTION})


def ask(client: Any, mode: Mode, folder: Path) -> Any:
    return read_events(client.entries.ask(SENT), mode)


def listed(client: Any, mode: Mode, folder: Path) -> Any:
    return all_of(client.entries.list(key=ARGUMENT), mode)


def downloaded(client: Any, mode: Mode, folder: Path) -> Any:
    return read_events(client.entries.file(key=ARGUMENT), mode)


def uploaded(client: Any, mode: Mode, folder: Path) -> Any:
    path = folder / "content"
    path.write_bytes(b"content")
    return client.entries.store(Upload(path), key=ARGUMENT)


def gone(client: Any, mode: Mode, folder: Path) -> Any:
    path = folder / "content"
    path.write_bytes(b"content")
    content = Upload(path)
    path.unlink()
    return client.entries.store(content, key=ARGUMENT)


def raising(error: BaseException) -> Callable[[Any], None]:
    """What is told something, and raises."""

    def told(something: Any) -> None:
        raise error

    return told


def not_found(request: Any) -> Any:
    return echo(request, 404)


def missing_then_bad(request: Any) -> Any:
    return echo(request, 404 if request.method == "GET" else 400)


ENTRY = {"name": "n", "value": FETCHED}
CASES = {
    "refused argument": Case(echo, lambda c, m, f: c.entries.read(ARGUMENT, wanted=5), InvalidArgument),
    "unknown argument": Case(echo, lambda c, m, f: c.entries.read(ARGUMENT, other=SENT), InvalidArgument),
    "unsendable argument": Case(echo, lambda c, m, f: c.entries.read(ARGUMENT, trace=f"{SENT}\n"), InvalidArgument),
    "built only": Case(echo, lambda c, m, f: c.entries.read.request(ARGUMENT, wanted=5), InvalidArgument),
    "curl": Case(echo, lambda c, m, f: c.entries.read.curl(ARGUMENT, wanted=5), InvalidArgument),
    "options": Case(echo, lambda c, m, f: c.with_options(query={"api_key": {SENT}}), InvalidArgument),
    "400": Case(echo, make, BadRequestError),
    "400, raw": Case(echo, lambda c, m, f: c.entries.read.raw(ARGUMENT), BadRequestError),
    "400, with options": Case(echo, optioned, BadRequestError),
    "400, undeclared": Case(echo, undeclared, BadRequestError),
    "404": Case(not_found, read, NotFoundError),
    "lost": Case(lambda r: cut(), make, APIConnectionError),
    "lost in the midst": Case(lambda r: cut(reply(ENTRY)[:-5]), read, APIConnectionError),
    "no HTTP": Case(lambda r: f"{FETCHED}\r\n\r\n".encode(), read, APIConnectionError),
    "no gzip": Case(lambda r: reply(FETCHED.encode(), 200, {"Content-Encoding": "gzip"}), read, APIConnectionError),
    "timeout": Case(lambda r: silence, make, APITimeoutError, timeout=0.4),
    "timeout in the midst": Case(lambda r: stall(reply(ENTRY)[:-5]), read, APITimeoutError, timeout=0.4),
    "bad login": Case(echo, read, AuthenticationError, login=lambda r: echo(r, 401)),
    "lost login": Case(echo, read, APIConnectionError, login=lambda r: cut()),
    "login without a token": Case(echo, read, GemelError, login=lambda r: reply({"token": f"{TOKEN} "})),
    "refused token": Case(lambda r: echo(r, 401), read, AuthenticationError),
    "too large": Case(lambda r: reply(ENTRY), read, ResponseTooLargeError, max_response_bytes=35),
    "invalid reply": Case(lambda r: reply({**ENTRY, "count": FETCHED}), read, ResponseValidationError),
    "strict reply": Case(lambda r: reply({**ENTRY, "x": FETCHED}), read, ResponseValidationError, validate="strict"),
    "no JSON": Case(lambda r: reply(f"<p>{FETCHED}".encode()), read, ResponseValidationError),
    "redirects": Case(
        lambda r: reply({}, 302, {"Location": f"/x?token={FETCHED}"}), read, APIConnectionError, follow_redirects=True
    ),
    "pager, first page": Case(echo, listed, BadRequestError),
    "pager, third page": Case(page_of, listed, InternalServerError),
    "pager, all": Case(page_of, lambda c, m, f: c.entries.list(key=ARGUMENT).all(), InternalServerError),
    "pager, ahead": Case(
        page_of,
        lambda c, m, f: all_of(c.entries.list(key=ARGUMENT).ahead() if m.is_async else c.entries.list(key=ARGUMENT), m),
        InternalServerError,
    ),
    "pager, one page": Case(echo, lambda c, m, f: c.entries.list(key=ARGUMENT).page(), BadRequestError),
    "pager, one item": Case(echo, lambda c, m, f: c.entries.list(key=ARGUMENT).first(), BadRequestError),
    "pager, raw": Case(echo, lambda c, m, f: c.entries.list.raw(key=ARGUMENT), BadRequestError),
    "pager, in a circle": Case(lambda r: reply({"items": [ENTRY, ENTRY]}), listed, PagingError),
    "pager, bad position": Case(page_of, lambda c, m, f: c.entries.list(key=ARGUMENT).resume(SENT), InvalidArgument),
    "stream, refused": Case(echo, ask, BadRequestError),
    "stream, cut": Case(lambda r: cut(HEAD + event(FETCHED)), ask, APIConnectionError),
    "stream, no end": Case(lambda r: HEAD + event(FETCHED) + b"0\r\n\r\n", ask, APIConnectionError),
    "stream, silent": Case(lambda r: stall(HEAD + event(FETCHED)), ask, APITimeoutError, timeout=Timeout(read=0.4)),
    "stream, failed": Case(
        lambda r: HEAD + event(FETCHED) + chunk(f'event: error\ndata: {{"message": "{SENT} {TOKEN}"}}\n\n'),
        ask,
        StreamFailedError,
    ),
    "stream, invalid": Case(
        lambda r: HEAD + event(FETCHED) + chunk(f'data: {{"value": "{FETCHED}"}}\n\n'), ask, ResponseValidationError
    ),
    "download, refused": Case(echo, downloaded, BadRequestError),
    "download, cut": Case(lambda r: cut(reply(FETCHED.encode() * 9)[:-9]), downloaded, APIConnectionError),
    "download, too large": Case(
        lambda r: reply(FETCHED.encode() * 9),
        lambda c, m, f: save(c.entries.file(key=ARGUMENT), m, f / "saved", limit=10),
        ResponseValidationError,
    ),
    "download, to a folder": Case(
        lambda r: reply(FETCHED.encode() * 9),
        lambda c, m, f: save(c.entries.file(key=ARGUMENT), m, f),
        IsADirectoryError,
    ),
    "upload, refused": Case(echo, uploaded, BadRequestError),
    "upload, gone": Case(echo, gone, UploadError),
    "flow": Case(not_found, lambda c, m, f: c.entries.read_or_make(ARGUMENT, value=SENT), NotFoundError),
    "flow, then bad": Case(
        missing_then_bad, lambda c, m, f: c.entries.read_or_make(ARGUMENT, value=SENT), BadRequestError
    ),
    "flow, refused": Case(echo, lambda c, m, f: c.entries.read_or_make(ARGUMENT, value=5), InvalidArgument),
    "flow, at fault": Case(lambda r: reply(ENTRY), lambda c, m, f: c.entries.broken(ARGUMENT), KeyError),
    "flow, told": Case(not_found, lambda c, m, f: c.entries.told(ARGUMENT), LookupError),
    "flow, run": Case(
        not_found, lambda c, m, f: c.run(c.entries.read_or_make.flow(9e9, ARGUMENT, value=SENT)), NotFoundError
    ),
    "observer that interrupts": Case(echo, make, KeyboardInterrupt, on_request=raising(KeyboardInterrupt())),
    "drift that raises": Case(
        lambda r: reply({**ENTRY, "x": FETCHED}), read, LookupError, on_drift=raising(LookupError("drift"))
    ),
}


def fail(case: Case, vault: Mode, folder: Path) -> BaseException:
    """The error of a case."""
    settings = {"max_response_bytes": 1 << 20, **case.settings}

    def do(client: Any) -> Any:
        made = case.do(client, vault, folder)
        return made if not vault.is_async or hasattr(made, "__await__") else _at_once(made)

    with Wire(answer=served(case.answer, login=case.login)) as wire:
        try:
            outcome = vault.run(wire.url, do, **settings)
        except BaseException as error:
            assert isinstance(error, case.error), repr(error)
            return error
    raise AssertionError(f"no error, but {outcome!r}")


async def _at_once(value: Any) -> Any:
    return value


@pytest.mark.parametrize("name", CASES)
def test_no_frame_holds_a_secret(vault: Mode, name: str, tmp_path: Path) -> None:
    error = fail(CASES[name], vault, tmp_path)
    found = [(place, text[:200]) for place, text in texts_in_frames(error) if any(plant in text for plant in PLANTS)]
    assert not found
    assert "71234567" not in "".join(text for _, text in texts_in_frames(error))


@pytest.mark.parametrize("name", CASES)
def test_no_text_of_an_error_shows_a_secret(vault: Mode, name: str, tmp_path: Path) -> None:
    error = fail(CASES[name], vault, tmp_path)
    for one in chain_of(error):
        for again in (one, pickle.loads(pickle.dumps(one))):
            values = [again, again.args, vars(again), getattr(again, "request", None)]
            shown = [str(again), *map(repr, values), *traceback.format_exception(again)]
            assert not [text for text in shown if any(plant in text for plant in (*PLANTS, "71234567"))]


@pytest.mark.parametrize("name", CASES)
def test_only_what_the_caller_may_see_is_chained(vault: Mode, name: str, tmp_path: Path) -> None:
    error = fail(CASES[name], vault, tmp_path)
    modules = {type(one).__module__.partition(".")[0] for one in chain_of(error)}
    assert modules <= {"gemel", "builtins"}
    frames = [frame for _, frame in frames_of(error)]
    if isinstance(error, GemelError):
        assert sum("gemel" in Path(frame.f_code.co_filename).parts[-4:-1] for frame in frames) < 4
