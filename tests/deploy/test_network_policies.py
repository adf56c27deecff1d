"""The network lets through what the code declares, and nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from libs.common.contracts.questions import CALLS
from services.catalog import app as catalog
from services.credentials import app as credentials
from services.executor import app as executor
from services.identity import app as identity
from services.roles import ROLES, Role, parse_roles
from services.webhooks import app as webhooks
from tests.deploy.rendering import Manifest, Manifests, selected

_API, _INTERNAL = 8080, 8081
_BUILDS = {
    "catalog": catalog.build,
    "credentials": credentials.build,
    "executor": executor.build,
    "identity": identity.build,
    "webhooks": webhooks.build,
}


class Network:
    """The policies of one namespace, and the pods that they are about."""

    def __init__(self, manifests: Manifests) -> None:
        self.pods = list(manifests.pods())
        self.policies = manifests.of("NetworkPolicy")

    def into(self, port: int) -> set[tuple[str, str]]:
        """Who may reach whom at a port, as those who are reached allow it; `outside` for all and everybody."""
        return {
            (source, target) for target, rule in self._rules("ingress", port) for source in self._ends(rule.get("from"))
        }

    def out_of(self, port: int) -> set[tuple[str, str]]:
        """Who may reach whom at a port, as those who reach out are allowed to."""
        return {
            (source, target) for source, rule in self._rules("egress", port) for target in self._ends(rule.get("to"))
        }

    def to_the_internet(self) -> set[str]:
        return {source for source, rule in self._rules("egress", None) if any("ipBlock" in end for end in rule["to"])}

    def _rules(self, direction: str, port: int | None) -> Iterator[tuple[str, Manifest]]:
        for policy in self.policies.values():
            for rule in policy["spec"].get(direction, ()):
                ports = [each["port"] for each in rule.get("ports", ())]
                if port in ports or (port is None and not ports):
                    for pod in selected(policy["spec"]["podSelector"], self.pods):
                        yield pod, rule

    def _ends(self, ends: list[Manifest] | None) -> set[str]:
        """Pods of this namespace; what is elsewhere counts by its selector."""
        if ends is None:
            return {"outside"}
        here = [end for end in ends if "namespaceSelector" not in end]
        return {pod for end in here for pod in selected(end["podSelector"], self.pods)}


@pytest.fixture(scope="module")
def network(production: Manifests) -> Network:
    return Network(production)


@pytest.fixture(scope="module")
def roles(production: Manifests) -> dict[str, Role]:
    """What each Deployment of ours runs."""
    return {
        name: parse_roles(container["args"])[0]
        for name, pod in production.pods()
        for container in pod["spec"]["containers"]
        if set(container.get("args", ())) <= set(ROLES) and container["name"] == "engine"
    }


@pytest.fixture(scope="module")
def processes(roles: dict[str, Role]) -> dict[str, str]:
    """The service that each of them runs."""
    return {name: role.service for name, role in roles.items()}


def test_whatever_no_policy_names_is_denied(network: Network) -> None:
    assert network.policies["default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_who_may_ask_whom_is_what_the_calls_declare(network: Network, roles: dict[str, Role]) -> None:
    declared = {
        (asking, asked)
        for call in CALLS
        for asking, asks in roles.items()
        for asked, answers in roles.items()
        if asks.service in call.callers and answers.service == call.owner and answers.edge
    }
    assert network.out_of(_INTERNAL) == declared
    assert network.into(_INTERNAL) == declared


def test_peers_are_named_to_those_that_may_ask_them(production: Manifests, processes: dict[str, str]) -> None:
    for name, pod in production.pods():
        if name in processes:
            variables = {each["name"]: each["value"] for each in pod["spec"]["containers"][0].get("env", ())}
            peers = {entry.partition("=")[0] for entry in variables.get("PEER_URLS", "").split(",") if entry}
            assert peers == {call.owner for call in CALLS if processes[name] in call.callers}, name


def test_only_the_gateway_reaches_the_api_and_only_of_processes_with_routes(
    network: Network, processes: dict[str, str]
) -> None:
    with_routes = {name for name in processes if not name.endswith("-workers")}
    expected = {("gateway", name) for name in with_routes}
    assert network.into(_API) == expected | {("outside", "gateway")}
    assert network.out_of(_API) == expected


def test_only_what_evaluates_logic_or_delivers_reaches_the_internet(
    network: Network, processes: dict[str, str]
) -> None:
    sends = {service for service, build in _BUILDS.items() if "runtime" in inspect.signature(build).parameters}
    assert network.to_the_internet() == {name for name, service in processes.items() if service in sends}


def test_no_private_address_counts_as_the_internet(network: Network) -> None:
    (rule,) = network.policies["internet"]["spec"]["egress"]
    v4, v6 = (end["ipBlock"] for end in rule["to"])
    private = {"10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}
    assert private <= set(v4["except"])
    assert v6["cidr"] == "2000::/3"


@pytest.mark.parametrize(("policy", "port"), [("mongodb", 27017), ("kafka", 9092)])
def test_every_process_reaches_its_engines(network: Network, processes: dict[str, str], policy: str, port: int) -> None:
    spec = network.policies[policy]["spec"]
    assert set(processes) <= selected(spec["podSelector"], network.pods)
    assert {"port": port} in spec["egress"][0]["ports"]
