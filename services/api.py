"""The API of the whole product, whichever part of it a process runs: route tables, and the document made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.common.clock import SystemClock
from libs.common.egress import Allow, EgressClient
from libs.common.engines import Engines, open_engines
from libs.common.keyring import KeyRing
from libs.common.peers import DirectPeers
from libs.common.service import Infra
from libs.common.settings import Settings
from libs.common.telemetry import Metrics, Tracing
from libs.common.web.docs import openapi
from libs.common.web.routes import Route
from libs.logic.sandbox.pool import SandboxPool
from services.building import Builder
from services.roles import SERVICES

VERSION = "0.1.0"
_NO_KEY = f"unused:{'A' * 43}="


def route_tables() -> dict[str, tuple[Route, ...]]:
    """Each service's routes, from services that are built on nothing that runs, and never started."""
    builder = unstarted(open_engines("sqlite::memory:", "local:", SystemClock()), SERVICES)
    return {service: builder.build(service).routes for service in SERVICES}


def unstarted(engines: Engines, services: Sequence[str]) -> Builder:
    """Builds services on these engines, and on nothing else that runs: for what they declare."""
    infra = _infra(engines)
    return Builder(services, lambda _: infra, SandboxPool(size=1), public_url="")


def document() -> dict[str, Any]:
    """The OpenAPI document of the whole API."""
    return openapi(route_tables().items(), VERSION)


def _infra(engines: Engines) -> Infra:
    return Infra(
        settings=Settings(),
        clock=SystemClock(),
        store=engines.store,
        bus=engines.bus,
        peers=DirectPeers({}),
        egress=EgressClient(Allow(), user_agent=""),
        metrics=Metrics(),
        tracing=Tracing(),
        keys=KeyRing.parse(_NO_KEY),
    )
