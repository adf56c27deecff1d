"""Who owns which paths follows from the tables, or is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.web.routes import Route
from services.gateway.ownership import nouns_by_service, owners_of, patterns, shape_of, shapes_by_service


async def _nothing(_asked: Any) -> None: ...


def _tables(**paths: str | tuple[str, ...]) -> dict[str, list[Route]]:
    return {
        service: [Route("GET", path, _nothing, "") for path in ((given,) if isinstance(given, str) else given)]
        for service, given in paths.items()
    }


def test_routes_of_one_path_belong_to_one_service() -> None:
    with pytest.raises(ValueError, match=r"/v1/a/\{id\} has routes of catalog and of identity"):
        owners_of(_tables(catalog="/v1/a/{name}", identity="/v1/a/{id}"))


@pytest.mark.parametrize("other", ["/v1/a/new", "/v1/a/new/b", "/v1/{noun}"])
def test_a_literal_beside_a_parameter_belongs_to_the_same_service(other: str) -> None:
    with pytest.raises(ValueError, match="takes paths of"):
        owners_of(_tables(catalog="/v1/a/{id}", identity=other))
    assert set(owners_of(_tables(identity=("/v1/a/{id}", other))).values()) == {"catalog", "identity"}


def test_services_share_what_stands_before_a_literal_of_their_own() -> None:
    owners = owners_of(_tables(catalog="/v1/a/{id}", identity="/v1/a/{id}/b", executor="/v1/a/{id}/c/{other}"))
    assert owners[shape_of("/v1/a/{x}/b")] == "identity"


def test_what_is_hidden_is_no_service_s_route() -> None:
    with pytest.raises(ValueError, match="/healthz is hidden"):
        owners_of(_tables(identity="/healthz"))


def test_paths_of_one_noun_are_one_expression() -> None:
    paths = ("/v1/a", "/v1/a/{id}", "/v1/a/{id}/b", "/v1/a/{id}/c", "/v1/a/{id}/c/{other}", "/v1/d.e")
    assert patterns(map(shape_of, paths)) == [r"^/v1/a(/[^/]+(/b|/c(/[^/]+)?)?)?$", r"^/v1/d\.e$"]


def test_segments_that_go_on_alike_stand_together() -> None:
    paths = ("/v1/a/b/{id}", "/v1/a/c/{id}", "/v1/a/d")
    assert patterns(map(shape_of, paths)) == [r"^/v1/a(/(b|c)/[^/]+|/d)$"]


def test_a_noun_that_the_front_does_not_know_is_left_to_a_service_that_does() -> None:
    owners = owners_of(_tables(catalog="/v1/a", identity=("/v1/a/{id}/b", "/v1/c"), webhooks=("/w/{x}", "/v1/c/{id}")))
    assert nouns_by_service(owners) == {"identity": ["c"]}


def test_services_and_their_paths_come_in_order() -> None:
    owners = owners_of(_tables(identity=("/v1/d", "/v1/c"), executor="/v1/b"))
    assert list(shapes_by_service(owners)) == ["catalog", "executor", "identity"]
    assert shapes_by_service(owners)["identity"] == [("v1", "c"), ("v1", "d")]
