"""Credentials' routes."""

from __future__ import annotations

from libs.common.clock import Clock
from libs.common.errors import invalid
from libs.common.web.answers import Nothing
from libs.common.web.paging import Listing
from libs.common.web.routes import ApiRequest, Route, User
from services.credentials.models import Token
from services.credentials.schemas import (
    CreatedToken,
    TokenCreate,
    TokenRow,
    TokenUpdate,
    ValueBody,
    created_row,
    token_row,
)
from services.credentials.tokens import Tokens
from services.credentials.values import Values

_TOKENS = "/v1/service/{serviceId}/token"
_TOKEN = "/v1/service/{serviceId}/token/{tokenId}"  # noqa: S105  (a path)
_USER_TOKENS = "/v1/user/{userId}/token"
_VALUE = "/v1/service/{serviceId}/variable/{variableId}/value"


class CredentialRoutes:
    """Parse, call one verb, shape."""

    def __init__(self, tokens: Tokens, values: Values, clock: Clock) -> None:
        self._tokens = tokens
        self._values = values
        self._clock = clock

    def table(self) -> tuple[Route, ...]:
        return (
            Route("POST", _USER_TOKENS, self.create_token, "Store a user's token for a service", TokenCreate),
            Route("GET", _TOKENS, self.list_tokens, "List a user's tokens for a service", user=User.REQUIRED),
            Route("GET", _TOKEN, self.get_token, "Get a token, without its secrets", user=User.REQUIRED),
            Route("PUT", _TOKEN, self.update_token, "Change a token or its secrets", TokenUpdate, user=User.REQUIRED),
            Route("DELETE", _TOKEN, self.delete_token, "Delete a token", user=User.REQUIRED),
            Route("PUT", _VALUE, self.set_value, "Set this platform's value of a service's variable", ValueBody),
        )

    async def create_token(self, asked: ApiRequest) -> CreatedToken:
        body: TokenCreate = asked.body
        user_id = asked.path("userId")
        if asked.user is not None and asked.user.user_id != user_id:
            raise invalid("userId", "the query names another user than the path; a token is its user's own")
        token = await self._tokens.connect(asked.platform_id, user_id, body.new_token())
        return created_row(token, body, self._clock.now())

    async def list_tokens(self, asked: ApiRequest) -> Listing[TokenRow]:
        tokens, following = await self._tokens.page(
            asked.platform_id, asked.path("serviceId"), asked.acting_user, asked.page
        )
        return Listing([self._row(token) for token in tokens], following)

    async def get_token(self, asked: ApiRequest) -> TokenRow:
        return self._row(await self._named(asked))

    async def update_token(self, asked: ApiRequest) -> TokenRow:
        body: TokenUpdate = asked.body
        token = await self._named(asked)
        return self._row(await self._tokens.update(token, body.members(), body.credential(token)))

    async def delete_token(self, asked: ApiRequest) -> Nothing:
        token = await self._tokens.own(asked.acting_user, asked.path("serviceId"), asked.path("tokenId"))
        await self._tokens.delete(token)
        return {}

    async def set_value(self, asked: ApiRequest) -> Nothing:
        body: ValueBody = asked.body
        await self._values.set(
            asked.platform_id, asked.user, asked.path("serviceId"), asked.path("variableId"), body.value
        )
        return {}

    async def _named(self, asked: ApiRequest) -> Token:
        return await self._tokens.get(asked.acting_user, asked.path("serviceId"), asked.path("tokenId"))

    def _row(self, token: Token) -> TokenRow:
        return token_row(token, self._clock.now())
