"""Routes of services."""

from __future__ import annotations

from libs.common.errors import invalid
from libs.common.web.answers import Created, Nothing
from libs.common.web.paging import Listing, Rendered
from libs.common.web.routes import ApiRequest, QueryParameter, Route, User
from services.catalog.services.answers import ServiceAnswers
from services.catalog.services.clients import Identity
from services.catalog.services.directory import Directory
from services.catalog.services.publishing import Publishing
from services.catalog.services.schemas import (
    ListedService,
    ServiceCreate,
    ServiceRow,
    ServiceUpdate,
    listed_row,
    service_row,
)
from services.catalog.services.services import Services
from services.catalog.wire import actor_of

_ALL = "/v1/service"
_ONE = "/v1/service/{serviceId}"
_CONTRIBUTOR = QueryParameter("contributor_id", "The user on whose behalf it is published.", required=True)
_FORCE = QueryParameter(
    "force",
    "With `true` also a service that is in use, whose tokens and subscriptions then end with it.",
    schema={"type": "boolean", "default": False},
)


class ServiceRoutes:
    """Parse, call one verb, shape."""

    def __init__(self, services: Services, publishing: Publishing, identity: Identity, directory: Directory) -> None:
        self._services = services
        self._publishing = publishing
        self._identity = identity
        self._directory = directory
        self._answers = ServiceAnswers()

    def table(self) -> tuple[Route, ...]:
        return (
            Route("GET", _ALL, self.list_services, "List services"),
            Route(
                "POST",
                _ALL,
                self.create,
                "Create a service, or merge into the one of that id",
                ServiceCreate,
                user=User.REQUIRED,
            ),
            Route("GET", _ONE, self.get, "Get a service", answer=ServiceRow),
            Route(
                "POST", f"{_ONE}/publish", self.publish, "Publish a service for every platform", query=(_CONTRIBUTOR,)
            ),
            Route("PUT", _ONE, self.update, "Update a service", ServiceUpdate, user=User.REQUIRED),
            Route(
                "DELETE",
                _ONE,
                self.delete,
                "Delete a service and all that is inside",
                user=User.REQUIRED,
                query=(_FORCE,),
            ),
        )

    async def list_services(self, asked: ApiRequest) -> Listing[ListedService]:
        actor = actor_of(asked)
        services, following = await self._services.page(actor, asked.page)
        return Listing([listed_row(service, actor) for service in services], following)

    async def create(self, asked: ApiRequest) -> Created:
        body: ServiceCreate = asked.body
        service = await self._services.create(actor_of(asked), body.id, body.members())
        return {"id": service.id}

    async def get(self, asked: ApiRequest) -> Rendered:
        actor = actor_of(asked)
        return self._answers.row(await self._directory.readable(actor, asked.path("serviceId")), actor)

    async def update(self, asked: ApiRequest) -> ServiceRow:
        actor = actor_of(asked)
        service = await self._directory.writable(actor, asked.path("serviceId"))
        return service_row(await self._services.update(service, actor, asked.body.given()), actor)

    async def publish(self, asked: ApiRequest) -> ServiceRow:
        contributor_id = asked.query(_CONTRIBUTOR.name) or ""
        if asked.user is not None and asked.user.user_id != contributor_id:
            raise invalid("contributor_id", "differs from userId; the one who publishes acts")
        contributor = await self._identity.actor(asked.platform_id, contributor_id)
        service = await self._directory.writable(contributor, asked.path("serviceId"))
        return service_row(await self._publishing.publish(service, contributor), contributor)

    async def delete(self, asked: ApiRequest) -> Nothing:
        service = await self._directory.writable(actor_of(asked), asked.path("serviceId"))
        await self._services.delete(service, force=asked.flag(_FORCE.name))
        return {}
