"""Every keyed route, whoever asks, whatever is named: the status that the rules say, and no byte of others' things."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from libs.common.contracts.catalog import Kind
from libs.common.web.routes import QueryParameter, Route, User
from services.catalog.services.schemas import ServiceCreate
from tests.isolation.asking import Asked, Refs, ask_of, keyed_routes, parameters_of, refs_of
from tests.isolation.conftest import Town
from tests.isolation.house import UNKNOWN_ID, Furnished, House
from tests.isolation.rules import MEMBER, NOT_THERE, PERSONAL, PUBLIC, SEEN, Rule, expected
from tests.product import Answer

pytestmark = pytest.mark.asyncio(loop_scope="package")
_SHOWN = 20


class Findings:
    """All that is wrong, told at once."""

    def __init__(self, *forbidden: Iterable[str]) -> None:
        self.forbidden = {text for texts in forbidden for text in texts if text}
        self.wrong: list[str] = []
        self.asked = 0

    def look(self, asked: Asked, answer: Answer, status: int) -> None:
        self.asked += 1
        if answer.status != status:
            self.wrong.append(f"{asked}: {answer.status} instead of {status}: {answer.body.decode()[:300]}")
        text = asked.without_own(answer)
        self.wrong += [f"{asked}: tells {each!r}: {text}" for each in self.forbidden if each in text]

    def alike(self, one: tuple[Asked, Answer], other: tuple[Asked, Answer]) -> None:
        told, as_told = one[0].essence(one[1]), other[0].essence(other[1])
        if told != as_told:
            self.wrong.append(f"{one[0]}: {told}\n    where nothing is there: {as_told}")

    def settle(self) -> None:
        if self.wrong:
            pytest.fail("\n".join(self.wrong[:_SHOWN]), pytrace=False)
        assert self.asked > 1


def refs(service: Furnished, user: str, *, by_name: bool = False, **others: str) -> dict[str, str]:
    return {**service.ids, **(service.names if by_name else {}), "contributor": user, **others}


def without(named: Refs, missing: Iterable[str]) -> dict[str, str]:
    """The same with these nowhere."""
    return {**named, **dict.fromkeys(missing, UNKNOWN_ID)}


def private_texts(house: House, *services: Furnished) -> set[str]:
    """The marks of the platform, and the ids of what these services hold."""
    ids = {id for each in services for id in (*each.ids.values(), *each.draft_ids)}
    return {house.marks.private, house.marks.hidden, house.marks.secret, *ids} - {UNKNOWN_ID}


def acting(route: Route, user: str) -> Sequence[str | None]:
    return (user,) if route.user is User.REQUIRED else (user, None)


async def compare(
    findings: Findings,
    house: House,
    named: Refs,
    rules: Sequence[Rule],
    user: str,
    *,
    nowhere: Refs,
    users_only: bool = False,
) -> None:
    """Asks every route, and the same about what is `nowhere`: where the answer is 404 they must be alike."""
    for route in keyed_routes():
        for who in (user,) if users_only else acting(route, user):
            asked, status = ask_of(route, named), expected(rules, route, with_user=who is not None)
            answer = await asked.by(house, user=who)
            findings.look(asked, answer, status)
            if status == 404:
                missing = ask_of(route, nowhere)
                findings.alike((asked, answer), (missing, await missing.by(house, user=who)))


async def held(house: House, service: Furnished) -> dict[str, bytes]:
    """What the owner reads of the service; of its deliveries more happens by itself."""
    asked = [
        ask_of(route, refs(service, house.ann))
        for route in keyed_routes()
        if route.method == "GET" and refs_of(route) and not route.path.endswith("/delivery")
    ]
    users = [house.ann if each.route.user is User.REQUIRED else None for each in asked]
    return {str(each): (await each.by(house, user=user)).body for each, user in zip(asked, users, strict=True)}


async def test_without_a_key_nobody_gets_in(town: Town) -> None:
    findings = Findings(private_texts(town.acme, town.acme.plain, town.acme.shop), [town.acme.shop.name])
    for route in keyed_routes():
        asked = ask_of(route, refs(town.acme.plain, town.acme.ann))
        for key in ("", "wrong"):
            findings.look(asked, await asked.by(town.acme, user=town.acme.ann, key=key), 401)
    findings.settle()


async def test_for_an_unknown_user_nothing_is_done(town: Town) -> None:
    findings = Findings(private_texts(town.acme, town.acme.plain))
    for route in keyed_routes():
        asked = ask_of(route, refs(town.acme.plain, "nobody"))
        answer = await asked.by(town.acme, user="nobody")
        findings.look(asked, answer, 404)
        assert b"user_not_found" in answer.body
    findings.settle()


@pytest.mark.parametrize("by_name", [False, True])
async def test_another_platforms_things_are_not_there(town: Town, by_name: bool) -> None:
    acme, rival = town.acme, town.rival
    findings = Findings(private_texts(acme, acme.plain, acme.team))
    for service in (acme.plain, acme.team):
        before = await held(acme, service)
        named = refs(service, rival.ann, by_name=by_name)
        await compare(findings, rival, named, NOT_THERE, rival.ann, nowhere=without(named, service.ids))
        assert await held(acme, service) == before
    findings.settle()


async def test_a_foreign_part_of_an_own_service_is_not_there(town: Town) -> None:
    acme, rival = town.acme, town.rival
    findings = Findings(private_texts(acme, acme.plain, acme.shop) - {acme.shop.id})
    for of, route in ((of, route) for of in (acme.plain, acme.shop) for route in keyed_routes()):
        parameters = parameters_of(route)
        if len(parameters) < 2:
            continue
        own, last = refs(rival.plain, rival.ann), parameters[-1]
        for who in acting(route, rival.ann):
            asked, missing = ask_of(route, {**own, last: of.ids[last]}), ask_of(route, without(own, [last]))
            answer = await asked.by(rival, user=who)
            findings.look(asked, answer, expected(NOT_THERE, route, with_user=who is not None))
            findings.alike((asked, answer), (missing, await missing.by(rival, user=who)))
    findings.settle()


@pytest.mark.parametrize("by_name", [False, True])
async def test_a_public_service_is_used_by_every_platform_and_changed_by_its_own(town: Town, by_name: bool) -> None:
    acme, rival = town.acme, town.rival
    drafts, marks = acme.shop.draft_ids, acme.marks
    findings = Findings(drafts, [marks.private, marks.hidden, marks.secret])
    named = refs(acme.shop, rival.ann, by_name=by_name)
    await compare(findings, rival, named, PUBLIC, rival.ann, nowhere=without(named, PERSONAL))
    findings.settle()


@pytest.mark.parametrize("by_name", [False, True])
async def test_the_built_in_service_is_the_same_for_every_platform_and_changed_by_none(
    town: Town, by_name: bool
) -> None:
    told: list[dict[str, tuple[int, str]]] = []
    for house in (town.acme, town.rival):
        row = await house.ok("GET", "/v1/service/core/action/string.lower")
        version = await house.ok("GET", "/v1/service/core/version/1")
        ids = {"serviceId": "core", "actionId": row["id"], "versionId": version["id"], "userId": house.ann}
        names = {"actionId": "string.lower", "versionId": "1"} if by_name else {}
        named = {**without(refs(house.plain, house.ann), house.plain.ids), **ids, **names}
        answers = {}
        for asked in (ask_of(route, named) for route in keyed_routes() if "serviceId" in refs_of(route)):
            answer = await asked.by(house, user=house.ann)
            refused = answer.status in (400, 403, 404)
            assert refused or (answer.status == 200 and asked.method == "GET"), f"{asked}: {answer.status}"
            answers[str(asked)] = asked.essence(answer)
        assert (await house.ok("GET", "/v1/service/core/action/string.lower")) == row
        told.append(answers)
    ours, theirs = (list(answers.values()) for answers in told)
    assert ours == theirs
    assert sum(status == 200 for status, _ in ours) > len(Kind)


@pytest.mark.parametrize("kept", ["drafts", "draft_versions"])
async def test_drafts_of_a_public_service_are_its_own_platforms(town: Town, kept: str) -> None:
    acme, rival = town.acme, town.rival
    findings = Findings([acme.marks.private])
    drafts: dict[str, str] = getattr(acme.shop, kept)
    named = refs(acme.shop, rival.ann)
    for route in (route for route in keyed_routes() if drafts.keys() & set(parameters_of(route))):
        for who in acting(route, rival.ann):
            asked, missing = ask_of(route, {**named, **drafts}), ask_of(route, without(named, drafts))
            answer, as_missing = await asked.by(rival, user=who), await missing.by(rival, user=who)
            findings.look(asked, answer, as_missing.status)
            findings.alike((asked, answer), (missing, as_missing))
    findings.settle()


async def test_drafts_of_a_public_service_are_run_and_offered_on_its_own_platform_alone(town: Town) -> None:
    service, drafts = f"/v1/service/{town.acme.shop.id}", town.acme.shop.drafts
    run, setting = f"{service}/action/{drafts['actionId']}/execute", f"{service}/webhookSetting"
    answers = [
        [await house.ask(method, path, user=house.ann, **options) for house in (town.acme, town.rival)]
        for method, path, options in (("POST", run, {"json": {}}), ("GET", setting, {}))
    ]
    assert [[answer.status for answer in each] for each in answers] == [[200, 404], [400, 200]]
    for _, to_rival in answers:
        assert town.acme.marks.private.encode() not in to_rival.body


async def test_a_draft_version_of_a_published_component_is_as_one_that_is_not_there(town: Town) -> None:
    acme, rival = town.acme, town.rival
    findings = Findings([acme.marks.private])
    named = refs(acme.shop, rival.ann)
    for route in (route for route in keyed_routes() if route.method == "GET"):
        if "version" in (each.name for each in route.query):
            asked = ask_of(route, named)
            answers = [
                await replace(asked, query={"version": version}).by(rival, user=None) for version in ("7.7.7", "8.8.8")
            ]
            findings.look(asked, answers[0], 404)
            findings.alike((asked, answers[0]), (asked, answers[1]))
    findings.settle()


@pytest.mark.parametrize("by_name", [False, True])
async def test_what_is_shared_with_groups_is_not_there_for_others(town: Town, by_name: bool) -> None:
    acme = town.acme
    findings = Findings([acme.marks.hidden, acme.marks.secret], set(acme.team.ids.values()) - {acme.ann})
    named = refs(acme.team, acme.mallory, by_name=by_name)
    before, nowhere = await held(acme, acme.team), without(named, acme.team.ids)
    await compare(findings, acme, named, NOT_THERE, acme.mallory, nowhere=nowhere, users_only=True)
    assert await held(acme, acme.team) == before
    findings.settle()


@pytest.mark.parametrize("by_name", [False, True])
async def test_what_the_platform_shares_is_used_by_its_users_and_changed_by_its_creator(
    town: Town, by_name: bool
) -> None:
    acme = town.acme
    personal = {acme.plain.ids[name] for name in ("tokenId", "subscriptionId", "deliveryId", "executionId")}
    findings = Findings([acme.marks.hidden, acme.marks.secret], personal)
    named = refs(acme.plain, acme.mallory, by_name=by_name)
    nowhere = without(named, PERSONAL)
    await compare(findings, acme, named, SEEN, acme.mallory, nowhere=nowhere, users_only=True)
    findings.settle()


@pytest.mark.parametrize("by_name", [False, True])
async def test_what_is_shared_with_groups_is_used_by_their_members_and_changed_by_their_admins(
    town: Town, by_name: bool
) -> None:
    acme = town.acme
    personal = {acme.team.ids[name] for name in ("tokenId", "subscriptionId", "deliveryId", "executionId")}
    findings = Findings([acme.marks.secret], personal)
    named = refs(acme.team, acme.mia, by_name=by_name)
    nowhere = without(named, PERSONAL)
    await compare(findings, acme, named, MEMBER, acme.mia, nowhere=nowhere, users_only=True)
    findings.settle()


@pytest.mark.parametrize("by_name", [False, True])
async def test_the_owner_reads_everything_of_its_own(town: Town, by_name: bool) -> None:
    """So that what others are refused is known to be there, and to hold what they may not find."""
    spare, told = town.spare, ""
    for service in (spare.plain, spare.team, spare.shop):
        for route in (route for route in keyed_routes() if route.method == "GET"):
            asked = ask_of(route, refs(service, spare.ann, by_name=by_name))
            who = spare.ann if route.user is User.REQUIRED else None
            answer = await asked.by(spare, user=who)
            assert answer.status == 200, f"{asked}: {answer.status} {answer.body.decode()}"
            told += answer.body.decode()
    assert spare.marks.private in told
    assert spare.marks.hidden in told
    assert spare.marks.secret not in told


@pytest.mark.parametrize(
    ("route", "told"),
    [
        (Route("GET", "/v1/thing/{thingId}", keyed_routes, ""), "{thingId}"),
        (Route("GET", "/v1/thing", keyed_routes, "", query=(QueryParameter("odd", "", required=True),)), "'odd'"),
        (Route("POST", "/v1/thing", keyed_routes, "", ServiceCreate), "_BODIES"),
    ],
)
async def test_a_new_route_that_this_knows_too_little_of_fails_and_says_what_to_add(route: Route, told: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(told)):
        ask_of(route, {})
