"""Every query that the product's collections declare is read from an index, in its order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from libs.common.clock import SystemClock
from libs.common.engines import open_engines
from libs.common.store.mongo_documents import MongoDocuments
from libs.common.store.mongo_queries import filter_of, stretches
from libs.common.store.port import Collection, Range, Sort, Value, Where, check_served
from services.api import unstarted
from services.roles import parse_roles
from tests.clock import FakeClock
from tests.common.conformance.mongo_opened import Said, opened

pytestmark = pytest.mark.engines
_VALUES: dict[str, Value] = {
    "text": "a",
    "integer": 1,
    "boolean": True,
    "time": FakeClock().now(),
    "texts": ("a",),
}


def product_collections() -> Iterator[Collection]:
    """Those of all services, as they declare them."""
    engines = open_engines("sqlite::memory:", "local:", SystemClock())
    declared: list[Collection] = []
    store: Any = engines.store
    original = store.collection
    store.collection = lambda spec: declared.append(spec) or original(spec)
    services = sorted({role.service for role in parse_roles(())})
    builder = unstarted(engines, services)
    for name in services:
        builder.build(name)
    yield from (spec for spec in declared if spec.indexes)


def _queries(spec: Collection) -> Iterator[tuple[Where, tuple[Sort, ...]]]:
    """Some fields of an index pinned and all the rest ordered, up and down; and a range over its first."""
    for index in spec.indexes:
        for pinned in range(1, len(index.fields) + 1):
            where: Where = {name: _VALUES[spec.fields[name]] for name in index.fields[:pinned]}
            rest = [name for name in index.fields[pinned:] if name != "id"]
            for descending in (False, True):
                yield where, tuple(Sort(name, descending) for name in rest)
        if spec.fields[first := index.fields[0]] == "time":
            yield {first: Range(less_than=FakeClock().now())}, (Sort(first),)


def _stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, dict):
        if "stage" in plan:
            yield plan["stage"]
        for each in plan.values():
            yield from _stages(each)
    elif isinstance(plan, list):
        for each in plan:
            yield from _stages(each)


async def _badly_served(documents: MongoDocuments) -> list[str]:
    found = []
    for where, order in _queries(documents.spec):
        check_served(documents.spec, where, order)
        for stretch in stretches(documents._layout, order, None):
            if stretch.computed:
                continue  # sorted in memory, as the decision about required fields has it
            filtered = filter_of(documents._layout, where, *stretch.conditions)
            plan = await documents.collection.find(filtered, sort=stretch.sort).explain()
            stages = set(_stages(plan["queryPlanner"]["winningPlan"]))
            if "IXSCAN" not in stages or "SORT" in stages:
                found.append(f"{sorted(where)} ordered by {stretch.sort}: {sorted(stages)}")
    return found


async def test_declared_queries_are_read_from_an_index(url: str, said: Said) -> None:
    for spec in product_collections():
        async with opened(url, said, spec=spec) as (_, documents):
            assert await _badly_served(documents) == [], spec.name
