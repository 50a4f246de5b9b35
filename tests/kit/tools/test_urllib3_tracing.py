"""OpenTelemetry's instrumentation of urllib3 sees the address of each call, and its header goes along."""

from __future__ import annotations

from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ..shop import ShopClient
from ..wire import Wire, reply


def test_it_sees_the_address_and_goes_when_it_is_taken_out() -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = URLLib3Instrumentor()
    with Wire(reply({"leaf": 1})) as wire, ShopClient(wire.url, retries=0, timeout=5.0) as shop:
        instrumentor.instrument(tracer_provider=provider)
        try:
            shop.albums.anything("a/ä")
        finally:
            instrumentor.uninstrument()
        shop.albums.tree()
    (span,) = exporter.get_finished_spans()
    assert dict(span.attributes or {})["http.url"] == f"{wire.url}/api/any/a%2F%C3%A4"
    assert wire.seen[0].target == "/api/any/a%2F%C3%A4"
    assert format(span.context.span_id, "016x") in wire.seen[0].headers["traceparent"]
    assert "traceparent" not in wire.seen[1].headers
