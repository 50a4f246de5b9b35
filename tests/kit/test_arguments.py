"""Arguments are checked before anything is sent; what is refused names method and parameter, and hides secrets."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from typing import Annotated, Any, Literal

import pytest

from gemel.kit.bind.checks import checker, exact_types, expectation
from gemel.kit.errors import InvalidArgument
from gemel.kit.types import OMIT, SECRET, Omit

from .shop import Color, Mode, NewAlbum

NOWHERE = "http://127.0.0.1:1"


class Level(enum.IntEnum):
    LOW = 1


FITS = [
    (str, "a", True),
    (str, 5, False),
    (str, None, False),
    (str, b"a", False),
    (str, Color.RED, False),
    (int, 5, True),
    (int, True, False),
    (int, 5.0, False),
    (int, "5", False),
    (int, Level.LOW, True),
    (float, 5, True),
    (float, 5.5, True),
    (float, False, False),
    (bool, True, True),
    (bool, 1, False),
    (str | None, None, True),
    (int | Omit, OMIT, True),
    (int | Omit, True, False),
    (int | bool, True, True),
    (list[str], ["a", "b"], True),
    (list[str], [], True),
    (list[str], ["a", 5], False),
    (list[int], [1, True], False),
    (list[str], "ab", False),
    (list[str], ("a",), False),
    (Sequence[str], ("a",), True),
    (Sequence[str], "ab", False),
    (list[str] | None, None, True),
    (list[list[int]], [[1], ["x"]], False),
    (dict[str, int], {"a": 1}, True),
    (dict[str, int], {"a": "1"}, False),
    (dict[str, int], [("a", 1)], False),
    (Mapping[str, Any], {"a": object()}, True),
    (Literal["a", 1], "a", True),
    (Literal["a", 1], 1, True),
    (Literal["a", 1], True, False),
    (Literal["a", 1], "b", False),
    (Literal["a", "b"] | None, None, True),
    (list[Literal["a"]], ["a", "b"], False),
    (Color, Color.RED, True),
    (Color, "red", False),
    (datetime, datetime(2020, 1, 1, tzinfo=timezone.utc), True),
    (datetime, date(2020, 1, 1), False),
    (date, date(2020, 1, 1), True),
    (date, datetime(2020, 1, 1), False),
    (NewAlbum, NewAlbum(title="a", download_key="k"), True),
    (NewAlbum, {"title": "a"}, False),
    (list[NewAlbum], [NewAlbum(title="a", download_key="k"), 5], False),
    (Annotated[str, SECRET], "a", True),
    (Annotated[str, SECRET], 5, False),
    (Annotated[str, SECRET] | None, None, True),
    (Any, object(), True),
    (tuple[int, str], (1, "a"), True),
    (tuple[int, str], ("a", 1), False),
]


@pytest.mark.parametrize(("hint", "value", "fits"), FITS)
def test_what_fits_a_hint(hint: Any, value: Any, fits: bool) -> None:
    assert (type(value) in exact_types(hint) or checker(hint)(value)) is fits


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (str, "str"),
        (int | Omit, "int"),
        (str | None, "str or None"),
        (Annotated[list[str] | Omit, SECRET], "list[str]"),
        (Literal["a", "b"], "Literal['a', 'b']"),
        (Color, "Color"),
    ],
)
def test_a_hint_in_words(hint: Any, words: str) -> None:
    assert expectation(hint) == words


WRONG = {
    "a wrong type": (lambda shop: shop.albums.list(limit="5"), "limit", "expected int, got str '5'"),
    "a bool for an int": (lambda shop: shop.albums.list(limit=True), "limit", "expected int, got bool True"),
    "a wrong item": (lambda shop: shop.albums.list(tags=["a", 5]), "tags", "expected list[str], got list"),
    "a text for a list": (lambda shop: shop.albums.list(tags="ab"), "tags", "expected list[str], got str"),
    "another literal": (lambda shop: shop.albums.list(kind="tape"), "kind", "Literal['vinyl', 'digital']"),
    "a text for an enum": (lambda shop: shop.albums.list(color="red"), "color", "expected Color or None, got str"),
    "an unknown name": (lambda shop: shop.albums.retrieve("a", wiht_tracks=True), "wiht_tracks", "it takes album_id"),
    "a missing one": (lambda shop: shop.albums.retrieve(), "album_id", "missing argument"),
    "one given twice": (lambda shop: shop.albums.retrieve("a", album_id="b"), "album_id", "given twice"),
    "too many": (lambda shop: shop.albums.retrieve("a", True), "", "only 1 taken (album_id)"),
    "none taken": (lambda shop: shop.albums.list("a"), "", "1 positional arguments given, only 0 taken (none)"),
    "a naive datetime": (lambda shop: shop.albums.list(since=datetime(2020, 1, 1)), "since", "needs a time zone"),
    "a dict for a model": (lambda shop: shop.albums.replace("a", {"title": "T"}), "album", "expected NewAlbum"),
    "no JSON": (lambda shop: shop.albums.create("T", price=float("nan")), "price", "must be finite"),
    "a surrogate": (lambda shop: shop.albums.create("\ud800"), "title", "JSON"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "parameter", "says"), WRONG.values(), ids=WRONG)
def test_what_is_refused_names_method_and_parameter(mode: Mode, call: Any, parameter: str, says: str) -> None:
    error = mode.fails(NOWHERE, call)
    assert type(error) is InvalidArgument
    assert error.method.startswith("Albums.")
    assert error.parameter == parameter
    assert str(error).startswith(f"{error.method}(): {parameter}")
    assert says in str(error)
    assert isinstance(error, TypeError)


@pytest.mark.parametrize("value", [["hunter2"], {"k": "hunter2"}, b"hunter2", 1234567])
def test_a_secret_argument_is_never_in_the_text(mode: Mode, value: Any) -> None:
    for call in (
        lambda shop: shop.albums.create("T", download_key=value),
        lambda shop: shop.albums.by_key(value),
        lambda shop: shop.albums.list(key=value),
    ):
        error = mode.fails(NOWHERE, call)
        assert type(error) is InvalidArgument
        assert "hunter2" not in str(error)
        assert "1234567" not in str(error)


def test_a_long_value_is_cut(mode: Mode) -> None:
    assert len(str(mode.fails(NOWHERE, lambda shop: shop.albums.list(limit="x" * 10_000)))) < 300
