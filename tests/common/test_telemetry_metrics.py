from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from libs.common.telemetry import Metrics


@dataclass
class CountedCache:
    name: str
    hits: int
    misses: int


def read(metrics: Metrics, name: str, **labels: str) -> float | None:
    """The value of one sample, as a scraper reads it."""
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if (sample.name, sample.labels) == (name, labels):
                return sample.value
    return None


def test_an_answer_is_counted_by_service_route_and_status_class() -> None:
    metrics = Metrics()
    observe = metrics.http("catalog", "GET /v1/service")
    for status in (200, 201, 404):
        observe(status, 0.02)
    route = {"service": "catalog", "route": "GET /v1/service"}
    assert read(metrics, "interactor_http_requests_total", **route, status="2xx") == 2
    assert read(metrics, "interactor_http_requests_total", **route, status="4xx") == 1
    assert read(metrics, "interactor_http_request_seconds_count", **route) == 3
    assert read(metrics, "interactor_http_request_seconds_bucket", **route, le="0.025") == 3
    assert read(metrics, "interactor_http_request_seconds_bucket", **route, le="0.01") == 0


def test_two_instances_in_one_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.notifications_received.inc()
    assert read(first, "interactor_notifications_total", outcome="received") == 1
    assert read(second, "interactor_notifications_total", outcome="received") == 0


def test_every_metric_of_the_pipeline_is_read_under_its_name() -> None:
    metrics = Metrics()
    metrics.notifications_refused.inc()
    metrics.notifications_duplicate.inc(2)
    metrics.deliveries.labels("succeeded").inc(3)
    metrics.delivery_seconds.observe(0.1)
    metrics.executions.labels("failed").inc(4)
    metrics.egress_denied.labels("private_network").inc(5)
    metrics.sandbox_processes.set(6)
    metrics.sandbox_replaced.inc(7)
    assert read(metrics, "interactor_notifications_total", outcome="refused") == 1
    assert read(metrics, "interactor_notifications_total", outcome="duplicate") == 2
    assert read(metrics, "interactor_deliveries_total", outcome="succeeded") == 3
    assert read(metrics, "interactor_delivery_seconds_count") == 1
    assert read(metrics, "interactor_executions_total", outcome="failed") == 4
    assert read(metrics, "interactor_egress_denied_total", rule="private_network") == 5
    assert read(metrics, "interactor_sandbox_processes") == 6
    assert read(metrics, "interactor_sandbox_replaced_total") == 7


def test_caches_of_one_name_are_reported_as_one_with_their_counts_of_now() -> None:
    metrics = Metrics()
    ours, theirs, other = CountedCache("keys", 1, 2), CountedCache("keys", 10, 20), CountedCache("users", 5, 6)
    for cache in (ours, theirs, other):
        metrics.watch_cache(cache)
    ours.hits += 100
    assert read(metrics, "interactor_cache_hits_total", cache="keys") == 111
    assert read(metrics, "interactor_cache_misses_total", cache="keys") == 22
    assert read(metrics, "interactor_cache_hits_total", cache="users") == 5


def test_the_process_reports_its_memory() -> None:
    memory_bytes = read(Metrics(), "process_resident_memory_bytes")
    assert memory_bytes is not None
    assert memory_bytes > 1 << 20


def test_engines_report_what_they_count_whenever_metrics_are_read() -> None:
    metrics, operations, pending = Metrics(), {"read": 1, "write": 2}, [0]
    assert "interactor_outbox_pending" not in metrics.render().decode()
    metrics.watch_engines(lambda: operations, lambda: 7, lambda: pending[0])
    pending[0], operations["write"] = 3, 5
    told = metrics.render().decode().splitlines()
    assert "interactor_outbox_pending 3.0" in told
    assert 'interactor_store_operations_total{operation="write"} 5.0' in told
    assert "interactor_bus_messages_total 7.0" in told
