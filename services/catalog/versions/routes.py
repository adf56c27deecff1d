"""Routes of service versions."""

from __future__ import annotations

from libs.common.web.answers import Created, Nothing
from libs.common.web.paging import Listing
from libs.common.web.routes import ApiRequest, Route, User
from services.catalog.authorship import Actor
from services.catalog.refusals import not_found
from services.catalog.services.directory import Directory
from services.catalog.services.models import Service
from services.catalog.versions.contents import VersionContents
from services.catalog.versions.models import NOUN, Version
from services.catalog.versions.schemas import HeldRow, VersionCreate, VersionRow, VersionUpdate, held_row, version_row
from services.catalog.versions.versions import Versions
from services.catalog.wire import actor_of

_ALL = "/v1/service/{serviceId}/version"
_ONE = "/v1/service/{serviceId}/version/{versionId}"


class VersionRoutes:
    """Parse, call one verb, shape."""

    def __init__(self, versions: Versions, contents: VersionContents, directory: Directory) -> None:
        self._versions = versions
        self._contents = contents
        self._directory = directory

    def table(self) -> tuple[Route, ...]:
        needed = User.REQUIRED
        return (
            Route("GET", _ALL, self.list_versions, "List the versions of a service"),
            Route("POST", _ALL, self.create, "Create a version, or merge by id", VersionCreate, user=needed),
            Route("GET", _ONE, self.get, "Get a version by its id or name"),
            Route("PUT", _ONE, self.update, "Update a version; `published` freezes it", VersionUpdate, user=needed),
            Route("DELETE", _ONE, self.delete, "Delete a version", user=needed),
            Route("GET", f"{_ONE}/component", self.list_components, "List what a version holds of each component"),
        )

    async def list_versions(self, asked: ApiRequest) -> Listing[VersionRow]:
        actor = actor_of(asked)
        service = await self._directory.readable(actor, asked.path("serviceId"))
        versions, following = await self._versions.page(service, asked.page)
        shown = [version for version in versions if service.shows_drafts_to(actor) or version.published]
        return Listing([version_row(version, service, actor) for version in shown], following)

    async def create(self, asked: ApiRequest) -> Created:
        actor, body = actor_of(asked), asked.body
        service = await self._directory.writable(actor, asked.path("serviceId"))
        return {"id": (await self._versions.create(service, actor, body.id, body.members())).id}

    async def get(self, asked: ApiRequest) -> VersionRow:
        actor = actor_of(asked)
        service = await self._directory.readable(actor, asked.path("serviceId"))
        return version_row(await self._shown(service, asked, actor), service, actor)

    async def list_components(self, asked: ApiRequest) -> Listing[HeldRow]:
        actor = actor_of(asked)
        service = await self._directory.readable(actor, asked.path("serviceId"))
        found, following = await self._contents.page(await self._shown(service, asked, actor), asked.page)
        return Listing([held_row(each) for each in found], following)

    async def _shown(self, service: Service, asked: ApiRequest, actor: Actor) -> Version:
        version = await self._versions.get(service, asked.path("versionId"))
        if not (version.published or service.shows_drafts_to(actor)):
            raise not_found(NOUN)
        return version

    async def update(self, asked: ApiRequest) -> VersionRow:
        actor = actor_of(asked)
        service = await self._directory.writable(actor, asked.path("serviceId"))
        version = await self._versions.update(service, asked.path("versionId"), actor, asked.body.given())
        return version_row(version, service, actor)

    async def delete(self, asked: ApiRequest) -> Nothing:
        service = await self._directory.writable(actor_of(asked), asked.path("serviceId"))
        await self._versions.delete(service, asked.path("versionId"))
        return {}
