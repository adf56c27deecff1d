"""Every example of the page on scripts gives what the page says."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from libs.logic.cases import Case, ours
from libs.logic.sandbox import libraries as files
from tests.logic.scripts import Scripts

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = (Path(__file__).parents[2] / "docs" / "logic-scripts.md").read_text()
EXAMPLES = re.findall(r"```js\n(?:// with ([^\n]*)\n)?(.*?)```\n\n```json\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("context", "script", "told"), EXAMPLES, ids=lambda part: part[:40])
async def test_the_example_gives_what_is_told(libraries: Scripts, context: str, script: str, told: str) -> None:
    value = orjson.loads(told)
    expected = value if isinstance(value, dict) and "error" in value else {"result": value}
    node = {"@type": "script", "script": script}
    case = Case("logic-scripts.md", "", node, orjson.loads(context or "{}"), expected)
    outcome = await ours.outcome(case, libraries.pool)
    assert case.holds(outcome), outcome


async def test_every_example_is_run() -> None:
    assert len(EXAMPLES) == PAGE.count("```js\n") == PAGE.count("```json\n") > 10


async def test_the_page_names_what_is_there(libraries: Scripts) -> None:
    script = "return [Object.keys($.lodash), Object.keys($.xml2js.processors), Object.getOwnPropertyNames(globalThis)]"
    words = " ".join(word for words in files.WORDS.values() for word in words)
    lodash, processors, names = await libraries.run(f"{script} // {words}")
    plain = await libraries.run("return Object.getOwnPropertyNames(globalThis)")
    made: set[Any] = {*lodash, *processors, *names} - set(plain) - {"CryptoKey", "DOMException"}
    assert [name for name in made if name not in PAGE] == []
