"""What the verbs need of catalog, credentials and logic, met by the runtime."""

from __future__ import annotations

from typing import Any

from libs.common.contracts.calls import Peers
from libs.common.contracts.catalog import FIND_VERSION, Kind, ServiceGrant, VersionQuestion
from libs.common.contracts.identity import UserGrant
from libs.common.errors import Conflict, Invalid, NotFound
from libs.common.web.access import Access
from libs.logic.budget import Budget
from libs.logic.errors import InvalidLogic, LogicError
from libs.logic.program import Program, compile_node
from libs.logic.scope import Scope
from libs.runtime.bindings import Actor
from libs.runtime.components import CompiledComponent
from libs.runtime.host import Runtime, RuntimeHost
from libs.runtime.problems import invalid_input, problem_of
from services.webhooks.endpoints.channels import LiveEvent, Respond
from services.webhooks.endpoints.endpoints import Endpoints
from services.webhooks.endpoints.models import Endpoint
from services.webhooks.endpoints.scoping import Asker, subscription_scope
from services.webhooks.endpoints.setting import EventOffer, endpoint_of
from services.webhooks.notifications.models import Notification
from services.webhooks.notifications.planning import EventRow, TriggerRow
from services.webhooks.subscriptions.models import Subscription
from services.webhooks.subscriptions.subscriptions import Target, Wanted

_RESPONSE_BUDGET = Budget(wall_s=10.0)


class EventClient:
    """Events as the edge and the webhook setting need them."""

    def __init__(self, runtime: Runtime, peers: Peers) -> None:
        self._runtime = runtime
        self._peers = peers

    async def live(self, platform_id: str, service_id: str, event_id: str) -> LiveEvent | None:
        service = await self._runtime.components.service(platform_id, service_id)
        if service is None or not service.enabled:
            return None
        component = await self._runtime.components.component(service_id, Kind.EVENT, event_id)
        if component is None:
            return None
        program = component.hook("response")
        return LiveEvent(
            service_name=service.name,
            name=component.grant.name,
            config=component.grant.content.get("config") or {},
            respond=self._responder(platform_id, service, program) if program is not None else None,
        )

    async def service(self, platform_id: str, ref: str) -> ServiceGrant:
        service = await self._runtime.components.service(platform_id, ref)
        if service is None:
            raise NotFound("service_not_found", "There is no such service.")
        return service

    async def offers(self, service: ServiceGrant) -> list[EventOffer]:
        version = await self._peers.ask(FIND_VERSION, VersionQuestion(service_id=service.id))
        setting = version.setting if version is not None else {}
        events = await self._runtime.components.components(service.id, Kind.EVENT)
        return [EventOffer(service, event.grant, setting) for event in events]

    async def service_url(self, platform_id: str, user: UserGrant, service_id: str) -> str | None:
        credential = await self._runtime.holdings.credential(platform_id, user.row_id, service_id, None)
        return credential.url if credential is not None else None

    async def resolve(
        self, platform_id: str, service: ServiceGrant, form: dict[str, Any], *, url: str, secret: str
    ) -> Any:
        host = self._runtime.host(Actor(platform_id), service)
        try:
            program = compile_node(form, path=("setting", "webhook", "input"))
            scope = await host.scope(program, {})
            scope.webhook_url, scope.webhook_secret = url, secret
            return await program.evaluate(scope)
        except InvalidLogic as invalid:
            raise Conflict("invalid_setting", f"The version's setting.webhook.input can't be read: {invalid}") from None
        except LogicError as error:
            raise problem_of(error, host.blotter()) from None

    def _responder(self, platform_id: str, service: ServiceGrant, program: Program) -> Respond:
        actor = Actor(platform_id)

        async def respond(notification: dict[str, Any]) -> Any:
            if program.is_plain:
                return self._runtime.run_plain(program, notification, budget=_RESPONSE_BUDGET)
            host = self._runtime.host(actor, service, budget=_RESPONSE_BUDGET)
            scope = await host.scope(program, notification)
            scope.notification = notification
            return program.run(scope) if program.is_sync else await program.evaluate(scope)

        return respond


