"""Subscriptions: made with the trigger's `create` hook, changed, and told how their deliveries go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from libs.common.clock import Clock
from libs.common.contracts.identity import UserGrant
from libs.common.contracts.webhooks import SubscriptionsCount, SubscriptionsQuestion
from libs.common.egress.client import EgressClient
from libs.common.egress.errors import EgressDenied, EgressError
from libs.common.errors import Conflict, NotFound, invalid
from libs.common.ids import new_id
from libs.common.store.port import DuplicateKey, RevisionConflict
from libs.common.web.paging import Page
from services.webhooks.subscriptions.changes import Changes
from services.webhooks.subscriptions.ending import UNFINISHED_LEASE
from services.webhooks.subscriptions.hearing import Hearing
from services.webhooks.subscriptions.models import STANDING, Status, Subscription
from services.webhooks.subscriptions.repository import SubscriptionRepository
from services.webhooks.subscriptions.secrets import SigningSecrets
from services.webhooks.subscriptions.terms import terms_of

_DISABLED_AFTER = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asked for, by the names that it used."""

    service: str
    trigger: str
    service_version: str | None
    credential_id: str | None
    url: str | None
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """The trigger that a wish means, and what endpoints may be scoped to for this user."""

    service_id: str
    service_name: str
    trigger_id: str
    trigger_name: str
    service_url: str | None


class Triggers(Protocol):
    """What making a subscription needs of catalog, credentials and the trigger's hook."""

    async def target(self, platform_id: str, user: UserGrant, wanted: Wanted) -> Target:
        """Raises NotFound, Conflict, Invalid (the variables, all failures at once)."""

    async def confirm(self, subscription: Subscription) -> None:
        """Raises NotFound when its user, service or trigger was deleted by now."""

    async def allows(self, subscription: Subscription) -> bool:
        """Whether its service is still for its user."""

    async def create(self, subscription: Subscription) -> Any:
        """What the `create` hook returns, null without one. Raises ServiceError."""

    async def close(self, subscription: Subscription) -> None:
        """Closes the inbound endpoint that was made for this subscription alone."""


