"""A demo in which something goes wrong: each step's expectation is checked, shown, and decides the exit status."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click.testing
import pytest

import gemel.sandbox
from gemel.cli.commands import gemel as command
from gemel.cli.demo import Account, StepResult, run_demo, view_for
from gemel.cli.demo.steps import STEPS
from gemel.cli.demo.views import View
from gemel.cli.demo.walk import Seen, Step, Walk
from gemel.sandbox import Sandbox, serve


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


class Screen(io.StringIO):
    """A text that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


# Without the many secrets, where these matter not: that takes most of the time.
SHORT = [step for step in STEPS if "200" not in step.name]


def walked(sandbox: Sandbox, stream: io.StringIO, *, as_json: bool = False, steps: Sequence[Step] = SHORT) -> Account:
    with view_for(stream, as_json=as_json) as view:
        return run_demo(sandbox, view, steps)


def wrong(account: Account) -> list[StepResult]:
    return [step for walk in account.walks for step in walk.steps if step.state != "ok"]


def test_a_refused_request_fails_its_step_and_the_rest_goes_on(sandbox: Sandbox) -> None:
    sandbox.faults.status(400, method="PATCH", times=1)
    text = io.StringIO()
    account = walked(sandbox, text)
    (step,) = wrong(account)
    assert (step.name, step.state, step.got) == ("update a secret", "failed", "BadRequestError")
    assert "400 BadRequest Something went wrong" in step.note
    assert [walk.ok for walk in account.walks] == [False, True]
    assert not account.ok
    assert f"expected: {step.expected}" in text.getvalue()
    assert "NOT everything was as expected" in text.getvalue()


def test_another_value_than_written_is_noticed_and_not_shown(sandbox: Sandbox) -> None:
    other = {"id": "1", "workspace": "w", "environment": "qa", "version": 1, "type": "shared"}
    other |= {"secretKey": "DB_URL", "secretValue": "another-value"}
    sandbox.faults.status(200, body={"secret": other}, method="GET", path="/api/v4/secrets/DB_URL")
    text = io.StringIO()
    (step,) = wrong(walked(sandbox, text))
    assert (step.name, step.state) == ("read a secret", "failed")
    assert step.got == "DB_URL v1, the value another than written, masked in its repr"
    assert "another-value" not in text.getvalue()


def test_what_has_nothing_to_work_on_is_skipped(sandbox: Sandbox) -> None:
    sandbox.faults.status(400, method="POST", path="/api/v1/projects", times=1)
    account = walked(sandbox, io.StringIO())
    first, *rest = wrong(account)
    assert (first.name, first.state) == ("create a project", "failed")
    assert {step.state for step in rest} == {"skipped"}
    assert {step.got for step in rest} == {"not done: there is no project"}
    assert [walk.ok for walk in account.walks] == [False, True]


def test_a_failure_on_a_terminal_is_shown_in_its_table(sandbox: Sandbox) -> None:
    sandbox.faults.status(404, method="DELETE", times=1)
    screen = Screen()
    assert not walked(sandbox, screen).ok
    assert "failed" in screen.getvalue() and "expected: REGION deleted" in screen.getvalue()


def test_a_single_failure_among_many_at_once_is_seen(sandbox: Sandbox) -> None:
    sandbox.faults.status(418, path="/api/v4/secrets/MANY_1*", times=1)
    (step,) = wrong(walked(sandbox, io.StringIO(), steps=STEPS))
    assert (step.name, step.got) == ("fetch 200 secrets at once", "APIStatusError")


def test_many_are_really_fetched_at_once(sandbox: Sandbox) -> None:
    sandbox.faults.delay(0.1, path="/api/v4/secrets/MANY_")
    account = walked(sandbox, io.StringIO(), steps=STEPS)
    assert account.ok
    seconds = [step.seconds for walk in account.walks for step in walk.steps if step.name.startswith("fetch 200")]
    assert all(0.1 <= each < 200 * 0.1 / 2 for each in seconds), seconds


def test_a_server_that_is_gone_is_an_account_and_no_crash(sandbox: Sandbox) -> None:
    sandbox.faults.status(500, times=None)
    account = walked(sandbox, io.StringIO())
    assert [walk.fine for walk in account.walks] == [0, 0]
    assert {step.got for step in wrong(account) if step.state == "failed"} == {"InternalServerError"}


@pytest.mark.parametrize("form", ["plain", "json", "terminal"])
def test_no_secret_is_in_any_output(sandbox: Sandbox, form: str) -> None:
    sandbox.faults.status(400, method="PATCH", times=1)
    text = Screen() if form == "terminal" else io.StringIO()
    walked(sandbox, text, as_json=form == "json")
    secrets = [*sent_secrets(sandbox), sandbox.client_secret, sandbox.token]
    assert len(secrets) > 50
    assert [secret for secret in secrets if secret in text.getvalue()] == []


def sent_secrets(sandbox: Sandbox) -> Iterator[str]:
    """Every token, client secret and secret value that went over the wire to the sandbox."""
    for request in sandbox.requests:
        yield from filter(None, [(request.header("authorization") or "").removeprefix("Bearer ")])
        body: dict[str, Any] = json.loads(request.body or b"{}")
        for record in [body, *body.get("secrets", [])]:
            yield from (record[name] for name in ("secretValue", "clientSecret") if name in record)


async def wait(walk: Walk) -> Seen:
    await asyncio.sleep(0)
    return Seen("waited")


async def stumble(walk: Walk) -> Seen:
    raise KeyError("a-secret-value")


def test_a_foreign_error_is_placed_but_its_text_is_not_shown(sandbox: Sandbox) -> None:
    account = run_demo(sandbox, View(), [Step("stumble", "nothing", stumble)])
    assert [step.got for step in wrong(account)] == ["KeyError", "KeyError"]
    assert wrong(account)[0].note.startswith("in test_expectations.py, line ")
    assert "a-secret-value" not in json.dumps(account.document())


def test_the_blocking_walk_has_no_event_loop(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match="waited for an event loop"):
        run_demo(sandbox, View(), [Step("wait", "waited", wait)])


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_the_exit_status_tells(monkeypatch: pytest.MonkeyPatch, flags: list[str]) -> None:
    @contextmanager
    def disturbed(api: str) -> Iterator[Sandbox]:
        with serve(api) as sandbox:
            sandbox.faults.status(400, method="PATCH", times=1)
            yield sandbox

    monkeypatch.setattr(gemel.sandbox, "serve", disturbed)
    done = click.testing.CliRunner().invoke(command, ["demo", *flags])
    assert done.exit_code == 1
    if flags:
        assert json.loads(done.stdout)["ok"] is False
    else:
        assert "FAILED" in done.stdout
