"""What kustomize renders: of the right form, every pod hardened and probed, every role there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from services.roles import ROLES, SERVICES, parse_roles
from services.secrets import Plan, write_secrets
from tests.clock import FakeClock
from tests.deploy.rendering import DEPLOY, Manifest, Manifests, rendered, rendered_overlay, selected

_OLDEST_KUBERNETES = "1.27"
_GATEWAYS = {"gateway", "collector"}


def _scaled(of: Manifest) -> None:
    lag, cpu = of["spec"]["triggers"]
    assert of["spec"]["scaleTargetRef"] == {"name": "webhooks-workers"}
    assert of["spec"]["minReplicaCount"] >= 2
    assert (lag["type"], cpu["type"], cpu["metricType"]) == ("kafka", "cpu", "Utilization")
    assert {"bootstrapServers", "consumerGroup", "topic", "lagThreshold"} <= lag["metadata"].keys()
    assert all(isinstance(value, str) for trigger in (lag, cpu) for value in trigger["metadata"].values())


def _monitored(of: Manifest) -> None:
    assert of["spec"]["selector"]["matchLabels"]
    for endpoint in of["spec"]["podMetricsEndpoints"]:
        assert endpoint.keys() <= {"port", "scheme", "tlsConfig", "relabelings"}
        assert all(
            each.keys() <= {"action", "sourceLabels", "targetLabel", "replacement"} for each in endpoint["relabelings"]
        )


def _ruled(of: Manifest) -> None:
    for group in of["spec"]["groups"]:
        assert all({"alert", "expr", "labels", "annotations"} <= rule.keys() for rule in group["rules"])


def _routed(of: Manifest) -> None:
    assert of["spec"]["parentRefs"]
    backends = [backend for rule in of["spec"]["rules"] for backend in rule["backendRefs"]]
    assert backends
    assert {backend["port"] for backend in backends} == {8080}


def _gateway(of: Manifest) -> None:
    assert of["spec"]["gatewayClassName"]
    assert of["spec"]["listeners"]


_OTHER_SCHEMAS: dict[tuple[str, str], Callable[[Manifest], None]] = {
    ("keda.sh/v1alpha1", "ScaledObject"): _scaled,
    ("monitoring.coreos.com/v1", "PodMonitor"): _monitored,
    ("monitoring.coreos.com/v1", "PrometheusRule"): _ruled,
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): _routed,
    ("gateway.networking.k8s.io/v1", "Gateway"): _gateway,
}
"""Kinds that Kubernetes itself doesn't know."""


@pytest.mark.parametrize("version", [_OLDEST_KUBERNETES, kubernetes_validate.latest_version()])
def test_everything_is_as_kubernetes_has_it(manifests: Manifests, version: str) -> None:
    for each in manifests:
        check = _OTHER_SCHEMAS.get((each["apiVersion"], each["kind"]))
        if check is None:
            kubernetes_validate.validate(each, version, strict=True)
        else:
            check(each)


def test_nothing_has_the_same_name_twice_and_all_is_in_one_namespace(manifests: Manifests) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests]
    assert sorted(set(names)) == sorted(names)
    assert {each["metadata"]["namespace"] for each in manifests if each["kind"] != "Namespace"} == {"interactor"}


def test_no_pod_can_do_more_than_it_must(manifests: Manifests) -> None:
    for name, pod in manifests.pods():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}, name
    for name, container in manifests.containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name


