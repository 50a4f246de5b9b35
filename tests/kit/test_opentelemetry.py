"""The public OpenTelemetry instrumentations of requests and aiohttp see the calls of both clients, unchanged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gemel.kit.http.messages import Retry

from .shop import Mode
from .wire import Wire, reply

ALBUM = {"album": {"id": "1", "title": "Blue"}}


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentors = RequestsInstrumentor(), AioHttpClientInstrumentor()
    for instrumentor in instrumentors:
        instrumentor.instrument(tracer_provider=provider)
    yield exporter
    for instrumentor in instrumentors:
        instrumentor.uninstrument()
    provider.shutdown()


def test_each_attempt_is_a_span_and_its_trace_goes_along(mode: Mode, spans: InMemorySpanExporter) -> None:
    with Wire(reply({}, status=503), reply(ALBUM)) as wire:
        mode.run(wire.url, lambda shop: shop.albums.retrieve("1"), retries=Retry(limit=1, base=0.001))
    made = spans.get_finished_spans()
    assert [(span.name, dict(span.attributes or {}).get("http.status_code")) for span in made] == [
        ("GET", 503),
        ("GET", 200),
    ]
    for span, seen in zip(made, wire.seen, strict=True):
        assert format(span.context.span_id, "016x") in seen.headers["traceparent"]
