"""Route: the answers of a stub server to one endpoint, typed by what the endpoint returns.

stub.on(Secrets.retrieve).fail(503).reply(secret)      # 503 first, the secret from then on
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from typing_extensions import Self, TypeVar

from gemel.kit.calls.endpoint import Endpoint
from gemel.sandbox.messages import RecordedRequest, ServerReply
from gemel.testing.calls import ReceivedCall
from gemel.testing.replies import BYTES_TYPE, HeaderPairs, json_reply, plain_reply, raw_reply, typed_reply
from gemel.testing.server import StubError
from gemel.testing.template import Template

__all__ = ["Route"]

R = TypeVar("R")


@dataclass(frozen=True)
class Step:
    """One answer of a script; `waits` says that making it may block, so that it needs a thread."""

    make: Callable[[ReceivedCall], ServerReply]
    delay: float
    waits: bool = False


class Route(Generic[R]):
    """The script of answers to one endpoint: one step for each call, the last step again and again.

    Every method that adds a step returns the route; its `delay` is in seconds, before the reply.

    Args:
        method: The HTTP verb.
        template: The path template.
        endpoint: The declared endpoint, None for a route of a verb and a path.
    """

    def __init__(self, method: str, template: str, endpoint: Endpoint[..., Any] | None = None) -> None:
        self.method: str = method.upper()
        self.template: Template = Template(template)
        self.label: str = "" if endpoint is None else endpoint.label
        self._endpoint = endpoint
        self._guard = threading.Lock()
        self._steps: list[Step] = []
        self._calls: list[ReceivedCall] = []

    @property
    def calls(self) -> list[ReceivedCall]:
        """The calls received so far, oldest first."""
        with self._guard:
            return list(self._calls)

    def reply(
        self,
        value: R,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        beside: Mapping[str, Any] | None = None,
    ) -> Self:
        """Answer with a value of the type that the endpoint returns, with names on the wire and in its envelope.

        For a paged list give the items of one page, for a stream its events, for a download its bytes. Without an
        endpoint None sends no body, bytes are sent as they are, and anything else as JSON.

        Args:
            value: The value.
            status: The status; None is what `replies=` has for the value, else 200, or 204 without a body.
            headers: Header fields to add.
            delay: Seconds to wait before the reply.
            beside: Further members of the envelope, such as a total or a cursor.

        Raises:
            TypeError: The value is not of the type that the endpoint returns.
            ValueError: The value cannot be encoded.
        """
        return self._given(self._encoded(value, status, _pairs(headers), beside or {}), delay)

    def reply_each(self, *values: R) -> Self:
        """Answer with these values, one for each call."""
        for value in values:
            self.reply(value)
        return self

    def reply_json(
        self, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, delay: float = 0.0
    ) -> Self:
        """Answer with any JSON, neither checked nor put in an envelope, such as a reply of another version."""
        return self._given(json_reply(value, status, _pairs(headers)), delay)

    def reply_bytes(
        self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None, delay: float = 0.0
    ) -> Self:
        """Answer with these bytes; the headers may name their content type."""
        return self._given(raw_reply(body, status, _pairs(headers), BYTES_TYPE), delay)

    def fail(
        self, status: int, body: Any = None, *, headers: Mapping[str, str] | None = None, delay: float = 0.0
    ) -> Self:
        """Answer with an error.

        Args:
            status: The status, 400 to 599.
            body: The body, sent as JSON; None sends {"message": ...}.
            headers: Header fields to add.
            delay: Seconds to wait before the reply.

        Raises:
            ValueError: The status is not 400 to 599.
        """
        if not 400 <= status <= 599:
            raise ValueError(f"fail: the status of an error is 400 to 599, not {status}; reply() sends others")
        said: Any = {"message": f"the stub answers {status}"} if body is None else body
        return self.reply_json(said, status=status, headers=headers, delay=delay)

    def answer(self, function: Callable[[ReceivedCall], R | ServerReply], *, delay: float = 0.0) -> Self:
        """Answer with the result of a function of the call: a value as for `reply`, or a ServerReply with a status.

        It runs in a thread, in several at once for simultaneous calls. An exception of it fails the test.
        """

        def make(call: ReceivedCall) -> ServerReply:
            outcome = function(call)
            return outcome if isinstance(outcome, ServerReply) else self._encoded(outcome, None, (), {})

        return self._then(Step(make, delay, waits=True))

    def matches(self, request: RecordedRequest) -> bool:
        """Say whether a request is a call of this route."""
        return request.method == self.method and self.template.match(request.path) is not None

    def received(self, request: RecordedRequest) -> ReceivedCall:
        """Make a call of this route from a request that matches."""
        return ReceivedCall.of(request, self.label, self.template.text, self.template.match(request.path) or {})

    async def answered(self, call: ReceivedCall) -> ServerReply:
        """Note the call and make the next answer; raises StubError without one, and what the step raises."""
        with self._guard:
            self._calls.append(call)
            step = self._steps[min(len(self._calls), len(self._steps)) - 1] if self._steps else None
        if step is None:
            raise StubError("no answer was given to it: write .reply(...) after .on(...)")
        await asyncio.sleep(step.delay)
        return await asyncio.to_thread(step.make, call) if step.waits else step.make(call)

    def missed(self) -> str:
        """Describe what of the script did not happen, "" when all of it did."""
        with self._guard:
            called, steps = len(self._calls), len(self._steps)
        if not called:
            return f"{self}: never called"
        return f"{self}: {called} of {steps} answers given" if called < steps else ""

    def _given(self, reply: ServerReply, delay: float) -> Self:
        return self._then(Step(lambda call: reply, delay))

    def _then(self, step: Step) -> Self:
        with self._guard:
            self._steps.append(step)
        return self

    def _encoded(self, value: Any, status: int | None, headers: HeaderPairs, beside: Mapping[str, Any]) -> ServerReply:
        if self._endpoint is None:
            return plain_reply(value, status, headers, beside)
        return typed_reply(self._endpoint, value, status, headers, beside)

    def __str__(self) -> str:
        return f"{self.method} {self.template.text}{f' ({self.label})' if self.label else ''}"

    def __repr__(self) -> str:
        return f"<Route {self}>"


def _pairs(headers: Mapping[str, str] | None) -> HeaderPairs:
    return tuple((headers or {}).items())
