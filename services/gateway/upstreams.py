"""Where the services are found in a deployment, and how long they may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from libs.logic.budget import Budget

UPSTREAMS: Mapping[str, Sequence[str]] = {
    "catalog": ("catalog:8080",),
    "credentials": ("credentials:8080",),
    "executor": ("executor:8080",),
    "identity": ("identity:8080",),
    "webhooks": ("webhooks-edge:8080",),
}
READ_TIMEOUT_S = Budget().wall_s + 30
"""An evaluation takes its budget at most, and what is looked up and written around it a moment."""