def test_every_container_says_what_it_needs_and_what_it_may_take(manifests: Manifests) -> None:
    for name, container in manifests.containers():
        resources = container["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys(), name
        assert "memory" in resources["limits"], name


def test_every_image_is_pinned_by_the_overlay(manifests: Manifests) -> None:
    for name, container in manifests.containers():
        tag = container["image"].rpartition("/")[2].partition(":")[2]
        assert tag, f"{name}: the overlay's `images` give {container['image']} no tag"
        assert tag != "latest", name


def test_what_runs_for_long_is_probed(manifests: Manifests) -> None:
    for name, deployment in manifests.of("Deployment", "StatefulSet").items():
        for container in deployment["spec"]["template"]["spec"]["containers"]:
            assert {"livenessProbe", "readinessProbe"} <= container.keys(), name


def test_processes_are_alive_by_healthz_and_ready_by_readyz_on_the_port_that_the_image_names(
    manifests: Manifests,
) -> None:
    for name, container in _engines(manifests):
        paths = {probe: container[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")}
        assert paths == {
            "startup": {"path": "/healthz", "port": "api"},
            "liveness": {"path": "/healthz", "port": "api"},
            "readiness": {"path": "/readyz", "port": "api"},
        }, name
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports == {"api": 8080, "internal": 8081}, name
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert "PORT=8080 " in dockerfile
    assert "INTERNAL_PORT=8081 " in dockerfile


def test_a_pod_is_given_longer_than_it_takes_to_drain(manifests: Manifests) -> None:
    from services.product import _DRAIN_S

    longest_delivery_s = 45
    for name, deployment in manifests.of("Deployment").items():
        if name in _GATEWAYS:
            continue
        spec = deployment["spec"]["template"]["spec"]
        pause_s = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
        assert spec["terminationGracePeriodSeconds"] > pause_s + _DRAIN_S + longest_delivery_s, name


def test_every_service_runs_whole_whichever_way_it_is_cut(manifests: Manifests) -> None:
    named = [container["args"] for _, container in _engines(manifests)]
    assert all(set(arguments) <= set(ROLES) for arguments in named)
    parts = parse_roles([argument for arguments in named for argument in arguments])
    assert {part.service for part in parts} == set(SERVICES)
    assert all(part.edge and part.workers for part in parts)


def test_every_deployment_loses_one_pod_at_a_time(production: Manifests) -> None:
    deployments = production.of("Deployment").keys() - {"collector"}
    budgets = production.of("PodDisruptionBudget")
    covered = {name: selected(of["spec"]["selector"], production.pods()) for name, of in budgets.items()}
    assert covered == {name: {name} for name in deployments}
    assert {of["spec"]["maxUnavailable"] for of in budgets.values()} == {1}


def test_every_deployment_scales_by_itself_in_production(production: Manifests) -> None:
    scaled = {
        of["spec"]["scaleTargetRef"]["name"] for of in production.of("HorizontalPodAutoscaler", "ScaledObject").values()
    }
    deployments = production.of("Deployment")
    assert scaled == deployments.keys() - {"collector"}
    assert not any("replicas" in deployments[name]["spec"] for name in scaled), "they would undo the autoscalers' work"


def test_workers_scale_by_the_lag_of_a_group_that_there_is(production: Manifests) -> None:
    from libs.common.contracts.topics import TOPICS

    scaled = production.of("ScaledObject")["webhooks-workers"]["spec"]
    trigger = scaled["triggers"][0]["metadata"]
    topic = TOPICS[trigger["topic"]]
    assert trigger["consumerGroup"] == f"{topic.groups[0]}.{topic.name}"
    assert scaled["maxReplicaCount"] == topic.partitions


def test_services_lead_to_pods(manifests: Manifests) -> None:
    pods = dict(manifests.pods())
    for name, service in manifests.of("Service").items():
        (found,) = selected({"matchLabels": service["spec"]["selector"]}, pods.items())
        container = pods[found]["spec"]["containers"][0]
        named = {port["name"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= named, name


def test_every_secret_and_config_map_that_is_referred_to_is_made(manifests: Manifests, tmp_path: Path) -> None:
    write_secrets(tmp_path, Plan("mongodb:27017/", "kafka:9092", "interactor", None), FakeClock().now())
    secrets = set(rendered(tmp_path).of("Secret"))
    config_maps = set(manifests.of("ConfigMap"))
    for name, pod in manifests.pods():
        assert set(_named(pod, "configMapRef", "configMap")) <= config_maps, name
        assert set(_named(pod, "secretRef", "secret")) <= secrets, name


def test_each_process_holds_the_secrets_of_its_own_service_and_no_others(manifests: Manifests) -> None:
    for name, pod in manifests.pods():
        if pod["metadata"]["labels"].get("app.kubernetes.io/component") == "engine":
            service = parse_roles(pod["spec"]["containers"][0]["args"])[0].service
            assert set(_named(pod, "secretRef", "secret")) == {service, f"{service}-tls"}, name


def test_without_nginx_the_routes_lead_to_the_same_services(tmp_path: Path) -> None:
    from tests.deploy.rendering import WITHOUT_NGINX

    manifests = rendered_overlay(WITHOUT_NGINX, tmp_path)
    assert not [
        each for each in manifests if each["metadata"]["name"].startswith("gateway") and each["kind"] != "Gateway"
    ]
    services = manifests.of("Service")
    routes = manifests.of("HTTPRoute")
    assert routes
    for route in routes.values():
        for rule in route["spec"]["rules"]:
            assert {backend["name"] for backend in rule["backendRefs"]} <= services.keys()


def _engines(manifests: Manifests) -> list[tuple[str, Manifest]]:
    return [(name, container) for name, container in manifests.containers() if name.endswith("/engine")]


def _named(pod: Manifest, *kinds: str) -> list[str]:
    """The Secrets or ConfigMaps that a pod can't do without."""
    spec = pod["spec"]
    sources = [source for container in spec["containers"] for source in container.get("envFrom", ())]
    found: list[dict[str, Any]] = [source for source in (*sources, *spec.get("volumes", ())) if kinds & source.keys()]
    references = [next(reference for kind, reference in each.items() if kind in kinds) for each in found]
    return [each.get("name") or each["secretName"] for each in references if not each.get("optional")]


def test_compose_and_kustomize_run_the_same_images() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    composed = {service["image"] for service in compose["services"].values()}
    for overlay in ("local", "staging", "production"):
        kustomization = yaml.safe_load((DEPLOY / f"overlays/{overlay}/kustomization.yaml").read_text())
        assert {f"{each['name']}:{each['newTag']}" for each in kustomization["images"]} <= composed, overlay
