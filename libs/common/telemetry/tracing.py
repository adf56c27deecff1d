"""Traces: W3C trace context, and spans that cost nothing while no endpoint is set."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, TypeAlias

Attributes: TypeAlias = Mapping[str, str | int | float | bool]
Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_VERSION_00_LENGTH = 55
_SAMPLED = 0x01

current: ContextVar[str | None] = ContextVar("traceparent", default=None)


@dataclass(frozen=True, slots=True)
class Traceparent:
    """W3C Trace Context's `traceparent` (https://www.w3.org/TR/trace-context/); `str()` is the header's value."""

    trace_id: int
    span_id: int
    sampled: bool

    def __str__(self) -> str:
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{int(self.sampled):02x}"


def parse_traceparent(text: str) -> Traceparent | None:
    """None for what is no traceparent; a later version than 00 is read as far as that one goes."""
    match = _TRACEPARENT.fullmatch(text)
    if match is None or (text.startswith("00") and len(text) > _VERSION_00_LENGTH):
        return None
    trace_id, span_id, flags = (int(part, 16) for part in match.groups())
    return Traceparent(trace_id, span_id, bool(flags & _SAMPLED))


def new_traceparent() -> Traceparent:
    """The root of a new, sampled trace."""
    return Traceparent(int.from_bytes(os.urandom(16), "big"), int.from_bytes(os.urandom(8), "big"), sampled=True)


def current_traceparent() -> str | None:
    """That of the span around the caller; None where nothing is traced."""
    return current.get()


class Tracing:
    """Tracing that is off: a span passes its parent on, and `enabled` lets a caller skip what only spans need."""

    enabled = False

    def span(
        self, name: str, parent: str | None = None, *, kind: Kind = "internal", attributes: Attributes | None = None
    ) -> AbstractContextManager[str | None]:
        """A child of `parent`, else of the span around it, else a new trace; gives the traceparent to send on."""
        return nullcontext(parent)

    def close(self) -> None:
        """Sends what is waiting; blocks for as long as that takes."""


def configure_tracing(endpoint: str | None, service_name: str) -> Tracing:
    """Tracing that sends to the OTLP/HTTP receiver at `endpoint`, its base URL; off without one."""
    if endpoint is None:
        return Tracing()
    from libs.common.telemetry.otlp import OtlpTracing  # costs a quarter of a second, only where it is wanted

    return OtlpTracing(endpoint, service_name)
