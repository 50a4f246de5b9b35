"""An SDK whose every place holds a secret, and a server that fails in every way, for both modes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Generic
from urllib.parse import parse_qs

from gemel.kit.calls.flows import flow, perform
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Body, Download, EventStream, Header, Offset, Page, Query, Stream, Upload, get, post, put
from gemel.kit.errors import NotFoundError
from gemel.kit.flow.effects import Flow
from gemel.kit.models.model import Model
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.tokens import Fetch, Revoke, Token
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import SECRET, Async, M, Sync

from ..shop import Mode
from ..wire import Seen, reply

ARGUMENT = "plant-argument-1"
SENT = "plant-sent-2"
FIELD = "plant-field-3"
FETCHED = "plant-fetched-4"
LOGIN = "plant-login-5"
TOKEN = "plant-token-6"
HEADER = "plant-header-7"
OPTION = "plant-option-8"
PLANTS = (ARGUMENT, SENT, FIELD, FETCHED, LOGIN, TOKEN, HEADER, OPTION)
"""One for each place, so that what leaks says where from."""

Sec = Annotated[str, SECRET]


class Entry(Model):
    """What the vault keeps."""

    name: str
    value: Annotated[str, SECRET] = ""
    count: int = 0


class Login(Resource[M]):
    """How tokens are fetched and given back."""

    @post("login", auth=None)
    def login(self, *, client_secret: Annotated[str, SECRET]) -> Annotated[dict[str, Any], SECRET]:
        """Log in."""
        ...

    @post("logout", auth=None)
    def logout(self, *, token: Annotated[str, SECRET]) -> None:
        """Give a token back."""
        ...


class Identity:
    """A credential that logs in."""

    renewable = True

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def bound(self, caller: Caller) -> Fetch:
        """Return the login."""
        login = Login[Sync](caller).login

        def fetch(deadline: float) -> Flow[Token]:
            made = yield from login.flow(deadline, client_secret=self._secret)
            return Token(made["token"])

        return fetch

    def revoking(self, caller: Caller) -> Revoke:
        """Return the way to give tokens back."""
        logout = Login[Sync](caller).logout
        return lambda token, deadline: logout.flow(deadline, token=token.value)


class Entries(Resource[M]):
    """Entries of the vault."""

    @get("entries/{key}")
    def read(
        self,
        key: Sec,
        *,
        wanted: Annotated[str, Query, SECRET] = SENT,
        trace: Annotated[str, Header("X-Trace"), SECRET] = SENT,
        limit: Annotated[int, Query] = 1,
    ) -> Entry:
        """Read one."""
        ...

    @post("entries")
    def make(self, value: Sec, *, entry: Entry, more: dict[str, Sec], code: Annotated[int, SECRET] = 0) -> Entry:
        """Make one."""
        ...

    @get("list", unwrap="items", paging=Offset(limit=2))
    def list(self, *, key: Annotated[str, Query, SECRET]) -> Page[Entry]:
        """List them."""
        ...

    @post("ask", events=EventStream(done="[DONE]"))
    def ask(self, value: Sec) -> Stream[Entry]:
        """Stream them."""
        ...

    @get("file")
    def file(self, *, key: Annotated[str, Query, SECRET]) -> Download:
        """Download a file."""
        ...

    @put("file")
    def store(self, content: Annotated[Upload, Body], *, key: Annotated[str, Query, SECRET]) -> None:
        """Upload a file."""
        ...

    @flow
    def read_or_make(self, key: Sec, *, value: Sec) -> Flow[Entry]:
        """Read an entry; make it when there is none."""
        try:
            return (yield from perform(self.read, key))
        except NotFoundError:
            return (yield from perform(self.make, value, entry=Entry(name="n", value=FIELD), more={"a": FIELD}))

    @flow
    def broken(self, key: Sec) -> Flow[Entry]:
        """Fail with a fault of its own, after a call."""
        found = yield from perform(self.read, key)
        return {"a": found}["b"]

    @flow
    def told(self, key: Sec) -> Flow[Entry]:
        """Fail with an error of its own, made of another one."""
        try:
            return (yield from perform(self.read, key))
        except NotFoundError as error:
            raise LookupError("there is no such entry") from error


class Vault(BaseClient[M], Generic[M]):
    """The vault in either mode."""

    entries: Entries[M]
    logins: Login[M]

    def __init__(self, endpoint: str, *, secret: str = LOGIN, **settings: Any) -> None:
        settings.setdefault("headers", {"X-Functions-Key": HEADER})
        super().__init__(endpoint, credential=Identity(secret), **settings)


class VaultClient(Vault[Sync], Client):
    """The blocking vault."""

    def __init__(self, endpoint: str, *, secret: str = LOGIN, **settings: Any) -> None:
        super().__init__(endpoint, secret=secret, **settings)


class AsyncVaultClient(Vault[Async], AsyncClient):
    """The awaited vault."""

    def __init__(self, endpoint: str, *, secret: str = LOGIN, **settings: Any) -> None:
        super().__init__(endpoint, secret=secret, **settings)


VAULT = {"sync": Mode("sync", VaultClient), "async": Mode("async", AsyncVaultClient)}


def served(answer: Callable[[Seen], Any], *, login: Callable[[Seen], Any] | None = None) -> Callable[[Seen], Any]:
    """A server that lets in who logs in, and answers the rest in this way."""

    def answered(request: Seen) -> Any:
        if request.target == "/login":
            return login(request) if login else reply({"token": TOKEN})
        return answer(request)

    return answered


def echo(request: Seen, status: int = 400) -> bytes:
    """A reply that says all that came: address, headers and body."""
    body = request.body.decode("utf-8", "replace")
    said = {"message": f"bad request {request.target}", "details": [body, dict(request.headers)], "received": body}
    with_json = {**said, "document": json.loads(body)} if body.startswith("{") else said
    return reply(with_json, status, {"X-Echo": request.target, "X-Request-Id": request.target.rpartition("/")[2]})


def page_of(request: Seen) -> bytes:
    """A page of a list; the third one fails."""
    offset = int(parse_qs(request.query).get("offset", ["0"])[0])
    if offset >= 4:
        return echo(request, 500)
    return reply({"items": [{"name": f"n{offset + number}", "value": FETCHED} for number in range(2)]})


def all_of(pager: Any, mode: Mode) -> Any:
    """All items of a pager, iterated one by one."""
    if not mode.is_async:
        return [item for item in pager]  # noqa: C416
    return _awaited_items(pager)


async def _awaited_items(pager: Any) -> list[Any]:
    return [item async for item in pager]


def read_events(opened: Any, mode: Mode) -> Any:
    """All events of a stream, or all pieces of a download."""
    return _awaited_events(opened) if mode.is_async else _events(opened)


def _events(opened: Any) -> list[Any]:
    with opened as events:
        return list(events)


async def _awaited_events(opened: Any) -> list[Any]:
    async with opened as events:
        return [event async for event in events]


def save(opened: Any, mode: Mode, target: Path, **options: Any) -> Any:
    """A download, saved."""
    return _awaited_save(opened, target, options) if mode.is_async else _save(opened, target, options)


def _save(opened: Any, target: Path, options: dict[str, Any]) -> Any:
    with opened as download:
        return download.save(target, **options)


async def _awaited_save(opened: Any, target: Path, options: dict[str, Any]) -> Any:
    async with opened as download:
        return await download.save(target, **options)
