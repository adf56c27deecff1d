"""What services need of identity."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from libs.common.contracts.calls import Peers
from libs.common.contracts.identity import FIND_GROUPS, FIND_USER, GroupsQuestion, UserQuestion
from libs.common.errors import Detail, NotFound, invalid_request
from services.catalog.authorship import Actor


class Identity:
    """Users who act though no `userId` names them, and the groups that services are shared with."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def actor(self, platform_id: str, user_id: str) -> Actor:
        """Raises NotFound."""
        user = await self._peers.ask(FIND_USER, UserQuestion(platform_id=platform_id, user_id=user_id))
        if user is None:
            raise NotFound("user_not_found", "contributor_id: this platform has no such user.")
        return Actor(platform_id, user.user_id, user.groups, user.admin_of)

    async def refuse_unknown_groups(self, actor: Actor, ids: Sequence[str], *, besides: Collection[str]) -> None:
        """Raises Invalid with every one, `besides` those, that the actor may not name; whatever the reason."""
        named = tuple(id for id in ids if id not in besides)
        known = await self._known(actor, named) if named else frozenset[str]()
        missing = [
            Detail(f"groupIds.{place}", "there is no such group; make it first with POST /v1/group")
            for place, id in enumerate(ids)
            if id in named and id not in known
        ]
        if missing:
            raise invalid_request(missing, "body")

    async def _known(self, actor: Actor, ids: tuple[str, ...]) -> frozenset[str]:
        if actor.user_id is not None:
            return actor.groups
        grant = await self._peers.ask(FIND_GROUPS, GroupsQuestion(platform_id=actor.platform_id, ids=ids))
        return grant.ids if grant is not None else frozenset()
