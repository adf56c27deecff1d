"""What making and ending subscriptions needs of catalog, credentials and the trigger's hooks."""

from __future__ import annotations

from typing import Any

from libs.common.contracts.calls import Peers
from libs.common.contracts.catalog import (
    FIND_COMPONENT,
    FIND_SERVICE,
    ComponentQuestion,
    Kind,
    ServiceGrant,
    ServiceQuestion,
)
from libs.common.contracts.identity import FIND_USER, UserGrant, UserQuestion
from libs.common.errors import Conflict, Invalid, NotFound
from libs.common.web.access import Access
from libs.logic.errors import LogicError
from libs.logic.program import Program
from libs.logic.scope import Scope
from libs.runtime.bindings import Actor
from libs.runtime.components import CompiledComponent
from libs.runtime.host import Runtime, RuntimeHost
from libs.runtime.problems import invalid_input, problem_of
from services.webhooks.endpoints.endpoints import Endpoints
from services.webhooks.endpoints.models import Endpoint
from services.webhooks.endpoints.scoping import Asker, subscription_scope
from services.webhooks.endpoints.setting import EventOffer, Offers, endpoint_of
from services.webhooks.subscriptions.models import Subscription
from services.webhooks.subscriptions.subscriptions import Target, Wanted


class TriggerClient:
    """Triggers as a subscription is made and ended with them.

    A hook's input are the variables; where the service has an event, it sees that one's inbound URL and secret.
    What ends them is given a runtime and events that still find what was deleted.
    """

    def __init__(self, runtime: Runtime, access: Access, events: Offers, endpoints: Endpoints, *, peers: Peers) -> None:
        self._peers = peers
        self._runtime = runtime
        self._access = access
        self._events = events
        self._endpoints = endpoints

    async def target(self, platform_id: str, user: UserGrant, wanted: Wanted) -> Target:
        service = await self._runtime.components.usable_service(platform_id, wanted.service, user)
        trigger = await self._runtime.components.component(
            service.id, Kind.TRIGGER, wanted.trigger, service_version=wanted.service_version
        )
        if trigger is None or not trigger.grant.published:
            raise NotFound("trigger_not_found", f"trigger: {service.name!r} has no such trigger that is published.")
        failures = trigger.content.input.failures(wanted.variables) if trigger.content.input is not None else []
        if failures:
            raise invalid_input(failures, prefix="variables")
        return Target(
            service_id=service.id,
            service_name=service.name,
            trigger_id=trigger.grant.identity,
            trigger_name=trigger.grant.name,
            service_url=await self._service_url(platform_id, user, service, wanted.credential_id),
        )

    async def confirm(self, subscription: Subscription) -> None:
        """Asks the owners themselves: a cascade may have passed by now, of which the caches here hear later."""
        platform_id = subscription.platform_id
        user = await self._peers.ask(FIND_USER, UserQuestion(platform_id=platform_id, user_id=subscription.user_id))
        if user is None or user.row_id != subscription.user_row_id:
            raise NotFound("user_not_found", "userId: the user was deleted meanwhile.")
        service = await self._peers.ask(
            FIND_SERVICE, ServiceQuestion(platform_id=platform_id, ref=subscription.service_id)
        )
        if service is None or not service.is_for(user):
            raise NotFound("service_not_found", "The service is not for this user any more, or was deleted meanwhile.")
        await self._confirm_trigger(subscription)

    async def allows(self, subscription: Subscription) -> bool:
        return await may_use(self._runtime, self._access, subscription)

    async def _confirm_trigger(self, subscription: Subscription) -> None:
        question = ComponentQuestion(
            service_id=subscription.service_id,
            kind=Kind.TRIGGER,
            ref=subscription.trigger_id,
            service_version=subscription.service_version,
        )
        if await self._peers.ask(FIND_COMPONENT, question) is None:
            raise NotFound("trigger_not_found", "The trigger was deleted meanwhile.")

    async def create(self, subscription: Subscription) -> Any:
        program = await self._hook(subscription, "create")
        if program is None:
            return None
        service = await self._events.service(subscription.platform_id, subscription.service_id)
        host = await self._host(subscription, service)
        try:
            scope = await host.scope(program, subscription.variables)
            if (offer := await self._offer(subscription, service)) is not None:
                asker = await self._asker(subscription)
                await self._addressed(scope, await endpoint_of(self._endpoints, subscription.platform_id, offer, asker))
            return await program.evaluate(scope)
        except LogicError as error:
            raise problem_of(error, host.blotter()) from None

    async def delete(self, subscription: Subscription) -> None:
        """Once what a deleted service or trigger had is gone, there is no hook left to run."""
        service = await self._runtime.components.service_by_id(subscription.platform_id, subscription.service_id)
        program = await self._hook(subscription, "delete")
        if service is None or program is None:
            return
        scope = await (await self._host(subscription, service)).scope(program, subscription.variables)
        scope.state = subscription.state
        if (endpoint := await self._known_endpoint(subscription, service)) is not None:
            await self._addressed(scope, endpoint)
        await program.evaluate(scope)

    async def close(self, subscription: Subscription) -> None:
        await self._endpoints.close_scope(subscription_scope(subscription.id))

    async def _hook(self, subscription: Subscription, name: str) -> Program | None:
        trigger = await find_trigger(self._runtime, subscription)
        return trigger.hook(name) if trigger is not None else None

    async def _host(self, subscription: Subscription, service: ServiceGrant) -> RuntimeHost:
        actor = await acting(self._access, subscription)
        return self._runtime.host(actor, service, service_version=subscription.service_version)

    async def _addressed(self, scope: Scope, endpoint: Endpoint) -> None:
        """Lets a hook see the inbound URL and secret."""
        scope.webhook_url = self._endpoints.url(endpoint)
        scope.webhook_secret = await self._endpoints.secret(endpoint)

    async def _offer(self, subscription: Subscription, service: ServiceGrant) -> EventOffer | None:
        return _event_for(subscription.trigger_name, await self._events.offers(subscription.platform_id, service))

    async def _asker(self, subscription: Subscription) -> Asker:
        credential = await self._runtime.holdings.credential(
            subscription.platform_id,
            subscription.user_row_id,
            subscription.service_id,
            subscription.user_credential_id,
        )
        return Asker(subscription.user_row_id, subscription, credential.url if credential is not None else None)

    async def _known_endpoint(self, subscription: Subscription, service: ServiceGrant) -> Endpoint | None:
        """The one that `create` saw, unless what its scope follows from is gone; none is made to end with."""
        offer = await self._offer(subscription, service)
        if offer is None:
            return None
        try:
            scope = offer.scope(await self._asker(subscription))
        except Invalid:
            return None
        return await self._endpoints.known(subscription.platform_id, service.id, offer.event.identity, scope)

    async def _service_url(
        self, platform_id: str, user: UserGrant, service: ServiceGrant, credential_id: str | None
    ) -> str | None:
        """Raises Conflict when the credential that was named is not the user's for this service."""
        credential = await self._runtime.holdings.credential(platform_id, user.row_id, service.id, credential_id)
        if credential is None and credential_id is not None:
            raise Conflict("credential_invalid", f"userCredentialId: the user has no such token for {service.name!r}.")
        return credential.url if credential is not None else None


