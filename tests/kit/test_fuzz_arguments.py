"""Whatever is passed as an argument reaches the server as it was, or is refused and nothing is sent."""

from __future__ import annotations

import enum
import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import Form, Header, Part, get, post
from gemel.kit.errors import InvalidArgument
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import Async, M, Sync

from .pair import Pair
from .wire import Seen, Wire, reply


class Size(enum.Enum):
    SMALL = "small size"
    LARGE = 7


class Word(str, enum.Enum):
    YES = "yes/no"


class Echo(Resource[M]):
    """An endpoint for each place that an argument can have."""

    @get("echo/{value}/end")
    def path(self, value: Any) -> None:
        """In the path."""
        ...

    @get("echo")
    def query(self, *, value: Any) -> None:
        """In the query."""
        ...

    @get("echo")
    def header(self, *, value: Annotated[Any, Header("X-Value")]) -> None:
        """In a header."""
        ...

    @post("echo")
    def form(self, *, value: Annotated[Any, Form]) -> None:
        """In a form."""
        ...

    @post("echo")
    def part(self, *, value: Annotated[Any, Part]) -> None:
        """In a part of a multipart body."""
        ...

    @post("echo")
    def field(self, *, value: Any) -> None:
        """In the JSON body."""
        ...


class EchoClient(Client):
    echo: Echo[Sync]


class AsyncEchoClient(AsyncClient):
    echo: Echo[Async]


@pytest.fixture(scope="module")
def server() -> Iterator[Wire]:
    with Wire(reply(status=204)) as wire:
        yield wire


@pytest.fixture(scope="module")
def clients(server: Wire) -> Iterator[Pair]:
    with Pair(server.url, EchoClient, AsyncEchoClient) as pair:
        yield pair


zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.none() | zones)
texts = st.text(max_size=8) | st.text("/.%\\ \t?#&=+;:,@\r\n\0é\ud800{}", max_size=5)
scalars = st.one_of(
    texts,
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.decimals(),
    moments,
    st.dates(),
    st.uuids(),
    st.sampled_from([*Size, *Word]),
)
values = st.recursive(
    st.none() | scalars | st.binary(max_size=3),
    lambda one: st.lists(one, max_size=3) | st.tuples(one) | st.dictionaries(texts | st.integers(), one, max_size=2),
    max_leaves=4,
)


def means(text: str, value: Any) -> bool:
    """Whether a text, read by the rules of the value's type, is the value."""
    if isinstance(value, enum.Enum):
        return means(text, value.value)
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, datetime):
        return text.endswith("Z") and datetime.fromisoformat(text.replace("Z", "+00:00")) == value
    readers: dict[type, Callable[[str], Any]] = {date: date.fromisoformat, UUID: UUID, Decimal: Decimal}
    readers |= {str: str, int: int, float: float}
    return type(value) in readers and bool(readers[type(value)](text) == value)


def says(sent: list[str], value: Any) -> bool:
    """Whether texts under one name are the value: none for None, each for an item of a list."""
    items = flat(value)
    return len(sent) == len(items) and all(map(means, sent, items))


def flat(value: Any) -> list[Any]:
    """The items of a list, however deep; None is no item."""
    if isinstance(value, list | tuple):
        return [inner for item in value for inner in flat(item)]
    return [] if value is None else [value]


def alike(document: Any, value: Any) -> bool:
    """Whether JSON, as a server reads it, is the value."""
    if isinstance(value, enum.Enum):
        return alike(document, value.value)
    if isinstance(value, list | tuple):
        return type(document) is list and len(document) == len(value) and all(map(alike, document, value))
    if isinstance(value, dict):
        named = {str(name): inner for name, inner in value.items()}
        return document.keys() == named.keys() and all(alike(document[name], inner) for name, inner in named.items())
    if isinstance(value, Decimal | date | UUID):
        return type(document) is str and means(document, value)
    if isinstance(value, bytes):
        return type(document) is str and b64decode(document, validate=True) == value
    if isinstance(value, float):
        return type(document) in (int, float) and float(document) == value
    return type(document) is type(value) and bool(document == value)


