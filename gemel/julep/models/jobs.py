"""Jobs: work that the server does after it has replied."""

from __future__ import annotations

from datetime import datetime

from gemel.julep.models.common import Record
from gemel.kit.models.unions import OpenEnum
from gemel.kit.types import ABSENT

__all__ = ["JobState", "JobStatus"]


class JobState(OpenEnum):
    """The state of a job."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    ABORTED = "aborted"
    FAILED = "failed"
    UNKNOWN = "unknown"


class JobStatus(Record):
    """A job; `reason` says why it failed."""

    id: str
    name: str
    created_at: datetime
    state: JobState
    reason: str | None = ABSENT
    updated_at: datetime | None = ABSENT
    has_progress: bool | None = ABSENT
    progress: float | None = ABSENT

    @property
    def over(self) -> bool:
        """Whether the job has ended, successfully or not."""
        return self.state in (JobState.SUCCEEDED, JobState.FAILED, JobState.ABORTED)