async def acting(access: Access, subscription: Subscription) -> Actor:
    """The subscription's user; one that is being deleted still acts for its `delete` hooks."""
    user = await access.users.get((subscription.platform_id, subscription.user_id))
    if user is None or user.row_id != subscription.user_row_id:
        user = UserGrant(
            row_id=subscription.user_row_id,
            platform_id=subscription.platform_id,
            user_id=subscription.user_id,
            email=None,
            name=None,
        )
    return Actor(subscription.platform_id, user, subscription.user_credential_id)


async def may_use(runtime: Runtime, access: Access, subscription: Subscription) -> bool:
    """Whether the subscription's service is still for its user; out of caches, so that every delivery can ask."""
    service = await runtime.components.service_by_id(subscription.platform_id, subscription.service_id)
    if service is None or service.sharing != "group":
        return service is not None
    user = await access.users.get((subscription.platform_id, subscription.user_id))
    return user is not None and user.row_id == subscription.user_row_id and service.is_for(user)


async def find_trigger(runtime: Runtime, subscription: Subscription) -> CompiledComponent | None:
    return await runtime.components.component(
        subscription.service_id,
        Kind.TRIGGER,
        subscription.trigger_id,
        service_version=subscription.service_version,
    )


def _event_for(trigger_name: str, offers: list[EventOffer]) -> EventOffer | None:
    """The event that a trigger's remote webhook should be sent to: its namesake, or the only one."""
    by_name: dict[str, EventOffer] = {offer.event.name: offer for offer in offers}
    return by_name.get(trigger_name) or (offers[0] if len(offers) == 1 else None)
