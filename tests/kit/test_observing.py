"""What can be seen of calls: one log line each, events for observers, and nothing confidential in either."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import Any

import pytest

from gemel.kit.errors import APIConnectionError
from gemel.kit.http.messages import Retry
from gemel.kit.policies.events import Event, configure_logging

from .shop import Mode
from .wire import Wire, cut, reply

ALBUM = {"album": {"id": "1", "title": "Blue"}}
QUICK = Retry(limit=2, base=0.001)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="gemel")
    return caplog


def test_a_call_is_one_line(mode: Mode, lines: pytest.LogCaptureFixture) -> None:
    with Wire(reply(ALBUM, headers={"X-Request-Id": "r1"})) as wire:
        mode.run(wire.url, lambda shop: shop.albums.retrieve("1", with_tracks=True))
    (said,) = [record.getMessage() for record in lines.records if record.name == "gemel"]
    assert said.startswith(f"GET {wire.url}/api/albums/1?withTracks=true -> 200 in ")
    assert said.endswith(" ms, 1 attempt, request id r1 (Albums.retrieve)")


def test_attempts_are_counted(mode: Mode, lines: pytest.LogCaptureFixture) -> None:
    with Wire(reply({}, status=503), reply({}, status=502), reply(ALBUM)) as wire:
        raw = mode.run(wire.url, lambda shop: shop.albums.retrieve.raw("1"), retries=QUICK)
    assert raw.attempts == 3
    assert "-> 200 in" in lines.text and "3 attempts" in lines.text


def test_a_call_without_a_reply_is_a_line_too(mode: Mode, lines: pytest.LogCaptureFixture) -> None:
    with Wire(cut(), cut(), cut()) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.retrieve("1"), retries=QUICK)
    assert isinstance(error, APIConnectionError) and error.attempts == 3
    assert "-> APIConnectionError in" in lines.text and "3 attempts" in lines.text


def test_the_request_id_of_an_error_body_is_in_the_line(mode: Mode, lines: pytest.LogCaptureFixture) -> None:
    with Wire(reply({"message": "no"}, status=404, headers={"X-Request-Id": "r9"})) as wire:
        mode.fails(wire.url, lambda shop: shop.albums.retrieve("1"))
    assert "-> 404 in" in lines.text and "request id r9" in lines.text


def test_no_line_and_no_event_shows_a_secret(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="gemel")
    seen: list[Event] = []
    with Wire(reply({"id": "1"}), reply(ALBUM)) as wire:
        mode.run(
            wire.url,
            lambda shop: shop.albums.by_key("very-secret"),
            lambda shop: shop.albums.create("Blue", download_key="very-secret"),
            headers={"X-Api-Key": "very-secret"},
            on_request=seen.append,
            on_response=seen.append,
        )
    assert len(seen) == 4 and caplog.text.count("DEBUG    gemel") == caplog.text.count("INFO     gemel") == 2
    assert "very-secret" not in caplog.text and "very-secret" not in repr(seen)
    assert seen[0].url.endswith("/api/keys/***")


def test_observers_see_every_attempt(mode: Mode) -> None:
    asked: list[Event] = []
    answered: list[Event] = []
    repeated: list[Event] = []
    with Wire(reply({}, status=503), reply({}, status=502), reply(ALBUM)) as wire:
        mode.run(
            wire.url,
            lambda shop: shop.albums.retrieve("1"),
            retries=QUICK,
            on_request=asked.append,
            on_response=answered.append,
            on_retry=repeated.append,
        )
    assert [event.attempt for event in asked] == [1, 2, 3]
    assert [(event.status, event.error) for event in answered] == [(503, ""), (502, ""), (200, "")]
    assert all(event.seconds > 0 and event.label == "Albums.retrieve" for event in answered)
    assert [(event.attempt, event.status) for event in repeated] == [(1, 503), (2, 502)]
    assert all(0 <= event.wait < 0.01 for event in repeated)


def test_an_observer_that_fails_harms_nothing(mode: Mode, lines: pytest.LogCaptureFixture) -> None:
    def broken(event: Event) -> None:
        raise RuntimeError("mine")

    with Wire(reply(ALBUM)) as wire:
        album: Any = mode.run(wire.url, lambda shop: shop.albums.retrieve("1"), on_request=broken)
    assert album.title == "Blue"
    assert "an observer of Albums.retrieve failed" in lines.text


def test_the_variable_shows_the_lines_on_standard_error() -> None:
    code = (
        "from gemel.kit.client import Client\n"
        "from gemel.kit.errors import GemelError\n"
        "with Client('http://127.0.0.1:9', retries=0) as client:\n"
        "    try: client.request('GET', 'x')\n"
        "    except GemelError: pass\n"
    )
    for level, wanted in {"info": 1, "debug": 2, "": 0}.items():
        environ = {**os.environ, "GEMEL_LOG": level, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60)
        assert done.stderr.count("http://127.0.0.1:9/x") == wanted, done.stderr


def test_a_wrong_level_is_said(caplog: pytest.LogCaptureFixture) -> None:
    configure_logging({"GEMEL_LOG": "loud"})
    assert "expected info or debug, got 'loud'" in caplog.text
