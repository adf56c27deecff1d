"""`string.*`: texts."""

from __future__ import annotations

from typing import Annotated

from libs.logic.core.registry import Library, Text

functions = Library()


@functions.action("string.lower", "Lower case", output={"type": "string"})
def lower(string: Annotated[Text, "The text to change."]) -> str:
    """Writes a text in lower case."""
    return string.lower()


@functions.condition("string.contains", "Text contains")
def contains(string: Annotated[Text, "The text to look at."], part: Annotated[Text, "What it is to contain."]) -> bool:
    """Whether a text contains another."""
    return part in string
