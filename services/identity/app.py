"""Builds identity."""

from __future__ import annotations

from libs.common.contracts.identity import AUTHENTICATE_KEY, FIND_GROUPS, FIND_USER, KEYS_USED, REVOKE_KEY
from libs.common.service import Infra, Service
from services.identity.groups.circles import Circles
from services.identity.groups.groups import Groups
from services.identity.groups.members import Members
from services.identity.groups.memberships import Memberships
from services.identity.groups.repository import GroupRepository, MemberRepository
from services.identity.groups.routes import GroupRoutes
from services.identity.keys.keys import Keys
from services.identity.keys.repository import KeyRepository
from services.identity.removal import Removal
from services.identity.users.repository import UserRepository
from services.identity.users.routes import UserRoutes
from services.identity.users.users import Users


def build_keys(infra: Infra) -> Keys:
    """The keys alone, as the command line needs them."""
    return Keys(KeyRepository(infra.store), infra.clock, default_allowed=infra.settings.default_key_allowed)


def build(infra: Infra) -> Service:
    store, clock, keys = infra.store, infra.clock, build_keys(infra)
    users_kept, groups_kept, members_kept = UserRepository(store), GroupRepository(store), MemberRepository(store)
    circles = Circles(groups_kept, members_kept)
    memberships = Memberships(groups_kept, members_kept, users_kept, clock)
    user_removal = Removal(users_kept.claim_buried, memberships.end_of_user, users_kept.forget)
    group_removal = Removal(groups_kept.claim_ended, memberships.end_of_group, groups_kept.forget)
    users = Users(users_kept, circles, user_removal, clock, auto_provision=infra.settings.identity_auto_provision)
    groups = Groups(groups_kept, members_kept, memberships, circles, group_removal, clock)
    members = Members(groups, members_kept, memberships, users)
    return Service(
        name="identity",
        sealer=infra.sealer("identity"),
        routes=(*UserRoutes(users).table(), *GroupRoutes(groups, members).table()),
        answers={
            AUTHENTICATE_KEY: keys.grant,
            FIND_USER: users.grant,
            FIND_GROUPS: groups.grant,
            KEYS_USED: keys.note_use,
            REVOKE_KEY: keys.revoke_for,
        },
        workers=(user_removal.worker("identity.users.removal"), group_removal.worker("identity.groups.removal")),
        prepare=keys.refuse_default if infra.settings.production else keys.install_default,
    )
