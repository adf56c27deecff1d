import base64
from urllib.parse import quote, urlencode

import orjson
import pytest

from libs.runtime.blotting import Blotter, forms_of, texts_of


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


@pytest.mark.parametrize("secret", ["123456", "[1,2,3]", "false,true", "{}"])
def test_a_secret_that_looks_like_json_leaves_json_valid(secret: str) -> None:
    value = {"a": 123456, "b": [1, 2, 3], "c": [False, True], "d": {}, "e": secret}
    assert orjson.loads(Blotter([secret]).json(orjson.dumps(value))) == {**value, "e": "***"}


def test_json_without_a_secret_is_the_same_bytes() -> None:
    raw = orjson.dumps({"a": "nothing here"})
    assert Blotter(["s3cret-token"]).json(raw) is raw
    assert Blotter([]).json(raw) is raw


def test_texts_are_found_in_any_value() -> None:
    assert sorted(texts_of({"a": "one", "b": ["two", {"c": "three"}], "d": 4, "e": ""})) == ["one", "three", "two"]


@pytest.mark.parametrize("before", range(4))
def test_a_secret_is_found_in_common_encodings(before: int) -> None:
    secret = 's3cret/token+of="änn"'
    raw = b"x" * before + secret.encode() + b"yz"
    told = [
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        raw.hex(),
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
