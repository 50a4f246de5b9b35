"""The running sandbox of Julep as a test sees it."""

from __future__ import annotations

from ..box import Box, Running
from .records import OUTCOMES, Records

__all__ = ["JulepSandbox"]


class JulepSandbox(Box):
    """A running sandbox of Julep, generation 0.3.9.

    Attributes:
        api_key: The API key of the first developer.
    """

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

        Arguments:
            outcome: How they end: succeeded, failed or aborted.
            seconds: How long they are in progress before that.

        Raises:
            ValueError: The outcome is none of the three.
        """
        if outcome not in OUTCOMES:
            raise ValueError(f"outcome must be one of {', '.join(OUTCOMES)}, not {outcome!r}")
        self._records.job_outcome, self._records.job_seconds = outcome, seconds

    def set_pace(self, seconds: float) -> None:
        """Send the chunks of a streamed completion so many seconds apart, from the next stream on."""
        self._records.pace = seconds
