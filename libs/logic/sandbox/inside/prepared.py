"""Contexts made ready between two frames, so that the next script doesn't wait for its libraries to be compiled.

Each is used once and has seen nobody's script, so a call still starts from nothing.
"""

import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from _quickjs import Context

from libs.logic.sandbox import libraries

_STACK_BYTES = 512 << 10

# How many sets of libraries have a context ready, the most recently used ones.
_KEPT = 4


class Ready(NamedTuple):
    context: Context
    runtime: Callable[..., Any]


class Library:
    """The JavaScript files beside this module."""

    def __init__(self) -> None:
        folder = Path(__file__).parent / "javascript"
        self.runtime = (folder / libraries.RUNTIME).read_text()
        self.report = (folder / libraries.REPORT).read_text()
        self._files = [(folder / name).read_text() for name in libraries.NAMES]

    def chosen(self, mask: int) -> list[str]:
        return [text for place, text in enumerate(self._files) if mask >> place & 1]


def install(ready: Ready, text: str) -> None:
    ready.runtime("install", ready.context.eval(text), os.urandom(32).hex())


class Prepared:
    def __init__(self, library: Library) -> None:
        self._library = library
        self._ready: OrderedDict[int, Ready | None] = OrderedDict()

    def take(self, mask: int) -> Ready:
        """A context with the libraries of the mask."""
        ready = self._ready.get(mask)
        self._ready[mask] = None
        self._ready.move_to_end(mask)
        if len(self._ready) > _KEPT:
            self._ready.popitem(last=False)
        return ready or self._new(mask)

    def prepare(self) -> None:
        """Makes the one ready that was taken last; called when there is nothing better to do."""
        mask = next(reversed(self._ready), None)
        if mask is not None and self._ready[mask] is None:
            self._ready[mask] = self._new(mask)

    def _new(self, mask: int) -> Ready:
        context = Context()
        context.set_max_stack_size(_STACK_BYTES)
        ready = Ready(context, context.eval(self._library.runtime))
        for text in self._library.chosen(mask):
            install(ready, text)
        return ready
