"""What each caller is answered, as a small table: the first rule that fits a route decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from libs.common.web.routes import Route
from tests.isolation.asking import refs_of

PERSONAL = frozenset({"tokenId", "subscriptionId", "deliveryId", "executionId", "notificationId", "groupId", "userId"})
"""Path parameters of what belongs to a user, a group, or the platform that received it, whatever service it is of."""

_USES = ("/execute", "/refreshVariables", "/subscription", "/token", "/webhookSetting")


@dataclass(frozen=True)
class Rule:
    """`fits` is asked with the route and whether a user acts."""

    fits: Callable[[Route, bool], bool]
    status: int | None
    """None: the route's own success."""


def expected(rules: Sequence[Rule], route: Route, *, with_user: bool) -> int:
    status = next(rule.status for rule in rules if rule.fits(route, with_user))
    return route.status if status is None else status


def reads(route: Route, _: bool) -> bool:
    return route.method == "GET"


def uses(route: Route, _: bool) -> bool:
    return route.path.endswith(_USES)


def is_personal(route: Route, _: bool) -> bool:
    return bool(refs_of(route) & PERSONAL)


def is_anothers(route: Route, _: bool) -> bool:
    """Personal, and not among what the members of a group see of it."""
    return bool(refs_of(route) & (PERSONAL - {"groupId", "userId"}))


def names_nothing(route: Route, _: bool) -> bool:
    return not refs_of(route)


def is_platforms_alone(route: Route, with_user: bool) -> bool:
    """What came in is everybody's, so no single user reads it."""
    return with_user and "/notification" in route.path


def makes_another_user(route: Route, with_user: bool) -> bool:
    """A user may change itself alone."""
    return with_user and (route.method, route.path) == ("POST", "/v1/user")


def differs_from_user(route: Route, with_user: bool) -> bool:
    """A token is its user's own: the path names one user and the query another."""
    return with_user and (route.method, route.path) == ("POST", "/v1/user/{userId}/token")


def sets_own_value(route: Route, with_user: bool) -> bool:
    """A platform's value of a public service's variable is the platform's to set."""
    return not with_user and route.path.endswith("/value")


def tests_logic(route: Route, _: bool) -> bool:
    """Drafts too, so only what is the platform's own."""
    return route.path == "/v1/test/logic"


def anything(route: Route, with_user: bool) -> bool:
    return True


_ALWAYS = (
    Rule(is_platforms_alone, 403),
    Rule(makes_another_user, 404),
    Rule(differs_from_user, 400),
    Rule(names_nothing, None),
)
NOT_THERE = (*_ALWAYS, Rule(anything, 404))
"""What is named is another platform's, or for groups that the user is not in, or nowhere."""

PUBLIC = (
    *_ALWAYS,
    Rule(is_personal, 404),
    Rule(tests_logic, 404),
    Rule(reads, None),
    Rule(uses, None),
    Rule(sets_own_value, None),
    Rule(anything, 403),
)
"""What is named is another platform's public service."""

MEMBER = (
    *_ALWAYS,
    Rule(is_anothers, 404),
    Rule(reads, None),
    Rule(uses, None),
    Rule(tests_logic, None),
    Rule(anything, 403),
)
"""What is named is shared with a group that this user is a member of."""

SEEN = (
    *_ALWAYS,
    Rule(is_personal, 404),
    Rule(reads, None),
    Rule(uses, None),
    Rule(tests_logic, None),
    Rule(anything, 403),
)
"""What is named is the own platform's, shared with all of it, and not this user's."""
