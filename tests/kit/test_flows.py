"""Workflows written once for both modes: they compose endpoints and other flows, handle errors, and wait."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from gemel.kit.calls.flows import flow, perform
from gemel.kit.calls.polling import Poll, WaitTimeoutError, wait_until
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import get, post
from gemel.kit.errors import APITimeoutError, DeclarationError, NotFoundError
from gemel.kit.flow.effects import Flow, Sleep
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import Async, M, Sync

from .shop import Mode
from .wire import Wire, reply, silence


class Job(Model):
    id: str
    state: str


class Jobs(Resource[M]):
    """Jobs of a server."""

    @get("jobs/{job_id}")
    def retrieve(self, job_id: str) -> Job:
        """Retrieve one job."""
        ...

    @post("jobs")
    def create(self, *, id: str) -> Job:
        """Start a job."""
        ...

    @flow
    def get_or_create(self, job_id: str) -> Flow[Job]:
        """Return the job, started if need be."""
        try:
            return (yield from perform(self.retrieve, job_id))
        except NotFoundError:
            return (yield from perform(self.create, id=job_id))

    @flow
    def finished(self, job_id: str, *, timeout: float = 5) -> Flow[Job]:
        """Start a job if need be and wait for its end."""
        job = yield from perform(self.get_or_create, job_id)
        quick: Poll[Job] = Poll(is_over, timeout=timeout, interval=0.01, jitter=0)
        return (yield from wait_until(quick, self.retrieve, job.id))

    @flow
    def pause(self) -> Flow[str]:
        """Wait a little and read nothing."""
        yield Sleep(0.001)
        return "rested"


class Factory(BaseClient[M]):
    jobs: Jobs[M]


class SyncFactory(Factory[Sync], Client):
    """Blocking."""


class AsyncFactory(Factory[Async], AsyncClient):
    """Awaited."""


def is_over(job: Job) -> bool:
    return job.state == "over"


def job(state: str) -> bytes:
    return reply({"id": "j", "state": state})


def run(mode: Mode, url: str, step: Callable[[Any], Any]) -> Any:
    return mode.run(url, step, client=AsyncFactory if mode.is_async else SyncFactory)


def test_a_flow_composes_endpoints_and_handles_their_errors(mode: Mode) -> None:
    with Wire(reply({}, status=404), job("new")) as wire:
        made = run(mode, wire.url, lambda factory: factory.jobs.get_or_create("j"))
    assert made == Job(id="j", state="new")
    assert [(seen.method, seen.target) for seen in wire.seen] == [("GET", "/jobs/j"), ("POST", "/jobs")]


def test_a_flow_composes_flows_and_waits(mode: Mode) -> None:
    with Wire(job("new"), job("new"), job("new"), job("over")) as wire:
        assert run(mode, wire.url, lambda factory: factory.jobs.finished("j")).state == "over"
    assert len(wire.seen) == 4


def test_an_error_that_a_flow_does_not_handle_reaches_the_caller(mode: Mode) -> None:
    with Wire(reply({}, status=404), reply({}, status=404)) as wire, pytest.raises(NotFoundError):
        run(mode, wire.url, lambda factory: factory.jobs.get_or_create("j"))


def test_a_flow_may_only_sleep(mode: Mode) -> None:
    assert run(mode, "http://127.0.0.1:9", lambda factory: factory.jobs.pause()) == "rested"


def test_a_client_runs_any_flow(mode: Mode) -> None:
    with Wire(job("new"), job("over")) as wire:
        poll: Poll[Job] = Poll(is_over, interval=0.01)
        assert (
            run(mode, wire.url, lambda factory: factory.run(wait_until(poll, factory.jobs.retrieve, "j"))).state
            == "over"
        )


def test_waiting_ends_with_what_was_seen_last(mode: Mode) -> None:
    with Wire(*[job("new")] * 40) as wire, pytest.raises(WaitTimeoutError) as caught:
        run(mode, wire.url, lambda factory: factory.jobs.finished("j", timeout=0.5))
    assert caught.value.last == Job(id="j", state="new")
    assert 2 <= caught.value.attempts < 40
    assert "0.5 s" in str(caught.value)


def test_waiting_does_not_outlast_its_deadline_when_the_server_hangs(mode: Mode) -> None:
    with Wire(job("new"), silence) as wire, pytest.raises(APITimeoutError):
        run(mode, wire.url, lambda factory: factory.jobs.finished("j", timeout=0.2))


def test_the_pause_grows_to_its_cap_and_is_drawn_below() -> None:
    poll: Poll[Any] = Poll(bool, interval=1, factor=2, cap=5, jitter=0.5)
    assert [poll.pause(attempts, 0.0) for attempts in (1, 2, 3, 4, 1000)] == [1, 2, 4, 5, 5]
    assert poll.pause(1, 1.0) == 0.5


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"interval": 0}, {"factor": 0.5}, {"cap": 0.1}, {"jitter": 2}])
def test_a_poll_that_cannot_work_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="poll:"):
        Poll(bool, **wrong)


def test_a_flow_looks_like_its_method() -> None:
    with SyncFactory("http://127.0.0.1:9") as factory:
        assert str(inspect.signature(factory.jobs.finished)).startswith("(job_id: 'str', *, timeout")
        assert factory.jobs.finished.__doc__ == "Start a job if need be and wait for its end."


def test_a_flow_that_is_no_generator_is_refused() -> None:
    with pytest.raises(DeclarationError, match="yield from perform"):

        @flow
        def wrong(self: Any) -> Any:
            return 1
