"""A demo in which something goes wrong: each step's expectation is checked, shown, and decides the exit status."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import click.testing
import pytest

import gemel.cli.demo
import gemel.sandbox
from gemel.cli.commands import gemel as command
from gemel.cli.demo import Account, StepResult, run_demo, view_for
from gemel.cli.demo.infisical import INFISICAL
from gemel.cli.demo.julep import JULEP
from gemel.cli.demo.modes import MODES
from gemel.cli.demo.steps import Chapter, Step
from gemel.cli.demo.views import View
from gemel.cli.demo.walk import Seen, Walk
from gemel.sandbox import BothSandbox, serve


@pytest.fixture
def sandbox() -> Iterator[BothSandbox]:
    with serve("both") as running:
        yield running


class Screen(io.StringIO):
    """A text that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


# Without the many secrets, where these matter not: that takes most of the time.
SHORT = (Chapter(INFISICAL.client, [step for step in INFISICAL.steps if "200" not in step.name]), JULEP)


def walked(
    sandbox: BothSandbox, stream: io.StringIO, *, as_json: bool = False, chapters: Sequence[Chapter] = SHORT
) -> Account:
    with view_for(stream, as_json=as_json) as view:
        return run_demo(sandbox, view, chapters)


def wrong(account: Account) -> list[StepResult]:
    return [step for walk in account.walks for step in walk.steps if step.state != "ok"]


def test_a_refused_request_fails_its_step_and_the_rest_goes_on(sandbox: BothSandbox) -> None:
    sandbox.faults.status(400, method="PATCH", times=1)
    text = io.StringIO()
    account = walked(sandbox, text)
    (step,) = wrong(account)
    assert (step.name, step.state, step.got) == ("update a secret", "failed", "BadRequestError")
    assert "400 BadRequest Something went wrong" in step.note
    assert [walk.ok for walk in account.walks] == [False, True, True, True]
    assert not account.ok
    assert f"expected: {step.expected}" in text.getvalue()
    assert "NOT everything was as expected" in text.getvalue()


def test_another_value_than_written_is_noticed_and_not_shown(sandbox: BothSandbox) -> None:
    other = {"id": "1", "workspace": "w", "environment": "qa", "version": 1, "type": "shared"}
    other |= {"secretKey": "DB_URL", "secretValue": "another-value"}
    sandbox.faults.status(200, body={"secret": other}, method="GET", path="/api/v4/secrets/DB_URL")
    text = io.StringIO()
    (step,) = wrong(walked(sandbox, text))
    assert (step.name, step.state) == ("read a secret", "failed")
    assert step.got == "DB_URL v1, the value another than written, masked in its repr"
    assert "another-value" not in text.getvalue()


def test_what_has_nothing_to_work_on_is_skipped(sandbox: BothSandbox) -> None:
    sandbox.faults.status(400, method="POST", path="/api/v1/projects", times=1)
    account = walked(sandbox, io.StringIO())
    first, *rest = wrong(account)
    assert (first.name, first.state) == ("create a project", "failed")
    assert {step.state for step in rest} == {"skipped"}
    assert {step.got for step in rest} == {"not done: there is no project"}
    assert [walk.ok for walk in account.walks] == [False, True, True, True]


def test_a_failure_on_a_terminal_is_shown_in_its_table(sandbox: BothSandbox) -> None:
    sandbox.faults.status(404, method="DELETE", times=1)
    screen = Screen()
    assert not walked(sandbox, screen).ok
    assert "failed" in screen.getvalue() and "expected: REGION deleted" in screen.getvalue()


def test_a_single_failure_among_many_at_once_is_seen(sandbox: BothSandbox) -> None:
    sandbox.faults.status(418, path="/api/v4/secrets/MANY_1*", times=1)
    (step,) = wrong(walked(sandbox, io.StringIO(), chapters=[INFISICAL]))
    assert (step.name, step.got) == ("fetch 200 secrets at once", "APIStatusError")


