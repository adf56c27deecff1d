"""Identity and catalog as credentials meets them: scripted answers to its calls."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from libs.common.contracts.calls import Answers
from libs.common.contracts.catalog import (
    FIND_COMPONENT,
    FIND_SECURITY,
    FIND_SERVICE,
    LIST_COMPONENTS,
    ComponentGrant,
    ComponentQuestion,
    ComponentsGrant,
    ComponentsQuestion,
    Kind,
    SecurityGrant,
    SecurityQuestion,
    ServiceGrant,
    ServiceQuestion,
)
from libs.common.contracts.identity import (
    AUTHENTICATE_KEY,
    FIND_USER,
    KeyGrant,
    KeyQuestion,
    UserGrant,
    UserQuestion,
)

KEYS = {"acme-key": "acme", "rival-key": "rival"}
_PLATFORM_BY_HASH = {hashlib.sha256(key.encode()).hexdigest(): platform for key, platform in KEYS.items()}


@dataclass
class FakeIdentity:
    """Users by platform and their own id; both platforms have an `ann` and a `bob`."""

    users: dict[tuple[str, str], UserGrant] = field(default_factory=dict)

    def add_user(self, platform_id: str, user_id: str, row_id: str | None = None) -> None:
        row_id = row_id or f"row-{platform_id}-{user_id}"
        self.users[platform_id, user_id] = UserGrant(
            row_id=row_id, platform_id=platform_id, user_id=user_id, email=None, name=None
        )

    async def key(self, question: KeyQuestion) -> KeyGrant | None:
        platform_id = _PLATFORM_BY_HASH.get(question.key_hash)
        return None if platform_id is None else KeyGrant(key_id=f"key-of-{platform_id}", platform_id=platform_id)

    async def user(self, question: UserQuestion) -> UserGrant | None:
        return self.users.get((question.platform_id, question.user_id))

    def answers(self) -> Answers:
        return {AUTHENTICATE_KEY: self.key, FIND_USER: self.user}


@dataclass
class FakeCatalog:
    """Services with their securities (the first is the default) and variables."""

    services: dict[str, ServiceGrant] = field(default_factory=dict)
    securities: dict[str, SecurityGrant] = field(default_factory=dict)
    variables_by_service: dict[str, list[ComponentGrant]] = field(default_factory=dict)
    older_rows: dict[str, ComponentGrant] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    def add_service(self, name: str, platform_id: str = "acme", sharing: str = "none") -> None:
        self.services[f"id-{name}"] = ServiceGrant(
            id=f"id-{name}",
            name=name,
            owner_platform_id=platform_id,
            sharing=sharing,
            enabled=True,
            default_version_id=None,
            created_by="ann",
        )

    def add_security(self, service: str, type: str, **config: Any) -> str:
        id = f"{service}-{type}"
        self.securities[id] = SecurityGrant(
            id=id, service_id=f"id-{service}", type=type, label={"en": f"{type} of {service}"}, config=config
        )
        return id

    def add_variable(
        self,
        service: str,
        name: str,
        schema: dict[str, Any],
        *,
        required: bool = False,
        row: str = "1",
        published: bool = True,
    ) -> ComponentGrant:
        variable = ComponentGrant(
            row_id=f"row-{name}-{row}",
            content_revision=1,
            identity=f"identity-{name}",
            service_id=f"id-{service}",
            kind=Kind.VARIABLE,
            name=name,
            version=f"{row}.0.0",
            published=published,
            content={"schema": schema, "required": required},
        )
        self.variables_by_service.setdefault(f"id-{service}", []).append(variable)
        return variable

    def remove(self, service: str) -> None:
        """What was inside is found by what is `ended` alone."""
        del self.services[f"id-{service}"]
        self.removed.add(f"id-{service}")

    async def service(self, question: ServiceQuestion) -> ServiceGrant | None:
        named = (each for each in self.services.values() if question.ref in (each.id, each.name))
        return next((each for each in named if _may_use(each, question.platform_id)), None)

    async def security(self, question: SecurityQuestion) -> SecurityGrant | None:
        if not question.ended and question.service_id in self.removed:
            return None
        of_service = (each for each in self.securities.values() if question.service_id in (None, each.service_id))
        wanted = (each for each in of_service if question.ref in (None, each.id, *each.label.values()))
        return next(wanted, None)

    async def components(self, question: ComponentsQuestion) -> ComponentsGrant:
        if not question.ended and question.service_id in self.removed:
            return ComponentsGrant(components=())
        return ComponentsGrant(components=tuple(self.variables_by_service.get(question.service_id, ())))

    async def component(self, question: ComponentQuestion) -> ComponentGrant | None:
        return self.older_rows.get(question.ref)

    def answers(self) -> Answers:
        return {
            FIND_SERVICE: self.service,
            FIND_SECURITY: self.security,
            LIST_COMPONENTS: self.components,
            FIND_COMPONENT: self.component,
        }


def _may_use(service: ServiceGrant, platform_id: str) -> bool:
    return service.sharing == "public" or service.owner_platform_id == platform_id
