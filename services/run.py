"""Runs the product until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys

from libs.common.settings import Settings
from libs.common.telemetry import configure_logging, configure_tracing
from services.product import VERSION, Product

_EXIT_BROKEN = 1
_GC_THRESHOLDS = (50_000, 20, 50)


async def run(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT; answers a failure when a worker can't be kept running."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    configure_logging(settings.log_level, json=as_json, stream=sys.stderr)
    tracing = configure_tracing(settings.otel_exporter_otlp_endpoint, "interactor-engine")
    product = Product(settings, tracing)
    try:
        await product.start()
        _settle_memory()
        sys.stdout.write(_banner(product, settings))
        sys.stdout.flush()
        return await _until_told(product)
    finally:
        await product.close()
        await asyncio.to_thread(tracing.close)


def _settle_memory() -> None:
    """What was built at the start lives as long as the process: the garbage collector need never look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


async def _until_told(product: Product) -> int:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stop.set)
    stopping, broken = asyncio.create_task(stop.wait()), asyncio.create_task(product.supervisor.broken.wait())
    await asyncio.wait({stopping, broken}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopping, broken):
        task.cancel()
    return 0 if stop.is_set() else _EXIT_BROKEN


def _banner(product: Product, settings: Settings) -> str:
    key = "default" if settings.default_key_allowed else "<key from `python -m services keys create`>"
    return (
        f"Interactor Engine {VERSION}\n"
        f"  API       {product.url}/v1\n"
        f"  API docs  {product.url}/docs\n"
        f"  metrics   {product.internal_url}/metrics\n"
        f"  data      {settings.data_dir}\n"
        f"  try       curl -H 'api_key: {key}' {product.url}/v1/service\n"
    )