class HookClient:
    """The hooks that take a notification to its payloads."""

    def __init__(self, runtime: Runtime, access: Access) -> None:
        self._runtime = runtime
        self._access = access

    async def event(self, notification: Notification) -> EventRow:
        event = await self._runtime.components.component(notification.service_id, Kind.EVENT, notification.event_id)
        if event is None:
            raise LogicError("not_found", "The event was deleted or is a draft.")
        return EventRow(event.grant.name, event.hook("route"))

    async def route(self, event: EventRow, notification: Notification, content: dict[str, Any]) -> Any:
        service = await self._service(notification.platform_id, notification.service_id)
        program = event.route
        if program is None:
            return event.name
        if program.is_plain:
            return self._runtime.run_plain(program, content)
        scope = await self._runtime.host(Actor(notification.platform_id), service).scope(program, content)
        scope.notification = content
        return program.run(scope) if program.is_sync else await program.evaluate(scope)

    async def trigger(self, notification: Notification, name: str) -> TriggerRow | None:
        trigger = await self._runtime.components.component(notification.service_id, Kind.TRIGGER, name)
        return TriggerRow(trigger.grant.identity, trigger.grant.name) if trigger is not None else None

    async def payload(self, subscription: Subscription, content: dict[str, Any], data: Any) -> Any:
        trigger = await self._trigger(subscription)
        program = trigger.hook("trigger")
        if program is None:
            return _plain_payload(content, data)
        source = {**content, "data": data, "variables": subscription.variables}
        if program.is_plain:
            return self._runtime.run_plain(program, source, state=subscription.state)
        scope = await self._scope(subscription, program, source)
        scope.notification, scope.state = content, subscription.state
        return program.run(scope) if program.is_sync else await program.evaluate(scope)

    async def _scope(self, subscription: Subscription, program: Program, source: Any) -> Scope:
        service = await self._service(subscription.platform_id, subscription.service_id)
        actor = await acting(self._access, subscription)
        host = self._runtime.host(actor, service, service_version=subscription.service_version)
        return await host.scope(program, source)

    async def _service(self, platform_id: str, service_id: str) -> ServiceGrant:
        service = await self._runtime.components.service(platform_id, service_id)
        if service is None or not service.enabled:
            raise LogicError("not_found", "The service was deleted or is disabled.")
        return service

    async def _trigger(self, subscription: Subscription) -> CompiledComponent:
        found = await find_trigger(self._runtime, subscription)
        if found is None:
            raise LogicError("not_found", "The trigger was deleted or is a draft.")
        return found


class TriggerClient:
    """Triggers as a subscription is made and ended with them.

    A hook's input are the variables; where the service has an event, it sees that one's inbound URL and secret.
    """

    def __init__(self, runtime: Runtime, access: Access, events: EventClient, endpoints: Endpoints) -> None:
        self._runtime = runtime
        self._access = access
        self._events = events
        self._endpoints = endpoints

    async def target(self, platform_id: str, user: UserGrant, wanted: Wanted) -> Target:
        service = await self._runtime.components.usable_service(platform_id, wanted.service)
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
        user = await self._access.user(subscription.platform_id, subscription.user_id)
        if user.row_id != subscription.user_row_id:
            raise NotFound("user_not_found", "userId: the user was deleted meanwhile.")
        await self._events.service(subscription.platform_id, subscription.service_id)

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
        """Of a service or trigger that was deleted there is no hook left to run."""
        service = await self._runtime.components.service(subscription.platform_id, subscription.service_id)
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
        return _event_for(subscription.trigger_name, await self._events.offers(service))

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


def _plain_payload(content: dict[str, Any], data: Any) -> Any:
    """Without a `trigger` hook: what the route handed over, else the parsed body, else the body's text."""
    if data is not None:
        return data
    return content["json"] if content["json"] is not None else {"body": content["body"]}
