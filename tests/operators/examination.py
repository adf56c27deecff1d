"""Asks the doctor, as an operator does."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import orjson


@dataclass(frozen=True)
class Told:
    """The exit code, and by what it is about what was said, a line each with its level."""

    code: int
    about: dict[str, str]

    @property
    def worst(self) -> str:
        """All that fails and warns."""
        lines = [line for said in self.about.values() for line in said.splitlines()]
        return "\n".join(line for line in lines if not line.startswith("ok: "))


Doctor: TypeAlias = Callable[..., Awaitable[Told]]


def arguments(*roles: str, json: bool = True) -> argparse.Namespace:
    return argparse.Namespace(roles=roles, json=json)


def told(code: int, out: str) -> Told:
    about: dict[str, str] = {}
    for each in orjson.loads(out):
        about[each["of"]] = f"{about.get(each['of'], '')}{each['level']}: {each['what']}\n"
    return Told(code, about)
