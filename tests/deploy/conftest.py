"""Each overlay is rendered once."""

from __future__ import annotations

import pytest

from tests.deploy.rendering import OVERLAYS, Manifests, rendered_overlay


@pytest.fixture(scope="session", params=OVERLAYS)
def manifests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    """What each overlay renders to, in turn."""
    return rendered_overlay(request.param, tmp_path_factory.mktemp("overlay"))


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    return rendered_overlay("production", tmp_path_factory.mktemp("production"))
