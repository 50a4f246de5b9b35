"""Tracers and error reporters: each call is seen with its address, and no secret is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.aiohttp import AioHttpIntegration
from sentry_sdk.transport import Transport

from gemel.infisical import InfisicalAsyncClient, InfisicalClient

from ..shop import Mode
from ..wire import Wire, reply

HIDDEN = ("hush-hush-value", "hush-hush-token")
PLACE = {"project_id": "p", "environment": "dev"}


def test_opentelemetry_sees_each_client_by_its_own_instrumentation(mode: Mode) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor: Any = AioHttpClientInstrumentor() if mode.is_async else RequestsInstrumentor()
    with Wire(reply({"leaf": 1})) as wire:
        instrumentor.instrument(tracer_provider=provider)
        try:
            mode.run(wire.url, lambda shop: shop.albums.anything("a"))
        finally:
            instrumentor.uninstrument()
        mode.run(wire.url, lambda shop: shop.albums.tree())
    (span,) = exporter.get_finished_spans()
    assert dict(span.attributes or {})["http.url"] == f"{wire.url}/api/any/a"
    assert format(span.context.span_id, "016x") in wire.seen[0].headers["traceparent"]
    assert "traceparent" not in wire.seen[1].headers


class Kept(Transport):
    """Keeps what Sentry would be sent."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.sent: list[Any] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep an envelope."""
        self.sent += [item.payload.json for item in envelope.items]


@pytest.fixture
def sentry() -> Iterator[Kept]:
    transport = Kept()
    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=transport,
        include_local_variables=True,
        traces_sample_rate=1.0,
        max_request_body_size="always",
        integrations=[AioHttpIntegration()],
        auto_enabling_integrations=False,
    )
    yield transport
    sentry_sdk.get_client().close()
    sentry_sdk.init()


def clients(mode: Mode) -> Any:
    return InfisicalAsyncClient if mode.is_async else InfisicalClient


FAILURES = {
    "refused": ("404 Not Found", lambda client: client.secrets.retrieve("A", **PLACE)),
    "echo": ("400 Bad Request", lambda client: client.secrets.create("A", secret_value=HIDDEN[0], **PLACE)),
    "argument": ("200 OK", lambda client: client.secrets.create("A", secret_value=HIDDEN[0], project_id=3)),
    "invalid": ("200 OK", lambda client: client.secrets.retrieve("A", **PLACE)),
}


def answer(status: str) -> bytes:
    """Return a reply that holds a secret, unless it says that there is none; no frame of the test has it."""
    echo = {"message": f"echo of {HIDDEN[0]}", "secret": {"secretKey": 1, "secretValue": HIDDEN[0]}}
    return reply({"message": "not found"} if status.startswith("404") else echo, status)


@pytest.mark.parametrize(("status", "step"), FAILURES.values(), ids=FAILURES)
def test_sentry_is_sent_calls_and_errors_and_no_secret(mode: Mode, sentry: Kept, status: str, step: Any) -> None:
    def make(url: str, **settings: Any) -> Any:
        return clients(mode)(endpoint=url, token=HIDDEN[1], **settings)

    with Wire(answer=lambda _: answer(status)) as wire, sentry_sdk.start_transaction(name="test"):
        try:
            mode.run(wire.url, step, client=make)
        except Exception as error:
            sentry_sdk.capture_exception(error)
        else:
            raise AssertionError("no error")
    (event,) = [sent for sent in sentry.sent if "exception" in sent]
    told = json.dumps(sentry.sent)
    for hidden in HIDDEN:
        assert hidden not in told
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert any(frame.get("vars") for frame in frames), "local variables of frames are looked at"
    if wire.seen:
        addresses = [crumb["data"]["url"] for crumb in event["breadcrumbs"]["values"] if crumb.get("type") == "http"]
        assert addresses and addresses[-1].startswith(wire.url)
