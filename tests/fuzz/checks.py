"""What must hold of every evaluation, whatever was evaluated."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Self

import orjson

from libs.logic.errors import LogicError
from libs.logic.values import exceeds

_PLAIN = (type(None), bool, int, float, str)
# What orjson would write although it is no JSON value is left to fail; the rest shows when it is read back.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_MOST_STEPS = 400


class Broken(Exception):
    """Something doesn't hold; the message says what."""


def check_result(value: Any, output_bytes: int) -> None:
    """Raises Broken for what is no JSON value, can't be written, or is larger than the budget."""
    try:
        text = orjson.dumps(value, option=_OPTIONS)
    except (TypeError, ValueError) as error:
        raise Broken(f"the result can't be written: {error}") from None
    if value is None or value is True or value is False:
        return
    if (again := orjson.loads(text)) != value or type(again) is not type(value):
        raise Broken("the result holds what is no JSON value")
    if len(text) > output_bytes and exceeds(value, output_bytes):
        raise Broken(f"the result takes {len(text):,} bytes, and the budget is {output_bytes:,}")


def check_cause(error: LogicError) -> None:
    """What went wrong in the engine itself, and not in the logic, is told as an error of the logic all the same."""
    cause: BaseException | None = error
    while isinstance(cause, LogicError):
        cause = cause.__cause__
    if cause is not None:
        raise cause


class Turns:
    """While it is entered, takes the time of each turn of the event loop, in CPU time of its thread."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._began_s = time.thread_time()

    def __enter__(self) -> Self:
        self._next = asyncio.get_running_loop().call_soon(self._end)
        self._began_s = time.thread_time()
        return self

    def __exit__(self, *_: object) -> None:
        self._next.cancel()
        self._take()

    def _end(self) -> None:
        self._take()
        self._next = asyncio.get_running_loop().call_soon(self._end)

    def _take(self) -> None:
        now_s = time.thread_time()
        self.longest_s = max(self.longest_s, now_s - self._began_s)
        self._began_s = now_s


async def smallest(value: Any, fails: Callable[[Any], Awaitable[bool]]) -> Any:
    """A smaller value that fails as well, when there is one within some hundred steps."""
    steps = 0
    going = True
    while going:
        going = False
        for candidate in list(_smaller(value)):
            steps += 1
            if steps > _MOST_STEPS:
                return value
            if await fails(candidate):
                value, going = candidate, True
                break
    return value


def _smaller(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
        for name in value:
            yield {other: member for other, member in value.items() if other != name}
        for name, member in value.items():
            yield from ({**value, name: smaller} for smaller in _smaller(member))
    elif isinstance(value, list):
        yield from value
        for at, element in enumerate(value):
            yield value[:at] + value[at + 1 :]
            yield from ([*value[:at], smaller, *value[at + 1 :]] for smaller in _smaller(element))
    elif isinstance(value, str) and value:
        yield from (value[: len(value) // 2], value[len(value) // 2 :], value[1:], value[:-1])
    elif value not in (None, 0):
        yield None
