"""The JavaScript files that a script may need around it, and which words in its text call for which."""

from collections.abc import Iterable
from typing import Final

RUNTIME: Final = "runtime.js"
REPORT: Final = "report.js"

# In the order in which they are evaluated: later files use earlier ones.
NAMES: Final = (
    "faults.js",
    "credential.js",
    "console.js",
    "url.js",
    "encoding.js",
    "random.js",
    "http.js",
    "form.js",
    "fetch.js",
    "axios.js",
)

_WORDS: Final = {
    "console.js": ("console",),
    "url.js": ("URL",),
    "encoding.js": ("TextEncoder", "TextDecoder"),
    "random.js": ("crypto",),
    "faults.js": ("fetch", "axios"),
    "http.js": ("fetch", "axios"),
    "form.js": ("axios",),
    "fetch.js": ("fetch", "Headers"),
    "axios.js": ("axios",),
}


def mask_of(names: Iterable[str]) -> int:
    return sum(1 << NAMES.index(name) for name in set(names))


def needed_by(script: str) -> int:
    """A bit for each file, by its place in NAMES."""
    return mask_of(name for name, words in _WORDS.items() if any(word in script for word in words))


WITHOUT_CREDENTIAL: Final = mask_of(("faults.js", "credential.js"))
