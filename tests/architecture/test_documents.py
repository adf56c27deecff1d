"""What the documents point to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent.parent
_DOCUMENTS = [*_ROOT.glob("*.md"), *_ROOT.glob("docs/**/*.md"), *_ROOT.glob("deploy/*.md")]
_NAMED_PATH = re.compile(r"`((?:services|libs|tests|docs)/[\w./-]+)`")
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)\)")


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: str(path.relative_to(_ROOT)))
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    named = [_ROOT / path for path in _NAMED_PATH.findall(text)]
    linked = [document.parent / path for path in _LINK.findall(text)]
    assert [str(path) for path in (*named, *linked) if not path.exists()] == []