class Subscriptions:
    """The verbs on subscriptions."""

    def __init__(
        self,
        repository: SubscriptionRepository,
        changes: Changes,
        triggers: Triggers,
        secrets: SigningSecrets,
        hearing: Hearing,
        egress: EgressClient,
        *,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._changes = changes
        self._triggers = triggers
        self._secrets = secrets
        self._hearing = hearing
        self._egress = egress
        self._clock = clock

    async def create(self, platform_id: str, user: UserGrant, wanted: Wanted) -> tuple[Subscription, str]:
        """The subscription and its signing secret. Raises what the `create` hook raises; then nothing stays."""
        target = await self._triggers.target(platform_id, user, wanted)
        await self._check_url(wanted.url)
        draft, secret = await self._draft(platform_id, user, wanted, target)
        try:
            creating = await self._repository.add(draft, ())
        except DuplicateKey:
            creating = await self._again(draft)
        if creating.status is not Status.CREATING:
            return creating, secret
        try:
            await self._triggers.confirm(creating)
            state = await self._triggers.create(creating)
        except Exception:
            await self._triggers.close(creating)
            await self._changes.remove(creating)
            raise
        return await self._active(creating, state, target), secret

    async def get(self, platform_id: str, id: str, user: UserGrant | None) -> Subscription:
        """Raises NotFound, also for what belongs to another user, or to a service that is not for this one any more."""
        found = await self.owned(platform_id, id, user)
        if user is not None and not await self._triggers.allows(found):
            raise _not_found()
        return found

    async def owned(self, platform_id: str, id: str, user: UserGrant | None) -> Subscription:
        """One to be ended, which its user may do whatever has become of the service. Raises NotFound."""
        found = await self._repository.get(platform_id, id)
        if found is None or found.status not in STANDING:
            raise _not_found()
        if user is not None and found.user_row_id != user.row_id:
            raise _not_found()
        return found

    async def page(self, platform_id: str, user: UserGrant | None, page: Page) -> tuple[list[Subscription], str | None]:
        """With a user those that `get` finds; a page may hold fewer than its limit though more follow."""
        if user is None:
            return await self._repository.page(platform_id, None, page)
        found, following = await self._repository.page(platform_id, user.row_id, page)
        return [each for each in found if await self._triggers.allows(each)], following

    async def update(self, subscription: Subscription, changes: dict[str, Any]) -> Subscription:
        """Changes `status` (active or paused), `url`, `headers`. Raises Invalid, Conflict."""
        if "url" in changes:
            await self._check_url(changes["url"])
        if "status" in changes:
            changes = {**changes, "status": Status(changes["status"])}
        if changes.get("status") is Status.ACTIVE:
            changes = {**changes, "failing_since": None}
        return await self._changes.save(subscription, changes)

    async def rotate(self, subscription: Subscription) -> str:
        """A new secret; the old one signs along for a day."""
        secrets, secret = await self._secrets.rotated(subscription, self._clock.now())
        await self._changes.save(subscription, {"secrets": secrets})
        return secret

    async def succeeded(self, subscription: Subscription) -> None:
        """A delivery was taken: a failing subscription is well again."""
        if subscription.failing_since is not None:
            await self._changes.note(subscription, {"status": Status.ACTIVE, "failing_since": None})

    async def failed(self, subscription: Subscription, *, gone: bool) -> None:
        """A delivery failed: 410, or five days of nothing but failure, disable the subscription."""
        now = self._clock.now()
        since = subscription.failing_since or now
        if gone or now - since > _DISABLED_AFTER:
            await self._changes.note(subscription, {"status": Status.DISABLED, "failing_since": since})
        elif subscription.failing_since is None:
            await self._changes.note(subscription, {"status": Status.FAILING, "failing_since": since})

    async def current(self, platform_id: str, id: str) -> Subscription | None:
        """As it is now, for a delivery; out of a followed cache."""
        return await self._hearing.current(platform_id, id)

    async def allows(self, subscription: Subscription) -> bool:
        """Whether it may hear of anything: not while its service is not for its user."""
        return await self._triggers.allows(subscription)

    async def count(self, question: SubscriptionsQuestion) -> SubscriptionsCount:
        """Those of a service, on every platform."""
        return SubscriptionsCount(count=await self._repository.count_of_service(question.service_id))

    async def signing_secrets(self, subscription: Subscription) -> Sequence[str]:
        return await self._secrets.open(subscription, self._clock.now())

    async def _check_url(self, url: str | None) -> None:
        if url is None:
            return
        try:
            await self._egress.check(url)
        except EgressDenied as denied:
            raise invalid("url", str(denied)) from None
        except EgressError:
            return  # unreachable now is no reason to refuse: deliveries are retried

    async def _draft(
        self, platform_id: str, user: UserGrant, wanted: Wanted, target: Target
    ) -> tuple[Subscription, str]:
        id, now = new_id(), self._clock.now()
        sealed, secret = await self._secrets.new(platform_id, id)
        draft = Subscription(
            id=id,
            platform_id=platform_id,
            service_id=target.service_id,
            service_name=target.service_name,
            service_version=wanted.service_version,
            trigger_id=target.trigger_id,
            trigger_name=target.trigger_name,
            user_row_id=user.row_id,
            user_id=user.user_id,
            user_credential_id=wanted.credential_id,
            url=wanted.url,
            variables=wanted.variables,
            status=Status.CREATING,
            terms=(),
            secrets=(sealed,),
            inserted_at=now,
            updated_at=now,
            due_at=now + UNFINISHED_LEASE,
        )
        return draft, secret

    async def _active(self, creating: Subscription, state: Any, target: Target) -> Subscription:
        """Raises Conflict when it was ended meanwhile, and hands the state to who ends it."""
        terms = terms_of(creating.variables, state, _scopes(creating, target))
        changes = {"status": Status.ACTIVE, "state": state, "terms": terms, "due_at": None}
        try:
            return await self._changes.save(creating, changes)
        except Conflict:
            ending = await self._repository.get(creating.platform_id, creating.id)
            if ending is not None:
                await self._changes.note(ending, {"state": state, "due_at": self._clock.now()})
            raise

    async def _again(self, draft: Subscription) -> Subscription:
        """The row that an interrupted request under the same Idempotency-Key left, with the secret that is told now.

        One that came as far as being active stays so: its remote hook is there. Raises Conflict.
        """
        known = await self._repository.get(draft.platform_id, draft.id)
        if known is not None and known.status in STANDING:
            return await self._changes.save(known, {"secrets": draft.secrets})
        if known is None or known.status is not Status.CREATING:
            raise _ended_meanwhile()
        try:
            return await self._repository.save(draft.model_copy(update={"revision": known.revision}))
        except RevisionConflict:
            raise _ended_meanwhile() from None


def _scopes(subscription: Subscription, target: Target) -> dict[str, str | None]:
    return {"user": subscription.user_row_id, "subscription": subscription.id, "serviceUrl": target.service_url}


def _ended_meanwhile() -> Conflict:
    return Conflict("changed_meanwhile", "The subscription was ended at the same time.")


def _not_found() -> NotFound:
    return NotFound("subscription_not_found", "There is no such subscription.")
