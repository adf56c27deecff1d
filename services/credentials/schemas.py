"""Credentials' bodies on the wire, and rows as they are answered: secrets only in the answer of a create."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.errors import Detail, invalid
from libs.common.web.answers import Timestamp
from libs.common.web.body import Body
from libs.common.web.text import FreeText, without_controls
from services.credentials.models import Credential, Kind, NewToken, OAuthTerms, State, Token


def _without_colon(value: str) -> str:
    if ":" in value:
        raise ValueError("may not hold a colon, which ends the name in HTTP's basic authentication")
    return value


def _moment(value: object) -> datetime:
    """A time as the API writes it, in UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError("give a time like 2024-07-22T03:16:22") from None


Address = Annotated[str, StringConstraints(min_length=1, max_length=2048), AfterValidator(without_controls)]
SecretText = Annotated[str, StringConstraints(min_length=1, max_length=16_384), AfterValidator(without_controls)]
Username = Annotated[SecretText, AfterValidator(_without_colon)]
Password = Annotated[str, StringConstraints(max_length=16_384), AfterValidator(without_controls)]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class KeyBody(Body):
    """An API key."""

    token: SecretText = Field(repr=False)


class BasicBody(Body):
    """A user name and its password."""

    username: Username = Field(repr=False)
    password: Password = Field(repr=False)


