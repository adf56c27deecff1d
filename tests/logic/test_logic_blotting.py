import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest

from libs.logic.blotting import Blotter, forms_of, texts_of
from libs.logic.errors import LogicError
from libs.logic.program import compile_node
from libs.logic.scope import Credential, Scope


def test_a_secret_is_blotted_wherever_it_stands() -> None:
    blotter = Blotter(["s3cret-token"])
    told = {"s3cret-token": 1, "url": "https://x/?k=s3cret-token&a=1", "list": ["s3cret-token", 2, None, True]}
    assert orjson.loads(blotter.json(orjson.dumps(told))) == {
        "***": 1,
        "url": "https://x/?k=***&a=1",
        "list": ["***", 2, None, True],
    }


def test_a_longer_secret_goes_before_one_that_is_a_part_of_it() -> None:
    assert Blotter(["s3cret-token", "Bearer s3cret-token"]).value("Bearer s3cret-token") == "***"


def test_a_short_secret_is_blotted_only_where_it_is_the_whole_text() -> None:
    assert Blotter(["cat"]).value(["cat", "concatenate"]) == ["***", "concatenate"]


@pytest.mark.parametrize("secret", ['quo"te\\d', "línea\nnueva", "日本語の秘密"])
def test_a_secret_that_json_escapes_is_found_too(secret: str) -> None:
    raw = orjson.dumps({"a": f"before {secret} after"})
    assert orjson.loads(Blotter([secret]).json(raw)) == {"a": "before *** after"}


@pytest.mark.parametrize("secret", ["345678", "[1,2,3]", "false,true", "{}"])
def test_a_secret_that_looks_like_json_leaves_json_valid(secret: str) -> None:
    value = {"a": 12345678, "b": [1, 2, 3], "c": [False, True], "d": {}, "e": secret}
    assert orjson.loads(Blotter([secret]).json(orjson.dumps(value))) == {**value, "e": "***"}


def test_json_without_a_secret_is_the_same_bytes() -> None:
    raw = orjson.dumps({"a": "nothing here"})
    assert Blotter(["s3cret-token"]).json(raw) is raw
    assert Blotter([]).json(raw) is raw


def test_texts_are_found_in_any_value() -> None:
    value = {"a": "one", "b": ["two", {"c": "three"}], "d": 4, "e": "", "f": True, "g": 12345}
    assert sorted(texts_of(value)) == ["one", "three", "two"]


@pytest.mark.parametrize("secret", [987654321987, -12345678, 1234.5678, 987654321987.0, 2**64 - 1, 0.12345678])
def test_a_number_of_six_digits_and_more_is_a_secret_too(secret: float) -> None:
    blotter = Blotter(texts_of({"key": secret}))
    raw = orjson.dumps({"a": secret, "b": [float(secret)], "c": f"it is {secret}.", "d": 123456})
    assert orjson.loads(blotter.json(raw)) == {"a": "***", "b": ["***"], "c": "it is ***.", "d": 123456}


def test_a_number_is_blotted_as_scripts_and_json_write_it() -> None:
    assert Blotter(texts_of(12345678901234567890)).value("is 12345678901234567000") == "is ***"
    assert Blotter(texts_of(987654321987.0)).value("is 987654321987") == "is ***"
    assert Blotter(texts_of(1.2345678e-9)).value([1.2345678e-9, "is 1.2345678e-9"]) == ["***", "is ***"]


def test_many_secrets_are_blotted_like_few() -> None:
    secrets = [f"s3cret-{each:05}" for each in range(2_000)]
    few, many = Blotter(["s3cret-00007", "s3cret-01999"]), Blotter(secrets)
    encoded = [form for secret in ("s3cret-00007", "s3cret-01999") for form in forms_of(secret)]
    for told in (
        *encoded,
        f"no {secrets[1999]}, {secrets[7]}{secrets[7]}.",
        "x" * 2_000 + "s3cret-019",
        "s3cret-0",
        "",
    ):
        assert few.value(told) == many.value(told)
        assert many.json(orjson.dumps({"a": told})) == orjson.dumps({"a": few.value(told)})


@pytest.mark.parametrize("before", range(4))
def test_a_secret_is_found_in_common_encodings(before: int) -> None:
    secret = 's3cret/token+of="änn"'
    raw = b"x" * before + secret.encode() + b"yz"
    told = [
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        raw.hex(),
        raw.hex().upper(),
        urlencode({"t": secret}),
        f"https://x/{quote(secret, safe='')}",
    ]
    blotter = Blotter([secret])
    assert all("***" in text for text in orjson.loads(blotter.json(orjson.dumps(told))))


def test_a_secret_that_a_text_is_cut_off_in_is_blotted_too() -> None:
    blotter = Blotter(["Bearer s3cret-token"])
    for length in range(9, 19):
        assert blotter.value("x" * 4096 + "Bearer s3cret-token"[:length]) == "x" * 4096 + "***"
    assert blotter.value("x" * 4096 + "Bearer ") == "x" * 4096 + "Bearer "


def test_every_form_of_a_secret_is_long_enough_to_be_one() -> None:
    assert forms_of("short") == {"short"}
    assert min(map(len, forms_of("sixsix"))) >= 6


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ("no Nested-Secret-99", "no [secret]"),
        ('{"k":"Nested-Secret-99"}', '{"k":"[secret]"}'),
        ("no 987654321987", "no [secret]"),
        (b"s3cret-token".hex().upper(), "[secret]"),
        (base64.b64encode(b"s3cret-token").decode(), "[secret]"),
        ("https://x/?t=s%2Fcret-key", "https://x/?t=[secret]"),
        ("no abc12", "no abc12"),
    ],
)
async def test_what_catch_sees_is_blotted_like_what_is_written_down(
    make_scope: Callable[..., Scope], told: str, seen: str
) -> None:
    scope = make_scope(
        told,
        variables={"a": {"k": ["Nested-Secret-99"]}, "b": 987654321987, "c": "s/cret-key", "d": "abc12"},
        credential=Credential(id="c1", token="s3cret-token"),
    )
    source = {"@type": "reference", "operation": "source"}
    fail = {"@type": "fail", "code": "a", "message": source}
    item = {"@type": "reference", "operation": "item", "path": ["message"]}
    assert await compile_node({"@type": "try", "do": fail, "catch": item}).evaluate(scope) == seen
    with pytest.raises(LogicError) as caught:
        await compile_node(fail).evaluate(scope)
    assert caught.value.message == seen


async def test_a_number_among_the_details_is_blotted(make_scope: Callable[..., Scope]) -> None:
    error = LogicError("script_error", "It failed.", details={"body": {"id": 987654321987, "status": 404}})
    error.blot(make_scope(variables={"a": 987654321987}).blotter())
    details: Any = error.details
    assert details == {"body": {"id": "[secret]", "status": 404}}
