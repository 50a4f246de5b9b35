"""The errors of an SDK by status and by the API's code, and the words of error bodies that nobody declares."""

from __future__ import annotations

import json
import pickle
from typing import Annotated, Any, Generic

import pytest

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import delete, get
from gemel.kit.errors import APIStatusError, ConflictError, DeclarationError, InternalServerError, NotFoundError
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import SECRET, Async, M, Sync

from .shop import Mode
from .wire import Wire, reply


class ShopError(APIStatusError):
    """Any error of the shop."""


class Gone(ShopError, NotFoundError):
    """The thing is not there."""


class NoSuchBox(Gone):
    """The box is not there."""


class Locked(ShopError, ConflictError):
    """Somebody else has it."""


class Down(ShopError, InternalServerError):
    """The shop is closed."""


class Kept(ShopError):
    """It cannot be thrown away."""


class Boxes(Resource[M], errors={404: NoSuchBox, "box_locked": Locked}):
    """Endpoints of a class with errors of its own."""

    @get("boxes/{name}")
    def retrieve(self, name: str) -> Any:
        """Return a box."""
        ...

    @delete("boxes/{name}", errors={409: Kept})
    def delete(self, name: Annotated[str, SECRET]) -> None:
        """Throw a box away."""
        ...


class Bare(Resource[M]):
    """Endpoints without errors of their own."""

    @get("bare")
    def retrieve(self) -> Any:
        """Return it."""
        ...


class Desk(BaseClient[M], Generic[M], errors={404: Gone, 503: Down, "locked": Locked}):
    """The clients' resources."""

    boxes: Boxes[M]
    bare: Bare[M]


class SyncDesk(Desk[Sync], Client):
    """The blocking client."""


class AsyncDesk(Desk[Async], AsyncClient):
    """The awaited client."""


def error_of(mode: Mode, step: Any, body: Any, status: int) -> Any:
    with Wire(reply(body, status)) as wire, pytest.raises(APIStatusError) as caught:
        mode.run(wire.url, step, client=AsyncDesk if mode.is_async else SyncDesk)
    return caught.value


BOX = lambda desk: desk.boxes.retrieve("b")  # noqa: E731
BARE = lambda desk: desk.bare.retrieve()  # noqa: E731
THROW = lambda desk: desk.boxes.delete("box-of-the-secret")  # noqa: E731

CHOSEN = [
    (BOX, 404, {}, NoSuchBox),
    (BARE, 404, {}, Gone),
    (lambda desk: desk.request("GET", "x"), 404, {}, Gone),
    (BOX, 503, {}, Down),
    (BOX, 500, {}, InternalServerError),
    (BOX, 409, {"code": "box_locked"}, Locked),
    (BOX, 404, {"code": "box_locked"}, Locked),
    (BOX, 409, {"code": "locked"}, Locked),
    (BOX, 409, {"code": "other"}, ConflictError),
    (THROW, 409, {"code": "locked"}, Kept),
    (THROW, 409, {"code": "box_locked"}, Kept),
    (BARE, 409, {"code": "box_locked"}, ConflictError),
]


@pytest.mark.parametrize(("step", "status", "body", "kind"), CHOSEN)
def test_the_nearest_table_chooses_and_in_it_the_code(
    mode: Mode, step: Any, status: int, body: Any, kind: type[APIStatusError]
) -> None:
    assert type(error_of(mode, step, body, status)) is kind


def test_an_own_error_has_all_that_others_have(mode: Mode) -> None:
    error = error_of(mode, THROW, {"message": "no: box-of-the-secret", "code": "E1"}, 409)
    assert (error.status, error.code, error.message) == (409, "E1", "no: ***")
    assert "box-of-the-secret" not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is Kept
    assert str(again) == str(error)


