"""The reference's samples are all there, and each belongs to an operation that is served or known not to be yet."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.reference.extract import OPERATIONS, samples
from tests.reference.reference import BY_TITLE, NOT_SERVED, served

# Per noun: operations, and how many of them have a payload, a curl command and an answer.
COUNTS = {
    "user": (2, 2, 0, 1),
    "group": (4, 2, 0, 3),
    "group/user": (5, 2, 0, 4),
    "automation/version/execute": (1, 1, 0, 1),
    "execute": (1, 1, 0, 1),
    "service/trigger/subscription": (1, 1, 0, 1),
    "subscription": (3, 1, 2, 3),
    "service": (5, 2, 3, 3),
    "service/publish": (1, 0, 1, 0),
    "service/oauth": (1, 0, 1, 0),
    "service/webhookSetting": (1, 0, 1, 0),
    "service/version": (5, 2, 3, 3),
    "service/security": (5, 2, 3, 5),
    "service/variable": (5, 2, 3, 5),
    "service/action": (5, 2, 3, 3),
    "service/action/execute": (1, 1, 0, 1),
    "service/action/refreshVariables": (1, 1, 0, 1),
    "service/event": (5, 2, 3, 4),
    "service/trigger": (5, 2, 2, 4),
    "service/condition": (5, 2, 0, 3),
    "service/datatype": (5, 2, 3, 4),
    "service/datatype/execute": (1, 1, 0, 1),
    "service/token": (4, 1, 1, 2),
    "user/token": (1, 1, 0, 1),
    "test/logic": (1, 1, 0, 1),
    "test/notification": (1, 1, 0, 1),
}


def test_every_operation_of_the_reference_has_all_of_its_samples() -> None:
    counted: Counter[tuple[str, int]] = Counter()
    for row in BY_TITLE.values():
        noun = "/".join(each for each in row["path"].split("/")[2:] if not each.startswith("{"))
        for index, present in enumerate((True, "request" in row, "curl" in row, "response" in row)):
            counted[noun, index] += present
    nouns = {noun for noun, _ in counted}
    assert {noun: tuple(counted[noun, index] for index in range(4)) for noun in nouns} == COUNTS


def test_samples_are_kept_by_the_titles_of_the_reference() -> None:
    assert {title: (row["method"], row["path"]) for title, row in BY_TITLE.items()} == OPERATIONS


@pytest.mark.parametrize("title", OPERATIONS)
def test_an_operation_is_served_or_known_not_to_be(title: str) -> None:
    assert (OPERATIONS[title] in served()) == (title not in NOT_SERVED)


def test_a_dump_of_the_page_is_read() -> None:
    dump = """Create a new user
path Parameters
apiVersion required | string
Responses
Request samples
- Payload
- Curl
{- "id": "a - b,",
- "labels": [
- "one"
], - "odd"": "x",
}
Response samples
- 200
- 400
[- {
- "n": -1
}
]
Delete service by id
Only to be sure.
path Parameters
Request samples
- Curl
curl --location --request DELETE 'localhost:1290/v1/service/86e5?userId=2'
"""
    assert list(samples(dump)) == [
        {
            "title": "Create a new user",
            "method": "POST",
            "path": "/v1/user",
            "request": {"id": "a - b,", "labels": ["one"], "odd": "x"},
            "statuses": [200, 400],
            "response": [{"n": -1}],
        },
        {
            "title": "Delete service by id",
            "method": "DELETE",
            "path": "/v1/service/{serviceId}",
            "curl": {"method": "DELETE", "url": "/v1/service/86e5?userId=2"},
        },
    ]
