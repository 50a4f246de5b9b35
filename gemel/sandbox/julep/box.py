"""The running sandbox of Julep as a test sees it."""

from __future__ import annotations

from typing import ClassVar

from .. import checks
from ..box import Box, Running
from ..control import Action
from .records import OUTCOMES, Records

__all__ = ["JulepSandbox"]


class JulepSandbox(Box):
    """A running sandbox of Julep, generation 0.3.9.

    Attributes:
        api_key: The API key of the first developer.
        controls: Which of its methods may be called over HTTP.
    """

    controls: ClassVar[tuple[Action, ...]] = (
        Action("POST", "developers", "add_developer", "api_key"),
        Action("PUT", "jobs", "set_jobs"),
        Action("PUT", "pace", "set_pace"),
    )

    def __init__(self, running: Running, records: Records) -> None:
        Box.__init__(self, running)  # not super(): a sandbox may be of two APIs
        self._records = records
        self.api_key: str = records.api_key

    @property
    def api_url(self) -> str:
        """The base address of the agents API, as clients are given it."""
        return f"{self.url}/api"

    def add_developer(self) -> str:
        """The API key of a new developer, who sees none of the records of the others."""
        return self._records.add_developer()

    def set_jobs(self, outcome: str = "succeeded", seconds: float = 0.0) -> None:
        """Say how jobs go that begin from now on, such as the one that embeds a doc.

        Args:
            outcome: How they end: succeeded, failed or aborted.
            seconds: How long they are in progress before that.

        Raises:
            ValueError: The outcome is none of the three, or the time is none.
        """
        ends = checks.seconds("seconds", seconds)
        self._records.job_outcome, self._records.job_seconds = checks.one_of("outcome", outcome, *OUTCOMES), ends

    def set_pace(self, seconds: float) -> None:
        """Send the chunks of a streamed completion so many seconds apart, from the next stream on.

        Raises:
            ValueError: The time is none.
        """
        self._records.pace = checks.seconds("seconds", seconds)
