"""Text members that several services' bodies have."""

from __future__ import annotations

from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, StringConstraints


def without_controls(value: str) -> str:
    """Raises ValueError for control characters, which neither a header nor a page can show."""
    if not value.isprintable() and any(category(character) == "Cc" for character in value):
        raise ValueError("may not hold control characters")
    return value


_MAX_LENGTH = 256
FreeText = Annotated[str, StringConstraints(min_length=1, max_length=_MAX_LENGTH), AfterValidator(without_controls)]


def is_free_text(value: str) -> bool:
    """The same rule for text that comes by another way than a body."""
    return 1 <= len(value) <= _MAX_LENGTH and not any(category(character) == "Cc" for character in value)
