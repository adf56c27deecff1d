"""Services on the wire: camelCase."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from libs.common.web.body import Body
from libs.common.web.text import FreeText
from services.catalog.authorship import Actor
from services.catalog.services.models import Service, Sharing
from services.catalog.wire import AuthoredRow, Name, authored_row, shown_to

DisplayOrder = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Icon = Annotated[str, Field(max_length=64 * 1024)]


class ServiceUpdate(Body):
    """What can be changed of a service."""

    server_owned = frozenset({"id"})

    name: Name = ""
    type: FreeText | None = None
    icon: Icon | None = None
    sharing: Sharing = "none"
    group_ids: list[FreeText] = Field([], max_length=100)
    display_order: DisplayOrder | None = None
    enabled: bool = True
    default_version_id: str | None = None


class ServiceCreate(ServiceUpdate):
    """A new service, or the one of `id` to be merged into."""

    id: Name | None = None
    name: Name

    def members(self) -> dict[str, Any]:
        return {name: value for name, value in self.given().items() if name != "id"}


class ListedService(AuthoredRow):
    """A service, as lists answer it."""

    id: str
    name: str
    type: str | None
    icon: str | None
    sharing: Sharing
    groupIds: list[str]
    enabled: bool
    displayOrder: int | None
    platformId: str


class ServiceRow(ListedService):
    """A service."""

    defaultVersionId: str | None


def listed_row(service: Service, actor: Actor) -> ListedService:
    """A service as lists answer it; to another platform without whose users made it."""
    own = service.platform_id == actor.platform_id
    row: ListedService = {
        "id": service.id,
        "name": service.name,
        "type": service.type,
        "icon": service.icon,
        "sharing": service.sharing,
        "groupIds": list(service.group_ids) if own else [],
        "enabled": service.enabled,
        "displayOrder": service.display_order,
        "platformId": service.platform_id,
        **authored_row(service),
    }
    return shown_to(actor, service, row)


def service_row(service: Service, actor: Actor) -> ServiceRow:
    """A service as it is answered alone."""
    return {**listed_row(service, actor), "defaultVersionId": service.default_version_id}
