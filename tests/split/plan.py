"""What each process of a split run is given: its roles, its ports, its key, and where its neighbours are."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.common.settings import Settings
from services.roles import parse_roles
from tests.ports import Ports
from tests.split.processes import Program

EACH_ALONE = ("catalog", "identity", "credentials", "executor", "webhooks:edge", "webhooks:workers")
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Planned:
    """A process: `roles` are separated by spaces, `name` tells those with the same roles apart."""

    name: str
    roles: str
    port: int
    internal_port: int

    @property
    def services(self) -> list[str]:
        return [role.service for role in parse_roles(self.roles.split())]

    @property
    def edges(self) -> list[str]:
        """The services whose API it serves, and which it answers for."""
        return [role.service for role in parse_roles(self.roles.split()) if role.edge]

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.port}"

    @property
    def internal_url(self) -> str:
        return f"http://{_HOST}:{self.internal_port}"


class Plan:
    """`roles` has one entry for each process. `settings` are those that all share."""

    def __init__(self, roles: Sequence[str], ports: Ports, settings: Mapping[str, str]) -> None:
        self.processes = [
            Planned(_name(roles, index), each, ports.take(), ports.take()) for index, each in enumerate(roles)
        ]
        self._settings = settings
        self._keys: dict[str, Ed25519PrivateKey] = {}
        for process in self.processes:  # processes that share a service share its key, and so do services a process
            key = self._keys.get(process.services[0]) or Ed25519PrivateKey.generate()
            self._keys |= dict.fromkeys(process.services, key)

    @property
    def upstreams(self) -> dict[str, list[str]]:
        """By service, where the gateway finds it."""
        found: dict[str, list[str]] = {}
        for process in self.processes:
            for service in process.edges:
                found.setdefault(service, []).append(f"{_HOST}:{process.port}")
        return found

    def program(self, process: Planned) -> Program:
        """Settings of the caller's own environment are not inherited."""
        ours = {name.upper() for name in Settings.model_fields}
        inherited = {name: value for name, value in os.environ.items() if name.upper() not in ours}
        own = {
            "PYTHONUNBUFFERED": "1",
            "PORT": str(process.port),
            "INTERNAL_PORT": str(process.internal_port),
            "PEER_URLS": self._peers(process),
            "INTERNAL_PRIVATE_KEY": _base64(self._keys[process.services[0]].private_bytes_raw()),
            "INTERNAL_PUBLIC_KEYS": self._public_keys(),
        }
        return Program(
            (sys.executable, "-m", "services", *process.roles.split()), {**inherited, **self._settings, **own}
        )

    def _peers(self, asking: Planned) -> str:
        """Of an owner that runs several times each asker has one, in turn."""
        number = self.processes.index(asking)
        owners: dict[str, list[str]] = {}
        for process in self.processes:
            for service in process.edges:
                owners.setdefault(service, []).append(process.internal_url)
        return ",".join(f"{owner}={urls[number % len(urls)]}" for owner, urls in owners.items())

    def _public_keys(self) -> str:
        public = {service: key.public_key().public_bytes_raw() for service, key in self._keys.items()}
        return ",".join(f"{service}={_base64(raw)}" for service, raw in public.items())


def _name(roles: Sequence[str], index: int) -> str:
    before = roles[:index].count(roles[index])
    return f"{roles[index]}.{before + 1}" if before else roles[index]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