def test_many_are_really_fetched_at_once(sandbox: BothSandbox) -> None:
    sandbox.faults.delay(0.1, path="/api/v4/secrets/MANY_")
    account = walked(sandbox, io.StringIO(), chapters=[INFISICAL])
    assert account.ok
    seconds = [step.seconds for walk in account.walks for step in walk.steps if step.name.startswith("fetch 200")]
    assert all(0.1 <= each < 200 * 0.1 / 2 for each in seconds), seconds


def test_a_server_that_is_gone_is_an_account_and_no_crash(sandbox: BothSandbox) -> None:
    sandbox.faults.status(500, times=None)
    account = walked(sandbox, io.StringIO())
    assert [walk.fine for walk in account.walks] == [0, 0, 0, 0]
    assert {step.got.split()[0] for step in wrong(account) if step.state == "failed"} == {"InternalServerError"}


@pytest.mark.parametrize("form", ["plain", "json", "terminal"])
def test_no_secret_is_in_any_output(sandbox: BothSandbox, form: str) -> None:
    sandbox.faults.status(400, method="PATCH", times=1)
    text = Screen() if form == "terminal" else io.StringIO()
    walked(sandbox, text, as_json=form == "json")
    secrets = [*sent_secrets(sandbox), sandbox.client_secret, sandbox.token, sandbox.api_key]
    assert len(secrets) > 50
    assert [secret for secret in secrets if secret in text.getvalue()] == []


def sent_secrets(sandbox: BothSandbox) -> Iterator[str]:
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


def test_a_foreign_error_is_placed_but_its_text_is_not_shown(sandbox: BothSandbox) -> None:
    account = run_demo(sandbox, View(), [Chapter(str, [Step("stumble", "nothing", stumble)])])
    assert [step.got for step in wrong(account)] == ["KeyError", "KeyError"]
    assert wrong(account)[0].note.startswith("in test_expectations.py, line ")
    assert "a-secret-value" not in json.dumps(account.document())


def test_the_blocking_walk_has_no_event_loop(sandbox: BothSandbox) -> None:
    with pytest.raises(RuntimeError, match="waited for an event loop"):
        run_demo(sandbox, View(), [Chapter(str, [Step("wait", "waited", wait)])])


def spoiled(step: Step) -> Step:
    """The same step, taken a second time when the server refuses everything."""

    async def act(walk: Walk) -> Seen:
        await step.act(walk)
        walk.sandbox.faults.status(418, times=None)
        try:
            return await step.act(walk)
        finally:
            walk.sandbox.faults.clear()

    return Step(step.name, step.expects, act)


# It sends nothing.
OFFLINE = "mistake a name for an id"


@pytest.mark.parametrize("chapter", SHORT, ids=["infisical", "julep"])
def test_no_step_takes_a_refusal_for_what_it_expects(sandbox: BothSandbox, chapter: Chapter) -> None:
    steps = [spoiled(step) for step in chapter.steps]
    account = run_demo(sandbox, View(), [Chapter(chapter.client, steps)])
    for walk in account.walks:
        assert [step.name for step in walk.steps if step.state != "failed"] == [
            step.name for step in steps if step.name == OFFLINE
        ]
        assert {step.got.split(";")[0] for step in walk.steps} >= {"APIStatusError"}


def test_a_name_that_passes_for_an_id_is_noticed(sandbox: BothSandbox) -> None:
    (step,) = [step for step in JULEP.steps if step.name == OFFLINE]
    careless: Any = SimpleNamespace(sandbox=sandbox, julep=SimpleNamespace(agents=SimpleNamespace(get=str)))
    for mode in MODES:
        assert mode.run(step.act(careless)) == Seen("no error")


def another_key(sandbox: BothSandbox) -> None:
    row = {"id": "1", "workspace": "w", "environment": "prod", "version": 1, "type": "shared"}
    row |= {"secretKey": "JULEP_API_KEY", "secretValue": "another-key"}
    sandbox.faults.status(200, body={"secret": row}, method="GET", path="/api/v4/secrets/JULEP_API_KEY", times=None)


