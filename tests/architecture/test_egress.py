"""Every request to the outside goes through the one client of `libs/common/egress`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent.parent
_CLIENT_LIBRARIES = {"requests", "httpx", "urllib3", "http.client", "urllib.request", "ftplib", "smtplib", "telnetlib"}
_CONNECTING = {"ClientSession", "TCPConnector", "open_connection", "create_connection", "urlopen"}
# Who connects besides, and to whom: to a port of this product, under a key of the two, never where a user says.
_BESIDES = {
    "services/neighbours.py": "the internal ports of the other roles",
    "services/operator.py": "the internal port of the running product, for its operator",
    "services/files/client.py": "the public API, for the command line",
}


@pytest.fixture(scope="module")
def sources() -> dict[str, ast.AST]:
    """The code outside of egress, by file."""
    return dict(_parsed())


def _parsed() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(chain(_ROOT.glob("services/**/*.py"), _ROOT.glob("libs/**/*.py"))):
        name = str(path.relative_to(_ROOT))
        if not name.startswith("libs/common/egress/"):
            yield name, ast.parse(path.read_text())


def _imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _called(tree: ast.AST) -> set[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}


def test_no_other_http_library_is_used(sources: dict[str, ast.AST]) -> None:
    used = {name: sorted(_imported(tree) & _CLIENT_LIBRARIES) for name, tree in sources.items()}
    assert {name: found for name, found in used.items() if found} == {}


def test_nobody_else_connects_but_to_the_product_itself(sources: dict[str, ast.AST]) -> None:
    assert {name for name, tree in sources.items() if _called(tree) & _CONNECTING} == set(_BESIDES)
