"""A public server, a trap, name servers that lie, and a runtime whose every connection is noted."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from libs.common.clock import SystemClock
from libs.common.contracts.catalog import Kind
from libs.common.egress import Allow, EgressClient, Rule
from libs.common.engines import open_engines
from libs.common.peers import DirectPeers
from libs.logic.budget import Budget
from libs.logic.sandbox.pool import SandboxPool
from libs.runtime.bindings import Actor
from libs.runtime.components import Components
from libs.runtime.holdings import Holdings
from libs.runtime.host import Runtime
from tests.runtime.provider import Provider
from tests.runtime.world import World
from tests.ssrf.targets import addresses_by_name

Run = Callable[..., Awaitable[Any]]
PUBLIC_HOST = "api.public.test"


class Watch:
    """Every address that this process begins to connect to, whoever listens there."""

    def __init__(self) -> None:
        self.connections: list[tuple[str, int]] = []
        self.watching = True
        sys.addaudithook(self._heard)  # for good: there is no way to take one back

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.watching and event == "socket.connect" and isinstance(arguments[1], tuple):
            self.connections.append(arguments[1][:2])

    def elsewhere(self, *known: Provider) -> list[tuple[str, int]]:
        """The connections to anything but these servers."""
        ports = {server.port for server in known}
        return [(host, port) for host, port in self.connections if port not in ports]


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.watching = False


class Trap:
    """A listener on loopback, in both families, that nobody must reach."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.port = 0

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.read(65536))
        writer.close()


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    trap = Trap()
    server = await asyncio.start_server(trap.hear, "127.0.0.1", 0)
    trap.port = server.sockets[0].getsockname()[1]
    yield trap
    server.close()
    await server.wait_closed()


@pytest.fixture
async def public() -> AsyncIterator[Provider]:
    """What stands for the internet: reached by its name, which is the one exception from the rules."""
    provider = Provider()
    await provider.start()
    yield provider
    await provider.close()


class Names:
    """Name servers. A name's answers come one after another, the last one for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {name: [found] for name, found in addresses_by_name().items()}
        self.answers[PUBLIC_HOST] = [["127.0.0.1"]]

    async def __call__(self, host: str, _port: int) -> list[str]:
        answers = self.answers[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def counted() -> Counter[str]:
    """What the metric would count: refusals by rule."""
    return Counter()


@pytest.fixture
async def client(names: Names, counted: Counter[str]) -> AsyncIterator[EgressClient]:
    def count(rule: Rule) -> None:
        counted[rule] += 1

    client = EgressClient(Allow.parse(PUBLIC_HOST), user_agent="tests", resolve=names, on_denied=count)
    await client.start()
    yield client
    await client.close()


@pytest.fixture
async def run(client: EgressClient) -> AsyncIterator[Run]:
    """Evaluates a node as an action of a public service, within a wide budget."""
    world = World()
    engines = open_engines("sqlite::memory:", "local:", SystemClock())
    sandbox = SandboxPool(size=1)
    peers = DirectPeers(world.answers())
    runtime = Runtime(Components(peers, engines.bus), Holdings(peers, engines.bus), client, sandbox)
    service_id = world.add_service("hostile", platform="globex", public=True)
    await engines.start()

    async def evaluate(node: Any, source: Any = None) -> Any:
        row_id = world.add_action(service_id, "go", node)
        service = await runtime.components.usable_service("acme", service_id, None)
        component = await runtime.components.component(service_id, Kind.ACTION, row_id)
        assert component is not None
        host = runtime.host(Actor("acme"), service, budget=Budget(http_calls=5_000))
        program = component.hook("execute")
        assert program is not None
        return await program.evaluate(await host.scope(program, source or {}))

    yield evaluate
    await sandbox.close()
    await engines.close()
