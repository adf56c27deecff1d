"""Computations as their service sees them: an expression, or one of core's functions."""

from collections.abc import Callable
from typing import Any

import orjson

from libs.logic.budget import Meter, exceeded
from libs.logic.errors import LogicError
from libs.logic.sandbox import frames
from libs.logic.sandbox.calls import Call
from libs.logic.sandbox.shares import Shares
from libs.logic.scope import Computation
from libs.logic.values import cost_bytes, parse


class ComputationCall(Call):
    def __init__(self, computation: Computation, body: bytes, call_id: int, shares: Shares) -> None:
        super().__init__(call_id, frames.COMPUTE, body, None, shares, computation.tenant)
        self._meter = computation.meter
        self.longest_turn_s = computation.meter.cpu_left_s

    def receive(self, kind: int, body: bytes, answer: Callable[[bytes], None]) -> None:
        if self.future.done():
            return
        try:
            self._meter.cpu_left_s -= frames.used_s(body)
            told = body[frames.CPU.size :]
            if kind == frames.FAILED:
                raise self._out_of(told)
            if kind == frames.THREW:
                raise thrown(told)
            self._meter.take_data(cost_bytes(told))
            self.finish(_value(told))
        except LogicError as error:
            self.fail(error)
        except Exception:  # no reply of ours: the process was taken over
            self.fail(LogicError("script_error", "The computation's outcome can't be read."))

    def overran(self) -> None:
        self._meter.cpu_left_s = 0.0
        self.fail(out_of_time(self._meter))

    def _out_of(self, budget: bytes) -> LogicError:
        if budget == b"memory":
            return exceeded("memory", f"the computation needed more than {self._meter.budget.memory_bytes:,} bytes")
        return out_of_time(self._meter)


def body_of(computation: Computation) -> bytes:
    """Raises LogicError for an input that is no JSON."""
    budget = computation.meter.budget
    text = computation.text.encode("utf-8", "replace")
    is_function = computation.kind == "function"
    head = frames.COMPUTE_HEAD.pack(
        computation.meter.cpu_left_s, budget.memory_bytes, budget.output_bytes, is_function, len(text)
    )
    try:
        return head + text + orjson.dumps(computation.source)
    except orjson.JSONEncodeError as error:
        raise LogicError("invalid_input", f"The input can't be written as JSON: {error}.") from None


def out_of_time(meter: Meter) -> LogicError:
    return exceeded("cpu", f"scripts and computations used more than {meter.budget.cpu_s:g} s of CPU time")


def thrown(body: bytes) -> LogicError:
    told = orjson.loads(body)
    return LogicError(told["code"], told["message"], details=told.get("details"))


def _value(body: bytes) -> Any:
    try:
        return parse(body)
    except ValueError as error:
        raise LogicError("script_error", f"The result can't be read as JSON: {error}.") from None
