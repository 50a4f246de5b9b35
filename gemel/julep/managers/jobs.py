"""The manager of jobs."""

from __future__ import annotations

from typing import Annotated

from gemel.julep.api.jobs import Jobs
from gemel.julep.errors import JobFailedError
from gemel.julep.models.common import Id
from gemel.julep.models.jobs import JobState, JobStatus
from gemel.kit.calls.flows import flow
from gemel.kit.calls.polling import Poll, wait_until
from gemel.kit.flow.effects import Flow
from gemel.kit.types import Async, M, Predicate, Sync

__all__ = ["AsyncJobsManager", "BaseJobsManager", "JobsManager"]


class BaseJobsManager(Jobs[M]):
    """Jobs of either client."""

    @flow
    def wait(
        self,
        job_id: Id,
        *,
        timeout: Annotated[float, Predicate("more than 0 seconds", lambda value: value > 0)] = 300.0,
        interval: Annotated[float, Predicate("more than 0 seconds", lambda value: value > 0)] = 0.5,
    ) -> Flow[JobStatus]:
        """Wait until a job has succeeded, and return its status.

        Args:
            job_id: The id of the job.
            timeout: Seconds to wait in all.
            interval: Seconds between the first and the second look; the pauses grow.

        Raises:
            JobFailedError: The job failed or was aborted.
            WaitTimeoutError: The job was not over in time.
        """
        patience: Poll[JobStatus] = Poll(
            lambda job: job.over, timeout=timeout, interval=interval, cap=max(interval, 10.0)
        )
        job = yield from wait_until(patience, self.get, job_id)
        if job.state != JobState.SUCCEEDED:
            reason = job.reason or "the server gives no reason"
            raise JobFailedError(f"jobs.wait: the job {job.name!r} ({job.id}) {job.state}: {reason}", job=job)
        return job


class JobsManager(BaseJobsManager[Sync]):
    """Jobs of the blocking client."""


class AsyncJobsManager(BaseJobsManager[Async]):
    """Jobs of the async client."""