def failing_jobs(sandbox: BothSandbox) -> None:
    sandbox.set_jobs("failed")


def no_history(sandbox: BothSandbox) -> None:
    sandbox.faults.status(200, body={"items": []}, path="/api/sessions/*/history", times=None)


def lost_tools(sandbox: BothSandbox) -> None:
    sandbox.faults.status(200, body={"items": []}, path="/api/agents/*/tools", method="GET", times=None)


def cut_streams(sandbox: BothSandbox) -> None:
    sandbox.faults.cut(after=600, path="/v1/chat/completions", times=None)


def nothing_changed(sandbox: BothSandbox) -> None:
    done = {"id": "1", "updated_at": "2024-01-01T00:00:00Z", "jobs": None}
    sandbox.faults.status(200, body=done, method="PATCH", path="/api/agents", times=None)


def nothing_deleted(sandbox: BothSandbox) -> None:
    gone = {"id": "1", "deleted_at": "2024-01-01T00:00:00Z", "jobs": None}
    sandbox.faults.status(202, body=gone, method="DELETE", path="/api/sessions", times=None)


DISTURBED: dict[Callable[[BothSandbox], None], dict[str, str]] = {
    failing_jobs: {
        "give it another doc": "JobFailedError",
        "chat, with the doc that fits": "'echo: When is high water?'; recalled: nothing",
    },
    no_history: {"read the history": ""},
    lost_tools: {
        "create an agent, a tool and a doc": "Ada on gpt-4o; tools: nothing; docs: Anchors",
        "delete the tool and the doc": "not done: there is no tool forecast",
    },
    cut_streams: {"stream a completion": "APIConnectionError"},
    nothing_changed: {"change it a little": "'Knows the sea.', still on gpt-4o at 0.2; metadata: ship"},
    nothing_deleted: {"delete session, user and agent": "deleted; then NotFoundError 404, no error, 3 times"},
}


@pytest.mark.parametrize("disturb", DISTURBED, ids=lambda disturb: disturb.__name__)
def test_what_julep_does_wrong_is_noticed(sandbox: BothSandbox, disturb: Callable[[BothSandbox], None]) -> None:
    disturb(sandbox)
    account = walked(sandbox, io.StringIO(), chapters=[JULEP])
    for walk in account.walks:
        assert {step.name: step.got for step in walk.steps if step.state != "ok"} == DISTURBED[disturb]


def test_the_julep_client_has_the_key_from_infisical(sandbox: BothSandbox) -> None:
    another_key(sandbox)
    text = io.StringIO()
    account = walked(sandbox, text, chapters=[JULEP])
    for walk in account.walks:
        opened, *others = [step for step in walk.steps if step.state != "ok"]
        assert opened.name == "make a Julep client with it"
        assert opened.got.endswith("the value another than written, masked in its repr; it is refused")
        assert {step.got.split()[0] for step in others} == {"PermissionDeniedError", "not"}
    assert "another-key" not in text.getvalue()


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_the_exit_status_tells(monkeypatch: pytest.MonkeyPatch, flags: list[str]) -> None:
    @contextmanager
    def disturbed(api: str) -> Iterator[BothSandbox]:
        with serve(api) as sandbox:
            sandbox.faults.status(400, method="PATCH", times=1)
            yield sandbox

    monkeypatch.setattr(gemel.sandbox, "serve", disturbed)
    monkeypatch.setattr(gemel.cli.demo, "run_demo", lambda sandbox, view: run_demo(sandbox, view, SHORT))
    done = click.testing.CliRunner().invoke(command, ["demo", *flags])
    assert done.exit_code == 1
    if flags:
        assert json.loads(done.stdout)["ok"] is False
    else:
        assert "FAILED" in done.stdout
