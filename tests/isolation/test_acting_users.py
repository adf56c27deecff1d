"""Who acts: where the reference requires the user nothing is done without one, elsewhere the platform may act."""

from __future__ import annotations

import pytest

from libs.common.web.routes import User
from services.api import route_tables

_S = "/v1/service/{serviceId}"
REQUIRED = {
    "credentials": {f"GET {_S}/token", *(f"{method} {_S}/token/{{tokenId}}" for method in ("GET", "PUT", "DELETE"))},
    "executor": {
        "POST /v1/execute",
        f"POST {_S}/action/{{actionId}}/execute",
        f"POST {_S}/action/{{actionId}}/refreshVariables",
        f"POST {_S}/datatype/{{datatypeId}}/execute",
    },
    "webhooks": {
        f"GET {_S}/webhookSetting",
        f"POST {_S}/trigger/{{triggerId}}/subscription",
        "GET /v1/subscription",
        "POST /v1/subscription",
        "DELETE /v1/subscription/{subscriptionId}",
    },
    "identity": set(),
}


@pytest.mark.parametrize("service", REQUIRED)
def test_the_user_is_required_exactly_where_the_reference_says_so(service: str) -> None:
    routes = route_tables()[service]
    assert {f"{each.method} {each.path}" for each in routes if each.user is User.REQUIRED} == REQUIRED[service]
