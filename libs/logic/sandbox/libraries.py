"""The JavaScript files that a script may need around it, and which words in its text call for which."""

from collections.abc import Iterable
from typing import Final

RUNTIME: Final = "runtime.js"
REPORT: Final = "report.js"

# In the order in which they are evaluated: later files use earlier ones. A bit each in a frame of 32.
NAMES: Final = (
    "faults.js",
    "credential.js",
    "console.js",
    "url.js",
    "bytes.js",
    "encoding.js",
    "buffer.js",
    "clone.js",
    "random.js",
    "sha.js",
    "http.js",
    "subtle.js",
    "timers.js",
    "abort.js",
    "form.js",
    "fetch.js",
    "axios_parts.js",
    "axios.js",
    "lodash_values.js",
    "lodash_objects.js",
    "lodash_lists.js",
    "lodash_collections.js",
    "lodash_numbers.js",
    "lodash_texts.js",
    "xml.js",
    "xml_builder.js",
    "xml2js.js",
    "keys.js",
    "rsa.js",
    "ecdsa.js",
    "jsonwebtoken.js",
)

WORDS: Final = {
    "console.js": ("console",),
    "url.js": ("URL",),
    "encoding.js": ("TextEncoder", "TextDecoder"),
    "buffer.js": ("Buffer", "arraybuffer"),
    "clone.js": ("structuredClone",),
    "random.js": ("crypto",),
    "subtle.js": ("subtle",),
    "timers.js": ("setTimeout", "setInterval", "clearTimeout", "clearInterval"),
    "abort.js": ("AbortController", "AbortSignal"),
    "fetch.js": ("fetch", "Headers", "Response", "Request"),
    "axios.js": ("axios",),
    "lodash_texts.js": ("lodash",),
    "xml2js.js": ("xml2js",),
    "jsonwebtoken.js": ("jsonwebtoken",),
}

# What a file uses of others when it is evaluated or called.
_NEEDS: Final = {
    "encoding.js": ("bytes.js",),
    "buffer.js": ("encoding.js",),
    "subtle.js": ("random.js", "sha.js", "http.js"),
    "sha.js": ("bytes.js",),
    "http.js": ("faults.js", "bytes.js"),
    "abort.js": ("timers.js",),
    "fetch.js": ("http.js", "encoding.js"),
    "axios.js": ("http.js", "form.js", "axios_parts.js"),
    "lodash_texts.js": (
        "lodash_values.js",
        "lodash_objects.js",
        "lodash_lists.js",
        "lodash_collections.js",
        "lodash_numbers.js",
    ),
    "xml2js.js": ("xml.js", "xml_builder.js"),
    "jsonwebtoken.js": ("encoding.js", "sha.js", "keys.js", "rsa.js", "ecdsa.js"),
}


def mask_of(names: Iterable[str]) -> int:
    """A bit for each of the files and of those they need, by its place in NAMES."""
    return sum(1 << NAMES.index(name) for name in {every for name in names for every in _with_needs(name)})


def _with_needs(name: str) -> set[str]:
    return {name}.union(*(_with_needs(needed) for needed in _NEEDS.get(name, ())))


def needed_by(script: str) -> int:
    return mask_of(name for name, words in WORDS.items() if any(word in script for word in words))


WITHOUT_CREDENTIAL: Final = mask_of(("faults.js", "credential.js"))
