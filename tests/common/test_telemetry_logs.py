from __future__ import annotations

import io
import logging
from typing import Any

import orjson
import pytest
import structlog

from libs.common.telemetry import configure_logging


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    configure_logging("info", json=True, stream=stream)
    structlog.get_logger().info("delivery.sent", attempts=2, url="https://example.com")
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "delivery.sent", "level": "info", "attempts": 2, "url": "https://example.com"}


def test_what_is_bound_to_the_context_is_in_every_line(stream: io.StringIO) -> None:
    configure_logging("info", json=True, stream=stream)
    with structlog.contextvars.bound_contextvars(request_id="r1", trace_id="t1"):
        structlog.get_logger().info("inside")
        logging.getLogger("asyncio").warning("inside %s", "too")
    structlog.get_logger().info("outside")
    assert [(line.get("request_id"), line.get("trace_id")) for line in lines(stream)] == [
        ("r1", "t1"),
        ("r1", "t1"),
        (None, None),
    ]


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    configure_logging("warning", json=True, stream=stream)
    structlog.get_logger().info("quiet")
    logging.getLogger("asyncio").info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_the_standard_librarys_errors_come_with_their_traceback(stream: io.StringIO) -> None:
    configure_logging("info", json=True, stream=stream)
    try:
        raise ValueError("what happened")
    except ValueError:
        logging.getLogger("asyncio").exception("Error handling %s", "request")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"]) == ("Error handling request", "error", "asyncio")
    assert "ValueError: what happened" in line["exception"]


@pytest.mark.parametrize("json", [True, False])
def test_a_traceback_never_shows_local_variables(stream: io.StringIO, json: bool) -> None:
    configure_logging("info", json=json, stream=stream)

    def fail(token: str) -> None:
        raise RuntimeError("what happened")

    try:
        fail("can" + "ary")
    except RuntimeError as error:
        structlog.get_logger().error("request.failed", exc_info=error)
        logging.getLogger("asyncio").error("failed", exc_info=error)
    assert stream.getvalue().count("RuntimeError: what happened") == 2
    assert "canary" not in stream.getvalue()


@pytest.mark.parametrize("value", ["\udc80", 1 << 70, {1: 2}, object(), float("nan"), b"raw"])
def test_a_line_comes_out_whatever_its_values(stream: io.StringIO, value: object) -> None:
    configure_logging("info", json=True, stream=stream)
    structlog.get_logger().info("odd", value=value)
    (line,) = lines(stream)
    assert "odd" in line["event"]


def test_a_terminal_gets_readable_lines(stream: io.StringIO) -> None:
    configure_logging("info", json=False, stream=stream)
    structlog.get_logger().info("delivery.sent", attempts=2)
    assert "delivery.sent" in stream.getvalue()
    assert "attempts=2" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_without_a_stream_lines_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", json=True)
    structlog.get_logger().info("here")
    assert '"event":"here"' in capsys.readouterr().out


def test_an_unreadable_request_writes_no_trace(stream: io.StringIO) -> None:
    configure_logging("info", json=True, stream=stream)
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=ValueError("a header"))
    assert stream.getvalue() == ""
