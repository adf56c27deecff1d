"""`yaml.*`: YAML 1.2's core schema as values, with anchors and aliases, without tags of any other kind."""

from __future__ import annotations

from typing import Annotated, Any

import yaml

from libs.logic.core import yaml_scalars
from libs.logic.core.json_texts import check_fits
from libs.logic.core.octets import utf8
from libs.logic.core.registry import Boolean, Library, Text, Unfit, Value
from libs.logic.core.yaml_documents import Documents

functions = Library()

# Some hundred microseconds' work.
_LARGE_BYTES = 1 << 10


def _has_aliases(source: Any) -> bool:
    """Aliases make a small text a large value."""
    text = source.get("string") if type(source) is dict else None
    return type(text) is str and "*" in text


@functions.action("yaml.decode", "Read YAML", output={}, large_bytes=_LARGE_BYTES, heavy=_has_aliases)
def decode(
    string: Annotated[Text, "The YAML text."],
    documents: Annotated[
        Boolean, "Whether to answer an array of all documents; else there may be only one, and none is null."
    ] = False,
) -> Any:
    """Reads YAML 1.2: true and false are the only booleans, so that yes and no are texts, and so are dates.

    Aliases and the merge key << are followed, and an answer that they make too large is refused. Names that aren't
    texts are taken as written. Tags other than those of JSON's types, and numbers without end, are errors.
    """
    read = Documents()
    try:
        for event in yaml.parse(utf8("string", string), Loader=yaml.CSafeLoader):
            read.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Unfit("string", f"must be YAML: {error.problem} at line {line}") from None
    except yaml.YAMLError:
        raise Unfit("string", "must be YAML, which has no control characters") from None
    if documents:
        return read.done
    if len(read.done) > 1:
        raise Unfit("string", "has several documents; ask for them with 'documents'")
    return read.done[0] if read.done else None


@functions.action("yaml.encode", "Write YAML", output={"type": "string"}, large_bytes=_LARGE_BYTES)
def encode(value: Annotated[Value, "The value to write."]) -> str:
    """Writes any value as YAML, each member on a line of its own. Texts that could be taken for something else are
    quoted."""
    check_fits(value)
    events: list[yaml.Event] = [yaml.StreamStartEvent(), yaml.DocumentStartEvent(explicit=False)]
    _add(value, events)
    events += [yaml.DocumentEndEvent(explicit=False), yaml.StreamEndEvent()]
    text: str = yaml.emit(events, Dumper=yaml.CSafeDumper, allow_unicode=True, width=1 << 30)
    return text.removesuffix("...\n")


def _add(value: Any, events: list[yaml.Event]) -> None:
    if type(value) is dict:
        events.append(yaml.MappingStartEvent(None, None, implicit=True, flow_style=False))
        for name, member in value.items():
            events.append(_text(name))
            _add(member, events)
        events.append(yaml.MappingEndEvent())
    elif type(value) is list:
        events.append(yaml.SequenceStartEvent(None, None, implicit=True, flow_style=False))
        for element in value:
            _add(element, events)
        events.append(yaml.SequenceEndEvent())
    elif type(value) is str:
        events.append(_text(value))
    else:
        events.append(yaml.ScalarEvent(None, None, (True, False), yaml_scalars.write(value)))


def _text(text: str) -> yaml.ScalarEvent:
    utf8("value", text)
    plain = yaml_scalars.is_plain(text)
    return yaml.ScalarEvent(None, None, (plain, True), text, style="|" if "\n" in text else None)
