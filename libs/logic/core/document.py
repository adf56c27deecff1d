"""The page about core's functions, made from their declarations.

`python -m libs.logic.core.document` prints it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from html import escape
from itertools import groupby

import orjson

from libs.logic.core import LIBRARY
from libs.logic.core.patterns import MOST_CHARACTERS, MOST_MEMORY_BYTES
from libs.logic.core.registry import LARGE_BYTES, MOST_BYTES, Function, Parameter, Schema

_INTRODUCTION = f"""\
# The functions of the built-in service `core`

Written by `make docs` from the code. An action is called with `{{"@type": "action", "service": "core", "action": \
NAME, "input": {{…}}}}`, a condition with `{{"@type": "condition", "service": "core", "condition": NAME, \
"input": {{…}}}}`.

- The same input has the same value, wherever it is evaluated; only random numbers and ids are others each time, and \
what tells or compares with the present time goes with the clock.
- An optional parameter that is null counts as not given. A member that is no parameter, a parameter that is missing, \
and a value of another kind are `invalid_input`, and the error's details name each. Of an input that is written down \
as an object, members that are no parameters and parameters that are missing are refused when the logic is saved; \
wrong values are found when it runs.
- Nothing makes more than {MOST_BYTES >> 20} MiB; a larger result is `budget_exceeded`, with the budget `output`. An \
input of more than {LARGE_BYTES >> 10} KiB, and a smaller one \
that makes for long work or for as large a result, is worked on in a process of its own.
- Lengths of texts and positions in them count Unicode code points; positions start at 0.
- Numbers are equal by value (1 is 1.0), objects whatever the order of their members, and true is not 1.
- Whole numbers are exact within 64 bits, from -2^63 to 2^64 - 1; beyond, a result is the nearest double, as in any \
reader that knows only doubles from 2^53 on. No result is infinite: an overflow is `invalid_input`.
- A path is an array of names of members and positions of elements, as in references.
- Patterns are regular expressions in [re2's syntax](https://github.com/google/re2/wiki/Syntax), which matches in time \
that grows with the text: there are no look-arounds and no back-references. `^` and `$` are the ends of the text, \
those of a line after `(?m)`. A pattern has at most {MOST_CHARACTERS:,} characters, and must fit into \
{MOST_MEMORY_BYTES >> 10} KiB (re2's `max_mem`) when it is compiled; another one is `invalid_input`.
- A date is a text of ISO 8601 with its offset, such as 2024-03-10T09:30:00+01:00, in the years 1 to 9999 of UTC. \
Without a time it is midnight, without an offset it is what the clocks of the zone show. A zone is a name of IANA's \
database, whose data comes with the engine, or an offset.
- A time that a zone's clocks skip becomes later by as much as they skip; of one that they show twice the first is \
taken. Months and days are reckoned on the clock, hours and shorter as they pass.
- Nothing that is read, of XML, YAML or any other form, can refer to a file, build an object of a program, or grow \
beyond the limit.

A parameter with an asterisk is required.
"""


def document() -> str:
    """One table for each family, which is the first part of a function's name."""
    families = groupby(sorted(LIBRARY.values(), key=_family), _family)
    sections = "".join(_section(family, functions) for family, functions in families)
    return f"{_INTRODUCTION}\n{len(LIBRARY)} functions: {_contents()}.\n{sections}"


def _family(function: Function) -> str:
    return function.name.partition(".")[0]


def _contents() -> str:
    return ", ".join(f"[{family}](#{family})" for family in sorted(set(map(_family, LIBRARY.values()))))


def _section(family: str, functions: Iterable[Function]) -> str:
    rows = "".join(map(_row, functions))
    return f"\n## {family}\n\n| Name | What it does | Input | Output |\n|---|---|---|---|\n{rows}"


def _row(function: Function) -> str:
    told = f"**{function.label}.** {escape(function.description, quote=False)}"
    parameters = "<br>".join(map(_parameter, function.parameters))
    kind = " (condition)" if function.kind == "condition" else ""
    cells = f"`{function.name}`{kind}", told, parameters, _type(function.output)
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |\n"


def _parameter(parameter: Parameter) -> str:
    name = f"`{parameter.name}`{'*' if parameter.required else ''}"
    default = "" if parameter.default is None else f", `{orjson.dumps(parameter.default).decode()}` unless given"
    return f"{name} ({_type(parameter.type.schema)}{default}): {escape(parameter.description, quote=False)}"


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array" and "items" in schema:
        return f"array of {_type(schema['items'])}"
    kinds = schema.get("type", "any")
    if "properties" in schema and "object" in kinds:
        members = ", ".join(f"{name}: {_type(member)}" for name, member in schema["properties"].items())
        return f"{{{members}}}{' or null' if 'null' in kinds else ''}"
    return " or ".join([kinds] if isinstance(kinds, str) else kinds)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.buffer.write(document().encode())
