"""The roles that a process can have: a service, or only the edge or only the workers of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from libs.common.settings import SettingsRefused


@dataclass(frozen=True, slots=True)
class Role:
    """What a process runs of a service.

    Its edge are the routes, the answers to other services, and the companions of both. Its workers are the
    consumers of topics and what works off the store.
    """

    service: str
    edge: bool = True
    workers: bool = True

    def __str__(self) -> str:
        part = "" if self.edge and self.workers else ":edge" if self.edge else ":workers"
        return f"{self.service}{part}"

    def joined(self, other: Role) -> Role:
        return Role(self.service, self.edge or other.edge, self.workers or other.workers)


SERVICES = ("catalog", "credentials", "executor", "identity", "webhooks")
ROLES: Mapping[str, Role] = {
    **{service: Role(service) for service in SERVICES},
    "executor:edge": Role("executor", workers=False),
    "executor:workers": Role("executor", edge=False),
    "webhooks:edge": Role("webhooks", workers=False),
    "webhooks:workers": Role("webhooks", edge=False),
}
HELP: Mapping[str, str] = {
    "catalog": "services and what they are made of",
    "credentials": "users' tokens and platforms' variable values",
    "executor": "executions of actions and their history",
    "executor:edge": "all that executor has to do today",
    "executor:workers": "nothing until there are automations; it may run and stays idle",
    "identity": "API keys, users and groups",
    "webhooks": "both of the following",
    "webhooks:edge": "inbound webhooks, and the API of subscriptions and deliveries",
    "webhooks:workers": "from what came in to what is delivered, and what ends with a user or a service",
}


def parse_roles(names: Iterable[str]) -> tuple[Role, ...]:
    """One role for each service that is named, all of them where none is. Raises SettingsRefused."""
    roles: dict[str, Role] = {}
    for name in tuple(names) or SERVICES:
        role = ROLES.get(name)
        if role is None:
            raise SettingsRefused(
                f"There is no role {name!r}; the roles are {', '.join(ROLES)}. "
                "`python -m services --help` tells what they do, and which commands there are."
            )
        roles[role.service] = role.joined(roles.get(role.service, role))
    return tuple(roles.values())


def is_everything(roles: Iterable[Role]) -> bool:
    return set(roles) == {Role(service) for service in SERVICES}
