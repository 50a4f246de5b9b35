"""`metadata_filter`: the server writes it into a query of its database, which does not read JSON as JSON is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .wire import Julep

NOUNS = ["agents", "users", "sessions", "docs"]
HELD: list[Any] = [
    1,
    1.0,
    True,
    0,
    False,
    None,
    "1",
    "",
    "x",
    "it's",
    "a/b",
    "é",
    "日本",
    "😀",
    'say "hi"',
    "back\\slash",
    "two\nlines",
    [1, 2],
    [],
    {"z": 1},
    {"z": [1, {"y": None}]},
    {"z": "é"},
    -3,
    2.5,
]


class Held:
    """Records of one noun, each with one value under the key `k`."""

    def __init__(self, julep: Julep, noun: str) -> None:
        self.julep, self.agent = julep, julep.agent(metadata={"other": 1})
        self.path = f"/agents/{self.agent}/docs" if noun == "docs" else f"/{noun}"
        for number, value in enumerate(HELD):
            self.add(noun, {"k": value, "number": number})

    def add(self, noun: str, metadata: dict[str, Any]) -> None:
        """Make one."""
        body: dict[str, Any] = {"metadata": metadata}
        body |= {"docs": {"title": "t", "content": "c"}, "agents": {"name": "A"}}.get(noun, {})
        body |= {"agent_id": self.agent} if noun == "sessions" else {}
        self.julep.ok("POST", self.path, 200 if noun == "docs" else 201, json=body)

    def found(self, wanted: Any) -> list[Any]:
        """The values under `k` of what a filter finds, in the order in which they were made."""
        params = {"metadata_filter": wanted if isinstance(wanted, str) else json.dumps(wanted)}
        items = self.julep.ok("GET", self.path, params=params)["items"]
        numbers = sorted(item["metadata"]["number"] for item in items if "number" in item["metadata"])
        return [HELD[number] for number in numbers]

    def refused(self, text: str) -> Any:
        """The refusal of a filter that breaks the server."""
        return self.julep.refused(500, "GET", self.path, params={"metadata_filter": text})


@pytest.fixture(params=NOUNS)
def held(julep: Julep, request: pytest.FixtureRequest) -> Held:
    return Held(julep, request.param)


def same(found: list[Any], expected: list[Any]) -> bool:
    """Whether two lists are equal, with true told from 1."""
    return json.dumps(found) == json.dumps(expected)


def test_plain_values_are_found_and_types_told_apart(held: Held) -> None:
    for value in (True, False, "1", "", "x", "it's", "a/b", {"z": 1}, {"z": [1, {"y": None}]}, -3, 2.5):
        assert same(held.found({"k": value}), [value]), value
    assert len(held.found({})) == len(HELD)


def test_numbers_are_found_by_their_value(held: Held) -> None:
    assert same(held.found('{"k": 1}'), [1, 1.0])
    assert same(held.found('{"k": 1.0}'), [1, 1.0])
    assert same(held.found('{"k": 0.0}'), [0])
    assert same(held.found('{"k": -3.0}'), [-3])
    assert same(held.found('{"k": 25e-1}'), [2.5])
    assert held.found('{"k": {"z": 1.0}}') == []  # only at the top


@pytest.mark.parametrize("value", ["é", "日本", "😀", "back\\slash", "two\nlines", {"z": "é"}], ids=repr)
def test_a_text_that_json_escapes_finds_nothing(held: Held, value: Any) -> None:
    assert held.found(json.dumps({"k": value})) == []
    assert held.found(json.dumps({"k": value}, ensure_ascii=False)) == []


def test_a_key_that_json_escapes_finds_nothing(julep: Julep) -> None:
    for key in ("é", "日本", "back\\slash"):
        julep.user(metadata={key: 1})
        assert julep.ok("GET", "/users", params={"metadata_filter": json.dumps({key: 1})}) == {"items": []}


def test_null_and_lists_find_nothing(held: Held) -> None:
    for wanted in ({"k": None}, {"missing": None}, {"k": [1, 2]}, {"k": []}, {"k": {"z": None}}):
        assert held.found(wanted) == [], wanted


def test_every_key_of_a_filter_must_fit(held: Held) -> None:
    assert held.found({"k": "x", "number": HELD.index("x")}) == ["x"]
    assert held.found({"k": "x", "number": HELD.index("1")}) == []
    assert held.found({"k": "x", "missing": 1}) == held.found({"k": "x", "missing": None}) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"k": "say \\"hi\\""}',
        '{"k": "\\""}',
        '{"a\\"b": 1}',
        '{"k": ["\\""]}',
        '{"k": {"z": "\\""}}',
        '{"k": {"\\"": 1}}',
        '{"x": 1, "k": "\\u0022"}',
    ],
)
def test_a_quote_in_a_filter_breaks_the_server(held: Held, text: str) -> None:
    refusal = held.refused(text)
    assert refusal["message"].startswith("The query parser has encountered unexpected input / end of input")
    assert (refusal["status_code"], refusal["data"]) == (500, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"k": 9223372036854775808}', "Cannot parse integer"),
        ('{"k": [-99999999999999999999]}', "Cannot parse integer"),
        ('{"k": 1e999}', "Atom contains unbound variable, or rule contains no variable at all"),
        ('{"k": NaN}', "Atom contains unbound variable, or rule contains no variable at all"),
    ],
)
def test_a_number_that_the_database_cannot_hold_breaks_the_server(held: Held, text: str, message: str) -> None:
    assert held.refused(text) == {"status_code": 500, "message": message, "data": None}
    assert held.found('{"k": 9223372036854775807}') == []


@pytest.mark.parametrize("text", ["null", "1", '"x"', "[]"])
def test_a_filter_that_is_no_object_breaks_the_server(held: Held, text: str) -> None:
    assert held.refused(text) == "Internal Server Error"


def test_a_filter_that_is_no_json_is_refused(held: Held) -> None:
    for text in ("bad", "{", "", "{'k': 1}"):
        refusal = held.julep.refused(400, "GET", held.path, params={"metadata_filter": text})
        assert refusal == {"detail": "metadata_filter is not a valid JSON"}


def test_pages_are_cut_after_the_filter(julep: Julep) -> None:
    made = [julep.user(metadata={"even": number % 2 == 0}) for number in range(6)]
    params = {"metadata_filter": '{"even": true}', "limit": 1, "offset": 1}
    assert [user["id"] for user in julep.ok("GET", "/users", params=params)["items"]] == [made[2]]
