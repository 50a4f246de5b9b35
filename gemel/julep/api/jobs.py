# mypy: disable-error-code="empty-body"
"""The endpoint of jobs."""

from __future__ import annotations

from gemel.julep.models.common import Id
from gemel.julep.models.jobs import JobStatus
from gemel.kit.declare import get
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

__all__ = ["Jobs"]


class Jobs(Resource[M]):
    """Jobs: what the server does after it has answered.  https://github.com/julep-ai/julep (openapi.yaml of 0.3)"""

    @get("jobs/{job_id}", cacheable=False)
    def get(self, job_id: Id) -> JobStatus:
        """Retrieve the status of a job."""
        ...
