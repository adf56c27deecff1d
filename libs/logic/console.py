"""What the scripts of one evaluation print, for who reads how it went."""

from collections.abc import Iterable

MOST_LINES = 200
MOST_BYTES = 64 << 10
LEFT_OUT = f"(More was printed than {MOST_LINES} lines or {MOST_BYTES >> 10} KiB; the rest is left out.)"


class Console:
    """Holds what came first, however many scripts print."""

    __slots__ = ("_is_full", "_left_bytes", "lines")

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._left_bytes = MOST_BYTES
        self._is_full = False

    def add(self, lines: Iterable[object]) -> None:
        for line in lines:
            if self._is_full:
                return
            self._add(str(line))

    def _add(self, line: str) -> None:
        self._left_bytes -= len(line.encode("utf-8", "replace"))
        self._is_full = len(self.lines) == MOST_LINES or self._left_bytes < 0
        self.lines.append(LEFT_OUT if self._is_full else line)
