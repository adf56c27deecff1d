"""Compares random expressions with JSONata's reference implementation: `make jsonata-compare` (needs node and npm)."""

import argparse
import json
import random
import secrets
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from libs.logic.errors import LogicError
from libs.logic.sandbox.inside.expressions import Expressions
from tests.jsonata.suite import same
from tests.jsonata.texts import SOURCES, text

REFERENCE = "jsonata@2.2.2"
_OUT_OF_RANGE = "D1001"
_PROGRAM = Path(__file__).with_name("reference.js")


def asked(seed: str, count: int) -> list[tuple[str, Any]]:
    rng = random.Random(seed)
    return [(text(rng, rng.randint(1, 3)), rng.choice(SOURCES)) for _ in range(count)]


def theirs(questions: list[tuple[str, Any]], folder: Path) -> list[dict[str, Any]]:
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), REFERENCE]
    subprocess.run(install, check=True, capture_output=True)
    (folder / _PROGRAM.name).write_text(_PROGRAM.read_text())
    lines = "\n".join(json.dumps({"text": text, "source": source}) for text, source in questions)
    told = subprocess.run(["node", _PROGRAM.name], cwd=folder, check=True, input=lines, capture_output=True, text=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


def ours(language: Expressions, expression: str, source: Any) -> dict[str, Any]:
    try:
        return {"value": language.evaluate(expression, json.loads(json.dumps(source)))}
    except LogicError as error:
        return {"code": error.details.get("code", error.message)}


def verdict(there: dict[str, Any], here: dict[str, Any]) -> str:
    """May differ: which error it is, whether a wrong argument is an error or nothing, and what is infinite."""
    if "unwritable" in there or here.get("code") == _OUT_OF_RANGE:
        return "no JSON"
    if "value" in there and "value" in here:
        return "same" if same(there["value"], here["value"]) else "DIFFERENT"
    if "code" in there and "code" in here:
        return "same" if there["code"] == here["code"] else "another error"
    return "answered" if "code" in there else "REFUSED"


def compare(questions: list[tuple[str, Any]], answers: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """A verdict on each, and what to tell of it."""
    language = Expressions()
    for (expression, source), there in zip(questions, answers, strict=True):
        here = ours(language, expression, source)
        told = f"{expression}\n  on {json.dumps(source)}\n  theirs {json.dumps(there)}\n  ours   {json.dumps(here)}"
        yield verdict(there, here), told


def main() -> int:
    parser = argparse.ArgumentParser(prog="make jsonata-compare")
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--count", type=int, default=10_000)
    arguments = parser.parse_args()
    questions = asked(arguments.seed, arguments.count)
    with tempfile.TemporaryDirectory() as folder:
        answers = theirs(questions, Path(folder))
    verdicts: Counter[str] = Counter()
    for each, told in compare(questions, answers):
        verdicts[each] += 1
        if each.isupper():
            sys.stdout.write(f"{each} {told}\n")
    counts = ", ".join(f"{count} {each}" for each, count in verdicts.most_common())
    sys.stdout.write(f"seed {arguments.seed}: {counts}\n")
    return 1 if verdicts["DIFFERENT"] + verdicts["REFUSED"] else 0


if __name__ == "__main__":
    sys.exit(main())
