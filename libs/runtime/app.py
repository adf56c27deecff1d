"""Builds the runtime that the evaluating services of one process share."""

from __future__ import annotations

from libs.common.service import Infra
from libs.logic.scope import Sandbox
from libs.runtime.components import Components
from libs.runtime.holdings import Holdings
from libs.runtime.host import Runtime


def build_runtime(infra: Infra, sandbox: Sandbox) -> Runtime:
    """Declares its followers, so it must be built before the bus starts."""
    components = Components(infra.peers, infra.bus)
    holdings = Holdings(infra.peers, infra.bus)
    for cache in (*components.caches, *holdings.caches):
        infra.metrics.watch_cache(cache)
    return Runtime(components, holdings, infra.egress, sandbox)


def build_ended_runtime(infra: Infra, runtime: Runtime) -> Runtime:
    """Beside `runtime`, for `delete` hooks alone: it still finds what was deleted and is kept for them."""
    components = Components(infra.peers, infra.bus, ended=True)
    holdings = Holdings(infra.peers, infra.bus, ended=True)
    return Runtime(components, holdings, runtime.egress, runtime.sandbox)
