"""One script to run: what it sees, what it may use, and who answers its requests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from libs.logic.budget import Meter
from libs.logic.console import Console
from libs.logic.errors import LogicError

CREDENTIAL_FAULT = "credential"


@dataclass(slots=True)
class Job:
    script: bytes
    """The author's source, UTF-8."""
    arguments: bytes
    """What becomes global in the script, a JSON object."""
    meter: Meter
    console: Console
    """Where lines go that the script printed."""
    answer: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
    """Does one request of the script; raises LogicError."""
    faults: dict[str | int, LogicError] = field(default_factory=dict)
    """The errors that the script can meet through us, by the name that its exceptions carry."""
    tenant: str = ""
    """Who shares the sandbox fairly with others; scripts of nobody in particular have no share to keep to."""
    used_s: float = 0.0
    """CPU time that it has used so far."""
    libraries: int = 0
    """Which of our JavaScript files the script needs, see `libraries.NAMES`."""
