"""Sealing what credentials keeps: each secret is bound to its platform, owner, row and field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import structlog

from libs.common.errors import Conflict
from libs.common.sealing import SealBroken, Sealer
from services.credentials.models import Token, VariableValue

log = structlog.get_logger()
_VALUE = "value"


class Seals:
    """Seals and opens tokens (owner: the user) and values (owner: the platform)."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def seal_secrets(self, token: Token, secrets: Mapping[str, str]) -> dict[str, str]:
        return {
            field: await self._sealer.seal(
                token.platform_id, secret.encode(), owner=token.user_row_id, row_id=token.id, field=field
            )
            for field, secret in secrets.items()
        }

    async def open_secrets(self, token: Token) -> dict[str, str]:
        """Raises Conflict when the row is not what was sealed."""
        try:
            return {field: await self._open_secret(token, field, text) for field, text in token.sealed.items()}
        except SealBroken as broken:
            log.error("credentials.token_unreadable", token_id=token.id, reason=str(broken))
            raise Conflict(
                "credential_invalid", f"token {token.id}: what is kept of it can't be opened; connect the user again."
            ) from None

    async def seal_value(self, platform_id: str, handle: str, value: object) -> str:
        plaintext = orjson.dumps(value)
        return await self._sealer.seal(platform_id, plaintext, owner=platform_id, row_id=handle, field=_VALUE)

    async def open_value(self, value: VariableValue) -> Any:
        """Raises Conflict when the row is not what was sealed."""
        owner = value.platform_id
        try:
            plaintext = await self._sealer.open(owner, value.sealed, owner=owner, row_id=value.handle, field=_VALUE)
        except SealBroken as broken:
            log.error("credentials.value_unreadable", variable_id=value.variable_id, reason=str(broken))
            raise Conflict(
                "variable_missing", f"variable {value.variable_id}: what is kept of it can't be opened; set it again."
            ) from None
        return orjson.loads(plaintext)

    async def _open_secret(self, token: Token, field: str, text: str) -> str:
        opened = await self._sealer.open(token.platform_id, text, owner=token.user_row_id, row_id=token.id, field=field)
        return opened.decode()
