"""Whatever is sent, the answer is one that the OpenAPI document describes, and never a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.engines.fixtures import EngineUrls
from tests.reference.generated import OPERATIONS, SCHEMA, ask
from tests.reference.served import World, served

# The product draws random numbers in its own thread, which Hypothesis takes for a strategy that does.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
WITHOUT_PATCH = [label for label in OPERATIONS if not label.startswith("PATCH")]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with served() as url, World(url) as made:
        yield made


@pytest.fixture(scope="module")
def world_on_engines(engine_urls: EngineUrls) -> Iterator[World]:
    prefix = f"generated{uuid4().hex[:8]}"
    with (
        served(store_url=f"{engine_urls.store}/{prefix}", bus_url=f"{engine_urls.bus}/{prefix}") as url,
        World(url) as made,
    ):
        yield made


def test_the_document_is_openapi() -> None:
    SCHEMA.validate()


@pytest.mark.parametrize("label", WITHOUT_PATCH)
def test_answers_are_those_that_the_document_describes(world: World, label: str) -> None:
    ask(world, label, examples=2)


@pytest.mark.system
@pytest.mark.timeout(120)
@pytest.mark.parametrize("label", OPERATIONS)
def test_so_are_the_answers_to_many_requests_and_to_broken_ones(world: World, label: str) -> None:
    ask(world, label, examples=10)
    ask(world, label, examples=10, broken=True)


@pytest.mark.engines
@pytest.mark.timeout(120)
@pytest.mark.parametrize("label", WITHOUT_PATCH)
def test_so_are_the_answers_on_mongodb_and_kafka(world_on_engines: World, label: str) -> None:
    ask(world_on_engines, label, examples=5)
    ask(world_on_engines, label, examples=2, broken=True)
