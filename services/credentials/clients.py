"""What credentials asks of catalog and identity, anew each time: what it answers fills the caches of others."""

from __future__ import annotations

from libs.common.contracts.calls import Peers
from libs.common.contracts.catalog import (
    BUILT_IN_PLATFORM,
    FIND_COMPONENT,
    FIND_SECURITY,
    FIND_SERVICE,
    LIST_COMPONENTS,
    ComponentGrant,
    ComponentQuestion,
    ComponentsQuestion,
    Kind,
    SecurityGrant,
    SecurityQuestion,
    ServiceGrant,
    ServiceQuestion,
)
from libs.common.contracts.identity import FIND_USER, UserGrant, UserQuestion
from libs.common.errors import Conflict, Forbidden, NotFound, invalid


class Identity:
    """Users."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def user(self, platform_id: str, user_id: str) -> UserGrant:
        """Raises NotFound."""
        user = await self._peers.ask(FIND_USER, UserQuestion(platform_id=platform_id, user_id=user_id))
        if user is None:
            raise NotFound(
                "user_not_found", "userId: this platform has no such user; make it first with POST /v1/user."
            )
        return user


class Catalog:
    """Services, their securities and variables."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def find_service(self, platform_id: str, ref: str, user: UserGrant | None = None) -> ServiceGrant | None:
        """The service of this id or name, None where it is not for the user who acts."""
        service = await self._peers.ask(FIND_SERVICE, ServiceQuestion(platform_id=platform_id, ref=ref))
        return service if service is not None and service.is_for(user) else None

    async def service(self, platform_id: str, ref: str, user: UserGrant | None = None) -> ServiceGrant:
        """The service that the platform may use under this id or name, and its user if one acts. Raises NotFound."""
        service = await self.find_service(platform_id, ref, user)
        if service is None:
            raise NotFound("service_not_found", "There is no service of this id or name.")
        return service

    async def is_there(self, service_id: str, user: UserGrant) -> bool:
        """Whether the service of this id is there for the user; one that only has it for its name is another."""
        service = await self.find_service(user.platform_id, service_id, user)
        return service is not None and service.id == service_id

    async def security_for(self, user: UserGrant, service_ref: str | None, security_ref: str | None) -> SecurityGrant:
        """The security that the user's new token is for. Raises NotFound, Forbidden, Conflict, Invalid."""
        if service_ref is not None:
            service = await self.service(user.platform_id, service_ref, user)
            if service.owner_platform_id == BUILT_IN_PLATFORM:
                raise Forbidden("built_in", f"The service {service.name!r} is built in and takes no tokens.")
            question = SecurityQuestion(service_id=service.id, ref=security_ref)
        elif security_ref is not None:
            question = SecurityQuestion(ref=security_ref)
        else:
            raise invalid("serviceSecurityId", "required, or serviceId for the service's default security")
        security = await self._peers.ask(FIND_SECURITY, question)
        if security is None:
            raise _no_security(security_ref)
        if service_ref is None and not await self.is_there(security.service_id, user):
            raise _no_security(security_ref)
        return security

    async def security(self, service_id: str, security_id: str, *, ended: bool) -> SecurityGrant | None:
        """A security by its id; with `ended` also of a deleted service."""
        question = SecurityQuestion(service_id=service_id, ref=security_id, ended=ended)
        return await self._peers.ask(FIND_SECURITY, question)

    async def variables(self, service_id: str, *, ended: bool = False) -> tuple[ComponentGrant, ...]:
        """The service's variables as its public list has them; with `ended` also of a deleted service."""
        question = ComponentsQuestion(service_id=service_id, kind=Kind.VARIABLE, ended=ended)
        listed = await self._peers.ask(LIST_COMPONENTS, question)
        return listed.components if listed is not None else ()

    async def variable(self, platform_id: str, service: ServiceGrant, ref: str) -> ComponentGrant:
        """A variable by identity, name or the id of any of its rows; a draft on its own platform. Raises NotFound."""
        found = await self._variable(service.id, ref)
        if found is None or not (found.published or service.owner_platform_id == platform_id):
            raise NotFound("variable_not_found", "This service has no such variable.")
        return found

    async def _variable(self, service_id: str, ref: str) -> ComponentGrant | None:
        for variable in await self.variables(service_id):
            if ref in (variable.identity, variable.name, variable.row_id):
                return variable
        return await self._peers.ask(
            FIND_COMPONENT, ComponentQuestion(service_id=service_id, kind=Kind.VARIABLE, ref=ref)
        )


def _no_security(ref: str | None) -> NotFound | Conflict:
    if ref is not None:
        return NotFound("security_not_found", "serviceSecurityId: there is no such security of this service.")
    return Conflict(
        "security_ambiguous",
        "The service has no default security; name one of GET /v1/service/{serviceId}/security as serviceSecurityId.",
    )
