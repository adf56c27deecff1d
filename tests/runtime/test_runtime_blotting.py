import orjson
import pytest

from libs.runtime.blotting import Blotter, texts_of


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
