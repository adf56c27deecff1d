"""The service of the story: examples/github.json as the provider of the story needs it, and what is added by hand."""

from __future__ import annotations

from pathlib import Path

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "github.json"
SERVICE, USER = "github", "ada"
REPOSITORY = "harbour-lab/tide-tables"

GREET = {
    "name": "greeting.make",
    "label": {"en": "Make a greeting"},
    "schema": {"variables": [{"title": "name", "type": "string", "x-required": True}]},
    "logic": {
        "execute": {
            "@type": "script",
            "language": "javascript",
            "script": "return { greeting: `Hello, ${input.data.name}!`, letters: [...input.data.name].length }",
        }
    },
}


def service_file() -> str:
    """The example, with the host of the story's provider in place of GitHub's for the credentials to go to."""
    return EXAMPLE.read_text().replace('"api.github.com"', '"127.0.0.1"')
