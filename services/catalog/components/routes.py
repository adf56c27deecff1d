"""Routes of components: the same for every kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from libs.common.contracts.catalog import Kind
from libs.common.web.answers import Nothing
from libs.common.web.paging import Listing
from libs.common.web.routes import ApiRequest, QueryParameter, Route, User
from services.catalog.authorship import Actor
from services.catalog.components.components import Components
from services.catalog.components.kinds import RULES
from services.catalog.components.models import Found
from services.catalog.components.reading import ReadComponents
from services.catalog.components.schemas import BODIES, component_row, created_row
from services.catalog.refusals import not_found
from services.catalog.services.directory import Directory
from services.catalog.services.models import Service
from services.catalog.wire import actor_of, shown_to

_CHANGED = "an exact version such as `1.0.0` to change or make that one, `minor` or `major` to make the next"
_READ = QueryParameter("version", "the exact version to answer, such as `1.0.0`")


class ComponentRoutes:
    """Parse, call one verb, shape."""

    def __init__(self, kind: Kind, components: Components, reading: ReadComponents, directory: Directory) -> None:
        self._kind = kind
        self._ref = "condition_id" if kind is Kind.CONDITION else f"{kind.value}Id"
        self._components = components
        self._reading = reading
        self._directory = directory

    def table(self) -> tuple[Route, ...]:
        kind, bodies, rules = self._kind.value, BODIES[self._kind], RULES[self._kind]
        everything, one = f"/v1/service/{{serviceId}}/{kind}", f"/v1/service/{{serviceId}}/{kind}/{{{self._ref}}}"
        a_kind = f"an {kind}" if kind[0] in "ae" else f"a {kind}"
        needed = User.REQUIRED
        deleting = User.REQUIRED if rules.delete_needs_user else User.OPTIONAL
        version = QueryParameter("version", _CHANGED, required=rules.version_required)
        return (
            Route("GET", everything, self.list_all, f"List the {kind}s of a service", answer=bodies.row),
            Route(
                "POST",
                everything,
                self.create,
                f"Create {a_kind}, or merge by id",
                bodies.create,
                user=needed,
                answer=bodies.created,
            ),
            Route(
                "GET",
                one,
                self.get,
                f"Get {a_kind} by row id, {rules.identity} or name",
                query=(_READ,),
                answer=bodies.row,
            ),
            Route(
                "PUT",
                one,
                self.update,
                f"Update {a_kind}, or make its next version",
                bodies.update,
                user=needed,
                query=(version,),
                answer=bodies.row,
            ),
            Route("DELETE", one, self.delete, f"Delete {a_kind}, or by row id one version of it", user=deleting),
            Route(
                "GET",
                f"{one}/version",
                self.list_versions,
                f"List the versions of {a_kind}, newest first",
                answer=bodies.row,
            ),
        )

    async def list_all(self, asked: ApiRequest) -> Listing[dict[str, Any]]:
        actor = actor_of(asked)
        service = await self._directory.readable(actor, asked.path("serviceId"))
        found, following = await self._reading.page(service, self._kind, asked.page)
        return Listing(_shown(found, service, actor), following)

    async def create(self, asked: ApiRequest) -> dict[str, Any]:
        actor = actor_of(asked)
        service = await self._directory.writable(actor, asked.path("serviceId"))
        return created_row(await self._components.create(service, self._kind, actor, asked.body.unwrapped()))

    async def get(self, asked: ApiRequest) -> dict[str, Any]:
        actor = actor_of(asked)
        service = await self._directory.readable(actor, asked.path("serviceId"))
        version = asked.query("version")
        found = await self._reading.get(service, self._kind, asked.path(self._ref), version)
        for row in _shown([found], service, actor):
            return row
        raise not_found(self._kind.value if version is None else "version")

    async def update(self, asked: ApiRequest) -> dict[str, Any]:
        actor, ref, version = actor_of(asked), asked.path(self._ref), asked.query("version")
        service = await self._directory.writable(actor, asked.path("serviceId"))
        given = asked.body.unwrapped()
        return component_row(await self._components.update(service, self._kind, ref, actor, version, given))

    async def delete(self, asked: ApiRequest) -> Nothing:
        service = await self._directory.writable(actor_of(asked), asked.path("serviceId"))
        await self._components.delete(service, self._kind, asked.path(self._ref))
        return {}

    async def list_versions(self, asked: ApiRequest) -> Listing[dict[str, Any]]:
        actor = actor_of(asked)
        service = await self._directory.readable(actor, asked.path("serviceId"))
        found = await self._reading.versions(service, self._kind, asked.path(self._ref))
        rows = _shown(found, service, actor)
        named = [each for each in found if each.row.id == asked.path(self._ref)]
        if not rows or (named and not _shown(named, service, actor)):  # the row id of a draft is not there either
            raise not_found(self._kind.value)
        return Listing(rows)


def _shown(found: Iterable[Found], service: Service, actor: Actor) -> list[dict[str, Any]]:
    """The rows that the actor may see: another platform no drafts."""
    drafts = service.shows_drafts_to(actor)
    return [shown_to(actor, service, component_row(each)) for each in found if drafts or each.row.published]
