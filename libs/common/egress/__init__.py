"""Outgoing HTTP: one client that refuses addresses which are not for the public internet."""

from libs.common.egress.allow import Allow
from libs.common.egress.client import EgressClient
from libs.common.egress.errors import EgressDenied, EgressError, EgressFailed, EgressTimeout, ResponseTooLarge, Rule
from libs.common.egress.messages import EgressResponse
from libs.common.egress.resolver import Resolve

__all__ = [
    "Allow",
    "EgressClient",
    "EgressDenied",
    "EgressError",
    "EgressFailed",
    "EgressResponse",
    "EgressTimeout",
    "Resolve",
    "ResponseTooLarge",
    "Rule",
]
