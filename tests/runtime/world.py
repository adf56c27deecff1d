"""What identity, catalog and credentials would answer, kept in plain tables."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from libs.common.bus.port import Bus
from libs.common.contracts.calls import Answers
from libs.common.contracts.catalog import (
    FIND_COMPONENT,
    FIND_LOGIC,
    FIND_SERVICE,
    LIST_COMPONENTS,
    CatalogChanged,
    ComponentGrant,
    ComponentQuestion,
    ComponentsGrant,
    ComponentsQuestion,
    Kind,
    LogicGrant,
    LogicQuestion,
    ServiceGrant,
    ServiceQuestion,
)
from libs.common.contracts.credentials import (
    FIND_CREDENTIAL,
    FIND_VARIABLES,
    CredentialChanged,
    CredentialGrant,
    CredentialQuestion,
    VariablesGrant,
    VariablesQuestion,
    VariableValueChanged,
)
from libs.common.contracts.envelope import Event, encode
from libs.common.contracts.identity import AUTHENTICATE_KEY, FIND_USER, KeyGrant, KeyQuestion, UserGrant, UserQuestion
from libs.common.errors import Conflict, Unavailable

NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


class World:
    """Two platforms: acme with the users ann and bob (key `acme-key`), globex with eve (key `globex-key`)."""

    def __init__(self) -> None:
        self.keys = {"acme-key": "acme", "globex-key": "globex"}
        self.users = {
            (platform, name): UserGrant(
                row_id=f"row-{name}", platform_id=platform, user_id=name, email=f"{name}@example.com", name=name.title()
            )
            for platform, name in (("acme", "ann"), ("acme", "bob"), ("globex", "eve"))
        }
        self.services: list[ServiceGrant] = []
        self.components: list[ComponentGrant] = []
        self.credentials: list[tuple[str, str, CredentialGrant]] = []
        self.refused_credentials: dict[str, str] = {}
        self.variables: dict[tuple[str, str], VariablesGrant] = {}
        self.version_logic: dict[str, LogicGrant] = {}
        self.asked: Counter[str] = Counter()
        self.down: set[str] = set()
        self._numbers = itertools.count(1)

    def add_service(
        self,
        name: str,
        *,
        platform: str = "acme",
        public: bool = False,
        groups: tuple[str, ...] = (),
        enabled: bool = True,
    ) -> str:
        """With `groups` it is for their users, and for eve, who made it."""
        id = f"service-{next(self._numbers)}"
        self.services.append(
            ServiceGrant(
                id=id,
                name=name,
                owner_platform_id=platform,
                sharing="public" if public else "group" if groups else "none",
                enabled=enabled,
                default_version_id=None,
                created_by="eve",
                group_ids=groups,
            )
        )
        return id

    def add_action(
        self,
        service_id: str,
        name: str,
        execute: Any,
        *,
        schema: dict[str, Any] | None = None,
        version: str = "1.0.0",
        published: bool = True,
    ) -> str:
        """Answers the row id."""
        logic = {} if execute is None else {"execute": execute}
        return self.add(service_id, Kind.ACTION, name, logic, schema=schema, version=version, published=published)

    def add(
        self,
        service_id: str,
        kind: Kind,
        name: str,
        logic: dict[str, Any],
        *,
        schema: dict[str, Any] | None = None,
        version: str = "1.0.0",
        published: bool = True,
    ) -> str:
        """A component of any kind; answers the row id."""
        number = next(self._numbers)
        self.components.append(
            ComponentGrant(
                row_id=f"row-{number}",
                content_revision=1,
                identity=f"identity-{number}",
                service_id=service_id,
                kind=kind,
                name=name,
                version=version,
                published=published,
                content={"logic": logic, "schema": schema or {}},
            )
        )
        return f"row-{number}"

    def add_credential(
        self,
        user: str,
        service_id: str,
        token: str,
        *,
        hosts: tuple[str, ...] | None = None,
        query: dict[str, str] | None = None,
        scheme: str = "Bearer",
    ) -> str:
        id = f"credential-{next(self._numbers)}"
        grant = CredentialGrant(
            id=id,
            name=f"{user}'s account",
            service_url=None,
            virtual_id=None,
            token=token,
            headers={} if query else {"Authorization": f"{scheme} {token}"},
            query=query or {},
            hosts=hosts,
        )
        self.credentials.append((f"row-{user}", service_id, grant))
        return id

    def set_variables(self, service_id: str, *missing: str, platform: str = "acme", **values: Any) -> None:
        self.variables[platform, service_id] = VariablesGrant(values=values, missing=missing)

    def answers(self) -> Answers:
        table: dict[Any, Callable[[Any], BaseModel | None]] = {
            AUTHENTICATE_KEY: self._key,
            FIND_USER: self._user,
            FIND_SERVICE: self._service,
            FIND_COMPONENT: self._component,
            LIST_COMPONENTS: self._list,
            FIND_LOGIC: self._logic,
            FIND_CREDENTIAL: self._credential,
            FIND_VARIABLES: self._variables_of,
        }
        return {call: self._answering(call.name, find) for call, find in table.items()}

    def _answering(
        self, name: str, find: Callable[[Any], BaseModel | None]
    ) -> Callable[[Any], Awaitable[BaseModel | None]]:
        async def answer(question: Any) -> BaseModel | None:
            self.asked[name] += 1
            if name in self.down:
                raise Unavailable("owner_down", f"{name} is not answered at the moment.")
            return find(question)

        return answer

    def _key(self, question: KeyQuestion) -> KeyGrant | None:
        for secret, platform in self.keys.items():
            if hashlib.sha256(secret.encode()).hexdigest() == question.key_hash:
                return KeyGrant(key_id=secret, platform_id=platform)
        return None

    def _user(self, question: UserQuestion) -> UserGrant | None:
        return self.users.get((question.platform_id, question.user_id))

    def _service(self, question: ServiceQuestion) -> ServiceGrant | None:
        named = [service for service in self.services if question.ref in (service.id, service.name)]
        own = [service for service in named if service.owner_platform_id == question.platform_id]
        return next(iter(own + [service for service in named if service.sharing == "public"]), None)

    def _component(self, question: ComponentQuestion) -> ComponentGrant | None:
        for row in self.components:
            if row.service_id != question.service_id or row.kind != question.kind:
                continue
            if question.ref == row.row_id:
                return row
            version = question.version or question.service_version or row.version
            if question.ref in (row.identity, row.name) and version == row.version and row.published:
                return row
        return None

    def _list(self, question: ComponentsQuestion) -> ComponentsGrant:
        rows = (row for row in self.components if (row.service_id, row.kind) == (question.service_id, question.kind))
        return ComponentsGrant(components=tuple(rows))

    def _logic(self, question: LogicQuestion) -> LogicGrant | None:
        if question.kind is None:
            return self.version_logic.get(question.id)
        for row in self.components:
            if (row.row_id, row.kind) == (question.id, question.kind):
                return LogicGrant(service_id=row.service_id, logic=row.content["logic"])
        return None

    def _credential(self, question: CredentialQuestion) -> CredentialGrant | None:
        for user_row_id, service_id, grant in reversed(self.credentials):
            if (user_row_id, service_id) != (question.user_row_id, question.service_id):
                continue
            if question.credential_id in (None, grant.id):
                if grant.id in self.refused_credentials:
                    raise Conflict("credential_invalid", self.refused_credentials[grant.id])
                return grant
        return None

    def _variables_of(self, question: VariablesQuestion) -> VariablesGrant | None:
        return self.variables.get((question.platform_id, question.service_id))


async def say(bus: Bus, event: Event) -> None:
    """Returns when every follower in this process has heard it."""
    await bus.publish([encode(event, time=NOW)])


def service_changed(service_id: str, *names: str, platform: str = "acme") -> CatalogChanged:
    return CatalogChanged(
        platform_id=platform, service_id=service_id, service_names=names, noun="service", id=service_id, revision=2
    )


def token_changed(user: str, service_id: str, platform: str = "acme") -> CredentialChanged:
    return CredentialChanged(
        platform_id=platform,
        token_id="credential",
        service_id=service_id,
        user_row_id=f"row-{user}",
        revision=2,
        deleted=True,
    )


def value_changed(service_id: str, platform: str = "acme") -> VariableValueChanged:
    return VariableValueChanged(platform_id=platform, service_id=service_id, variable_id="variable", revision=2)
