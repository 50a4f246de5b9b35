"""`gemel demo` as a user runs it: on a pipe, for machines, and on a terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

import pytest

from .command import COMMAND, CREDENTIAL, SECONDS, complaints, environment, run, running

pty = pytest.importorskip("pty", reason="a pseudo-terminal is needed", exc_type=ImportError)
CLIENTS = ["InfisicalClient", "InfisicalAsyncClient", "julep.Client", "julep.AsyncClient"]
# What a user does, in the words of the steps.
SECRETS = ["log in", "project", "environment", "folders", "create", "read", "list", "import", "update", "delete"]
SECRETS += ["batch", "not there", "viewer", "refuses", "expired token", "fetch 200"]
AGENTS = ["keep the Julep key in Infisical", "client with it", "another key", "agent, a tool and a doc", "another doc"]
AGENTS += ["user", "session", "doc that fits", "asked for a tool", "history", "stream", "not there", "delete"]
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7])[;m]")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    done = run("demo", "--json")
    assert (done.returncode, complaints(done.stderr)) == (0, [])
    assert not CREDENTIAL.search(done.stdout)
    loaded: dict[str, Any] = json.loads(done.stdout)  # fails on a second document or any word beside it
    return loaded


@pytest.fixture(scope="module")
def plain() -> str:
    """What it writes to a pipe, although the environment asks for colour."""
    done = run("demo", FORCE_COLOR="1")
    assert (done.returncode, complaints(done.stderr)) == (0, [])
    return done.stdout


def test_plain_text_on_a_pipe(plain: str) -> None:
    assert "\x1b" not in plain
    assert not CREDENTIAL.search(plain)
    for client in CLIENTS:
        assert re.search(rf"^{client}: (\d+) of \1 steps as expected, \d+\.\d\d s$", plain, re.MULTILINE)
    assert "FAILED" not in plain and "SKIPPED" not in plain
    assert re.search(r"\nEverything was as expected; \d+\.\d\d s in all\.\n$", plain)


def test_the_errors_are_shown(plain: str) -> None:
    """Wrapped lines put together again, the errors stand there in full."""
    text = " ".join(plain.split())
    for said in ("404 NotFound Secret with name 'MISSING' not found", "403 PermissionDenied You are not allowed"):
        assert text.count(said) == 2
    assert text.count("422 ValidationFailure slug: Slug must be a valid slug") == 2
    for said in ("403 Could not validate API KEY", "404 Agent not found", "a UUID of version 4), got str 'Ada'"):
        assert text.count(said) == 2


def test_the_document_says_that_all_is_well(document: dict[str, Any]) -> None:
    assert document["ok"] is True
    assert [walk["client"] for walk in document["walks"]] == CLIENTS
    for walk in document["walks"]:
        assert walk["ok"] is True
        assert {step["state"] for step in walk["steps"]} == {"ok"}
        assert [step["got"] for step in walk["steps"]] == [step["expected"] for step in walk["steps"]]


@pytest.mark.parametrize("first, deeds", [(0, SECRETS), (2, AGENTS)], ids=["infisical", "julep"])
def test_both_clients_do_the_same_steps(document: dict[str, Any], first: int, deeds: list[str]) -> None:
    walks = document["walks"][first : first + 2]
    blocking, awaited = ([step["name"] for step in walk["steps"]] for walk in walks)
    assert blocking == awaited
    assert len(set(blocking)) == len(blocking)
    assert [deed for deed in deeds if not any(deed in name for name in blocking)] == []


def test_timings_are_real(document: dict[str, Any]) -> None:
    for walk in document["walks"]:
        assert all(0 < step["seconds"] < walk["seconds"] for step in walk["steps"])
        assert walk["seconds"] == pytest.approx(sum(step["seconds"] for step in walk["steps"]))
    assert document["seconds"] == pytest.approx(sum(walk["seconds"] for walk in document["walks"]))


def on_a_terminal(*arguments: str, **variables: str) -> tuple[int, str]:
    """Run the command with its output on a pseudo-terminal; the exit status and all that it wrote."""
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as screen:
        try:
            process = subprocess.Popen(
                [*COMMAND, *arguments], stdout=theirs, stderr=theirs, env=environment(COLUMNS="120", **variables)
            )
        finally:
            os.close(theirs)
        written = bytearray()
        try:
            while chunk := screen.read(65536):
                written += chunk
        except OSError:  # Linux says EIO when the other side has closed
            pass
        return process.wait(SECONDS), written.decode()


def test_tables_and_a_progress_bar_on_a_terminal() -> None:
    status, screen = on_a_terminal("demo")
    assert status == 0, screen
    assert screen.count("┏") == 4 and screen.count("└") == 4
    assert COLOUR.search(screen)
    assert re.search(r"\d+/200", screen), "no progress bar while it fetches"
    assert screen.count("\x1b[?25l") == screen.count("\x1b[?25h") > 0, "the cursor is hidden and given back"
    assert not CREDENTIAL.search(screen)


def test_no_colour_on_a_terminal_that_wants_none() -> None:
    status, screen = on_a_terminal("demo", NO_COLOR="1")
    assert status == 0, screen
    assert screen.count("┏") == 4
    assert not COLOUR.search(screen)


def test_a_reader_that_leaves_early_is_no_crash() -> None:
    with running("demo") as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith("gemel ")
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(SECONDS) == 1
    assert complaints(said) == []
