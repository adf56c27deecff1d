from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from libs.common.telemetry import Tracing, configure_tracing, current_traceparent, new_traceparent, parse_traceparent

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


class Receiver:
    """An OTLP/HTTP receiver that keeps the spans."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.services: list[str] = []
        self.url = ""

    async def receive(self, request: web.Request) -> web.Response:
        export = ExportTraceServiceRequest.FromString(await request.read())
        for resource in export.resource_spans:
            self.services += [
                each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
            ]
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/v1/traces", receiver.receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield receiver
    await runner.cleanup()


async def flush(tracing: Tracing) -> None:
    await asyncio.to_thread(tracing.close)


def test_a_traceparent_is_read_and_written_alike() -> None:
    parsed = parse_traceparent(PARENT)
    assert parsed is not None
    assert (parsed.trace_id, parsed.span_id) == (0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331)
    assert parsed.sampled
    assert str(parsed) == PARENT


def test_a_later_versions_traceparent_is_read_as_far_as_ours_goes() -> None:
    parsed = parse_traceparent("01" + PARENT[2:-2] + "03-more")
    assert str(parsed) == PARENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        PARENT.upper(),
        PARENT + "\n",
        PARENT + "-more",
        "ff" + PARENT[2:],
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        PARENT.replace("b7ad6b7169203331", "0" * 16),
        "\u0660\u0660" + PARENT[2:],
    ],
)
def test_what_is_no_traceparent_is_none(text: str) -> None:
    assert parse_traceparent(text) is None


def test_a_new_traceparent_is_sampled_and_its_own() -> None:
    first, second = new_traceparent(), new_traceparent()
    assert parse_traceparent(str(first)) == first
    assert first.sampled
    assert first.trace_id != second.trace_id


def test_without_an_endpoint_a_span_passes_its_parent_on() -> None:
    tracing = configure_tracing(None, "interactor")
    assert not tracing.enabled
    with tracing.span("deliver", PARENT) as traceparent:
        assert traceparent == PARENT
        assert current_traceparent() is None
    with tracing.span("deliver") as traceparent:
        assert traceparent is None
    tracing.close()


def test_without_an_endpoint_opentelemetry_is_not_loaded() -> None:
    program = (
        "import sys; from libs.common.telemetry import configure_tracing; configure_tracing(None, 'x'); "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


async def test_spans_arrive_as_one_trace(receiver: Receiver) -> None:
    tracing = configure_tracing(receiver.url, "webhooks")
    assert tracing.enabled
    with (
        tracing.span("receive", PARENT, kind="server") as received,
        tracing.span("deliver", kind="client", attributes={"attempt": 1}) as delivered,
    ):
        assert current_traceparent() == delivered
        assert structlog.contextvars.get_contextvars()["trace_id"] == PARENT[3:35]
    assert current_traceparent() is None
    assert structlog.contextvars.get_contextvars() == {}
    await flush(tracing)
    inner, outer = receiver.spans
    assert receiver.services == ["webhooks"]
    assert (inner.name, outer.name) == ("deliver", "receive")
    assert {span.trace_id.hex() for span in receiver.spans} == {PARENT[3:35]}
    assert outer.parent_span_id.hex() == PARENT[36:52]
    assert inner.parent_span_id == outer.span_id
    assert received == f"00-{PARENT[3:35]}-{outer.span_id.hex()}-01"
    assert (outer.kind, inner.kind) == (outer.SPAN_KIND_SERVER, inner.SPAN_KIND_CLIENT)
    assert [(each.key, each.value.int_value) for each in inner.attributes] == [("attempt", 1)]


async def test_without_a_parent_a_trace_begins(receiver: Receiver) -> None:
    tracing = configure_tracing(receiver.url, "webhooks")
    with tracing.span("one", "nonsense") as first, tracing.span("other", PARENT) as second:
        assert first is not None
        assert second is not None
        assert first[3:35] != second[3:35] == PARENT[3:35]
    await flush(tracing)
    assert len(receiver.spans) == 2


async def test_what_the_caller_does_not_sample_is_not_sent(receiver: Receiver) -> None:
    tracing = configure_tracing(receiver.url, "webhooks")
    with tracing.span("receive", UNSAMPLED) as traceparent:
        assert traceparent is not None
        assert traceparent.endswith("-00")
    await flush(tracing)
    assert receiver.spans == []


async def test_a_failed_span_names_the_error_and_never_its_message(receiver: Receiver) -> None:
    tracing = configure_tracing(receiver.url, "webhooks")
    with pytest.raises(ValueError, match="canary"), tracing.span("deliver"):
        raise ValueError("canary")
    await flush(tracing)
    (span,) = receiver.spans
    assert (span.status.code, span.status.message) == (span.status.STATUS_CODE_ERROR, "ValueError")
    assert "canary" not in str(span)
