"""The store and the bus, with the collections and the groups that a process with these roles has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from libs.common.clock import SystemClock
from libs.common.engines import Engines, inspect_bus, inspect_store, open_engines, open_store
from libs.common.findings import Finding
from libs.common.service import Service
from libs.common.settings import Settings
from libs.common.web.idempotency import collection_spec as idempotency
from services.api import unstarted
from services.roles import Role


async def examine_store(settings: Settings, roles: Sequence[Role]) -> list[Finding]:
    engines = await asyncio.to_thread(open_store, settings.effective_store_url, SystemClock())
    _declare(engines, roles)
    return await inspect_store(engines)


async def examine_bus(settings: Settings, roles: Sequence[Role]) -> list[Finding]:
    nothing = open_engines("sqlite::memory:", "local:", SystemClock())
    services = _declare(nothing, [role for role in roles if role.workers])
    return await inspect_bus(
        settings.bus_url, [(heard.topic, each.name) for each in services for heard in each.consumers]
    )


def _declare(engines: Engines, roles: Sequence[Role]) -> list[Service]:
    """Builds the services on these engines, without starting them."""
    names = [role.service for role in roles]
    builder = unstarted(engines, names)
    services = [builder.build(name) for name in names]
    for name in names:
        engines.store.collection(idempotency(name))
    return services
