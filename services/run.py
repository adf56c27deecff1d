"""Runs the roles of a process until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from libs.common.engines import is_embedded
from libs.common.settings import Settings
from libs.common.telemetry import configure_logging, configure_tracing
from services.api import VERSION
from services.product import Product
from services.roles import is_everything, parse_roles

_EXIT_BROKEN = 1
_GC_THRESHOLDS = (50_000, 20, 50)


async def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT; answers a failure when a worker can't be kept running."""
    roles = parse_roles(arguments.roles)
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    configure_logging(settings.log_level, json=as_json, stream=sys.stderr)
    told = _told_to_stop()
    tracing = configure_tracing(settings.otel_exporter_otlp_endpoint, "interactor-engine")
    product = Product(settings, roles, tracing=tracing)
    try:
        if not await _before(told, product.start()):
            return 0
        _settle_memory()
        sys.stdout.write(_banner(product, settings))
        sys.stdout.flush()
        return 0 if not await _before(told, product.supervisor.broken.wait()) else _EXIT_BROKEN
    finally:
        await product.close()
        await asyncio.to_thread(tracing.close)


def _told_to_stop() -> asyncio.Event:
    """Set by SIGTERM and SIGINT, during the start as well."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for which in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(which, told.set)
    return told


async def _before(told: asyncio.Event, work: Coroutine[Any, Any, object]) -> bool:
    """Whether the work was done before the word to stop came; else it is cancelled. Raises what it raises."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(told.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        await asyncio.wait((working,))
        return False
    await working
    return True


def _settle_memory() -> None:
    """What was built at the start lives as long as the process: the garbage collector need never look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def _banner(product: Product, settings: Settings) -> str:
    if not is_everything(product.roles):
        roles = " ".join(map(str, product.roles))
        return f"Interactor Engine {VERSION}, {roles}: API {product.url}/v1, metrics {product.internal_url}/metrics\n"
    key = "default" if settings.default_key_allowed else "<key from `python -m services keys create`>"
    lines = [
        f"Interactor Engine {VERSION}",
        f"  API       {product.url}/v1",
        f"  API docs  {product.url}/docs",
        f"  metrics   {product.internal_url}/metrics",
        f"  try       curl -H 'api_key: {key}' {product.url}/v1/service",
    ]
    if is_embedded(settings.effective_store_url):
        lines.insert(-1, f"  data      {settings.data_dir}")
    return "\n".join([*lines, ""])
