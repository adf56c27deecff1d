"""On whose behalf logic runs, and which of that user's credentials each service may spend; pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from libs.common.contracts.catalog import ServiceGrant
from libs.common.contracts.identity import UserGrant
from libs.logic.errors import LogicError
from libs.logic.scope import ComponentCall


@dataclass(frozen=True, slots=True)
class Actor:
    """The platform, its user, and the credentials that the outermost request named.

    `credential_id` is the one for the outermost action; `credentials` holds more of them by service id or name.
    """

    platform_id: str
    user: UserGrant | None = None
    credential_id: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)

    @property
    def as_seen(self) -> dict[str, Any] | None:
        """The user as logic sees one."""
        if self.user is None:
            return None
        return {"id": self.user.user_id, "email": self.user.email, "name": self.user.name}

    def may_use(self, service: ServiceGrant) -> bool:
        """What is shared with groups is for their users, and for the platform that owns it."""
        if self.user is None:
            return service.sharing != "group" or service.owner_platform_id == self.platform_id
        return service.is_for(self.user)

    def names(self, credential_id: str, service: ServiceGrant) -> bool:
        """Whether the client named this credential, for the service or for the whole request."""
        return credential_id in (self.credential_id, *self.named_for(service))

    def named_for(self, service: ServiceGrant) -> tuple[str, ...]:
        """Under the service's id, then under its name."""
        return tuple(self.credentials[ref] for ref in (service.id, service.name) if ref in self.credentials)


@dataclass(frozen=True, slots=True)
class Binding:
    """A service in one evaluation. Without a `credential_id` the user's latest one is taken, if `implicit`.

    `outer_id` is the service that the client named, and `outer_credential_id` the credential that it gave it.
    `with_values` says whether the acting platform's values of the service's variables are there for it.
    """

    service: ServiceGrant
    service_version: str | None
    credential_id: str | None
    implicit: bool
    outer_id: str
    outer_credential_id: str | None
    with_values: bool = True

    @property
    def key(self) -> str:
        """Tells the bindings of one evaluation apart."""
        used = f"{self.service.id}/{self.service_version or ''}/{self.credential_id or ''}/{self.implicit:d}"
        return f"{used}/{self.outer_id}/{self.outer_credential_id or ''}/{self.with_values:d}"


def outermost(
    actor: Actor, service: ServiceGrant, service_version: str | None, credential_id: str | None = None
) -> Binding:
    """What the client itself named uses the credential that was named for it, else the user's latest one.

    `credential_id` is what a node of the request names, where the request is more than one action.
    """
    given = credential_id or actor.credential_id
    named = given or next(iter(actor.named_for(service)), None)
    return Binding(service, service_version, named, True, service.id, given)


def nested(actor: Actor, caller: Binding, service: ServiceGrant, call: ComponentCall) -> Binding:
    """How a component of `caller` may use `service`.

    The caller's own service goes on as it is. Another one gets only what the outermost request named for it,
    so that a public service can't spend a user's other tokens; the credential of what the client named, when
    that is that service's own, is not handed back to it by others. Nor does it get the values that the acting
    platform set for another one, unless the caller's author is that platform, or the other one's author.
    """
    own = service.id == caller.service.id
    version = call.service_version or (caller.service_version if own else None)
    if call.user_credential_id is not None:
        id = call.user_credential_id
        known = actor.names(id, service) or id == caller.outer_credential_id
        named = id if known else None
    elif own:
        return replace(caller, service_version=version)
    else:
        named = next(iter(actor.named_for(service)), None)
        if named is None and service.id != caller.outer_id:
            named = caller.outer_credential_id
    with_values = caller.with_values if own else _may_spend_values(actor, caller.service, service)
    return Binding(service, version, named, False, caller.outer_id, caller.outer_credential_id, with_values)


def _may_spend_values(actor: Actor, caller: ServiceGrant, service: ServiceGrant) -> bool:
    author = caller.owner_platform_id
    return author in (actor.platform_id, service.owner_platform_id) or bool(actor.named_for(service))


def no_credential(actor: Actor, binding: Binding) -> LogicError:
    """Why there is none to use, naming the service."""
    name = binding.service.name
    details = {"service": name, "serviceId": binding.service.id}
    if actor.user is None:
        return LogicError(
            "credential_required", f"{name!r} needs a credential, and no user acts here.", details=details
        )
    id = binding.credential_id
    if id is not None and (binding.implicit or id in actor.named_for(binding.service)):
        message = (
            f"The user has no usable credential {id[:128]!r} for {name!r}: name one of "
            f"GET /v1/service/{binding.service.id}/token, or connect one with POST /v1/user/{{userId}}/token."
        )
        return LogicError("credential_invalid", message, details=details)
    if binding.implicit:
        message = f"The user has no credential for {name!r}; connect one with POST /v1/user/{{userId}}/token."
        return LogicError("credential_required", message, details=details)
    message = (
        f"A nested action of {name!r} uses only a credential that the request itself names: "
        f"add it to `credentials` as {{{name!r}: id}}."
    )
    return LogicError("credential_required", message, details=details)


def not_its_values(service: ServiceGrant) -> LogicError:
    """Why a component of another platform can't use this one's variables through a nested action."""
    message = (
        f"{service.name!r} uses values that this platform set for it, and those are not for a service of another "
        f"platform to spend: name {service.name!r} in the request's `credentials`, or execute its action by itself."
    )
    return LogicError("variable_missing", message, details={"service": service.name, "serviceId": service.id})
