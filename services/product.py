"""The composition root of a process: the services that its roles name, on one store and one bus."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import Sequence
from typing import Any

import structlog
from aiohttp import web

from libs.common.clock import SystemClock
from libs.common.contracts.calls import Call, Peers
from libs.common.egress import EgressClient
from libs.common.engines import Engines
from libs.common.internal import internal_app
from libs.common.peers import DirectPeers, PeersByOwner
from libs.common.service import Infra, Service
from libs.common.settings import Settings, SettingsRefused, check_production
from libs.common.telemetry import Metrics, Tracing
from libs.common.web.access import Access
from libs.common.web.app import Dispatcher, Entrance, Mount
from libs.common.web.docs import docs_routes
from libs.common.web.endpoint import Endpoints
from libs.common.web.health import Health
from libs.common.web.idempotency import IdempotentAnswers
from libs.common.web.idempotency import collection_spec as idempotency
from libs.common.web.key_use import KeyUse
from libs.common.workers import Supervisor
from libs.logic.sandbox.inside.lockdown import LockdownRefused
from libs.logic.sandbox.pool import SandboxPool
from services.api import VERSION, document
from services.building import Builder, checks_logic, runs_logic
from services.from_settings import egress_exceptions, key_ring, open_for_roles
from services.internal_tls import server_context
from services.neighbours import Neighbours
from services.roles import Role, parse_roles
from services.sockets import Sockets
from services.startup import Startup

log = structlog.get_logger()

_USER_AGENT = f"InteractorEngine/{VERSION}"
_DRAIN_S = 10.0


class Product:
    """Everything that the roles need, built; `start` opens and serves it, `close` finishes what runs and lets go.

    `engines` are those that the settings name, where none are given.
    """

    def __init__(
        self,
        settings: Settings,
        roles: Sequence[Role] | None = None,
        *,
        tracing: Tracing | None = None,
        engines: Engines | None = None,
    ) -> None:
        """Raises SettingsRefused, EngineRefused."""
        check_production(settings)
        self.roles = parse_roles(()) if roles is None else tuple(roles)
        self.metrics = Metrics()
        self.supervisor = Supervisor()
        self._settings = settings
        self._tracing = tracing or Tracing()
        self.engines = engines or open_for_roles(settings, self.roles)
        exceptions, self._keys = egress_exceptions(settings), key_ring(settings)
        self._tls = server_context(settings)
        self._neighbours = Neighbours(settings, self._names)
        self.engines.watch(self.metrics)
        self.sockets = Sockets.listen(settings, "http" if self._tls is None else "https")
        self.egress = EgressClient(
            exceptions,
            user_agent=_USER_AGENT,
            on_denied=lambda rule: self.metrics.egress_denied.labels(str(rule)).inc(),
        )
        self.sandbox = SandboxPool(
            size=settings.sandbox_processes or None,
            seccomp=settings.sandbox_seccomp,
            on_replaced=self.metrics.sandbox_replaced.inc,
        )
        self.metrics.sandbox_processes.set_function(lambda: len(self.sandbox.pids))
        self._health = Health(store=self.engines.store, bus=self.engines.bus)
        self._answers: dict[Call[Any, Any], Any] = {}
        self._assemble()
        self._runners: list[web.BaseRunner] = []
        self._sandbox_started: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return self.sockets.api_url

    @property
    def internal_url(self) -> str:
        return self.sockets.internal_url

    async def start(self) -> None:
        """Answers from the first moment on, and waits for engines that are down.

        Raises EngineRefused, SealingRefused, SettingsRefused.
        """
        entrance = await self._open_doors()
        startup = Startup(self._health)
        await self._neighbours.start()
        await self.egress.start()
        self._sandbox_started = asyncio.create_task(self._start_sandbox())
        await startup.step(self.engines.start)
        for service in self._services.values():
            await startup.step(service.sealer.verify_keys)
            await startup.step(service.prepare)
        await asyncio.shield(self._sandbox_started)
        for role in self.roles:
            self._start_workers(role)
        if any(role.edge for role in self.roles):
            self.supervisor.start([self._key_use])
        self._health.started = True
        entrance.open(self._api)

    async def close(self) -> None:
        self._health.stopping = True
        for runner in self._runners:
            await runner.cleanup()
        await self.supervisor.stop()
        await self.engines.close()
        if self._sandbox_started is not None:
            await asyncio.gather(self._sandbox_started, return_exceptions=True)
        await self.sandbox.close()
        await self._neighbours.close()
        await self.egress.close()
        self.sockets.close()

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(role.service for role in self.roles)

    def _assemble(self) -> None:
        """Builds the services and declares what each hears, before the bus starts."""
        settings = self._settings
        builder = Builder(self._names, self._infra, self.sandbox, settings.public_url or self.url)
        self._services = {name: builder.build(name) for name in self._names}
        for role in self.roles:
            service = self._services[role.service]
            if role.edge:
                self._answers.update(service.answers)
            if role.workers:
                service.subscribe(self.engines.bus)
        self._api = self._dispatcher(builder.access)
        self._key_use = KeyUse(builder.access, self._peers(self._names))
        self._internal = internal_app(
            self._answers, self._neighbours.keys, metrics=self.metrics.render, check=self._health.check_started
        )

    def _infra(self, asking: tuple[str, ...]) -> Infra:
        """What services stand on, with peers that are asked in their name."""
        return Infra(
            settings=self._settings,
            clock=SystemClock(),
            store=self.engines.store,
            bus=self.engines.bus,
            peers=self._peers(asking),
            egress=self.egress,
            metrics=self.metrics,
            tracing=self._tracing,
            keys=self._keys,
        )

    def _peers(self, asking: tuple[str, ...]) -> Peers:
        here = [role.service for role in self.roles if role.edge]
        return PeersByOwner(here, DirectPeers(self._answers), self._neighbours.peers(asking, SystemClock()))

    def _dispatcher(self, access: Access) -> Dispatcher:
        served = [self._services[role.service] for role in self.roles if role.edge]
        mounts = [Mount(service.routes, self._endpoints(access, service)) for service in served]
        return Dispatcher(mounts, [*docs_routes(document), *self._health.routes()])

    def _endpoints(self, access: Access, service: Service) -> Endpoints:
        kept = self.engines.store.collection(idempotency(service.name))
        answers = IdempotentAnswers(kept, service.sealer, SystemClock())
        limit = self._settings.body_limit_bytes
        telemetry = self._infra((service.name,)).telemetry
        return Endpoints(service.name, access, answers, telemetry, body_limit_bytes=limit)

    async def _open_doors(self) -> Entrance:
        settings = self._settings
        largest = max(settings.body_limit_bytes, settings.inbound_limit_bytes)
        entrance = Entrance(self._health.routes(), largest_body_bytes=largest)
        await self._serve(web.ServerRunner(entrance.server, shutdown_timeout=_DRAIN_S), self.sockets.api)
        await self._serve(web.AppRunner(self._internal, access_log=None), self.sockets.internal, self._tls)
        return entrance

    async def _serve(self, runner: web.BaseRunner, listening: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        await runner.setup()
        self._runners.append(runner)
        await web.SockSite(runner, listening, ssl_context=tls, backlog=1024).start()

    async def _start_sandbox(self) -> None:
        runs = any(runs_logic(role) for role in self.roles)
        if not runs and not any(checks_logic(role) for role in self.roles):
            return
        if not self.sandbox.filtered:
            log.warning("sandbox_unfiltered", sandbox_seccomp=self._settings.sandbox_seccomp, platform=sys.platform)
        try:
            await self.sandbox.start()
        except LockdownRefused as refused:
            raise SettingsRefused(str(refused)) from None
        if runs:
            self.sandbox.fill()

    def _start_workers(self, role: Role) -> None:
        service = self._services[role.service]
        self.supervisor.start(service.companions if role.edge else ())
        self.supervisor.start(service.workers if role.workers else ())
