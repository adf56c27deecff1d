"""Routes of securities."""

from __future__ import annotations

from libs.common.web.answers import Created, Nothing
from libs.common.web.paging import Listing
from libs.common.web.routes import ApiRequest, QueryParameter, Route, User
from services.catalog.securities.schemas import SecurityCreate, SecurityRow, SecurityUpdate, security_row
from services.catalog.securities.securities import Securities
from services.catalog.services.directory import Directory
from services.catalog.wire import actor_of

_ALL = "/v1/service/{serviceId}/security"
_ONE = "/v1/service/{serviceId}/security/{securityId}"
_VERSION = QueryParameter("version", "ignored: a security has no versions")


class SecurityRoutes:
    """Parse, call one verb, shape."""

    def __init__(self, securities: Securities, directory: Directory) -> None:
        self._securities = securities
        self._directory = directory

    def table(self) -> tuple[Route, ...]:
        needed = User.REQUIRED
        return (
            Route("GET", _ALL, self.list_securities, "List the securities of a service"),
            Route("POST", _ALL, self.create, "Create a security, or merge by id", SecurityCreate, user=needed),
            Route("GET", _ONE, self.get, "Get a security by its id or label"),
            Route("PUT", _ONE, self.update, "Update a security", SecurityUpdate, user=needed, query=(_VERSION,)),
            Route("DELETE", _ONE, self.delete, "Delete a security"),
        )

    async def list_securities(self, asked: ApiRequest) -> Listing[SecurityRow]:
        service = await self._directory.readable(actor_of(asked), asked.path("serviceId"))
        securities, following = await self._securities.page(service, asked.page)
        return Listing([security_row(security) for security in securities], following)

    async def create(self, asked: ApiRequest) -> Created:
        actor, body = actor_of(asked), asked.body
        service = await self._directory.writable(actor, asked.path("serviceId"))
        return {"id": (await self._securities.create(service, actor, body.id, body.members())).id}

    async def get(self, asked: ApiRequest) -> SecurityRow:
        service = await self._directory.readable(actor_of(asked), asked.path("serviceId"))
        return security_row(await self._securities.get(service, asked.path("securityId")))

    async def update(self, asked: ApiRequest) -> Nothing:
        actor = actor_of(asked)
        service = await self._directory.writable(actor, asked.path("serviceId"))
        await self._securities.update(service, asked.path("securityId"), actor, asked.body.given())
        return {}

    async def delete(self, asked: ApiRequest) -> Nothing:
        service = await self._directory.writable(actor_of(asked), asked.path("serviceId"))
        await self._securities.delete(service, asked.path("securityId"))
        return {}
