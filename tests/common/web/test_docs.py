"""The documentation: an OpenAPI document that holds together, and a page that needs nobody else."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from libs.common.web.openapi import About, openapi
from libs.common.web.routes import Route
from tests.common.web.edge import Edge, Things
from tests.common.web.namesake import ThingBody as Namesake


async def document_of(edge: Edge) -> Any:
    answer = await edge.ask("GET", "/openapi.json", key=None)
    assert answer.status == 200
    return answer.body


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(document: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


async def test_every_reference_leads_somewhere(edge: Edge) -> None:
    document = await document_of(edge)
    found = set(references(document))
    assert {"#/components/schemas/ThingBody", "#/components/schemas/Part", "#/components/schemas/Problem"} <= found
    for reference in found:
        assert isinstance(resolve(document, reference), dict)
    assert "$defs" not in str(document)


async def test_every_route_but_those_of_any_method_is_described(edge: Edge) -> None:
    paths = (await document_of(edge))["paths"]
    assert {path: sorted(methods) for path, methods in paths.items()} == {
        "/v1/thing": ["get", "post"],
        "/v1/thing/{thingId}": ["delete", "get", "patch", "put"],
        "/v1/run": ["post"],
        "/v1/any": ["post"],
    }


async def test_parameters_are_those_of_the_path_of_the_query_and_a_lists_paging(edge: Edge) -> None:
    document = await document_of(edge)

    def named(path: str, method: str) -> list[tuple[str, str, bool]]:
        parameters = document["paths"][path][method]["parameters"]
        found = [resolve(document, each["$ref"]) if "$ref" in each else each for each in parameters]
        return [(each["name"], each["in"], each["required"]) for each in found if each["name"] != "x-request-id"]

    thing = [("thingId", "path", True), ("userId", "query", False), ("flag", "query", False)]
    assert named("/v1/thing/{thingId}", "get") == thing
    assert named("/v1/run", "post") == [("userId", "query", True), ("Idempotency-Key", "header", False)]
    assert [name for name, _, _ in named("/v1/thing", "get")] == ["userId", "limit", "cursor"]


async def test_an_answer_is_described_by_its_handlers_type(edge: Edge) -> None:
    document = await document_of(edge)

    def answer(path: str, method: str, status: str = "200") -> Any:
        return document["paths"][path][method]["responses"][status]

    listed = answer("/v1/thing", "get")
    assert listed["content"]["application/json"]["schema"] == {"type": "array", "items": {"type": "integer"}}
    assert set(listed["headers"]) == {"x-request-id", "RateLimit", "RateLimit-Policy", "Link"}
    shown = answer("/v1/thing/{thingId}", "get")["content"]["application/json"]["schema"]
    assert set(resolve(document, shown["$ref"])["properties"]) == {"id", "user", "flag"}
    assert answer("/v1/any", "post")["content"]["application/json"]["schema"] == {}


async def test_the_problems_of_a_route_are_those_that_it_can_have(edge: Edge) -> None:
    paths = (await document_of(edge))["paths"]
    usual = {"400", "401", "404", "429", "500", "503"}
    assert set(paths["/v1/thing"]["get"]["responses"]) == {"200", *usual}
    assert set(paths["/v1/thing/{thingId}"]["delete"]["responses"]) == {"200", "403", "409", *usual}
    assert set(paths["/v1/run"]["post"]["responses"]) == {"200", "403", "409", "413", "415", "422", *usual}


async def test_operations_are_called_by_a_verb_and_the_nouns_of_their_path(edge: Edge) -> None:
    paths = (await document_of(edge))["paths"]
    assert {method: each["operationId"] for method, each in paths["/v1/thing/{thingId}"].items()} == {
        "get": "getThing",
        "put": "updateThing",
        "patch": "patchThing",
        "delete": "deleteThing",
    }
    assert {method: each["operationId"] for method, each in paths["/v1/thing"].items()} == {
        "get": "listThings",
        "post": "createThing",
    }
    assert paths["/v1/run"]["post"]["operationId"] == "run"


def test_samples_are_the_examples() -> None:
    routes = Things.table(Things.__new__(Things))
    sample = {"request": {"displayName": "n"}, "response": {"id": "1"}}
    document = openapi([("test", routes)], About("1", {("POST", "/v1/thing"): sample}))
    operation = document["paths"]["/v1/thing"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["example"] == sample["request"]
    assert operation["responses"]["201"]["content"]["application/json"]["example"] == sample["response"]


async def test_a_body_is_described_as_it_is_sent(edge: Edge) -> None:
    document = await document_of(edge)
    content = document["paths"]["/v1/thing"]["post"]["requestBody"]["content"]
    schema = resolve(document, content["application/json"]["schema"]["$ref"])
    assert set(schema["properties"]) == {"displayName", "parts"}
    assert (schema["required"], schema["additionalProperties"]) == (["displayName"], False)


def test_bodies_of_one_name_are_told_apart() -> None:
    handler = Things.echo.__get__(object())
    routes = [Route("POST", "/v1/namesake", handler, "Make", Namesake), *Things.table(Things.__new__(Things))]
    document = openapi([("test", routes)], About("1"))
    refs = [
        document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for path in ("/v1/namesake", "/v1/thing")
    ]
    assert [set(resolve(document, ref)["properties"]) for ref in refs] == [{"colour"}, {"displayName", "parts"}]


async def test_the_document_says_which_version_and_how_to_authenticate(edge: Edge) -> None:
    document = await document_of(edge)
    assert (document["openapi"], document["info"]["version"]) == ("3.1.0", "1.2.3")
    assert set(document["components"]["securitySchemes"]) == {name for each in document["security"] for name in each}


async def test_the_page_names_no_other_host_and_loads_nothing(edge: Edge) -> None:
    page = (await edge.ask("GET", "/docs", key=None)).body.decode()
    assert not re.search(r"https?://|//\w+\.|\b(src|srcset|action)=|@import|url\(", page)
    assert re.findall(r'href="([^"]*)"', page) == ["/openapi.json"]


async def test_the_page_may_run_its_own_script_and_nothing_else(edge: Edge) -> None:
    answer = await edge.ask("GET", "/docs", key=None)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in (b"script", b"style"):
        [content] = re.findall(b"<%b>(.*?)</%b>" % (tag, tag), answer.body, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        assert f"{tag.decode()}-src 'sha256-{digest}'" in policy