WRONG: list[tuple[Any, str]] = [
    ([404], "errors: expected a mapping of statuses and codes to errors, got list"),
    ({200: Gone}, "errors: a status is a whole number from 300 to 599, got 200"),
    ({True: Gone}, "errors: an error is named by a status or by the API's code, got True"),
    ({"": Gone}, "errors: an error is named by a status or by the API's code, got ''"),
    ({None: Gone}, "errors: an error is named by a status or by the API's code, got None"),
    ({404: ValueError}, "errors: 404: expected a class derived from APIStatusError, got <class 'ValueError'>"),
    ({404: "Gone"}, "errors: 404: expected a class derived from APIStatusError, got 'Gone'"),
]


@pytest.mark.parametrize(("errors", "problem"), WRONG)
def test_wrong_errors_name_what_declares_them(errors: Any, problem: str) -> None:
    with pytest.raises(DeclarationError) as caught:

        class Wrong(Resource[M]):
            @get("x", errors=errors)
            def find(self) -> None: ...

    assert str(caught.value) == f"Wrong.find(): {problem}"
    with pytest.raises(DeclarationError) as caught:

        class WrongClass(Resource[M], errors=errors):
            pass

    assert str(caught.value) == f"WrongClass: {problem}"
    with pytest.raises(DeclarationError) as caught:

        class WrongClient(Client, errors=errors):
            pass

    assert str(caught.value) == f"WrongClient: {problem}"


def test_a_status_cannot_be_an_answer_and_an_error() -> None:
    with pytest.raises(DeclarationError, match=r"Wrong\.find\(\): errors: 404 is an answer by replies="):

        class Wrong(Resource[M]):
            @get("x", replies={200: True, 404: False}, errors={404: Gone})
            def find(self) -> bool: ...


SHAPES: list[tuple[Any, str, str]] = [
    ({"message": "m", "code": "c"}, "c", "m"),
    ({"error": {"message": "m", "code": "c"}}, "c", "m"),
    ({"error": "boom happened"}, "", "boom happened"),
    ({"error": "Bad Request", "message": "m"}, "", "m"),
    ({"error": "invalid_grant", "error_description": "it is used up"}, "invalid_grant", "it is used up"),
    ({"error": "not_found", "reason": "missing"}, "not_found", "missing"),
    ({"errcode": "M_FORBIDDEN", "error": "You are not invited"}, "M_FORBIDDEN", "You are not invited"),
    ({"type": "https://e/out", "title": "Out", "detail": "none left"}, "https://e/out", "Out: none left"),
    ({"type": "about:blank", "title": "Not Found", "status": 404}, "", "Not Found"),
    ({"errors": [{"message": "a"}, {"field": "name", "message": "b"}]}, "", "a; name: b"),
    ({"errors": ["a", "b"]}, "", "a; b"),
    ({"errors": {"name": ["is taken", "is short"]}}, "", "name: is taken, is short"),
    ({"errors": [{"code": "E1"}]}, "", "E1"),
    ({"title": "Out", "errors": []}, "", "Out"),
    ({"oops": 1, "api_key": "key-of-the-body"}, "", '{"oops": 1, "api_key": "***"}'),
    ([{"oops": 1, "token": ["key-of-the-body"]}], "", '[{"oops": 1, "token": "***"}]'),
]


@pytest.mark.parametrize(("body", "code", "message"), SHAPES)
def test_the_words_of_an_error_body(mode: Mode, body: Any, code: str, message: str) -> None:
    error = error_of(mode, BARE, body, 400)
    assert (error.code, error.message) == (code, message)
    assert "key-of-the-body" not in str(error)
    assert "no further word" not in str(error)


@pytest.mark.parametrize(
    "body", [{"error": {"message": None}}, {"error": None, "data": [None, ""]}, {"message": ""}, {}]
)
def test_a_body_that_says_nothing_is_no_word(mode: Mode, body: Any) -> None:
    error = error_of(mode, BARE, body, 400)
    assert error.message == "" and "no further word" in str(error)


def test_a_long_body_of_no_known_shape_is_shown_in_excerpt(mode: Mode) -> None:
    error = error_of(mode, BARE, {"odd": ["x" * 40] * 40}, 400)
    assert len(error.message) == 300
    assert json.dumps({"odd": ["x" * 40] * 40}).startswith(error.message)
