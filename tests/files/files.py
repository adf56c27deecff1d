"""Builders of files, as an author may write them."""

from __future__ import annotations

from typing import Any

import orjson


def document(**changes: Any) -> dict[str, Any]:
    """A service without anything inside."""
    return {"format": "interactor.service/1", "service": {"name": "github"}, **changes}


def component(**versions: dict[str, Any]) -> dict[str, Any]:
    return {"versions": versions or {"1.0.0": {}}}


def file(**changes: Any) -> bytes:
    return orjson.dumps(document(**changes))
