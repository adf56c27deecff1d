"""Spans by OpenTelemetry, sent by OTLP over HTTP in the background. Loaded only where an endpoint is set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from structlog.contextvars import bound_contextvars

from libs.common.telemetry.tracing import Attributes, Kind, Traceparent, Tracing, current, parse_traceparent


class OtlpTracing(Tracing):
    """Tracing that is on."""

    enabled = True

    def __init__(self, endpoint: str, service_name: str) -> None:
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        resource = Resource.create({SERVICE_NAME: service_name})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("interactor")

    def span(
        self, name: str, parent: str | None = None, *, kind: Kind = "internal", attributes: Attributes | None = None
    ) -> AbstractContextManager[str | None]:
        context = _context(parent or current.get())
        return _entered(self._tracer.start_span(name, context, SpanKind[kind.upper()], attributes))

    def close(self) -> None:
        self._provider.shutdown()


def _context(parent: str | None) -> Context:
    traceparent = parse_traceparent(parent) if parent is not None else None
    if traceparent is None:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if traceparent.sampled else TraceFlags.DEFAULT)
    remote = SpanContext(traceparent.trace_id, traceparent.span_id, is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(remote), Context())


@contextmanager
def _entered(span: Span) -> Iterator[str]:
    """An exception marks the span as failed, by its class alone: a message may quote what was sent."""
    own = span.get_span_context()
    traceparent = str(Traceparent(own.trace_id, own.span_id, own.trace_flags.sampled))
    token = current.set(traceparent)
    try:
        with bound_contextvars(trace_id=f"{own.trace_id:032x}"):
            yield traceparent
    except Exception as error:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        current.reset(token)
        span.end()
