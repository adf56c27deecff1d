"""The conflicts that every noun of catalog can meet, and what it can't find, in one wording."""

from __future__ import annotations

from libs.common.errors import Conflict, NotFound


def changed_meanwhile() -> Conflict:
    return Conflict("changed_meanwhile", "It was changed by another request at the same time; try again.")


def name_taken(noun: str, name: str) -> Conflict:
    return Conflict(
        "name_taken", f"name: there is already a {noun} named {name!r} here; use another name or update it."
    )


def id_taken(member: str = "id") -> Conflict:
    return Conflict(f"{member}_taken", f"{member}: something else has this id; leave it out or use another.")


def not_found(noun: str) -> NotFound:
    return NotFound(f"{noun}_not_found", f"There is no such {noun} here.")
