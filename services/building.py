"""Builds services on what they share; nothing of it runs yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from libs.common.service import Infra, Service
from libs.common.web.access import Access
from libs.common.web.rate_limit import RateLimits
from libs.logic.sandbox.pool import SandboxPool
from libs.runtime.app import build_runtime
from libs.runtime.host import Runtime
from services.catalog import app as catalog
from services.credentials import app as credentials
from services.executor import app as executor
from services.identity import app as identity
from services.roles import Role
from services.webhooks import app as webhooks

_EVALUATING = ("executor", "webhooks")


def runs_logic(role: Role) -> bool:
    return role.service == "webhooks" or (role.service == "executor" and role.edge)


def checks_logic(role: Role) -> bool:
    """Whether it only tries if scripts can be read."""
    return role.service == "catalog" and role.edge


class Builder:
    """Builds `services`. `infra` gives what services stand on, with peers who are asked in the name of those given."""

    def __init__(
        self, services: Iterable[str], infra: Callable[[tuple[str, ...]], Infra], sandbox: SandboxPool, public_url: str
    ) -> None:
        self._services = tuple(services)
        self._infra = infra
        self._sandbox = sandbox
        self._public_url = public_url
        shared = infra(self._services)
        self.access = Access(shared.peers, shared.bus, limits=RateLimits.of(shared.settings))

    def build(self, service: str) -> Service:
        infra = self._infra((service,))
        match service:
            case "catalog":
                return catalog.build(infra, self._sandbox)
            case "credentials":
                return credentials.build(infra)
            case "executor":
                return executor.build(infra, self._runtime)
            case "identity":
                return identity.build(infra)
            case "webhooks":
                return webhooks.build(infra, self._runtime, self.access, public_url=self._public_url)
        raise ValueError(f"there is no service {service!r}")

    @cached_property
    def _runtime(self) -> Runtime:
        """What the evaluating services of one process share."""
        asking = tuple(service for service in _EVALUATING if service in self._services)
        return build_runtime(self._infra(asking), self._sandbox)
