"""Which service owns which paths, and regular expressions that say so."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations, groupby
from typing import TypeAlias

from libs.common.web.routes import Route

Tables: TypeAlias = Mapping[str, Iterable[Route]]
"""Each service's routes."""
Shape: TypeAlias = tuple[str, ...]
"""A path's segments; a parameter is the empty one."""

FRONT = "catalog"
"""The service that has the documentation, and answers for paths that belong to none."""
DOCUMENTS = ("/docs", "/openapi.json")
HIDDEN = ("healthz", "internal", "metrics", "readyz")
"""First segments of what processes serve beside the API; nothing below them is reached from outside."""


def owners_of(tables: Tables) -> dict[Shape, str]:
    """Raises ValueError where a path alone does not tell who answers."""
    owners: dict[Shape, str] = {}
    paths = [(FRONT, path) for path in DOCUMENTS]
    paths += [(service, route.path) for service, routes in tables.items() for route in routes]
    for service, path in paths:
        if owners.setdefault(shape_of(path), service) != service:
            raise ValueError(f"{path} has routes of {owners[shape_of(path)]} and of {service}")
    _check(owners)
    return dict(sorted(owners.items()))


def inbound_shapes(tables: Tables) -> set[Shape]:
    """What providers call: routes without a key, with a limit of their own."""
    return {shape_of(route.path) for routes in tables.values() for route in routes if route.open}


def shape_of(path: str) -> Shape:
    return tuple("" if segment.startswith("{") else segment for segment in path.split("/")[1:])


def path_of(shape: Shape) -> str:
    return "".join(f"/{segment or '{…}'}" for segment in shape)


def shapes_by_service(owners: Mapping[Shape, str]) -> dict[str, list[Shape]]:
    shapes: dict[str, list[Shape]] = defaultdict(list)
    for shape, service in owners.items():
        shapes[service].append(shape)
    return dict(sorted(shapes.items()))


def nouns_by_service(owners: Mapping[Shape, str]) -> dict[str, list[str]]:
    """Second segments that FRONT has no route for; their service tells a wrong version from a wrong path."""
    known = {shape[1] for shape, service in owners.items() if service == FRONT and len(shape) > 1}
    nouns: dict[str, set[str]] = defaultdict(set)
    for shape, service in owners.items():
        if len(shape) > 1 and shape[1] and shape[1] not in known:
            known.add(shape[1])
            nouns[service].add(shape[1])
    return {service: sorted(names) for service, names in sorted(nouns.items())}


def patterns(shapes: Iterable[Shape]) -> list[str]:
    """Regular expressions for whole paths as they were sent, one for each noun; PCRE and RE2 read them alike."""
    by_noun = groupby(sorted(shapes), key=lambda shape: shape[:2])
    return [f"^{_path(noun)}{_below({shape[2:] for shape in group})}$" for noun, group in by_noun]


def _path(segments: Iterable[str]) -> str:
    return "".join(f"/{_segment(each)}" for each in segments)


def _segment(segment: str) -> str:
    return re.escape(segment) or "[^/]+"


def _below(tails: set[Shape]) -> str:
    """What may follow; segments that go on alike stand together."""
    following: dict[str, set[Shape]] = defaultdict(set)
    for head, *rest in sorted(tail for tail in tails if tail):
        following[head].add(tuple(rest))
    alike: dict[str, list[str]] = defaultdict(list)
    for head, rests in following.items():
        alike[_below(rests)].append(_segment(head))
    options = [f"/{_one_of(heads)}{rest}" for rest, heads in alike.items()]
    if () in tails and options:
        return f"({'|'.join(options)})?"
    return _one_of(options) if options else ""


def _one_of(options: list[str]) -> str:
    return f"({'|'.join(options)})" if len(options) > 1 else options[0]


def _check(owners: Mapping[Shape, str]) -> None:
    for shape in owners:
        if shape[0] in HIDDEN:
            raise ValueError(f"{path_of(shape)} is hidden from outside, so no service can have it as a route")
    for one, other in combinations(owners, 2):
        if owners[one] != owners[other] and _fork(one, other):
            raise ValueError(f"{path_of(one)} of {owners[one]} takes paths of {owners[other]}'s {path_of(other)}")


def _fork(one: Shape, other: Shape) -> bool:
    """Whether they part at a literal beside a parameter: the one process prefers the literal, and a service that
    has only the parameter can't know of it."""
    differing = next(((a, b) for a, b in zip(one, other, strict=False) if a != b), None)
    return differing is not None and "" in differing
