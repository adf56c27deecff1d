"""The service of the story, as its author writes it: JSON bodies for /v1."""

from __future__ import annotations

from typing import Any

SERVICE = {"name": "github", "type": "0", "enabled": True, "sharing": "none", "displayOrder": 100}

VERSION = {
    "name": "1",
    "label": {"en": "GitHub"},
    "setting": {
        "webhook": {
            "type": "standard",
            "input": {
                "Payload URL": {"@type": "reference", "category": "webhookService"},
                "Content type": "application/json",
                "Secret": {"@type": "reference", "category": "webhookSecret"},
            },
        }
    },
}

SECURITY = {
    "label": {"en": "Personal access token"},
    "type": "apiKey",
    "config": {"in": "header", "name": "Authorization", "prefix": "Bearer", "apply": {"hosts": ["127.0.0.1"]}},
}

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

LIST_REPOSITORIES = {
    "name": "repository.list",
    "label": {"en": "List my repositories"},
    "schema": {"variables": []},
    "logic": {
        "execute": {
            "@type": "http",
            "method": "GET",
            "url": {"@type": "reference", "operation": "platformServiceVariable", "variable": "repositories_url"},
            "headers": {"Accept": "application/vnd.github+json"},
        }
    },
}

EVENT = {
    "name": "notification",
    "type": "standard",
    "published": True,
    "config": {"verify": "github"},
    "logic": {
        "route": {
            "@type": "script",
            "script": "return notification.header['x-github-event'] === 'push' ? 'repository.pushed' : null",
        }
    },
}

PUSHED = {
    "name": "repository.pushed",
    "label": {"en": "Commits were pushed"},
    "schema": {"variables": [{"title": "branch", "type": "string"}]},
    "logic": {
        "trigger": {
            "repository": {"@type": "reference", "operation": "source", "path": ["json", "repository", "full_name"]},
            "ref": {"@type": "reference", "operation": "source", "path": ["json", "ref"]},
            "by": {"@type": "reference", "operation": "source", "path": ["json", "pusher", "name"]},
            "latest": {"@type": "reference", "operation": "source", "path": ["json", "head_commit", "message"]},
        }
    },
}


def variable(name: str, value: str) -> dict[str, Any]:
    """A variable of the service, and this platform's value, which is sealed and never answered."""
    return {"name": name, "required": True, "schema": {"type": "string"}, "value": value}
