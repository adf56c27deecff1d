"""Every example of the language's specification is a case that holds."""

import re
from pathlib import Path

import orjson
import pytest

from libs.logic.cases import Case, ours
from libs.logic.program import NODE_TYPES
from libs.logic.sandbox.pool import SandboxPool

PAGE = (Path(__file__).parents[2] / "docs" / "logic.md").read_text()
EXAMPLES = [orjson.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: orjson.dumps(example["node"]).decode()[:60])
async def test_the_example_holds(example: dict[str, object], pool: SandboxPool) -> None:
    expected = {key: example[key] for key in ("result", "error") if key in example}
    case = Case("logic.md", "", example["node"], dict(example["context"]), expected)  # type: ignore[call-overload]
    outcome = await ours.outcome(case, pool)
    assert case.holds(outcome), outcome


def test_every_type_of_node_is_described() -> None:
    assert [name for name in NODE_TYPES if f"`{name}`" not in PAGE] == []
