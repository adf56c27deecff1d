"""What the verbs need of catalog, credentials and logic, met by the runtime."""

from __future__ import annotations

from typing import Any

from libs.common.contracts.calls import Peers
from libs.common.contracts.catalog import FIND_VERSION, Kind, ServiceGrant, VersionQuestion
from libs.common.contracts.identity import UserGrant
from libs.common.errors import Conflict, NotFound
from libs.common.web.access import Access
from libs.logic.budget import Budget
from libs.logic.errors import InvalidLogic, LogicError
from libs.logic.program import Program, compile_node
from libs.logic.scope import Scope
from libs.runtime.bindings import Actor
from libs.runtime.components import CompiledComponent
from libs.runtime.host import Runtime
from libs.runtime.problems import problem_of
from services.webhooks.endpoints.channels import LiveEvent, Respond
from services.webhooks.endpoints.setting import EventOffer
from services.webhooks.notifications.models import Notification
from services.webhooks.notifications.planning import EventRow, TriggerRow
from services.webhooks.subscriptions.clients import acting, find_trigger, may_use
from services.webhooks.subscriptions.models import Subscription

_RESPONSE_BUDGET = Budget(wall_s=10.0)


class EventClient:
    """Events as the edge and the webhook setting need them; with `ended` those of deleted services too."""

    def __init__(self, runtime: Runtime, peers: Peers, *, ended: bool = False) -> None:
        self._runtime = runtime
        self._peers = peers
        self._ended = ended

    async def live(self, platform_id: str, service_id: str, event_id: str) -> LiveEvent | None:
        service = await self._runtime.components.service_by_id(platform_id, service_id)
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

    async def service(self, platform_id: str, ref: str, user: UserGrant | None = None) -> ServiceGrant:
        service = await self._runtime.components.service(platform_id, ref, user)
        if service is None:
            raise NotFound("service_not_found", "There is no such service.")
        return service

    async def offers(self, platform_id: str, service: ServiceGrant) -> list[EventOffer]:
        version = await self._peers.ask(FIND_VERSION, VersionQuestion(service_id=service.id, ended=self._ended))
        setting = version.setting if version is not None else {}
        events = await self._runtime.components.components(service.id, Kind.EVENT)
        drafts = service.owner_platform_id == platform_id
        return [EventOffer(service, event.grant, setting) for event in events if drafts or event.grant.published]

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

    async def allows(self, subscription: Subscription) -> bool:
        return await may_use(self._runtime, self._access, subscription)

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
        service = await self._runtime.components.service_by_id(platform_id, service_id)
        if service is None or not service.enabled:
            raise LogicError("not_found", "The service was deleted, is disabled, or is not public any more.")
        return service

    async def _trigger(self, subscription: Subscription) -> CompiledComponent:
        found = await find_trigger(self._runtime, subscription)
        if found is None:
            raise LogicError("not_found", "The trigger was deleted or is a draft.")
        return found


def _plain_payload(content: dict[str, Any], data: Any) -> Any:
    """Without a `trigger` hook: what the route handed over, else the parsed body, else the body's text."""
    if data is not None:
        return data
    return content["json"] if content["json"] is not None else {"body": content["body"]}
