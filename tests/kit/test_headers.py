"""Headers: names without case, order and repetition kept, credentials never shown."""

from __future__ import annotations

import pytest

from gemel.kit.http.messages import Headers

PLAIN = Headers([("X-Tag", "a"), ("x-tag", "b"), ("Accept", "c")])


def test_names_are_looked_up_without_case() -> None:
    assert PLAIN["x-TAG"] == "a, b" and "ACCEPT" in PLAIN and "other" not in PLAIN
    assert PLAIN.get_list("X-TAG") == ["a", "b"] and len(PLAIN) == 2


@pytest.mark.parametrize(
    "same",
    [
        Headers([("X-TAG", "a"), ("X-Tag", "b"), ("accept", "c")]),
        Headers([("accept", "c"), ("x-tag", "a, b")]),
        Headers({"Accept": "c", "X-Tag": "a, b"}),
    ],
)
def test_what_is_equal_has_one_hash(same: Headers) -> None:
    assert same == PLAIN and hash(same) == hash(PLAIN) and len({same, PLAIN}) == 1


@pytest.mark.parametrize("other", [Headers(), Headers({"X-Tag": "a"}), Headers({"Accept": "c", "X-Tag": "A, b"})])
def test_what_differs_is_not_equal(other: Headers) -> None:
    assert other != PLAIN


def test_a_plain_mapping_is_compared_without_case() -> None:
    assert PLAIN == {"X-Tag": "a, b", "Accept": "c"} and PLAIN != {"X-Tag": "a"}
    assert PLAIN != [("X-Tag", "a, b")]
