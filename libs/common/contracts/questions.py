"""The table of calls: every question that one service has for another."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from libs.common.contracts.calls import OPERATOR, Call
from libs.common.contracts.catalog import (
    FIND_COMPONENT,
    FIND_LOGIC,
    FIND_SECURITY,
    FIND_SERVICE,
    FIND_VERSION,
    LIST_COMPONENTS,
)
from libs.common.contracts.credentials import COUNT_TOKENS, FIND_CREDENTIAL, FIND_VARIABLES, KEEP_VALUE
from libs.common.contracts.identity import AUTHENTICATE_KEY, FIND_GROUPS, FIND_USER, KEYS_USED, REVOKE_KEY
from libs.common.contracts.webhooks import COUNT_SUBSCRIPTIONS

CALLS: tuple[Call[Any, Any], ...] = (
    FIND_SERVICE,
    FIND_COMPONENT,
    LIST_COMPONENTS,
    FIND_SECURITY,
    FIND_VERSION,
    FIND_LOGIC,
    FIND_CREDENTIAL,
    FIND_VARIABLES,
    COUNT_TOKENS,
    KEEP_VALUE,
    COUNT_SUBSCRIPTIONS,
    AUTHENTICATE_KEY,
    FIND_USER,
    FIND_GROUPS,
    KEYS_USED,
    REVOKE_KEY,
)


def owners_asked_by(services: Collection[str]) -> dict[str, list[str]]:
    """The other services that these ask something of, each with those that ask."""
    pairs = {(call.owner, caller) for call in CALLS for caller in call.callers if caller in services}
    return _grouped(pairs, services)


def askers_of(services: Collection[str]) -> dict[str, list[str]]:
    """The other services that ask something of these, each with those that it asks; the operator need not be there."""
    asking = {(caller, call.owner) for call in CALLS for caller in call.callers if call.owner in services}
    return _grouped(asking, {OPERATOR, *services})


def _grouped(pairs: set[tuple[str, str]], besides: Collection[str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for one, other in sorted(pairs):
        if one not in besides:
            grouped.setdefault(one, []).append(other)
    return grouped
