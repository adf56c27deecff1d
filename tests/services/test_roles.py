"""Which roles a command line names."""

from __future__ import annotations

import pytest

from libs.common.settings import SettingsRefused
from services.roles import HELP, ROLES, SERVICES, Role, parse_roles


def test_no_role_means_all_services_as_a_whole() -> None:
    assert parse_roles([]) == tuple(Role(service) for service in SERVICES)


def test_an_edge_and_workers_of_one_service_are_the_service() -> None:
    assert parse_roles(["webhooks:edge", "catalog", "webhooks:workers"]) == (Role("webhooks"), Role("catalog"))


def test_a_role_that_is_named_twice_counts_once() -> None:
    assert parse_roles(["webhooks:workers", "webhooks:workers"]) == (Role("webhooks", edge=False),)


def test_a_part_alone_is_that_part() -> None:
    assert parse_roles(["executor:edge"]) == (Role("executor", workers=False),)


def test_an_unknown_role_is_refused_with_all_that_there_are() -> None:
    with pytest.raises(SettingsRefused, match="no role 'catlog'") as refused:
        parse_roles(["identity", "catlog"])
    assert all(name in str(refused.value) for name in ROLES)


def test_every_role_says_what_it_is_for() -> None:
    assert HELP.keys() == ROLES.keys()
