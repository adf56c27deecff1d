"""Random JSON values: small ones, those at the edges of their kind, and those that a schema asks for."""

import random
from typing import Any

NAMES = ("a", "b", "c", "id", "items", "name", "0", "value", "__proto__", "length", "@type", "")
_EDGES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 7, 10, 64, 255, 1000, 2**31, 2**53, 2**63 - 1, -(2**63)),
    *(0.0, -0.0, 0.1, -1.5, 1e21, 1e308, 5e-324, 3.0),
    *("", " ", "a", "A", "0", "-1", "01", "1e5", "true", "null", "é", "ß", "İ", "\u0000", "\u2028", "😀", "e\u0301"),
    *("9" * 5000, "x" * 3000, "a b", "a,b;c", "\n", "\r\n", "\t", "%", "%zz", "%C3%A9", "a=1&b=2", "+", "../.."),
)
_TEXTS = (
    *(
        "2024-02-29T12:00:00Z",
        "2023-10-29T02:30:00",
        "1970-01-01",
        "9999-12-31T23:59:59.999999Z",
        "0000-00-00",
        "24:00",
    ),
    *(
        "2024-W09-4",
        "2024-060",
        "Thu, 29 Feb 2024 12:00:00 GMT",
        "P1Y2M3DT4H5M6S",
        "P999999999Y",
        "PT0.000001S",
        "-P1D",
    ),
    *("Europe/Berlin", "America/New_York", "UTC", "+05:30", "Nowhere/Land", "yyyy-MM-dd HH:mm:ss", "%Y-%m-%d", "EEEE"),
    *(
        "(a+)+$",
        "[",
        "a{1000}",
        "(?i)x",
        "\\b\\w+\\b",
        "(?P<n>a)",
        ".*",
        "^$",
        "(",
        "a|b|",
        "\\p{L}",
        "$1",
        "\\1",
        "$&",
    ),
    *(
        '{"a":1}',
        "[1,2",
        "[" * 500,
        '{"a":{"b":[1,2,3]}}',
        "a: 1\nb: [1, 2]",
        "a: &x 1\nb: *x",
        "- - - a",
        "!!python/x 1",
    ),
    *(
        "<a b='1'>c</a>",
        "<a><b/><b>2</b></a>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<a",
        "a,b\n1,2",
        '"a""b",c',
        "a;b",
    ),
    *("aGVsbG8=", "aGVsbG8", "_-8", "===", "68656c6c6f", "zz", "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.x", "a.b.c", "secret"),
    *("https://u:p@example.com:8080/a/b?c=d#e", "//x", "mailto:a@b.c", "http://[::1]/", "a@b.c", "127.0.0.1", "::1"),
    *("123e4567-e89b-12d3-a456-426614174000", "HS256", "sha256", "hex", "base64", "ascending", "day", "week", "NFC"),
)


_SIGNS = "abcxyz019 .,:;-_/\\\"'<>{}[]()*+?|^$%&=#!@~`\n\té😀"
_LARGE = 0.01
"""How many are near the size from which on functions run in a process of their own, or beyond."""


class Values:
    """An endless supply, drawn from pools that are made anew now and then, since making is what takes time."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._pool: list[Any] = [self._made(depth=3) for _ in range(1000)]

    def any(self) -> Any:
        """Shared: whoever changes it copies it first."""
        if self._rng.random() < 0.02:
            self._pool[self._rng.randrange(len(self._pool))] = self._made(depth=3)
        return self._rng.choice(self._pool)

    def name(self) -> str:
        return self._rng.choice(NAMES) if self._rng.random() < 0.9 else self.text()[:20]

    def scalar(self) -> Any:
        rng = self._rng
        return rng.choice(_EDGES) if rng.random() < 0.7 else rng.choice(_TEXTS)

    def text(self) -> str:
        rng = self._rng
        roll = rng.random()
        if roll < _LARGE:
            some = rng.choice(_TEXTS) if rng.random() < 0.3 else "".join(rng.choices(_SIGNS, k=rng.randrange(1, 5)))
            return some * rng.randrange(1, 3000)
        if roll < 0.5:
            return rng.choice(_TEXTS)
        if roll < 0.8:
            return "".join(rng.choices(_SIGNS, k=rng.randrange(12)))
        return str(rng.choice(_EDGES))

    def number(self) -> int | float:
        rng = self._rng
        roll = rng.random()
        if roll < 0.6:
            return rng.randrange(-20, 100)
        return rng.uniform(-1e6, 1e6) if roll < 0.8 else rng.choice((0, -0.0, 1e21, 2**53, 2**63 - 1, -(2**63), 5e-324))

    def fitting(self, schema: dict[str, Any], depth: int = 3) -> Any:
        """A value for a schema as core's parameters have them."""
        rng = self._rng
        if "enum" in schema:
            return rng.choice(schema["enum"])
        kind = schema.get("type")
        match rng.choice(kind) if isinstance(kind, list) else kind:
            case "string":
                return self.text()
            case "integer":
                return rng.choice(
                    (0, 1, 2, 3, -1, 10, 1000, 60_000, 3_000_000, 2**31, -(2**63), 2.0, rng.randrange(100))
                )
            case "number":
                return self.number()
            case "boolean":
                return rng.random() < 0.5
            case "array":
                items = schema.get("items", {})
                some = [self.fitting(items, depth - 1) for _ in range(rng.randrange(6))] if depth else []
                return some * rng.randrange(1, 1000) if rng.random() < _LARGE else some
            case "object":
                return {self.name(): self.any() for _ in range(rng.randrange(4))}
        return self.any()

    def _made(self, depth: int) -> Any:
        rng = self._rng
        roll = rng.random()
        if depth == 0 or roll < 0.5:
            return self.scalar()
        if roll < 0.75:
            return {self.name(): self._made(depth - 1) for _ in range(rng.randrange(5))}
        return [self._made(depth - 1) for _ in range(rng.randrange(5))]
