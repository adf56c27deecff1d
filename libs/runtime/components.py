"""Catalog's services and components as evaluation needs them: cached, followed, and compiled already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from libs.common.bus.port import Bus, Message
from libs.common.cache import FollowedCache, Loaded
from libs.common.contracts.calls import Peers
from libs.common.contracts.catalog import (
    FIND_COMPONENT,
    FIND_SERVICE,
    LIST_COMPONENTS,
    BoundName,
    CatalogChanged,
    ComponentGrant,
    ComponentQuestion,
    ComponentsQuestion,
    Kind,
    ServiceGrant,
    ServiceQuestion,
)
from libs.common.contracts.envelope import decode
from libs.common.contracts.identity import UserGrant
from libs.common.errors import Conflict, NotFound, Unprocessable
from libs.logic.compiler import CallKey
from libs.logic.errors import InvalidLogic
from libs.logic.program import Program, aside, compile_hooks
from libs.logic.scope import Bound
from libs.runtime.validation import InvalidSchema, Validator, input_validator, output_validator, values_validator

ComponentKey: TypeAlias = tuple[str, Kind, str, str | None, str | None]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class CompiledContent:
    """One immutable revision of a row: its hooks as programs, its schemas as validators."""

    hooks: Mapping[str, Program]
    input: Validator | None
    output: Validator | None
    values: Validator | None
    """Of a datatype: what a field holds."""


@dataclass(frozen=True, slots=True)
class CompiledComponent:
    """A row of a component, ready to run."""

    grant: ComponentGrant
    content: CompiledContent

    def hook(self, name: str) -> Program | None:
        return self.content.hooks.get(name)


class Components:
    """Looks up services and components; whatever catalog says of a service drops all that is held of it.

    With `ended` also what was deleted and is kept for `delete` hooks.
    """

    def __init__(self, peers: Peers, bus: Bus, *, ended: bool = False) -> None:
        self._peers = peers
        self._ended = ended
        self._contents: WeakValueDictionary[tuple[str, int], CompiledContent] = WeakValueDictionary()
        self._services: FollowedCache[tuple[str, str], ServiceGrant | None] = FollowedCache(
            "services", self._load_service
        )
        self._components: FollowedCache[ComponentKey, CompiledComponent | None] = FollowedCache(
            "components", self._load_component
        )
        self._lists: FollowedCache[tuple[str, Kind], tuple[CompiledComponent, ...]] = FollowedCache(
            "component_lists", self._load_list, capacity=1_000
        )
        self.caches = (self._services, self._components, self._lists)
        bus.follow(CatalogChanged.topic, self._changed)

    async def service(self, platform_id: str, ref: str, user: UserGrant | None = None) -> ServiceGrant | None:
        """The service that an id or name means to this platform; None too where it is not for the user who acts."""
        key = (platform_id, ref)
        service = self._services.peek(key) or await self._services.get(key)
        return service if service is not None and service.is_for(user) else None

    async def service_by_id(self, platform_id: str, id: str) -> ServiceGrant | None:
        """The service of this id; one that only has it for its name is another."""
        service = await self.service(platform_id, id)
        return service if service is not None and service.id == id else None

    async def usable_service(self, platform_id: str, ref: str, user: UserGrant | None) -> ServiceGrant:
        """Raises NotFound, and Conflict while the service is disabled."""
        service = await self.service(platform_id, ref, user)
        if service is None:
            raise NotFound("service_not_found", f"service: there is no service {ref[:128]!r} that you may use.")
        check_enabled(service)
        return service

    async def component(
        self,
        service_id: str,
        kind: Kind,
        ref: str,
        *,
        service_version: str | None = None,
        version: str | None = None,
        drafts: bool = False,
    ) -> CompiledComponent | None:
        """The component by row id, identity or name; with `drafts`, which are their platform's own, by row id."""
        key = (service_id, kind, ref, service_version, version)
        found = self._components.peek(key) or await self._components.get(key)
        if found is None or not (found.grant.published or (drafts and found.grant.row_id == ref)):
            return None
        return found

    async def components(self, service_id: str, kind: Kind) -> tuple[CompiledComponent, ...]:
        """All of one kind, drafts of never published components included."""
        return await self._lists.get((service_id, kind))

    async def _load_service(self, key: tuple[str, str]) -> Loaded[ServiceGrant | None]:
        platform_id, ref = key
        question = ServiceQuestion(platform_id=platform_id, ref=ref, ended=self._ended)
        grant = await self._peers.ask(FIND_SERVICE, question)
        return Loaded(grant, frozenset({ref} if grant is None else {ref, grant.id, grant.name}))

    async def _load_component(self, key: ComponentKey) -> Loaded[CompiledComponent | None]:
        service_id, kind, ref, service_version, version = key
        question = ComponentQuestion(
            service_id=service_id,
            kind=kind,
            ref=ref,
            service_version=service_version,
            version=version,
            ended=self._ended,
        )
        grant = await self._peers.ask(FIND_COMPONENT, question)
        return Loaded(None if grant is None else await self._compiled(grant), frozenset({service_id}))

    async def _load_list(self, key: tuple[str, Kind]) -> Loaded[tuple[CompiledComponent, ...]]:
        service_id, kind = key
        question = ComponentsQuestion(service_id=service_id, kind=kind, ended=self._ended)
        answer = await self._peers.ask(LIST_COMPONENTS, question)
        grants = answer.components if answer is not None else ()
        return Loaded(tuple([await self._compiled(grant) for grant in grants]), frozenset({service_id}))

    async def _compiled(self, grant: ComponentGrant) -> CompiledComponent:
        """Compiles a revision once for as long as anybody holds it, however often it is loaded."""
        key = (grant.row_id, grant.content_revision)
        content = self._contents.get(key)
        if content is None:
            compile_it = partial(compile_content, grant.name, grant.content, grant.bound)
            content = self._contents[key] = await aside(compile_it, grant.content)
        return CompiledComponent(grant, content)

    def _changed(self, message: Message) -> None:
        heard = decode(message, CatalogChanged)
        if heard is not None:
            tags = (heard.event.service_id, *heard.event.service_names)
            for cache in self.caches:
                cache.drop(tags)


def check_enabled(service: ServiceGrant) -> None:
    """Raises Conflict while the service is disabled: nothing of it executes or routes."""
    if not service.enabled:
        raise Conflict("service_disabled", f"The service {service.name!r} is disabled; enable it to use it.")


def compile_content(name: str, content: Mapping[str, Any], bound: Iterable[BoundName] = ()) -> CompiledContent:
    """Raises Unprocessable for what was refused had it been saved today."""
    schema = content.get("schema") or {}
    try:
        return CompiledContent(
            hooks=compile_hooks(content.get("logic") or {}, bound=bound_names(bound)),
            input=input_validator(schema),
            output=output_validator(schema),
            values=values_validator(schema),
        )
    except (InvalidLogic, InvalidSchema) as invalid:
        raise Unprocessable("invalid_component", f"{name!r} can't be run; save it anew: {invalid}") from None


def bound_names(names: Iterable[BoundName]) -> dict[CallKey, Bound]:
    """As logic is compiled with them."""
    return {each.key: Bound(each.service_id, each.owner_platform_id, each.identity) for each in names}
