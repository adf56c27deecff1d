"""Prometheus metrics: every one that the engine has, by name. Each instance has its own registry."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

METRICS_CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

HTTP_REQUESTS = "interactor_http_requests"
HTTP_REQUEST_SECONDS = "interactor_http_request_seconds"
NOTIFICATIONS = "interactor_notifications"
DELIVERIES = "interactor_deliveries"
DELIVERY_SECONDS = "interactor_delivery_seconds"
EXECUTIONS = "interactor_executions"
EGRESS_DENIED = "interactor_egress_denied"
SANDBOX_PROCESSES = "interactor_sandbox_processes"
SANDBOX_REPLACED = "interactor_sandbox_replaced"
CACHE_HITS = "interactor_cache_hits"
CACHE_MISSES = "interactor_cache_misses"
STORE_OPERATIONS = "interactor_store_operations"
BUS_MESSAGES = "interactor_bus_messages"
OUTBOX_PENDING = "interactor_outbox_pending"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)

Observe: TypeAlias = Callable[[int, float], None]


class CountedCache(Protocol):
    """A cache that counts for itself."""

    name: str
    hits: int
    misses: int


class Metrics:
    """The metric objects. What is counted often has its labels bound here, once."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._caches = _CacheCollector()
        registry.register(self._caches)
        ProcessCollector(registry=registry)
        self._requests = Counter(
            HTTP_REQUESTS, "Answers of the API.", ("service", "route", "status"), registry=registry
        )
        self._request_seconds = Histogram(
            HTTP_REQUEST_SECONDS, "Time to the answer.", ("service", "route"), buckets=_SECONDS, registry=registry
        )
        notifications = Counter(NOTIFICATIONS, "Requests of providers.", ("outcome",), registry=registry)
        self.notifications_received = notifications.labels("received")
        self.notifications_refused = notifications.labels("refused")
        self.notifications_duplicate = notifications.labels("duplicate")
        self.deliveries = Counter(DELIVERIES, "Attempts to deliver.", ("outcome",), registry=registry)
        self.delivery_seconds = Histogram(
            DELIVERY_SECONDS, "Time from the receipt to the delivery.", buckets=_SECONDS, registry=registry
        )
        self.executions = Counter(EXECUTIONS, "Executions of actions.", ("outcome",), registry=registry)
        self.egress_denied = Counter(EGRESS_DENIED, "Requests not let out.", ("rule",), registry=registry)
        self.sandbox_processes = Gauge(SANDBOX_PROCESSES, "Sandbox processes alive.", registry=registry)
        self.sandbox_replaced = Counter(SANDBOX_REPLACED, "Sandbox processes replaced.", registry=registry)

    def http(self, service: str, route: str) -> Observe:
        """Counts an answer of this route, given its status and the seconds that it took."""
        bound: dict[int, tuple[Counter, Histogram]] = {}

        def observe(status: int, elapsed_s: float) -> None:
            requests, seconds = bound.get(status // 100) or bind(status // 100)
            requests.inc()
            seconds.observe(elapsed_s)

        def bind(status_class: int) -> tuple[Counter, Histogram]:
            requests = self._requests.labels(service, route, f"{status_class}xx")
            seconds = self._request_seconds.labels(service, route)
            bound[status_class] = (requests, seconds)
            return requests, seconds

        return observe

    def watch_cache(self, cache: CountedCache) -> None:
        """Reports the cache's own counts whenever metrics are read."""
        self._caches.watched.append(cache)

    def watch_engines(
        self, operations: Callable[[], Mapping[str, int]], published: Callable[[], int], pending: Callable[[], int]
    ) -> None:
        """Reports what a store and a bus on servers count for themselves, whenever metrics are read."""
        self._registry.register(_EngineCollector(operations, published, pending))

    def render(self) -> bytes:
        """The text format, to be sent as METRICS_CONTENT_TYPE; takes milliseconds, any thread will do."""
        return generate_latest(self._registry)


class _CacheCollector(Collector):
    """Caches of one name, as several services in one process have them, are reported as one."""

    def __init__(self) -> None:
        self.watched: list[CountedCache] = []

    def collect(self) -> Iterable[Metric]:
        hits: Tally[str] = Tally()
        misses: Tally[str] = Tally()
        for cache in self.watched:
            hits[cache.name] += cache.hits
            misses[cache.name] += cache.misses
        yield _family(CACHE_HITS, "Answers out of a cache.", hits)
        yield _family(CACHE_MISSES, "Answers that a cache had to fetch.", misses)


class _EngineCollector(Collector):
    """`pending`: documents whose events wait for the bus."""

    def __init__(
        self, operations: Callable[[], Mapping[str, int]], published: Callable[[], int], pending: Callable[[], int]
    ) -> None:
        self._operations = operations
        self._published = published
        self._pending = pending

    def collect(self) -> Iterable[Metric]:
        yield _family(STORE_OPERATIONS, "Commands sent to the store.", self._operations(), "operation")
        yield CounterMetricFamily(BUS_MESSAGES, "Messages that the bus has acknowledged.", value=self._published())
        yield GaugeMetricFamily(OUTBOX_PENDING, "Documents whose events wait for the bus.", value=self._pending())


def _family(name: str, documentation: str, counts: Mapping[str, int], label: str = "cache") -> Metric:
    family = CounterMetricFamily(name, documentation, labels=(label,))
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
