"""Tells each step as it happens: what held with ✓, what did not with ✗ and why; colour only on a terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_GREEN, _RED, _DIM, _BOLD = "32", "31", "2", "1"
_DETAIL_CHARACTERS = 160


class Step:
    """One step under way; `detail` is shown beside it once it held."""

    def __init__(self) -> None:
        self.detail = ""


class Narrator:
    """Writes to a stream. NO_COLOR (https://no-color.org) turns colour off."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colour = stream.isatty() and not os.environ.get("NO_COLOR")
        self.held = 0

    def chapter(self, title: str) -> None:
        self._write(f"\n{self._painted(title, _BOLD)}\n")

    @contextmanager
    def step(self, text: str) -> Iterator[Step]:
        """Tells how the block ended, and lets what it raised pass on."""
        step, started = Step(), time.perf_counter()
        try:
            yield step
        except Exception as error:
            self._write(f"  {self._painted('✗', _RED)} {text}\n      {type(error).__name__}: {error}\n")
            raise
        self.held += 1
        elapsed_ms = (time.perf_counter() - started) * 1000
        detail = step.detail if len(step.detail) <= _DETAIL_CHARACTERS else step.detail[:_DETAIL_CHARACTERS] + "…"
        told = f"{detail}  {elapsed_ms:.0f} ms" if detail else f"{elapsed_ms:.0f} ms"
        self._write(f"  {self._painted('✓', _GREEN)} {text}  {self._painted(told, _DIM)}\n")

    def end(self, sentence: str, *, held: bool) -> None:
        self._write(f"\n{self._painted(sentence, _GREEN if held else _RED)}\n")

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
