"""Writes what follows from the code: the tables in README files, and the alerts as the Prometheus Operator has them.

`python -m deploy.generate`, which `make docs` runs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from libs.common.contracts.questions import owners_asked_by
from libs.common.contracts.topics import TOPICS
from libs.common.settings import Settings
from services.roles import SERVICES

_FOLDER = Path(__file__).parent
_RULE = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "interactor"}}


def settings_table() -> str:
    rows = "".join(f"{_setting(name, field)}\n" for name, field in Settings.model_fields.items())
    return f"| Setting | Default | What it is |\n|---|---|---|\n{rows}"


def needs_table() -> str:
    """Each service's database, peers and topics."""
    head = "| Service | Database | Asks | Writes the topics | Reads the topics |\n|---|---|---|---|---|\n"
    return head + "".join(f"{_needs(service)}\n" for service in SERVICES)


TABLES: dict[str, Callable[[], str]] = {"settings": settings_table, "needs": needs_table}


def filled(text: str) -> str:
    """The page with each `<!-- table: NAME -->` block written anew."""
    for name, table in TABLES.items():
        before, marker, rest = text.partition(f"<!-- table: {name} -->\n")
        if marker:
            text = before + marker + table() + rest[rest.index("<!-- end -->") :]
    return text


def prometheus_rule(alerts: str) -> str:
    document = {**_RULE, "spec": {"groups": yaml.safe_load(alerts)["groups"]}}
    return f"# Written by `make docs` from deploy/telemetry/alerts.yaml.\n{yaml.safe_dump(document, sort_keys=False)}"


def _setting(name: str, field: FieldInfo) -> str:
    default = "" if field.default in (None, "") else f"`{str(field.default).lower()}`"
    choices = ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    one_of = f" One of {choices}." if get_origin(field.annotation) is Literal else ""
    return f"| `{name.upper()}` | {default} | {field.description}{one_of} |"


def _needs(service: str) -> str:
    asked = sorted(owners_asked_by([service]))
    written = [topic.name for topic in TOPICS.values() if topic.speaker == service]
    dead = [topic.dead_letter for topic in TOPICS.values() if service in topic.groups]
    read = [topic.name for topic in TOPICS.values() if service in (*topic.groups, *topic.followers)]
    cells = (f"`interactor_{service}`", _list(asked), _list([*written, *dead]), _list(read))
    return f"| {service} | {' | '.join(cells)} |"


def _list(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def main() -> None:
    for page in (_FOLDER / "README.md", _FOLDER.parent / "README.md"):
        page.write_text(filled(page.read_text()))
    alerts = (_FOLDER / "telemetry/alerts.yaml").read_text()
    (_FOLDER / "components/telemetry/alerts.yaml").write_text(prometheus_rule(alerts))


if __name__ == "__main__":
    main()
