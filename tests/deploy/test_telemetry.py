"""Alerts and dashboard ask only for metrics and labels that there are, and say what to do."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import orjson
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.generate import filled, prometheus_rule
from libs.common.telemetry import Metrics
from tests.deploy.rendering import DEPLOY, Manifests

_ALERTS_FILE = DEPLOY / "telemetry/alerts.yaml"
_ALERTS = [rule for group in yaml.safe_load(_ALERTS_FILE.read_text())["groups"] for rule in group["rules"]]
_DASHBOARD = orjson.loads((DEPLOY / "telemetry/grafana/dashboard.json").read_bytes())
_PANELS = [(panel["title"], target["expr"]) for panel in _DASHBOARD["panels"] for target in panel["targets"]]
_EXPRESSIONS = [*((rule["alert"], rule["expr"]) for rule in _ALERTS), *_PANELS]
_OF_EVERY_SCRAPE = {"job", "instance", "process"}
_OTHERS = {
    "up": set(),
    "kafka_brokers": set(),
    "kafka_consumer_group_lag": {"group", "topic", "partition"},
    "kafka_consumer_group_members": {"group"},
    "kafka_partition_current_offset": {"topic", "partition"},
    "kafka_partition_oldest_offset": {"topic", "partition"},
    "kafka_partition_replicas": {"topic", "partition"},
    "kafka_partition_replicas_in_sync": {"topic", "partition"},
}
"""Of Prometheus itself, and of the collector's kafkametrics receiver."""


@pytest.fixture(scope="module")
def known() -> dict[str, set[str]]:
    """The labels of every metric, by its name."""
    labels: dict[str, set[str]] = defaultdict(set, {name: set(of) for name, of in _OTHERS.items()})
    for family in text_string_to_metric_families(_used_metrics().render().decode()):
        for sample in family.samples:
            labels[sample.name] |= set(sample.labels)
    return labels


def _used_metrics() -> Metrics:
    """Each with a value at least, so that its labels show."""
    metrics = Metrics()
    metrics.http("webhooks", "POST /")(200, 0.1)
    metrics.watch_cache(_Cache())
    for counter in (metrics.deliveries, metrics.executions, metrics.egress_denied):
        counter.labels("any").inc()
    return metrics


class _Cache:
    name = "any"
    hits = 1
    misses = 1


def _parsed(expression: str) -> Any:
    return promql_parser.parse(expression.replace("$__rate_interval", "5m"))


def _nodes(node: Any) -> Iterator[Any]:
    """The parts of an expression."""
    yield node
    for member in ("expr", "lhs", "rhs", "vector_selector", "vs"):
        child = getattr(node, member, None)
        if child is not None:
            yield from _nodes(child)
    for child in getattr(node, "args", None) or ():
        yield from _nodes(child)


def _selectors(expression: str) -> list[tuple[str, set[str]]]:
    """The metrics that are asked for, each with the labels that it is chosen by."""
    found = [node for node in _nodes(_parsed(expression)) if isinstance(node, promql_parser.VectorSelector)]
    return [(node.name, {matcher.name for matcher in node.matchers.matchers}) for node in found]


@pytest.mark.parametrize(("title", "expression"), _EXPRESSIONS, ids=[title for title, _ in _EXPRESSIONS])
def test_what_is_asked_for_is_there(title: str, expression: str, known: dict[str, set[str]]) -> None:
    selectors = _selectors(expression)
    assert len(selectors) == len(re.findall(r"\b(?:interactor|process|kafka)_\w+|\bup\b", expression))
    labels: set[str] = set(_OF_EVERY_SCRAPE)
    for name, chosen_by in selectors:
        assert name in known, f"{title}: there is no metric {name}"
        assert chosen_by <= known[name] | _OF_EVERY_SCRAPE, f"{title}: {name} has no such label"
        labels |= known[name]
    grouped_by = {label.strip() for by in re.findall(r"\bby \((.*?)\)", expression) for label in by.split(",")}
    assert grouped_by <= labels, f"{title}: no metric here has such a label"


@pytest.mark.parametrize("rule", _ALERTS, ids=[rule["alert"] for rule in _ALERTS])
def test_every_alert_says_what_it_means_and_the_page_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"]
    assert f"| `{rule['alert']}` |" in (DEPLOY / "README.md").read_text()


def test_an_alert_that_names_a_process_names_one_that_there_is(production: Manifests) -> None:
    named = {name for rule in _ALERTS for name in re.findall(r'process="([\w-]+)"', rule["expr"])}
    assert named == production.of("Deployment").keys() - {"gateway", "collector"}


def test_prometheus_looks_for_every_process(production: Manifests) -> None:
    (ours, _) = yaml.safe_load((DEPLOY / "telemetry/prometheus.yaml").read_text())["scrape_configs"]
    assert set(ours["dns_sd_configs"][0]["names"]) == production.of("Deployment").keys() - {"gateway", "collector"}


def test_the_operators_page_is_as_the_code_has_it() -> None:
    page = (DEPLOY / "README.md").read_text()
    assert page == filled(page), "run `make docs`"


def test_the_prometheus_operator_has_the_same_alerts() -> None:
    rule = (DEPLOY / "components/telemetry/alerts.yaml").read_text()
    assert rule == prometheus_rule(_ALERTS_FILE.read_text()), "run `make docs`"
