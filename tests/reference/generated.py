"""Requests generated from the OpenAPI document, and what must be true of every answer to them."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.generation import GenerationMode

from services.api import document
from tests.reference.described import undescribed
from tests.reference.served import World

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {result.ok().label: result.ok() for result in SCHEMA.get_all_operations()}


def ask(world: World, label: str, *, examples: int, broken: bool = False) -> None:
    """So many requests of one operation, two in three about what is there; `broken` ones break its description."""
    operation = OPERATIONS[label]
    mode = GenerationMode.NEGATIVE if broken else GenerationMode.POSITIVE

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), refers=st.sampled_from([True, True, False]))
    def each(case: Case, refers: bool) -> None:
        if refers:
            _refer(case, world)
        answer = case.call(base_url=world.url, session=world.session)
        case.validate_response(answer, checks=_CHECKS)
        [content_type] = answer.headers["content-type"]
        found = undescribed(operation.method, operation.path, answer.status_code, content_type, answer.json())
        assert list(found) == []
        if case.method == "DELETE" and answer.status_code == 200:
            world.make()

    each()


def _refer(case: Any, world: World) -> None:
    case.path_parameters = {name: world.ids.get(name, id) for name, id in (case.path_parameters or {}).items()}
    case.query.update({name: world.user for name in ("userId", "contributor_id") if name in case.query})
