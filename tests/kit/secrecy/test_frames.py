"""No frame of an error, or of what is chained to it, holds an argument, a header, a body or a decoded value."""

from __future__ import annotations

import asyncio
import gc
import inspect
import pickle
import threading
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gemel.infisical import InfisicalClient
from gemel.julep import Client as JulepClient
from gemel.kit.calls.call import AsyncCall
from gemel.kit.calls.paged import Pager
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
from gemel.kit.policies.credentials import Bearer
from gemel.kit.tracebacks import entry

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


@pytest.mark.parametrize("name", CASES)
def test_the_reporter_of_these_tests_finds_what_a_whole_traceback_holds(
    vault: Mode, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMEL_TRACEBACK", "full")
    error = fail(CASES[name], vault, tmp_path)
    assert any(plant in text for _, text in texts_in_frames(error) for plant in PLANTS)


def test_a_traceback_shows_where_a_flow_failed(vault: Mode, tmp_path: Path) -> None:
    for name, function in (("flow, at fault", "broken"), ("flow, told", "told"), ("flow, then bad", "read_or_make")):
        error = fail(CASES[name], vault, tmp_path)
        shown = "".join(traceback.format_exception(error))
        assert f"in {function}" in shown and "vault.py" in shown
    shown = traceback.format_exception(fail(CASES["flow, at fault"], vault, tmp_path))
    assert 'return {"a": found}["b"]' in "".join(shown)


def test_the_reason_that_a_flow_gives_stays_chained(vault: Mode, tmp_path: Path) -> None:
    error = fail(CASES["flow, told"], vault, tmp_path)
    assert isinstance(error.__cause__, NotFoundError) and error.__suppress_context__
    assert isinstance(fail(CASES["flow, then bad"], vault, tmp_path).__context__, NotFoundError)
    assert fail(CASES["lost"], vault, tmp_path).__context__ is None


def test_what_the_caller_handles_is_left_to_the_caller(vault: Mode) -> None:
    theirs = KeyError("theirs")

    def do(client: Any) -> Any:
        try:
            raise theirs
        except KeyError:
            return client.entries.read(ARGUMENT, wanted=5)

    async def awaited(client: Any) -> Any:
        try:
            raise theirs
        except KeyError:
            return await client.entries.read(ARGUMENT, wanted=5)

    error = vault.fails("http://127.0.0.1:1", awaited if vault.is_async else do)
    assert error.__context__ is theirs
    frame = theirs.__traceback__.tb_frame  # type: ignore[union-attr]
    assert "client" in frame.f_locals and frame.f_code.co_name == ("awaited" if vault.is_async else "do")


def test_a_cancelled_task_leaves_no_secret() -> None:
    arrived = threading.Event()

    async def main(url: str) -> BaseException:
        async with VAULT["async"].client(url, timeout=5.0, retries=0) as client:
            task = asyncio.ensure_future(client.entries.read(ARGUMENT))
            await asyncio.to_thread(arrived.wait, 5)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                return error
        raise AssertionError("not cancelled")

    def answer(request: Any) -> Any:
        arrived.set()
        return silence

    with Wire(answer=served(answer)) as wire:
        error = asyncio.run(main(wire.url))
    assert type(error) is asyncio.CancelledError
    assert not [text for _, text in texts_in_frames(error) if any(plant in text for plant in PLANTS)]


def test_closing_logs_and_raises_no_secret(vault: Mode, caplog: pytest.LogCaptureFixture) -> None:
    def answer(request: Any) -> Any:
        return echo(request, 500) if request.target == "/logout" else reply(ENTRY)

    with Wire(answer=served(answer)) as wire:
        vault.run(wire.url, lambda client: client.entries.read(ARGUMENT), revoke_on_close=True)
        assert wire.last.target == "/logout"
    assert "the token was not revoked" in caplog.text
    assert not any(plant in caplog.text for plant in PLANTS)
    assert not any(record.exc_info for record in caplog.records)


def test_a_failing_observer_is_logged_without_the_call(vault: Mode, caplog: pytest.LogCaptureFixture) -> None:
    with Wire(answer=served(lambda request: reply(ENTRY))) as wire:
        vault.run(wire.url, lambda c: c.entries.read(ARGUMENT), on_response=raising(LookupError("observer")))
    errors = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert errors and all(isinstance(error, LookupError) for error in errors)
    for error in errors:
        assert error is not None
        assert not [text for _, text in texts_in_frames(error) if any(plant in text for plant in PLANTS)]


MADE: dict[str, Callable[[Mode], Any]] = {
    "client": lambda mode: mode.client("http://h", secret=SENT, timeout=-1),
    "client, unknown setting": lambda mode: mode.client("http://h", secret=SENT, timeot=1),
    "client, bad header": lambda mode: mode.client("http://h", secret=SENT, headers={"X-Key": f"{SENT}\n"}),
    "token": lambda mode: Bearer(f"{SENT} with spaces"),
    "record of a dict": lambda mode: Entry.from_dict({"name": 5, "value": SENT}),
    "record of a text": lambda mode: Entry.from_json(f'{{"name": 5, "value": "{SENT}"}}'),
    "changed record": lambda mode: Entry(name="n", value=FIELD).replace(vale=SENT),
    "Infisical": lambda mode: InfisicalClient(client_id="i", client_secret=SENT, token=TOKEN),
    "Julep": lambda mode: JulepClient(api_key=SENT, base_url="nowhere"),
}


@pytest.mark.parametrize("name", MADE)
def test_what_cannot_be_made_leaves_no_secret(vault: Mode, name: str) -> None:
    try:
        MADE[name](vault)
    except Exception as error:
        found = [(place, text[:200]) for place, text in texts_in_frames(error) if any(p in text for p in PLANTS)]
        assert not found
        assert list(frames_of(error))
        return
    raise AssertionError("no error")


def test_an_error_costs_no_reference_cycle(tmp_path: Path) -> None:
    """Of the blocking client: asyncio itself ties each error of a task to that task."""
    gc.collect()
    gc.disable()
    try:
        seen = weakref.ref(fail(CASES["404"], VAULT["sync"], tmp_path))
        assert seen() is None
    finally:
        gc.enable()


def test_a_call_costs_one_frame_more() -> None:
    def depth() -> int:
        return len(list(traceback.walk_stack(None)))

    @entry
    def entered() -> int:
        return depth()

    def plain() -> int:
        return depth()

    assert entered() == plain() + 1
    assert entered.__name__ == "entered" and str(inspect.signature(entered)) == "() -> 'int'"
    assert inspect.iscoroutinefunction(AsyncCall.__call__) and inspect.isgeneratorfunction(Pager.pages)


def test_generators_that_are_entries_can_be_left_early_and_sent_to() -> None:
    closed = list[str]()

    @entry
    def counted(name: str) -> Any:
        try:
            sent = yield name
            yield sent
        finally:
            closed.append(name)

    generator = counted("a")
    assert (next(generator), generator.send("b")) == ("a", "b")
    generator.close()

    @entry
    async def awaited(name: str) -> Any:
        try:
            yield name
        finally:
            closed.append(name)

    async def leave() -> None:
        items = awaited("c")
        assert await anext(items) == "c"
        await items.aclose()

    asyncio.run(leave())
    assert closed == ["a", "c"]
