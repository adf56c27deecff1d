"""The pure rules of webhooks: signatures, schedule, terms, routes, scopes, places in a request."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from libs.common.errors import Invalid
from libs.common.verification import SignedRequest
from services.webhooks.deliveries.schedule import RETRIES, next_delay, parse_retry_after
from services.webhooks.deliveries.signing import new_secret, signature_headers
from services.webhooks.endpoints.inbound import response_of
from services.webhooks.endpoints.locating import parse_location
from services.webhooks.endpoints.scoping import Asker, channel_type, scope_of
from services.webhooks.notifications.targets import RouteTarget, parse_route
from services.webhooks.subscriptions.terms import MAX_TERMS, term, terms_asked, terms_of


class At:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def test_the_official_library_verifies_our_signature() -> None:
    secret, body = new_secret(), b'{"a":1}'
    headers = signature_headers("msg_1", int(datetime.now(UTC).timestamp()), body, [secret])
    assert Webhook(secret).verify(body, headers) == {"a": 1}


def test_old_and_new_secret_both_verify_during_a_rotation() -> None:
    old, new, body = new_secret(), new_secret(), b"{}"
    headers = signature_headers("msg_1", int(datetime.now(UTC).timestamp()), body, [new, old])
    Webhook(old).verify(body, headers)
    Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


def test_retries_end_after_three_days_and_more() -> None:
    assert [next_delay(failures, 0.0) for failures in range(1, 11)] == [*RETRIES, None]
    assert timedelta(days=3) < sum(RETRIES, timedelta()) < timedelta(days=4)


@given(failures=st.integers(1, len(RETRIES)), chance=st.floats(0, 1), seconds=st.integers(0, 10**9))
def test_a_wish_of_the_subscriber_only_ever_lengthens_the_wait(failures: int, chance: float, seconds: int) -> None:
    plain = next_delay(failures, chance)
    wished = next_delay(failures, chance, timedelta(seconds=seconds))
    assert plain is not None
    assert wished is not None
    assert RETRIES[failures - 1] <= plain <= RETRIES[failures - 1] * 1.11
    assert plain <= wished <= max(plain, timedelta(hours=24))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60),
        ("Thu, 01 Jan 2020 00:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        (None, None),
        ("²", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str | None, seconds: int | None) -> None:
    parsed = parse_retry_after(header, At())
    assert parsed == (timedelta(seconds=seconds) if seconds is not None else None)


def test_a_match_asks_for_terms_that_the_subscription_holds() -> None:
    held = terms_of({"project": {"id": 7}, "list": [1]}, {"channelId": "c1"}, {"user": "u1", "serviceUrl": None})
    assert set(terms_asked({"variables.project.id": 7, "state.channelId": "c1"})) <= set(held)
    assert term("@user", "u1") in held
    assert not set(terms_asked({"variables.project.id": "7"})) & set(held)


def test_terms_are_bounded_and_scopes_come_first() -> None:
    held = terms_of({f"v{n}": n for n in range(100)}, None, {"subscription": "s"})
    assert len(held) == MAX_TERMS
    assert held[0] == term("@subscription", "s")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists))
def test_any_variables_make_terms(value: object) -> None:
    assert all(len(each) == 32 for each in terms_of({"v": value}, value, {}))


@pytest.mark.parametrize(
    ("answer", "targets"),
    [
        (None, []),
        ("pushed", [RouteTarget("pushed")]),
        (["a", {"trigger": "b", "data": 1}], [RouteTarget("a"), RouteTarget("b", (), 1)]),
        ({"trigger": "a", "match": {"state.id": 1}}, [RouteTarget("a", (term("state.id", 1),))]),
        ([], []),
    ],
)
def test_a_route_answers_triggers(answer: object, targets: list[RouteTarget]) -> None:
    assert parse_route(answer) == targets


@pytest.mark.parametrize("answer", ["", 1, True, {"trigger": 1}, {"name": "a"}, [None], {"trigger": "a", "match": []}])
def test_any_other_route_is_an_authors_error(answer: object) -> None:
    with pytest.raises(ValueError, match=r"route|match"):
        parse_route(answer)


def test_a_match_on_an_object_is_an_authors_error() -> None:
    with pytest.raises(ValueError, match=r"match\.state\.id"):
        parse_route({"trigger": "a", "match": {"state.id": {}}})


def test_the_events_own_type_wins_over_the_versions() -> None:
    assert channel_type("user", {"webhook": {"type": "automation"}}) == "user"
    assert channel_type("webhook", {"webhook": {"type": "automation"}}) == "automation"
    assert channel_type(None, {}) == "standard"


def test_a_scope_that_lacks_its_subject_says_what_is_missing() -> None:
    nobody = Asker(None, None, None)
    for kind, path in (("user", "userId"), ("automation", "subscriptionId"), ("serviceUrl", "userId")):
        with pytest.raises(Invalid) as refused:
            scope_of(kind, {}, nobody)
        assert refused.value.details[0].path == path
    assert scope_of("standard", {}, nobody) == ""


def test_a_location_finds_its_value() -> None:
    body = json.dumps({"a": {"b": 7}, "id": "x"}).encode()
    request = SignedRequest({"x-id": "h"}, {"q": "v"}, body)
    assert parse_location("header:X-Id").value(request) == "h"
    assert parse_location("query:q").value(request) == "v"
    assert parse_location("body:a.b").value(request) == "7"
    assert parse_location("body:a").value(request) is None
    assert parse_location("body:id.deeper").value(request) is None
    assert len(parse_location("body-hash").value(request) or "") == 64


@pytest.mark.parametrize("text", ["", "header", "header:", "cookie:x", None, 7])
def test_an_unknown_place_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must be header"):
        parse_location(text)


@pytest.mark.parametrize(
    ("value", "status", "body", "kind"),
    [
        (None, 200, None, None),
        ("challenge", 200, b"challenge", "text/plain"),
        ({"status": 202}, 202, None, None),
        ({"status": 200, "body": {"a": 1}}, 200, b'{"a":1}', "application/json"),
        ({"challenge": "x"}, 200, b'{"challenge":"x"}', "application/json"),
        ({"headers": {"Content-Type": "text/xml"}, "body": "<a/>"}, 200, b"<a/>", "text/xml"),
        (0, 200, b"0", "application/json"),
    ],
)
def test_a_response_hook_shapes_the_answer(value: object, status: int, body: bytes | None, kind: str | None) -> None:
    response = response_of(value)
    assert response.status == status
    assert (response.body or None) == body
    if kind is not None:
        assert response.content_type == kind


@pytest.mark.parametrize("value", [{"status": 99}, {"status": "200"}, {"headers": []}, {"headers": {"a": "b\r\nc"}}])
def test_an_answer_that_can_not_be_sent_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"status|headers"):
        response_of(value)
