"""Finding what a client wants executed."""

from __future__ import annotations

from libs.common.contracts.catalog import ServiceGrant
from libs.common.errors import NotFound
from libs.runtime.components import CompiledComponent, Components
from services.executor.models import Asker, ComponentRequest


async def find_component(
    components: Components, asker: Asker, request: ComponentRequest
) -> tuple[ServiceGrant, CompiledComponent]:
    """The service and the component as the request names them. Raises NotFound, Conflict for a disabled service."""
    service = await components.usable_service(asker.platform_id, request.service, asker.user)
    return service, await component_of(components, asker, service, request)


async def component_of(
    components: Components, asker: Asker, service: ServiceGrant, request: ComponentRequest
) -> CompiledComponent:
    """The component of that service. Raises NotFound."""
    component = await components.component(
        service.id,
        request.kind,
        request.name,
        service_version=request.service_version,
        version=request.version,
        drafts=service.owner_platform_id == asker.platform_id,
    )
    if component is None:
        raise _not_there(service, request)
    return component


def _not_there(service: ServiceGrant, request: ComponentRequest) -> NotFound:
    kind = request.kind.value
    where = " in this version" if request.service_version or request.version else ""
    message = f"{kind}: {service.name!r} has no published {kind} {request.name[:128]!r}{where}; create or publish it."
    return NotFound(f"{kind}_not_found", message)
