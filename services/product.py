"""The composition root of the one-process run: all five services on one application."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from libs.common.clock import SystemClock
from libs.common.contracts.calls import Call
from libs.common.egress import Allow, EgressClient
from libs.common.engines import Engines, open_engines
from libs.common.internal import internal_app
from libs.common.keyring import KeyRing, load_or_create_key_file
from libs.common.peers import DirectPeers
from libs.common.role_tokens import RoleKeys
from libs.common.service import Infra, Service
from libs.common.settings import Settings, SettingsRefused, check_production
from libs.common.telemetry import Metrics, Tracing
from libs.common.web.access import Access
from libs.common.web.app import Dispatcher, Mount, server_of
from libs.common.web.docs import docs_routes, openapi
from libs.common.web.endpoint import Endpoints
from libs.common.web.health import Health
from libs.common.web.idempotency import IdempotentAnswers
from libs.common.web.idempotency import collection_spec as idempotency
from libs.common.workers import Supervisor
from libs.logic.sandbox.pool import SandboxPool
from libs.runtime.app import build_runtime
from services.catalog import app as catalog
from services.credentials import app as credentials
from services.executor import app as executor
from services.identity import app as identity
from services.webhooks import app as webhooks

VERSION = "0.1.0"
_USER_AGENT = f"InteractorEngine/{VERSION}"
_KEY_FILE = "credentials.key"
_DRAIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Sockets:
    """The two listening sockets, bound before anything is built, so that ports and URLs are known."""

    api: socket.socket
    internal: socket.socket

    @property
    def api_url(self) -> str:
        return _url(self.api)

    @property
    def internal_url(self) -> str:
        return _url(self.internal)

    def close(self) -> None:
        self.api.close()
        self.internal.close()


class Product:
    """Everything, built; `start` opens and serves it, `close` finishes what runs and lets go."""

    def __init__(self, settings: Settings, tracing: Tracing | None = None) -> None:
        """Raises SettingsRefused, EngineRefused, or OSError for a port that is taken."""
        check_production(settings)
        self.metrics = Metrics()
        self.supervisor = Supervisor()
        self._settings = settings
        self._tracing = tracing or Tracing()
        exceptions, keys = _exceptions(settings), _key_ring(settings)
        self.engines = open_engines(settings.effective_store_url, settings.bus_url, SystemClock())
        self.sockets = Sockets(
            _listen(settings.host, settings.port, "PORT"),
            _listen(settings.internal_host, settings.internal_port, "INTERNAL_PORT"),
        )
        self.egress = EgressClient(
            exceptions,
            user_agent=_USER_AGENT,
            on_denied=lambda rule: self.metrics.egress_denied.labels(str(rule)).inc(),
        )
        self.sandbox = SandboxPool(
            size=settings.sandbox_processes or None, on_replaced=self.metrics.sandbox_replaced.inc
        )
        self.metrics.sandbox_processes.set_function(lambda: len(self.sandbox.pids))
        self._health = Health(self.engines.store, self.engines.bus)
        self._answers: dict[Call[Any, Any], Any] = {}
        infra = self._infra(keys)
        access = Access(infra.peers, infra.bus)
        self._services = self._build(infra, access)
        self._api = self._dispatcher(infra, access)
        self._internal = internal_app(
            self._answers, _role_keys(settings), metrics=self.metrics.render, check=lambda: None
        )
        self._runners: list[web.BaseRunner] = []

    @property
    def url(self) -> str:
        return self.sockets.api_url

    @property
    def internal_url(self) -> str:
        return self.sockets.internal_url

    def document(self) -> dict[str, Any]:
        """The OpenAPI document of the whole API."""
        return openapi([(service.name, service.routes) for service in self._services], VERSION)

    async def start(self) -> None:
        """Raises EngineRefused, SealingRefused, SettingsRefused."""
        await asyncio.gather(self.egress.start(), self.sandbox.start())
        self.sandbox.fill()
        await self.engines.start()
        for service in self._services:
            await service.sealer.verify_keys()
            await service.prepare()
        self.supervisor.start([worker for each in self._services for worker in (*each.companions, *each.workers)])
        await self._serve(web.ServerRunner(self._server(), shutdown_timeout=_DRAIN_S), self.sockets.api)
        await self._serve(web.AppRunner(self._internal, access_log=None), self.sockets.internal)
        self._health.ready = True

    async def close(self) -> None:
        self._health.ready = False
        for runner in self._runners:
            await runner.cleanup()
        await self.supervisor.stop()
        await self.engines.close()
        await self.sandbox.close()
        await self.egress.close()
        self.sockets.close()

    def _infra(self, keys: KeyRing) -> Infra:
        return Infra(
            settings=self._settings,
            clock=SystemClock(),
            store=self.engines.store,
            bus=self.engines.bus,
            peers=DirectPeers(self._answers),
            egress=self.egress,
            metrics=self.metrics,
            tracing=self._tracing,
            keys=keys,
        )

    def _build(self, infra: Infra, access: Access) -> tuple[Service, ...]:
        runtime = build_runtime(infra, self.sandbox)
        public_url = self._settings.public_url or self.url
        services = (
            webhooks.build(infra, runtime, access, public_url=public_url),
            executor.build(infra, runtime),
            catalog.build(infra, self.sandbox),
            credentials.build(infra),
            identity.build(infra),
        )
        for service in services:
            self._answers.update(service.answers)
            service.subscribe(infra.bus)
        return services

    def _dispatcher(self, infra: Infra, access: Access) -> Dispatcher:
        mounts = [Mount(service.routes, self._endpoints(infra, access, service)) for service in self._services]
        return Dispatcher(mounts, [*docs_routes(self.document()), *self._health.routes()])

    def _server(self) -> web.Server:
        settings = self._settings
        return server_of(self._api, largest_body_bytes=max(settings.body_limit_bytes, settings.inbound_limit_bytes))

    async def _serve(self, runner: web.BaseRunner, listening: socket.socket) -> None:
        await runner.setup()
        await web.SockSite(runner, listening).start()
        self._runners.append(runner)

    def _endpoints(self, infra: Infra, access: Access, service: Service) -> Endpoints:
        answers = IdempotentAnswers(infra.store.collection(idempotency(service.name)), service.sealer, infra.clock)
        limit = self._settings.body_limit_bytes
        return Endpoints(service.name, access, answers, infra.telemetry, body_limit_bytes=limit)


def open_for_command(settings: Settings) -> Engines:
    """The engines for a short command, beside a running server. Raises EngineRefused."""
    return open_engines(settings.effective_store_url, settings.bus_url, SystemClock(), exclusive=False)


def _key_ring(settings: Settings) -> KeyRing:
    """From the setting, else from a file that a local server makes. Raises SealingRefused, SettingsRefused."""
    if settings.credentials_keys is not None:
        return KeyRing.parse(settings.credentials_keys.get_secret_value())
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        ring, _ = load_or_create_key_file(settings.data_dir / _KEY_FILE)
    except OSError as error:
        raise SettingsRefused(
            f"DATA_DIR={settings.data_dir}: can't be written ({error.strerror}); name a directory that can"
        ) from None
    return ring


def _exceptions(settings: Settings) -> Allow:
    try:
        return Allow.parse(settings.egress_exceptions)
    except ValueError as error:
        raise SettingsRefused(str(error)) from None


def _role_keys(settings: Settings) -> RoleKeys:
    """Whose calls the internal port believes; where nobody is named, those of a key that nobody holds."""
    if settings.internal_private_key is None:
        return RoleKeys.generate(["product"])["product"]
    return RoleKeys.parse(settings.internal_private_key.get_secret_value(), settings.internal_public_keys)


def _listen(host: str, port: int, setting: str) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise SettingsRefused(
            f"{setting}={port}: can't listen on {host} ({error.strerror}); choose another port, or 0 for a free one"
        ) from None


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