class OAuthBody(Body):
    """An OAuth token that the platform obtained itself. A `code` beside it is spent and not kept."""

    server_owned: ClassVar[frozenset[str]] = frozenset(
        {"inserted_at", "updated_at", "user_credential_id", "refresh_attempts"}
    )

    token: SecretText | None = Field(None, repr=False)
    code: SecretText | None = Field(None, repr=False)
    refresh_token: SecretText | None = Field(None, repr=False)
    token_type: FreeText | None = None
    refresh_token_expiration: Moment | None = None
    expires_at: Moment | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_server_owned(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return cls.without_server_owned(value)

    def credential(self) -> Credential:
        """Raises Invalid for a code alone."""
        if self.token is None:
            raise invalid("oauth.code", _NO_EXCHANGE) if self.code else invalid("oauth.token", "required")
        secrets = {"token": self.token} | ({"refresh_token": self.refresh_token} if self.refresh_token else {})
        terms = OAuthTerms(
            token_type=self.token_type,
            expires_at=self.expires_at,
            refresh_token_expiration=self.refresh_token_expiration,
        )
        return Credential(Kind.OAUTH, secrets, terms)


class _CredentialMembers(Body):
    """The members that hold a whole credential; null is as good as absent."""

    key: KeyBody | None = None
    basic: BasicBody | None = None
    oauth: OAuthBody | None = None

    def kinds(self) -> list[Kind]:
        return [kind for kind in Kind if getattr(self, kind.value) is not None]

    def whole_credential(self) -> Credential | None:
        if self.key is not None:
            return Credential(Kind.KEY, {"token": self.key.token})
        if self.basic is not None:
            return Credential(Kind.BASIC, {"username": self.basic.username, "password": self.basic.password})
        return self.oauth.credential() if self.oauth is not None else None


class TokenCreate(_CredentialMembers):
    """A new token; `serviceId` stands for the service's default security."""

    server_owned = frozenset({"user_id", "state"})

    id: FreeText | None = None
    service_security_id: str | None = None
    service_id: str | None = None
    name: FreeText | None = None
    virtual_id: FreeText | None = None
    service_url: Address | None = None

    @classmethod
    def contradictions(cls, members: Mapping[str, Any]) -> Iterable[Detail]:
        given = [kind for kind in Kind if members.get(kind.value) is not None]
        return [] if len(given) == 1 else [Detail("", _ONE_CREDENTIAL)]

    def new_token(self) -> NewToken:
        """Raises Invalid without a credential, and for a code alone."""
        credential = self.whole_credential()
        if credential is None:
            raise invalid("", _ONE_CREDENTIAL)
        return NewToken(credential, self.service_id, self.service_security_id, self.id, _changeable(self))


class TokenUpdate(_CredentialMembers):
    """Changes of a token: single secrets as flat members, or the whole credential as in a create."""

    server_owned = frozenset({"id", "user_id", "service_id", "service_security_id", "state"})

    type: Literal["oauth", "api_key", "apiKey", "basic"] | None = None
    token: SecretText | None = Field(None, repr=False)
    code: SecretText | None = Field(None, repr=False)
    token_type: FreeText | None = None
    refresh_token: SecretText | None = Field(None, repr=False)
    name: FreeText | None = None
    virtual_id: FreeText | None = None
    service_url: Address | None = None

    def members(self) -> dict[str, str | None]:
        return _changeable(self)

    def credential(self, token: Token) -> Credential | None:
        """What changes of the token's secrets. Raises Invalid when it does not fit the token's kind."""
        flat = [name for name in ("token", "refresh_token", "token_type") if getattr(self, name) is not None]
        self._check_fits(token.kind, flat)
        return self.whole_credential() or (self._partial(token) if flat else None)

    def _check_fits(self, kind: Kind, flat: list[str]) -> None:
        if self.code is not None:
            raise invalid("code", _NO_EXCHANGE)
        if self.type is not None and _KIND_BY_TYPE[self.type] is not kind:
            raise invalid("type", f"this token holds {kind}; create another token instead")
        for given in self.kinds():
            if given is not kind:
                raise invalid(given, f"this token holds {kind}; send {kind}, or create another token")
            if flat:
                raise invalid(given, f"send either {kind} or its single members")
        for name in flat:
            if name not in _FLAT_MEMBERS[kind]:
                raise invalid(to_camel(name), f"this token holds {kind}, which has no such single member; send {kind}")

    def _partial(self, token: Token) -> Credential:
        given = {"token": self.token, "refresh_token": self.refresh_token}
        secrets = {name: value for name, value in given.items() if value is not None}
        terms = token.terms
        if terms is not None:
            changes: dict[str, Any] = {"token_type": self.token_type} if self.token_type is not None else {}
            changes |= {"expires_at": None} if self.token is not None else {}  # the old token's time
            terms = terms.model_copy(update=changes)
        return Credential(token.kind, secrets, terms, partial=True)


class ValueBody(Body):
    """A platform's value of a variable."""

    value: Any = Field(repr=False)


_ONE_CREDENTIAL = "Send exactly one of key{token}, basic{username, password} and oauth{token}."
_NO_EXCHANGE = "exchanging a code is not available for this security yet; send the token itself"
_KIND_BY_TYPE = {"oauth": Kind.OAUTH, "api_key": Kind.KEY, "apiKey": Kind.KEY, "basic": Kind.BASIC}
_FLAT_MEMBERS = {
    Kind.KEY: {"token"},
    Kind.BASIC: frozenset[str](),
    Kind.OAUTH: {"token", "refresh_token", "token_type"},
}


class TokenRow(TypedDict):
    """A user's token, without its secrets."""

    id: str
    name: str | None
    userId: str
    serviceId: str
    serviceSecurityId: str
    virtualId: str | None
    serviceUrl: str | None
    state: State
    insertedAt: Timestamp
    updatedAt: Timestamp


class KeyEcho(TypedDict):
    """An API key, as it came."""

    token: str


class BasicEcho(TypedDict):
    """A user name and its password, as they came."""

    username: str
    password: str


class OAuthEcho(TypedDict):
    """An OAuth token, as it came."""

    code: str | None
    token: str | None
    insertedAt: Timestamp
    updatedAt: Timestamp
    userCredentialId: str
    refreshAttempts: int
    refreshToken: str | None
    refreshTokenExpiration: Timestamp | None
    tokenType: str | None
    expiresAt: Timestamp | None


class CreatedToken(TokenRow):
    """A user's token, with its secrets for this once."""

    key: KeyEcho | None
    basic: BasicEcho | None
    oauth: OAuthEcho | None


def token_row(token: Token, now: datetime) -> TokenRow:
    """A token as it is answered."""
    return {
        "id": token.id,
        "name": token.name,
        "userId": token.user_id,
        "serviceId": token.service_id,
        "serviceSecurityId": token.security_id,
        "virtualId": token.virtual_id,
        "serviceUrl": token.service_url,
        "state": token.state_at(now),
        "insertedAt": wire_time(token.inserted_at),
        "updatedAt": wire_time(token.updated_at),
    }


def created_row(token: Token, body: TokenCreate, now: datetime) -> CreatedToken:
    """The one answer that echoes the secrets: those of the request, as they came."""
    return {
        **token_row(token, now),
        "key": None if body.key is None else {"token": body.key.token},
        "basic": None if body.basic is None else {"username": body.basic.username, "password": body.basic.password},
        "oauth": None if body.oauth is None else _oauth_echo(token, body.oauth),
    }


def _oauth_echo(token: Token, oauth: OAuthBody) -> OAuthEcho:
    return {
        "code": oauth.code,
        "token": oauth.token,
        "insertedAt": wire_time(token.inserted_at),
        "updatedAt": wire_time(token.updated_at),
        "userCredentialId": token.id,
        "refreshAttempts": 0,
        "refreshToken": oauth.refresh_token,
        "refreshTokenExpiration": _wire(oauth.refresh_token_expiration),
        "tokenType": oauth.token_type,
        "expiresAt": _wire(oauth.expires_at),
    }


def _wire(moment: datetime | None) -> str | None:
    return None if moment is None else wire_time(moment)


def _changeable(body: TokenCreate | TokenUpdate) -> dict[str, str | None]:
    """The given ones of the members that any update may change."""
    return {
        name: getattr(body, name) for name in ("name", "virtual_id", "service_url") if name in body.model_fields_set
    }
