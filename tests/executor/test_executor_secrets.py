"""What a hostile service does with a token that it holds: no error, line of console or history tells it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.executor.conftest import Api
from tests.runtime.provider import Provider
from tests.runtime.world import World

TOKEN = "canary-token/of+ann="
BANK_TOKEN = "canary-bank-token-of-ann"
FORMS = (
    TOKEN,
    BANK_TOKEN,
    "canary-token%2Fof%2Bann%3D",
    base64.b64encode(TOKEN.encode()).decode(),
    TOKEN.encode().hex(),
    TOKEN.encode().hex().upper(),
)
SPEND = {"@type": "reference", "operation": "token", "path": ["token"]}


def script(text: str) -> dict[str, Any]:
    return {"@type": "script", "script": text}


def post(url: str, **members: Any) -> dict[str, Any]:
    return {"@type": "http", "method": "POST", "url": url, "auth": "none", **members}


def nodes(url: str, elsewhere: str) -> dict[str, Any]:
    """Each fails after it has had the token in its hands."""
    fail = "throw new Error('the end')"
    return {
        "thrown": script("throw new Error(`it is ${service.token}`)"),
        "thrown as it is": script("throw service.token"),
        "thrown in an object": script("throw {message: service.token, stack: service.token}"),
        "the name of an error": script("const e = new Error('x'); e.name = service.token; throw e"),
        "a function of its name": script("const f = {[service.token]() { null.x }}; f[service.token]()"),
        "printed": script(f"console.log(service.token, {{t: service.token}}); console.error([service.token]); {fail}"),
        "printed in base64": script(f"console.log(btoa(service.token), btoa('x:' + service.token)); {fail}"),
        "printed in a URL": script(f"console.log('https://x/?t=' + encodeURIComponent(service.token)); {fail}"),
        "printed in digits": script(
            f"console.log([...service.token].map((c) => c.charCodeAt(0).toString(16)).join('')); {fail}"
        ),
        "printed in capital digits": script(
            f"console.log(Buffer.from(service.token).toString('hex').toUpperCase()); {fail}"
        ),
        "an author's error": {"@type": "fail", "code": "stolen", "message": SPEND},
        "an author's code": {
            "@type": "try",
            "do": {"@type": "fail", "code": "x", "message": SPEND},
            "catch": script(fail),
        },
        "echoed by a provider": post(url, json={"t": SPEND}),
        "echoed to a script": script(f"return (await $.axios.post({url!r}, {{t: service.token}})).data"),
        "in a path that is told": post(
            script(f"return {url!r} + '/' + service.token.replace('/', '')") | {}, text=SPEND
        ),
        "sent elsewhere": post(elsewhere, text=SPEND),
        "sent elsewhere by a script": script(f"await fetch({elsewhere!r} + '?t=' + encodeURIComponent(service.token))"),
        "in a URL that is none": post(SPEND),
        "in a header that is none": post(url, headers={"X Y": SPEND}),
        "as a header's name": post(url, headers=script("return {[service.token + ' ']: 1}")),
        "as a method": post(url) | {"method": SPEND},
        "as an action's input": {"@type": "action", "service": "hostile", "action": "typed", "input": {"n": SPEND}},
        "as another's credential": {"@type": "action", "service": "bank", "action": "spend", "userCredentialId": SPEND},
        "as a function's input": {
            "@type": "action",
            "service": "core",
            "action": "date.parse",
            "input": {"string": SPEND},
        },
        "as an expression's input": {"@type": "expression", "expression": "$error($)", "input": SPEND},
        "in another's error": {"@type": "action", "service": "bank", "action": "fail"},
    }


@pytest.mark.parametrize("way", nodes("", ""))
async def test_a_failure_tells_no_secret(api: Api, world: World, provider: Provider, way: str) -> None:
    hostile = world.add_service("hostile", platform="globex", public=True)
    bank = world.add_service("bank", platform="bigcorp", public=True)
    world.add_credential("ann", hostile, TOKEN, hosts=("127.0.0.1",))
    id = world.add_credential("ann", bank, BANK_TOKEN, hosts=("127.0.0.1",))
    world.add_action(bank, "spend", SPEND)
    world.add_action(bank, "fail", script("console.log(service.token); throw new Error(service.token)"))
    world.add_action(hostile, "typed", 1, schema={"variables": [{"title": "n", "type": "integer"}]})
    world.add_action(hostile, "go", nodes(provider.url, provider.url.replace("127.0.0.1", "localhost"))[way])
    provider.status, provider.answer = 418, {"said": [TOKEN, base64.b64encode(TOKEN.encode()).decode()]}
    answer = await api.execute("hostile", "go", credentials={"bank": id})
    assert 400 <= answer.status < 500
    told = f"{answer.body} {answer.headers} {await api.history(answer)}"
    assert [form for form in FORMS if form in told] == []


@pytest.mark.parametrize(
    "text",
    [
        "return service.token",
        "return {[service.token]: [service.token]}",
        "return `Bearer ${service.token}`",
        "return [btoa(service.token), btoa('x:' + service.token + ':y'), encodeURIComponent(service.token)]",
        "console.log(service.token); return 1",
    ],
)
async def test_what_is_returned_is_the_clients_and_not_the_historys(api: Api, world: World, text: str) -> None:
    hostile = world.add_service("hostile", platform="globex", public=True)
    world.add_credential("ann", hostile, TOKEN)
    world.add_action(hostile, "go", script(text))
    answer = await api.execute("hostile", "go", {"note": TOKEN})
    assert answer.status == 200
    told = str(await api.history(answer))
    assert [form for form in FORMS if form in told] == []
    assert "***" in told


VALUES = {"account": 987654321987, "nested": {"k": ["Nested-Secret-99"]}}
VALUE_FORMS = ("987654321987", "Nested-Secret-99", base64.b64encode(b"Nested-Secret-99").decode())


@pytest.mark.parametrize(
    "text",
    [
        "throw new Error(JSON.stringify(service.vars))",
        "console.log(service.vars); throw service.vars.account",
        "throw new Error(btoa(service.vars.nested.k[0]) + service.vars.account)",
    ],
)
async def test_no_failure_tells_a_number_or_an_inner_text_of_the_platforms_values(
    api: Api, world: World, text: str
) -> None:
    crm = world.add_service("crm")
    row = world.add_action(crm, "go", script(text))
    world.set_variables(crm, **VALUES)
    answer = await api.execute("crm", "go", {"note": VALUES["account"]})
    trial = {"table": "ActionVersion", "id": row, "source": ["execute"]}
    tested = await api.ask("POST", "/v1/test/logic", json=trial)
    assert (answer.status, tested.status) == (422, 422)
    told = f"{answer.body} {tested.body} {await api.history(answer)}"
    assert [form for form in VALUE_FORMS if form in told] == []


async def test_catch_gives_no_secret_to_whoever_asked(api: Api, world: World) -> None:
    crm = world.add_service("crm")
    world.set_variables(crm, **VALUES)
    world.add_credential("ann", crm, TOKEN)
    fail = script("throw new Error(JSON.stringify(service.vars) + btoa(service.token) + service.vars.account)")
    item = {"@type": "reference", "operation": "item"}
    world.add_action(crm, "go", {"@type": "try", "do": fail, "catch": item})
    answer = await api.execute("crm", "go")
    assert answer.status == 200
    assert [form for form in (*FORMS, *VALUE_FORMS) if form in str(answer.body)] == []
