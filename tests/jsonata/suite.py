"""JSONata's own test cases, as a package brings them that implements the language in Rust and tests itself by them."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CRATE = "jsonata-rs"
VERSION = "0.3.4"

_MANIFEST = f"""
[package]
name = "cases"
version = "0.0.0"
edition = "2021"

[lib]
path = "lib.rs"

[dependencies]
{CRATE} = "={VERSION}"
"""

# Written by the package's authors, for a function and a way of comparing that JSONata's own cases don't have.
_NOT_JSONATAS = ("result_re", "unordered")


@dataclass(frozen=True, slots=True)
class Case:
    group: str
    name: str
    expression: str
    source: Any
    expected: dict[str, Any]
    """Either `value` or `code`, the error's."""

    def holds(self, outcome: dict[str, Any]) -> bool:
        if "code" in self.expected:
            return outcome.get("code") == self.expected["code"]
        return "value" in outcome and same(outcome["value"], self.expected["value"])


def fetch(folder: Path) -> Path:
    """Where the cases are, once cargo has downloaded the package; `folder` is for its manifest."""
    (folder / "Cargo.toml").write_text(_MANIFEST)
    (folder / "lib.rs").touch()
    asked = ["cargo", "metadata", "--format-version", "1", "--quiet"]
    told = json.loads(subprocess.run(asked, cwd=folder, check=True, capture_output=True).stdout)
    manifest = next(package["manifest_path"] for package in told["packages"] if package["name"] == CRATE)
    return Path(manifest).parent / "tests" / "testsuite"


def read(suite: Path) -> Iterator[Case]:
    """Those that the package's own implementation passes, and those that it skips."""
    for file in sorted([*suite.glob("groups/*/*.json"), *suite.glob("skip/*/*.json")]):
        written = json.loads(file.read_text())
        for index, each in enumerate(written if isinstance(written, list) else [written]):
            if not any(name in each for name in _NOT_JSONATAS):
                yield _case(file, index, each, suite)


def _case(file: Path, index: int, written: dict[str, Any], suite: Path) -> Case:
    text = written["expr"] if "expr" in written else (file.parent / written["expr-file"]).read_text()
    source = written.get("data")
    if written.get("dataset"):
        source = json.loads((suite / "datasets" / f"{written['dataset']}.json").read_text())
    return Case(file.parent.name, f"{file.stem}/{index}", _bound(text, written), source, _expected(written))


def _bound(text: str, written: dict[str, Any]) -> str:
    """With the variables that the case wants to be bound; JSON is JSONata."""
    bindings = [f"${name} := {json.dumps(value)};" for name, value in written.get("bindings", {}).items()]
    return f"({' '.join(bindings)} {text}\n)" if bindings else text


def _expected(written: dict[str, Any]) -> dict[str, Any]:
    code = written.get("code") or written.get("error", {}).get("code")
    return {"code": code} if code else {"value": written.get("result")}


def same(one: Any, other: Any) -> bool:
    """Numbers may differ in their last digits."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-12 * abs(one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    return bool(one == other)
