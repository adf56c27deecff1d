"""`query.*`: parameters as the query of a URI or the body of a form."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import orjson

from libs.logic.core.octets import utf8
from libs.logic.core.registry import Library, Object, Text, Unfit, check_size, one_of
from libs.logic.core.uris import decoded_text

functions = Library()

# Each parameter takes some microseconds.
_LARGE_BYTES = 2 << 10


@functions.action("query.encode", "Write query", output={"type": "string"}, large_bytes=_LARGE_BYTES)
def encode(
    parameters: Annotated[
        Object, "The parameters: texts, numbers, true or false. An array repeats its parameter, null leaves it out."
    ],
    space: Annotated[str, one_of("+", "%20"), "How a space is written."] = "+",
) -> str:
    """Writes parameters as the query of a URI or the body of a form (application/x-www-form-urlencoded)."""
    pairs: list[str] = []
    size = 0
    for name, given in parameters.items():
        encoded = _encoded(name, space)
        for value in given if type(given) is list else [given]:
            if value is not None:
                pairs.append(f"{encoded}={_encoded(_written(name, value), space)}")
                size += len(pairs[-1]) + 1
                check_size(size)
    return "&".join(pairs)


@functions.action(
    "query.decode",
    "Read query",
    output={"type": "object", "additionalProperties": {"type": ["string", "array"]}},
    large_bytes=_LARGE_BYTES,
)
def decode(string: Annotated[Text, "The query, with or without the ? before it."]) -> dict[str, Any]:
    """The parameters of a query or a form's body, as texts; what is repeated becomes an array, in order.

    A % without two hexadecimal digits after it is an error, and so are bytes that are no UTF-8.
    """
    parameters: dict[str, Any] = {}
    for pair in string.removeprefix("?").split("&"):
        if not pair:
            continue
        name, value = (decoded_text("string", part.replace("+", " ")) for part in pair.partition("=")[::2])
        known = parameters.get(name)
        if known is None:
            parameters[name] = value
        elif type(known) is list:
            known.append(value)
        else:
            parameters[name] = [known, value]
    return parameters


def _written(name: str, value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) in {dict, list}:
        raise Unfit("parameters", f"'{name:.40}' must be a text, a number, true or false, or an array of them")
    return orjson.dumps(value).decode()


def _encoded(text: str, space: str) -> str:
    utf8("parameters", text)
    quoted = quote(text, safe="*")
    return quoted.replace("%20", "+") if space == "+" else quoted
