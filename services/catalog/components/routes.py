"""Routes of components: the same for every kind."""

from __future__ import annotations

from typing import Any

from libs.common.contracts.catalog import Kind
from libs.common.web.answers import Nothing
from libs.common.web.paging import Listing, Rendered
from libs.common.web.routes import ApiRequest, QueryParameter, Route, User
from services.catalog.components.answers import ComponentAnswers
from services.catalog.components.components import Components
from services.catalog.components.kinds import RULES
from services.catalog.components.schemas import BODIES, component_row, created_row
from services.catalog.services.directory import Directory
from services.catalog.wire import actor_of

_CHANGED = "an exact version such as `1.0.0` to change or make that one, `minor` or `major` to make the next"
_NUMBER = r"[0-9]{1,9}(\.[0-9]{1,9}){0,2}"
_STEP = {"type": "string", "pattern": f"^({_NUMBER}|minor|major)$"}
_READ = QueryParameter(
    "version", "the exact version to answer, such as `1.0.0`", schema={"type": "string", "pattern": f"^{_NUMBER}$"}
)


class ComponentRoutes:
    """Parse, call one verb, shape."""

    def __init__(self, kind: Kind, components: Components, answers: ComponentAnswers, directory: Directory) -> None:
        self._kind = kind
        self._ref = "condition_id" if kind is Kind.CONDITION else f"{kind.value}Id"
        self._components = components
        self._answers = answers
        self._directory = directory

    def table(self) -> tuple[Route, ...]:
        kind, bodies, rules = self._kind.value, BODIES[self._kind], RULES[self._kind]
        everything, one = f"/v1/service/{{serviceId}}/{kind}", f"/v1/service/{{serviceId}}/{kind}/{{{self._ref}}}"
        a_kind = f"an {kind}" if kind[0] in "ae" else f"a {kind}"
        needed = User.REQUIRED
        deleting = User.REQUIRED if rules.delete_needs_user else User.OPTIONAL
        version = QueryParameter("version", _CHANGED, required=rules.version_required, schema=_STEP)
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
        return await self._answers.page(service, self._kind, actor, asked.page)

    async def create(self, asked: ApiRequest) -> dict[str, Any]:
        actor = actor_of(asked)
        service = await self._directory.writable(actor, asked.path("serviceId"))
        return created_row(await self._components.create(service, self._kind, actor, asked.body.unwrapped()))

    async def get(self, asked: ApiRequest) -> Rendered:
        actor = actor_of(asked)
        service = await self._directory.readable(actor, asked.path("serviceId"))
        return await self._answers.row(service, self._kind, actor, asked.path(self._ref), asked.query("version"))

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
        return await self._answers.versions(service, self._kind, actor, asked.path(self._ref), asked.page)
