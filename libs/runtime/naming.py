"""What a nested call's names lead to: what they were bound to when the logic was saved, wherever that is called now.

Once that is gone a name leads to what its owner has put in its place, and never to what somebody else has.
"""

from __future__ import annotations

from libs.common.contracts.catalog import Kind, ServiceGrant
from libs.logic.scope import ComponentCall
from libs.runtime.components import CompiledComponent, Components


def is_own(service: ServiceGrant, call: ComponentCall) -> bool:
    """Whether a call in a component of this service stays inside it."""
    if call.bound is not None:
        return call.bound.service_id == service.id
    return call.service in (service.id, service.name)


async def called_service(components: Components, platform_id: str, call: ComponentCall) -> ServiceGrant | None:
    """As it is there for the platform whose logic it is."""
    bound = call.bound
    if bound is not None:
        service = await components.service_by_id(platform_id, bound.service_id)
        if service is not None:
            return service
    service = await components.service(platform_id, call.service)
    if service is not None and bound is not None and service.owner_platform_id != bound.owner_platform_id:
        return None
    return service


async def called_component(
    components: Components, service: ServiceGrant, call: ComponentCall, *, service_version: str | None, drafts: bool
) -> CompiledComponent | None:
    bound = call.bound
    identity = bound.identity if bound is not None and bound.service_id == service.id else None
    for ref in (call.name,) if identity is None else (identity, call.name):
        found = await components.component(
            service.id,
            Kind(call.kind),
            ref,
            service_version=service_version,
            version=call.version,
            drafts=drafts,
        )
        if found is not None:
            return found
    return None
