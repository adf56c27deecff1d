"""The overlays as kustomize renders them, and how to look into them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
WITHOUT_NGINX = "production with the Gateway API"
OVERLAYS = ("local", "staging", "production", WITHOUT_NGINX)

_INSTALLED = Path.home() / ".cache/interactor-engine/bin/kustomize"
_MISSING = "Neither kubectl nor kustomize is here: install one of them, or run `make kustomize`, which needs Go."
_GATEWAY_API = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: interactor
resources: [../production]
components: [../../components/gateway-api]
"""

Manifest = dict[str, Any]


class Manifests(list[Manifest]):
    """What one overlay renders to."""

    def of(self, *kinds: str) -> dict[str, Manifest]:
        """By name."""
        return {each["metadata"]["name"]: each for each in self if each["kind"] in kinds}

    def pods(self) -> Iterator[tuple[str, Manifest]]:
        """The pod template of everything that has one, by the name of what has it."""
        for each in self:
            if "template" in each.get("spec", {}):
                yield each["metadata"]["name"], each["spec"]["template"]

    def containers(self) -> Iterator[tuple[str, Manifest]]:
        for name, pod in self.pods():
            for container in pod["spec"]["containers"]:
                yield f"{name}/{container['name']}", container


def rendered(folder: Path) -> Manifests:
    done = subprocess.run([*_command(), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Manifests(yaml.load_all(done.stdout, yaml.CSafeLoader))


def rendered_overlay(name: str, scratch: Path) -> Manifests:
    """`scratch` is a folder for what is rendered but not in the repository."""
    if name != WITHOUT_NGINX:
        return rendered(DEPLOY / "overlays" / name)
    copy = scratch / "deploy"
    shutil.copytree(DEPLOY, copy, ignore=shutil.ignore_patterns("secrets"))
    folder = copy / "overlays" / "gateway-api"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text(_GATEWAY_API)
    return rendered(folder)


def labels_of(pod: Manifest) -> dict[str, str]:
    labels: dict[str, str] = pod["metadata"]["labels"]
    return labels


def selected(selector: Manifest, pods: Iterable[tuple[str, Manifest]]) -> set[str]:
    """The names of what has a pod that a label selector, as policies and budgets have them, fits."""
    return {name for name, pod in pods if _fits(selector, labels_of(pod))}


def _fits(selector: Manifest, labels: dict[str, str]) -> bool:
    equal = selector.get("matchLabels", {}).items() <= labels.items()
    for expression in selector.get("matchExpressions", ()):
        assert expression["operator"] == "In", "only In is understood here"
        equal = equal and labels.get(expression["key"]) in expression["values"]
    return equal


@cache
def _command() -> tuple[str, ...]:
    if kubectl := shutil.which("kubectl"):
        return kubectl, "kustomize"
    if kustomize := shutil.which("kustomize") or (_INSTALLED.exists() and str(_INSTALLED)):
        return kustomize, "build"
    if os.environ.get("REQUIRE_ENGINES") == "1":
        pytest.fail(_MISSING)
    pytest.skip(_MISSING)
