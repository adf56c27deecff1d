"""Logs: one JSON object per line, or readable lines on a terminal; the standard library's records alike."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import Processor


def configure_logging(level: str, *, json: bool, stream: TextIO | None = None) -> None:
    """Sets up structlog and `logging` for the whole process; lines go to `stream`, by default stdout.

    What `structlog.contextvars` binds (request id, trace id) is in every line of that context.
    """
    stream = stream or sys.stdout
    least = logging.getLevelNamesMapping()[level.upper()]
    enrich = _enriching()
    render = _rendering(json, stream)
    structlog.configure(
        processors=[*enrich, *render],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    _route_standard_library(least, enrich, render, stream)


def _enriching() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _rendering(json: bool, stream: TextIO) -> list[Processor]:
    """Tracebacks are plain in both forms: richer ones show local variables, and those hold secrets."""
    if json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_dumps)]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]


def _dumps(event: dict[str, Any], **_: object) -> str:
    try:
        return orjson.dumps(event, default=repr).decode()
    except TypeError:  # a lone surrogate or a huge integer somewhere: the line must still come out
        return orjson.dumps({name: repr(value) for name, value in event.items()}).decode()


def _route_standard_library(least: int, enrich: list[Processor], render: list[Processor], stream: TextIO) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*enrich, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.root.handlers = [handler]
    logging.root.setLevel(least)
    # A trace for each unreadable request, which anybody may send, with its headers; our own faults are logged by us.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
