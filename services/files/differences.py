"""What differs between a file and what a product has, in words for whoever pushes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from services.files.document import Document
from services.files.kinds import PLACES

_Id: TypeAlias = tuple[Any, ...]
_MOST_PATHS = 6
_LONGEST_PATH = 120


@dataclass(frozen=True, slots=True)
class Difference:
    """`sign` is `+` for what is to come, `~` for what is to change (where, tells `paths`), `-` for what is not in the
    file."""

    sign: str
    what: str
    paths: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.paths:
            return f"{self.sign} {self.what}"
        more = len(self.paths) - _MOST_PATHS
        told = ", ".join(self.paths[:_MOST_PATHS]) + (f" and {more} more" if more > 0 else "")
        return f"{self.sign} {self.what}: {told}"


@dataclass(frozen=True, slots=True)
class _Item:
    what: str
    content: Mapping[str, Any]


def differences(current: Document | None, wanted: Document) -> tuple[list[Difference], int]:
    """All of them, and how many things are the same."""
    there, here = _items(current) if current is not None else {}, _items(wanted)
    found, unchanged = [], 0
    for id, item in here.items():
        if id not in there:
            found.append(Difference("+", item.what))
        elif paths := tuple(_paths(there[id].content, item.content)):
            found.append(Difference("~", item.what, paths))
        else:
            unchanged += 1
    found += [Difference("-", there[id].what) for id in there if id not in here]
    return found, unchanged


def _items(document: Document) -> dict[_Id, _Item]:
    items: dict[_Id, _Item] = {
        ("service",): _Item(
            f"service {document.name}", {**document.service, "defaultVersion": document.default_version}
        )
    }
    for title, security in sorted(document.securities.items()):
        items["security", title] = _Item(f"security {title}", security)
    for component in document.in_order():
        for number, row in sorted(component.rows.items()):
            content = {"name": component.name, "published": row.published, **row.members}
            items["row", PLACES[component.kind], component.identity, number] = _Item(
                document.described(component.key, number), content
            )
    for version in document.versions_in_order():
        items["version", version.name] = _Item(f"version {version.name}", version.members)
    return items


def _paths(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Where two values differ, as deep as both have the same shape."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict) and (before or path == ""):
        for name in dict.fromkeys((*before, *after)):
            yield from _paths(before.get(name, _ABSENT), after.get(name, _ABSENT), f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (each, other) in enumerate(zip(before, after, strict=True)):
            yield from _paths(each, other, f"{path}.{place}")
    else:
        yield path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"


_ABSENT = object()
