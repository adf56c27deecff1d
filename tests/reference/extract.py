"""Turns a text dump of the API reference into `services/samples.json`: its request and response samples, as data.

`python -m tests.reference.extract DUMP > services/samples.json`

The dump is of a rendered page: it has no methods and no paths, which stand here, and its JSON has list marks and
two slips, which are undone.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_S = "/v1/service/{serviceId}"
OPERATIONS = {
    "Create a new user": ("POST", "/v1/user"),
    "Update a single user": ("PUT", "/v1/user/{userId}"),
    "Get all groups": ("GET", "/v1/group"),
    "Create a new group": ("POST", "/v1/group"),
    "Get a single group": ("GET", "/v1/group/{groupId}"),
    "Update a single group": ("PUT", "/v1/group/{groupId}"),
    "Get all users in a group": ("GET", "/v1/group/{groupId}/user"),
    "Add a user to a group": ("POST", "/v1/group/{groupId}/user"),
    "Get a single user in a group": ("GET", "/v1/group/{groupId}/user/{userId}"),
    "Update a single user in a group": ("PUT", "/v1/group/{groupId}/user/{userId}"),
    "Delete a single user in a group": ("DELETE", "/v1/group/{groupId}/user/{userId}"),
    "Execute automation manualy": ("POST", "/v1/automation/{automationId}/version/{automationVersionId}/execute"),
    "Execute": ("POST", "/v1/execute"),
    "Create a new subscription for a given trigger": ("POST", f"{_S}/trigger/{{triggerId}}/subscription"),
    "Get user subscriptions for a given userId": ("GET", "/v1/subscription"),
    "Create new subscription with given body parameters": ("POST", "/v1/subscription"),
    "Delete a subscription for a given subscription id": ("DELETE", "/v1/subscription/{subscriptionId}"),
    "Get datatypes for a given service": ("GET", f"{_S}/datatype"),
    "Create a new datatype for a given service": ("POST", f"{_S}/datatype"),
    "Get a single datatype": ("GET", f"{_S}/datatype/{{datatypeId}}"),
    "Update a single datatype": ("PUT", f"{_S}/datatype/{{datatypeId}}"),
    "Delete a single datatype": ("DELETE", f"{_S}/datatype/{{datatypeId}}"),
    "Execute datatype version manualy": ("POST", f"{_S}/datatype/{{datatypeId}}/execute"),
    "Get tokens for a given service": ("GET", f"{_S}/token"),
    "Get a single token": ("GET", f"{_S}/token/{{tokenId}}"),
    "Update a single token": ("PUT", f"{_S}/token/{{tokenId}}"),
    "Delete a single token": ("DELETE", f"{_S}/token/{{tokenId}}"),
    "Create User Token": ("POST", "/v1/user/{userId}/token"),
    "Get service oauth url by id": ("GET", f"{_S}/oauth"),
    "Get All services": ("GET", "/v1/service"),
    "Create a new service": ("POST", "/v1/service"),
    "Get service by id": ("GET", _S),
    "Update service details": ("PUT", _S),
    "Delete service by id": ("DELETE", _S),
    "Publish Service": ("POST", f"{_S}/publish"),
    "Get service webhook url by id": ("GET", f"{_S}/webhookSetting"),
    "Get versions for a given service": ("GET", f"{_S}/version"),
    "Create a new version of service": ("POST", f"{_S}/version"),
    "Get a single version of service": ("GET", f"{_S}/version/{{versionId}}"),
    "Update a single version of service": ("PUT", f"{_S}/version/{{versionId}}"),
    "Delete a single version of service": ("DELETE", f"{_S}/version/{{versionId}}"),
    "Get all securitys for a given service": ("GET", f"{_S}/security"),
    "Get a single security": ("GET", f"{_S}/security/{{securityId}}"),
    "Create a new security for a given service": ("POST", f"{_S}/security"),
    "Update a security for a given service": ("PUT", f"{_S}/security/{{securityId}}"),
    "Delete a security for a given service": ("DELETE", f"{_S}/security/{{securityId}}"),
    "Get all variables for a given service": ("GET", f"{_S}/variable"),
    "Get a single variable": ("GET", f"{_S}/variable/{{variableId}}"),
    "Create a new variable for a given service": ("POST", f"{_S}/variable"),
    "Update a variable for a given service": ("PUT", f"{_S}/variable/{{variableId}}"),
    "Delete a variable for a given service": ("DELETE", f"{_S}/variable/{{variableId}}"),
    "Get all actions for a given service": ("GET", f"{_S}/action"),
    "Create a new action for a given service": ("POST", f"{_S}/action"),
    "Get a single action": ("GET", f"{_S}/action/{{actionId}}"),
    "Update a single action": ("PUT", f"{_S}/action/{{actionId}}"),
    "Delete a single action": ("DELETE", f"{_S}/action/{{actionId}}"),
    "Execute action version manualy": ("POST", f"{_S}/action/{{actionId}}/execute"),
    "Refresh variables with new inputs": ("POST", f"{_S}/action/{{actionId}}/refreshVariables"),
    "Get All events for a given service": ("GET", f"{_S}/event"),
    "Create a new event for a given service": ("POST", f"{_S}/event"),
    "Get a single event": ("GET", f"{_S}/event/{{eventId}}"),
    "Update a single event": ("PUT", f"{_S}/event/{{eventId}}"),
    "Delete a single event": ("DELETE", f"{_S}/event/{{eventId}}"),
    "Get All triggers for a given service": ("GET", f"{_S}/trigger"),
    "Create a new trigger for a given service": ("POST", f"{_S}/trigger"),
    "Get a single trigger": ("GET", f"{_S}/trigger/{{triggerId}}"),
    "Update a single trigger": ("PUT", f"{_S}/trigger/{{triggerId}}"),
    "Delete a single trigger": ("DELETE", f"{_S}/trigger/{{triggerId}}"),
    "Get conditions for a given service": ("GET", f"{_S}/condition"),
    "Create a new condition for a given service": ("POST", f"{_S}/condition"),
    "Delete a single condition": ("DELETE", f"{_S}/condition/{{condition_id}}"),
    "Get a single condition": ("GET", f"{_S}/condition/{{condition_id}}"),
    "Update a single condition": ("PUT", f"{_S}/condition/{{condition_id}}"),
    "Test logic based on given table": ("POST", "/v1/test/logic"),
    "Test notification based on given request": ("POST", "/v1/test/notification"),
}
_BEGINS = "path Parameters"
_REQUEST, _RESPONSE = "Request samples", "Response samples"
_TAB = re.compile(r"- (Payload|Curl|\d{3})\Z")
_URL = re.compile(r"(?:http://)?localhost:1290(/[^' ]*)")
_METHOD = re.compile(r"--request (\w+)")
_STRING_OR_MARK = re.compile(r'("(?:[^"\\]|\\.)*")|-(?=\s)|,(?=\s*[}\]])')


def samples(dump: str) -> Iterator[dict[str, Any]]:
    """One row per operation, in the order of the page."""
    for title, lines in _blocks(dump.splitlines()):
        method, path = OPERATIONS[title]
        row: dict[str, Any] = {"title": title, "method": method, "path": path}
        _, request = _sample(lines, _REQUEST)
        statuses, response = _sample(lines, _RESPONSE)
        if request.startswith("curl"):
            row["curl"] = _curl(request)
        elif request:
            row["request"] = _json(request)
        if statuses:
            row["statuses"] = [int(status) for status in statuses]
        if response:
            row["response"] = _json(response)
        yield row


def _blocks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each operation's title and lines; the title stands before its parameters, and maybe a description between."""
    begins = [_title_above(lines, at) for at, line in enumerate(lines) if line == _BEGINS]
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        yield lines[begin], lines[begin:end]


def _title_above(lines: list[str], at: int) -> int:
    known = (above for above in range(at - 1, at - 6, -1) if lines[above] in OPERATIONS)
    first = next(known)
    return first - 1 if lines[first - 1] == lines[first] else first


def _sample(lines: list[str], heading: str) -> tuple[list[str], str]:
    """The tabs over a sample, and the text of the one that is shown: the first."""
    if heading not in lines:
        return [], ""
    rest = lines[lines.index(heading) + 1 :]
    rest = rest[: rest.index(_RESPONSE)] if _RESPONSE in rest else rest
    tabs = [found[1] for line in rest if (found := _TAB.match(line))]
    return tabs, "\n".join(line for line in rest if not _TAB.match(line))


def _json(text: str) -> Any:
    repaired = text.replace('"": "', '": "')
    return json.loads(_STRING_OR_MARK.sub(lambda found: found[1] or "", repaired))


def _curl(text: str) -> dict[str, str]:
    [url], method = _URL.findall(text), _METHOD.search(text)
    return {"method": method[1] if method else "GET", "url": url}


if __name__ == "__main__":
    rows = list(samples(Path(sys.argv[1]).read_text()))
    sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
