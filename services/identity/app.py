"""Builds identity."""

from __future__ import annotations

from libs.common.contracts.identity import AUTHENTICATE_KEY, FIND_USER
from libs.common.service import Infra, Service
from services.identity.keys import Keys
from services.identity.repository import KeyRepository, UserRepository
from services.identity.routes import IdentityRoutes
from services.identity.users import Users


def build_keys(infra: Infra) -> Keys:
    """The keys alone, as the command line needs them."""
    return Keys(KeyRepository(infra.store), infra.clock, default_allowed=infra.settings.default_key_allowed)


def build(infra: Infra) -> Service:
    keys = build_keys(infra)
    users = Users(UserRepository(infra.store), infra.clock, auto_provision=infra.settings.identity_auto_provision)
    return Service(
        name="identity",
        sealer=infra.sealer("identity"),
        routes=IdentityRoutes(users).table(),
        answers={AUTHENTICATE_KEY: keys.grant, FIND_USER: users.grant},
        prepare=keys.refuse_default if infra.settings.production else keys.install_default,
    )
