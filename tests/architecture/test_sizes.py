"""Files and functions stay small: a newcomer reads one at a glance."""

from __future__ import annotations

import ast
from itertools import chain
from pathlib import Path
from statistics import median, quantiles

import pytest

_ROOT = Path(__file__).parent.parent.parent
_SOURCES = sorted(chain(_ROOT.glob("services/**/*.py"), _ROOT.glob("libs/**/*.py")))


@pytest.fixture(scope="module")
def functions() -> dict[str, int]:
    """The lines of every function, by where it stands."""
    return {
        f"{path.relative_to(_ROOT)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in _SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_no_file_is_over_400_lines() -> None:
    lengths = {str(path.relative_to(_ROOT)): len(path.read_text().splitlines()) for path in _SOURCES}
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}


def test_nine_files_in_ten_are_within_250_lines() -> None:
    assert quantiles([len(path.read_text().splitlines()) for path in _SOURCES], n=10)[-1] <= 250


def test_no_function_is_over_50_lines(functions: dict[str, int]) -> None:
    assert {place: lines for place, lines in functions.items() if lines > 50} == {}


def test_nine_functions_in_ten_are_within_30_lines(functions: dict[str, int]) -> None:
    assert quantiles(functions.values(), n=10)[-1] <= 30


def test_half_of_all_functions_are_within_10_lines(functions: dict[str, int]) -> None:
    assert median(functions.values()) <= 10
