"""The two clients of an SDK side by side, on a sandbox that answers as it is or as it is told."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

import requests
import urllib3

Action = Callable[[Any], Any]


class Clients:
    """One client of each kind; `tap` keeps the replies that the blocking one gets."""

    def __init__(self, blocking: Any, awaiting: Any, sandbox: Any, tap: Tapped | None = None, **settings: Any) -> None:
        self.sandbox = sandbox
        self.replies = [] if tap is None else tap.replies
        self.blocking = blocking(session=tap, retries=0, **settings)
        self.awaiting = awaiting(retries=0, **settings)
        self.loop = asyncio.new_event_loop()

    def answer(self, status: int, body: bytes) -> None:
        """Have the next call of each client answered with this."""
        self.sandbox.faults.clear()
        self.sandbox.faults.status(
            status, times=2, body=body.decode(), headers={"content-type": "application/json; charset=utf-8"}
        )

    def block(self, action: Action) -> Any:
        """What an action on the blocking client gives."""
        return action(self.blocking)

    def wait(self, action: Action) -> Any:
        """What an action on the async client gives."""
        return self.loop.run_until_complete(action(self.awaiting))

    def close(self) -> None:
        self.blocking.close()
        self.loop.run_until_complete(self.awaiting.close())
        self.loop.close()


class Tapped(requests.Session):
    """A session that keeps the replies it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[requests.Response] = []
        self.hooks["response"] = [self._keep]

    def _keep(self, reply: requests.Response, **_: Any) -> None:
        body = reply.content
        self.replies.append(reply)
        reply.raw = urllib3.HTTPResponse(
            io.BytesIO(body), headers=reply.raw.headers, status=reply.status_code, preload_content=False
        )
