"""Jobs: where they stand, and waiting for them, however they end."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from gemel.julep import InvalidIdError, JobFailedError, JobState, JobStatus
from gemel.kit.calls.polling import WaitTimeoutError
from gemel.kit.errors import BadRequestError, InvalidArgument
from gemel.sandbox import JulepSandbox

from .modes import Mode

GHOST = "11111111-1111-4111-8111-111111111111"


def started(mode: Mode, client: Any) -> str:
    """The job of a new doc."""
    doc = mode.run(client.docs.create(agent_id=GHOST, doc={"title": "t", "content": "c"}))
    assert len(doc.jobs) == 1
    return str(doc.jobs[0])


def test_a_job_that_succeeds(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    sandbox.set_jobs("succeeded", seconds=0.5)
    job_id = started(mode, client)
    job = mode.run(client.jobs.get(job_id))
    assert type(job) is JobStatus and job.state is JobState.IN_PROGRESS and not job.over
    job = mode.run(client.jobs.wait(job_id, interval=0.1))
    assert job.state is JobState.SUCCEEDED and job.over and job.id == job_id


@pytest.mark.parametrize("outcome", ["failed", "aborted"])
def test_a_job_that_does_not(mode: Mode, client: Any, sandbox: JulepSandbox, outcome: str) -> None:
    sandbox.set_jobs(outcome)
    job_id = started(mode, client)
    with pytest.raises(JobFailedError, match=rf"jobs\.wait: the job '{job_id}' .* {outcome}: .+") as caught:
        mode.run(client.jobs.wait(job_id))
    assert caught.value.job.state == outcome and caught.value.job.reason
    copied = pickle.loads(pickle.dumps(caught.value))
    assert str(copied) == str(caught.value) and copied.job == caught.value.job


def test_a_job_that_never_ends(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    sandbox.set_jobs(seconds=1000)
    job_id = started(mode, client)
    with pytest.raises(WaitTimeoutError, match="raise `timeout`") as caught:
        mode.run(client.jobs.wait(job_id, timeout=0.6, interval=0.05))
    assert caught.value.last.id == job_id and caught.value.attempts > 1


def test_a_job_that_there_is_not(mode: Mode, client: Any) -> None:
    for call in (client.jobs.get, client.jobs.wait):
        with pytest.raises(BadRequestError) as caught:
            mode.run(call(GHOST))
        assert caught.value.code == "NOT_FOUND"


@pytest.mark.parametrize("given", [{"timeout": 0}, {"timeout": -1}, {"interval": 0}, {"timeout": "5"}, {"tries": 3}])
def test_wrong_patience_is_refused(mode: Mode, client: Any, sandbox: JulepSandbox, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        mode.run(client.jobs.wait(GHOST, **given))
    with pytest.raises(InvalidIdError):
        mode.run(client.jobs.wait("nope"))
    assert len(sandbox.requests) == 0
