from __future__ import annotations

import io
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from libs.common.clock import SystemClock
from libs.common.contracts.calls import Answers, Call
from libs.common.contracts.catalog import FIND_SERVICE, ServiceGrant, ServiceQuestion
from libs.common.contracts.credentials import FIND_VARIABLES, KEEP_VALUE, VariablesGrant, VariablesQuestion
from libs.common.errors import BY_STATUS, Detail, Forbidden, NotFound, RateLimited, ServiceError, Unavailable
from libs.common.internal import internal_app
from libs.common.peers import DirectPeers, HttpPeers, PeersByOwner
from libs.common.role_tokens import RoleKeys, TokenSigner

KEYS = RoleKeys.generate(["catalog", "credentials", "executor", "stranger"])
QUESTION = VariablesQuestion(platform_id="p1", service_id="s1")
GRANT = VariablesGrant(values={"odd \u0000 name": {"n": [1.5, None, "\U0001f600"]}}, missing=("a", "b"))

Serve = Callable[[web.Application], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves an application on a free port; answers its URL."""
    runners: list[web.AppRunner] = []

    async def start(app: web.Application) -> str:
        runner = web.AppRunner(app, access_log=None)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def answering(result: object, call: Call[Any, Any] = FIND_VARIABLES) -> Answers:
    async def answer(question: Any) -> Any:
        assert isinstance(question, call.request)
        if isinstance(result, Exception):
            raise result
        return result

    return {call: answer}


def make_app(
    result: object, call: Call[Any, Any] = FIND_VARIABLES, check: Callable[[], None] = lambda: None
) -> web.Application:
    return internal_app(answering(result, call), KEYS[call.owner], metrics=lambda: b"up 1\n", check=check)


def make_signer(role: str = "executor") -> TokenSigner:
    return TokenSigner([role], KEYS[role].private, SystemClock())


def make_peers(session: aiohttp.ClientSession, url: str, role: str = "executor") -> HttpPeers:
    return HttpPeers(make_signer(role), {"credentials": url, "catalog": url}, lambda: session, connect_for_s=0.1)


async def test_a_direct_peer_gets_the_owners_very_answer() -> None:
    assert await DirectPeers(answering(GRANT)).ask(FIND_VARIABLES, QUESTION) is GRANT


async def test_a_direct_peers_error_is_the_owners_own() -> None:
    error = NotFound("service_not_found", "There is no such service.")
    with pytest.raises(NotFound) as raised:
        await DirectPeers(answering(error)).ask(FIND_VARIABLES, QUESTION)
    assert raised.value is error


async def test_answers_may_be_added_after_the_peers_were_made() -> None:
    answers: dict[Any, Any] = {}
    peers = DirectPeers(answers)
    with pytest.raises(Unavailable) as raised:
        await peers.ask(FIND_VARIABLES, QUESTION)
    assert (raised.value.code, raised.value.retry_after_s) == ("credentials_unavailable", 1)
    answers.update(answering(GRANT))
    assert await peers.ask(FIND_VARIABLES, QUESTION) == GRANT


async def test_an_answer_survives_the_hop(serve: Serve, session: aiohttp.ClientSession) -> None:
    peers = make_peers(session, await serve(make_app(GRANT)))
    assert await peers.ask(FIND_VARIABLES, QUESTION) == GRANT


async def test_no_answer_survives_the_hop(serve: Serve, session: aiohttp.ClientSession) -> None:
    peers = make_peers(session, await serve(make_app(None)))
    assert await peers.ask(FIND_VARIABLES, QUESTION) is None


@pytest.mark.parametrize("error_class", [*BY_STATUS.values(), ServiceError])
async def test_every_error_survives_the_hop(
    serve: Serve, session: aiohttp.ClientSession, error_class: type[ServiceError]
) -> None:
    error = error_class(
        "some_code",
        "A sentence.",
        details=[Detail("config.url", "required"), Detail("", "no object")],
        retry_after_s=7,
        extra={"serviceId": "s1"},
    )
    peers = make_peers(session, await serve(make_app(error)))
    with pytest.raises(error_class) as raised:
        await peers.ask(FIND_VARIABLES, QUESTION)
    assert type(raised.value) is error_class
    assert vars(raised.value) == vars(error)


async def test_an_error_without_retry_after_has_none_afterwards(serve: Serve, session: aiohttp.ClientSession) -> None:
    peers = make_peers(session, await serve(make_app(RateLimited("slow_down", "Too many."))))
    with pytest.raises(RateLimited) as raised:
        await peers.ask(FIND_VARIABLES, QUESTION)
    assert raised.value.retry_after_s is None
    assert raised.value.extra == {}


async def test_a_fault_of_the_owner_is_told_by_request_id_alone(serve: Serve, session: aiohttp.ClientSession) -> None:
    peers = make_peers(session, await serve(make_app(RuntimeError("canary"))))
    with capture_logs(), pytest.raises(ServiceError, match="Something went wrong on our side") as raised:
        await peers.ask(FIND_VARIABLES, QUESTION)
    assert raised.value.code == "internal_error"
    assert "canary" not in str(raised.value)


async def test_an_owner_that_is_down_is_unavailable(session: aiohttp.ClientSession) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        peers = make_peers(session, f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(Unavailable) as raised:
            await peers.ask(FIND_VARIABLES, QUESTION)
    assert (raised.value.code, raised.value.retry_after_s) == ("credentials_unavailable", 1)


async def test_an_owner_without_an_address_is_unavailable(session: aiohttp.ClientSession) -> None:
    peers = HttpPeers(make_signer(), {}, lambda: session)
    with pytest.raises(Unavailable):
        await peers.ask(FIND_VARIABLES, QUESTION)


async def test_an_owner_that_comes_up_meanwhile_is_reached(session: aiohttp.ClientSession) -> None:
    runner = web.AppRunner(make_app(GRANT), access_log=None)
    await runner.setup()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        refused = aiohttp.TraceConfig()

        async def come_up(*_: object) -> None:
            if not runner.sites:
                await web.SockSite(runner, listener).start()

        refused.on_request_exception.append(come_up)
        async with aiohttp.ClientSession(trace_configs=[refused]) as watched:
            peers = HttpPeers(make_signer(), {"credentials": url}, lambda: watched)
            assert await peers.ask(FIND_VARIABLES, QUESTION) == GRANT
        await runner.cleanup()


async def test_a_call_that_was_sent_is_not_sent_again(serve: Serve, session: aiohttp.ClientSession) -> None:
    received: list[str] = []

    async def hang_up(request: web.Request) -> web.Response:
        received.append(request.path)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    app = web.Application()
    app.router.add_post("/internal/{call}", hang_up)
    with pytest.raises(Unavailable):
        await make_peers(session, await serve(app)).ask(FIND_VARIABLES, QUESTION)
    assert received == ["/internal/find-variables"]


@pytest.mark.parametrize(
    ("status", "body", "type"),
    [
        (502, b"<html>", "text/html"),
        (503, b"{}", "application/problem+json"),
        (302, b"", "text/plain"),
        (500, b"[]", "application/problem+json"),
    ],
)
async def test_an_answer_of_something_else_than_the_owner_is_unavailable(
    serve: Serve, session: aiohttp.ClientSession, status: int, body: bytes, type: str
) -> None:
    async def proxy(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type=type, headers={"Location": "http://127.0.0.1:1/"})

    app = web.Application()
    app.router.add_post("/internal/{call}", proxy)
    with pytest.raises(Unavailable):
        await make_peers(session, await serve(app)).ask(FIND_VARIABLES, QUESTION)


async def test_an_answer_of_another_version_is_our_fault(serve: Serve, session: aiohttp.ClientSession) -> None:
    other = ServiceGrant(
        id="s1", name="s", owner_platform_id="p1", sharing="private", enabled=True, default_version_id=None
    )
    peers = make_peers(session, await serve(make_app(other)))
    with pytest.raises(ServiceError, match="find-variables is not of this version's form") as raised:
        await peers.ask(FIND_VARIABLES, QUESTION)
    assert raised.value.status == 500


async def test_a_refused_role_is_never_taken_for_a_refused_client(serve: Serve, session: aiohttp.ClientSession) -> None:
    peers = make_peers(session, await serve(make_app(GRANT)), role="stranger")
    with pytest.raises(ServiceError) as raised:
        await peers.ask(FIND_VARIABLES, QUESTION)
    assert (raised.value.status, raised.value.code) == (500, "internal_error")


async def test_the_owners_own_forbidden_stays_one(serve: Serve, session: aiohttp.ClientSession) -> None:
    peers = make_peers(session, await serve(make_app(Forbidden("not_shared", "It is not shared."))))
    with pytest.raises(Forbidden, match="It is not shared"):
        await peers.ask(FIND_VARIABLES, QUESTION)


async def post(session: aiohttp.ClientSession, url: str, token: str | None, body: bytes = b"{}") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    async with session.post(url, data=io.BytesIO(body), headers=headers) as response:
        return response.status, await response.json(content_type="application/problem+json")


@pytest.mark.parametrize(
    ("role", "signed_for", "status", "code"),
    [
        ("executor", None, 401, "role_token_refused"),
        ("executor", FIND_SERVICE, 401, "role_token_refused"),
        ("executor", KEEP_VALUE, 401, "role_token_refused"),
        ("stranger", FIND_VARIABLES, 403, "role_not_allowed"),
    ],
)
async def test_the_internal_port_serves_only_the_roles_of_the_call(
    serve: Serve,
    session: aiohttp.ClientSession,
    role: str,
    signed_for: Call[Any, Any] | None,
    status: int,
    code: str,
) -> None:
    url = await serve(make_app(GRANT))
    token = make_signer(role).token(signed_for) if signed_for is not None else None
    answered, body = await post(session, f"{url}/internal/find-variables", token)
    assert (answered, body["code"]) == (status, code)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"platformId": "p1"}', b"\xff"])
async def test_a_question_of_another_form_is_refused(serve: Serve, session: aiohttp.ClientSession, body: bytes) -> None:
    url = await serve(make_app(GRANT))
    token = make_signer().token(FIND_VARIABLES)
    answered, problem = await post(session, f"{url}/internal/find-variables", token, body)
    assert (answered, problem["code"]) == (500, "contract_mismatch")


async def test_a_question_over_the_limit_is_refused(serve: Serve, session: aiohttp.ClientSession) -> None:
    url = await serve(make_app(GRANT))
    token = make_signer().token(FIND_VARIABLES)
    answered, problem = await post(session, f"{url}/internal/find-variables", token, bytes((8 << 20) + 1))
    assert (answered, problem["code"]) == (413, "body_too_large")


async def test_an_unknown_call_is_not_found(serve: Serve, session: aiohttp.ClientSession) -> None:
    answered, problem = await post(session, await serve(make_app(GRANT)) + "/internal/find-gold", "x")
    assert (answered, problem["code"]) == (404, "unknown_call")


async def test_the_operator_reads_health_and_metrics_without_a_token(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    url = await serve(make_app(GRANT))
    async with session.get(f"{url}/healthz") as health, session.get(f"{url}/metrics") as metrics:
        assert health.status == 200
        assert await metrics.read() == b"up 1\n"
        assert metrics.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_while_the_owner_starts_it_answers_nothing_and_says_so(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    def check() -> None:
        raise Unavailable("starting", "The process is starting.", retry_after_s=1)

    url = await serve(make_app(GRANT, check=check))
    with pytest.raises(Unavailable, match="The process is starting"):
        await make_peers(session, url).ask(FIND_VARIABLES, QUESTION)
    async with session.get(f"{url}/healthz") as health:
        assert health.status == 200


async def test_an_owner_in_this_process_is_asked_directly_and_any_other_over_http(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    service = ServiceGrant(
        id="s1", name="s", owner_platform_id="p1", sharing="none", enabled=True, default_version_id=None
    )
    elsewhere = make_peers(session, await serve(make_app(service, FIND_SERVICE)))
    peers = PeersByOwner({"credentials"}, DirectPeers(answering(GRANT)), elsewhere)
    assert await peers.ask(FIND_VARIABLES, QUESTION) is GRANT
    assert await peers.ask(FIND_SERVICE, ServiceQuestion(platform_id="p1", ref="s")) == service


async def test_a_service_question_reaches_its_owner(serve: Serve, session: aiohttp.ClientSession) -> None:
    grant = ServiceGrant(
        id="s1", name="s", owner_platform_id="p1", sharing="private", enabled=True, default_version_id="v1"
    )
    peers = make_peers(session, await serve(make_app(grant, FIND_SERVICE)))
    assert await peers.ask(FIND_SERVICE, ServiceQuestion(platform_id="p1", ref="s")) == grant
