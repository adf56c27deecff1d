"""The page about core's functions is that of this code."""

from pathlib import Path

from libs.logic.core import LIBRARY
from libs.logic.core.document import document

PAGE = Path(__file__).parents[3] / "docs" / "logic-functions.md"


def test_logic_functions_md_is_fresh() -> None:
    """Else: `python -m libs.logic.core.document > docs/logic-functions.md`."""
    assert PAGE.read_text() == document()


def test_every_function_has_a_row() -> None:
    rows = [line for line in document().splitlines() if line.startswith("| `")]
    assert len(rows) == len(LIBRARY)
    assert all(line.replace("\\|", "").count("|") == 5 for line in rows)
