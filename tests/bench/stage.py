"""Everything that a measurement needs running: product, load generator, bare server, and the requests to send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.api_client import ApiClient
from tests.bench import subject
from tests.bench.parties import Bare, Load, bare, load
from tests.process import running


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int
    seconds: float
    paced_seconds: float
    starts: int
    notifications: int
    components: int


@dataclass(frozen=True, slots=True)
class Stage:
    """`webhooks` and `actions` are requests to the product at `port`, by what they are for."""

    api: ApiClient
    pid: int
    port: int
    load: Load
    bare: Bare
    webhooks: dict[str, str]
    actions: dict[str, str]
    effort: Effort
    directory: Path


@asynccontextmanager
async def stage(effort: Effort, directory: Path) -> AsyncIterator[Stage]:
    """`directory` takes the data: on the disk that is to be measured, with durability as in operation."""
    async with (
        load() as generator,
        bare(generator.sink_port) as server,
        running(directory / "main") as product,
        ApiClient(product.url) as api,
    ):
        await subject.make_user(api)
        webhooks = {kind: await subject.make_inbound(api, kind, node) for kind, node in subject.RESPONSES.items()}
        webhooks["deliver"] = await subject.make_inbound(api, "deliver", sink_port=generator.sink_port)
        actions = await subject.make_actions(api, generator.sink_port)
        yield Stage(api, product.pid, port_of(product.url), generator, server, webhooks, actions, effort, directory)


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])
