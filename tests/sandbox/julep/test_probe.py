"""Every exchange recorded from a real server, repeated in order: the same status, type and body.

The ids that a server makes are learned from its replies; a moment need only have the same form. Docs and tools are
listed by their ids, which are others here: their lists are compared as if sorted. Everything else, the texts of errors
and the counts of tokens too, must be equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from gemel.sandbox import JulepSandbox, serve

PROBE = Path(__file__).with_name("probe.jsonl")
EXCHANGES: list[dict[str, Any]] = [json.loads(line) for line in PROBE.read_text(encoding="utf-8").splitlines()]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")

# What the recording does not show of a request, by its label.
HEADERS: dict[str, Callable[[str], dict[str, str]]] = {
    "no auth": lambda key: {},
    "bearer lower case": lambda key: {"Authorization": f"bearer {key}"},
    "bare key": lambda key: {"Authorization": key},
}
OTHER_DEVELOPER = {"X-Developer-Id": "22222222-2222-4222-8222-222222222222"}
BROKEN_JSON = {"agent create bad json": b"{broken"}

# Where the sandbox does not do as recorded, one by one, and why.
DIFFERENT_BODY = {"openapi served": "the sandbox describes itself: the same operations, without schemas and prose"}


class Replay:
    """The recording against one sandbox: what its ids are there."""

    def __init__(self, sandbox: JulepSandbox) -> None:
        self.sandbox = sandbox
        self.ids: dict[str, str] = {}
        self.outcomes: list[AssertionError | None] = []
        self.session = requests.Session()
        self.session.trust_env = False

    def outcome(self, number: int) -> AssertionError | None:
        """What is wrong with one exchange, those before it played first: another process may have tested them."""
        while len(self.outcomes) <= number:
            self.outcomes.append(self.played(EXCHANGES[len(self.outcomes)]))
        return self.outcomes[number]

    def played(self, exchange: dict[str, Any]) -> AssertionError | None:
        try:
            response = self.send(exchange)
            assert response.status_code == exchange["status"], response.text
            assert response.headers.get("content-type") == exchange["content_type"]
            if exchange["label"] not in DIFFERENT_BODY:
                self.compare(self.comparable(exchange, exchange["body"]), self.comparable(exchange, body_of(response)))
        except AssertionError as difference:
            return difference
        return None

    def send(self, exchange: dict[str, Any]) -> requests.Response:
        label = exchange["label"]
        options: dict[str, Any] = {"params": exchange["params"], "headers": self.headers(label)}
        if label in BROKEN_JSON:
            options["data"] = BROKEN_JSON[label]
        elif exchange["json"] is not None:
            options["json"] = json.loads(self.translated(json.dumps(exchange["json"])))
        url = self.sandbox.api_url + self.translated(exchange["path"])
        if exchange["status"] == 500:
            options["headers"]["Connection"] = "close"  # the server closes it anyway, at once or a moment later
        return self.session.request(exchange["method"], url, timeout=10, allow_redirects=False, **options)

    def headers(self, label: str) -> dict[str, str]:
        key = self.sandbox.api_key
        shown = HEADERS.get(label, lambda key: {"Authorization": f"Bearer {key}"})(key)
        return shown | (OTHER_DEVELOPER if label.startswith("other developer") else {})

    def translated(self, text: str) -> str:
        return UUID.sub(lambda found: self.ids.get(found[0], found[0]), text)

    def comparable(self, exchange: dict[str, Any], body: Any) -> Any:
        unsorted = exchange["method"] == "GET" and exchange["status"] == 200
        if not unsorted or not exchange["path"].endswith(("/docs", "/tools")):
            return body
        return {"items": sorted(body["items"], key=lambda item: (self.translated(item["id"]), str(item)))}

    def compare(self, recorded: Any, actual: Any, at: str = "body") -> None:
        assert type(actual) is type(recorded), f"{at}: {actual!r}, recorded was {recorded!r}"
        if isinstance(recorded, dict):
            assert actual.keys() == recorded.keys(), at
            for key, value in recorded.items():
                self.compare(value, actual[key], f"{at}.{key}")
        elif isinstance(recorded, list):
            assert len(actual) == len(recorded), at
            for position, value in enumerate(recorded):
                self.compare(value, actual[position], f"{at}[{position}]")
        elif isinstance(recorded, str):
            self.compare_text(recorded, actual, at)
        else:
            assert actual == recorded, at

    def compare_text(self, recorded: str, actual: str, at: str) -> None:
        if UUID.fullmatch(recorded) and recorded not in self.ids:
            assert UUID.fullmatch(actual), f"{at}: {actual!r} is no id"
            self.ids[recorded] = actual
        elif found := MOMENT.fullmatch(recorded):
            form = MOMENT.fullmatch(actual)
            assert form and bool(form[1]) == bool(found[1]), f"{at}: {actual!r}, recorded was {recorded!r}"
        else:
            assert actual == self.translated(recorded), at


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with serve("julep") as sandbox:
        running = Replay(sandbox)
        with running.session:
            yield running


def body_of(response: requests.Response) -> Any:
    return response.json() if response.headers.get("content-type") == "application/json" else response.text


@pytest.mark.parametrize("number", range(len(EXCHANGES)), ids=[f"{n:03} {x['label']}" for n, x in enumerate(EXCHANGES)])
def test_the_sandbox_answers_as_recorded(replay: Replay, number: int) -> None:
    difference = replay.outcome(number)
    if difference is not None:
        raise difference


def test_the_recording_is_whole_and_each_exception_is_of_it() -> None:
    labels = {exchange["label"] for exchange in EXCHANGES}
    assert len(EXCHANGES) == 102
    assert {*HEADERS, *BROKEN_JSON, *DIFFERENT_BODY} <= labels


def operations(document: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """What each operation takes and with what status it succeeds; the header is of the gateway."""
    return {
        (verb, path): (
            {(one["name"], one["in"], one["required"]) for one in operation["parameters"] if one["in"] != "header"},
            "requestBody" in operation,
            min(operation["responses"]),
        )
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    }


def test_the_sandbox_describes_the_operations_that_the_server_described(replay: Replay) -> None:
    recorded = next(exchange["body"] for exchange in EXCHANGES if exchange["label"] == "openapi served")
    actual = requests.get(f"{replay.sandbox.api_url}/openapi.json", timeout=10).json()
    assert actual.keys() == recorded.keys()
    assert actual["servers"] == recorded["servers"]
    assert actual["components"]["securitySchemes"] == recorded["components"]["securitySchemes"]
    assert operations(actual) == operations(recorded)
