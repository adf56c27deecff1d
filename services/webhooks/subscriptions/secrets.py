"""A subscription's signing secrets: sealed, two of them while one is being rotated."""

from __future__ import annotations

from datetime import datetime, timedelta

from libs.common.ids import new_id
from libs.common.sealing import Sealer
from services.webhooks.deliveries.signing import new_secret
from services.webhooks.subscriptions.models import SealedSecret, Subscription

OVERLAP = timedelta(hours=24)


class SigningSecrets:
    """Makes, opens and rotates them."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def new(self, platform_id: str, subscription_id: str) -> tuple[SealedSecret, str]:
        """A sealed secret, and its text to be shown once."""
        secret, field = new_secret(), f"secret/{new_id()}"
        sealed = await self._sealer.seal(
            platform_id, secret.encode(), owner=platform_id, row_id=subscription_id, field=field
        )
        return SealedSecret(sealed=sealed, field=field), secret

    async def rotated(self, subscription: Subscription, now: datetime) -> tuple[tuple[SealedSecret, ...], str]:
        """A new one first; the last one goes on verifying for a day."""
        fresh, secret = await self.new(subscription.platform_id, subscription.id)
        old = subscription.secrets[0].model_copy(update={"until": now + OVERLAP})
        return (fresh, old), secret

    async def open(self, subscription: Subscription, now: datetime) -> list[str]:
        """The texts that sign now, newest first."""
        return [
            (
                await self._sealer.open(
                    subscription.platform_id,
                    secret.sealed,
                    owner=subscription.platform_id,
                    row_id=subscription.id,
                    field=secret.field,
                )
            ).decode()
            for secret in subscription.secrets
            if secret.until is None or secret.until > now
        ]