def pairs(text: str) -> list[str]:
    """The values under the name `value`, read as servers read a query or a form."""
    found = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    assert {name for name, _ in found} <= {"value"}
    return [value for _, value in found]


def in_path(seen: Seen, value: Any) -> bool:
    _, start, segment, end = seen.target.split("/")
    return (start, end) == ("echo", "end") and means(unquote(segment, errors="strict"), value)


def in_header(seen: Seen, value: Any) -> bool:
    """Servers leave out the white space around a field's value (RFC 9110, section 5.5)."""
    return says([text.strip(" \t") for name, text in seen.fields if name == "X-Value"], value)


def in_parts(seen: Seen, value: Any) -> bool:
    boundary = seen.headers["content-type"].partition("boundary=")[2].encode()
    bodies = [piece.partition(b"\r\n\r\n") for piece in seen.body.split(b"--" + boundary)[1:-1]]
    if isinstance(value, bytes | dict):
        ((_, _, body),) = bodies
        return body == value + b"\r\n" if isinstance(value, bytes) else alike(json.loads(body), value)
    return says([body.removesuffix(b"\r\n").decode() for _, _, body in bodies], value)


PLACES: dict[str, Callable[[Seen, Any], bool]] = {
    "path": in_path,
    "query": lambda seen, value: says(pairs(seen.query), value),
    "header": in_header,
    "form": lambda seen, value: says(pairs(seen.body.decode("ascii")), value),
    "field": lambda seen, value: alike(seen.json["value"], value),
}


def arrived(server: Wire, clients: Pair, place: str, value: Any) -> list[Seen]:
    """Call in both modes; what the server saw of each, nothing where the argument was refused."""
    before = len(server.seen)
    outcomes = clients.outcomes(lambda client: getattr(client.echo, place)(value=value))
    seen = server.seen[before:]
    refused = [isinstance(outcome, InvalidArgument) for outcome in outcomes]
    assert refused in ([True, True], [False, False]), outcomes
    assert refused[0] or outcomes == [None, None], outcomes
    assert len(seen) == (0 if refused[0] else 2)
    return seen


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=settings().max_examples * 2)
@given(value=values)
@example(value=Decimal("sNaN"))
@example(value=" a")
def test_what_is_sent_is_what_was_passed(server: Wire, clients: Pair, place: str, value: Any) -> None:
    for seen in arrived(server, clients, place, value):
        assert PLACES[place](seen, value), (seen.raw, value)


@given(value=texts | st.integers() | st.binary(max_size=5) | st.lists(st.integers(), max_size=3))
@example(value="\ud800")
def test_a_part_is_what_was_passed(server: Wire, clients: Pair, value: Any) -> None:
    for seen in arrived(server, clients, "part", value):
        assert value == [] or in_parts(seen, value), (seen.raw, value)


visible = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1)
proper = st.text(st.characters(codec="utf-8"))
finite = st.floats(allow_nan=False, allow_infinity=False) | st.decimals(allow_nan=False, allow_infinity=False)
plain = st.integers(-(2**63), 2**63 - 1) | finite | st.dates() | st.uuids() | st.sampled_from([*Size, *Word])
aware = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones)
WELCOME: dict[str, st.SearchStrategy[Any]] = {
    "path": plain | aware | proper.filter(lambda text: text not in ("", ".", "..")),
    "query": st.none() | plain | aware | st.booleans() | proper | st.lists(proper | plain, max_size=3),
    "header": st.none() | plain | aware | st.booleans() | visible,
    "form": st.none() | plain | aware | st.booleans() | proper | st.lists(proper | plain, max_size=3),
    "field": st.none() | plain | aware | st.booleans() | proper | st.dictionaries(proper, plain | aware, max_size=3),
}


@pytest.mark.parametrize("place", WELCOME)
@given(data=st.data())
def test_what_has_a_wire_form_is_not_refused(server: Wire, clients: Pair, place: str, data: st.DataObject) -> None:
    value = data.draw(WELCOME[place])
    both = arrived(server, clients, place, value)
    assert len(both) == 2 and all(PLACES[place](seen, value) for seen in both), value
    first, second = both
    assert (first.target, first.body) == (second.target, second.body)
