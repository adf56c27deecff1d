"""Text members that several services' bodies have."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def without_controls(value: str) -> str:
    """Raises ValueError for control characters, which neither a header nor a page can show."""
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("may not hold control characters")
    return value


FreeText = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(without_controls)]
