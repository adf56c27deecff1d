"""The host of one evaluation: its requests, its nested actions, and the scopes that its programs run in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from libs.common.contracts.catalog import ServiceGrant
from libs.common.egress.client import EgressClient
from libs.common.egress.errors import EgressDenied, EgressError, EgressTimeout, ResponseTooLarge
from libs.common.egress.messages import Hop
from libs.common.errors import Conflict
from libs.logic.blotting import Blotter, texts_of
from libs.logic.budget import Budget, Meter, exceeded
from libs.logic.console import Console
from libs.logic.errors import LogicError
from libs.logic.program import Program
from libs.logic.scope import ComponentCall, Credential, HttpRequest, HttpResponse, Sandbox, Scope
from libs.runtime.bindings import Actor, Binding, nested, no_credential, not_its_values, outermost
from libs.runtime.components import CompiledComponent, Components, check_enabled
from libs.runtime.holdings import Holdings, Variables
from libs.runtime.keeping import keep_at_home
from libs.runtime.naming import called_component, called_service, is_own

EXECUTE = "execute"
_DEFAULT_BUDGET = Budget()


@dataclass(frozen=True, slots=True)
class Runtime:
    """What evaluations of this process share."""

    components: Components
    holdings: Holdings
    egress: EgressClient
    sandbox: Sandbox

    def host(
        self,
        actor: Actor,
        service: ServiceGrant,
        *,
        service_version: str | None = None,
        budget: Budget = _DEFAULT_BUDGET,
    ) -> RuntimeHost:
        """The host of one evaluation that begins in a component of `service`."""
        return RuntimeHost(self, actor, outermost(actor, service, service_version), budget)

    def host_of_request(self, actor: Actor, *, budget: Budget = _DEFAULT_BUDGET) -> RuntimeHost:
        """The host of nodes that a client wrote itself: of no service, and each call in them is an outermost one."""
        return RuntimeHost(self, actor, None, budget)

    def run_plain(self, program: Program, source: Any, *, state: Any = None, budget: Budget = _DEFAULT_BUDGET) -> Any:
        """The value of a program that `is_plain`, for which no host need be made. Raises LogicError."""
        meter = Meter(budget, asyncio.get_running_loop().time())
        return program.run(Scope(source=source, host=_NOBODY, meter=meter, notification=source, state=state))


class _Nobody:
    """The host of programs that ask for nothing."""

    @property
    def sandbox(self) -> Sandbox:
        raise TypeError("a plain program runs no script")

    async def http(self, request: HttpRequest) -> HttpResponse:
        raise TypeError("a plain program sends nothing")

    async def component(self, scope: Scope, call: ComponentCall) -> tuple[Program, Scope]:
        raise TypeError("a plain program calls no component")


_NOBODY = _Nobody()


class RuntimeHost:
    """Serves one evaluation and knows every secret that it was given, so that none is written down."""

    __slots__ = (
        "_actor",
        "_bindings",
        "_budget",
        "_credentials",
        "_outermost",
        "_runtime",
        "_variables",
        "console",
        "sandbox",
    )

    def __init__(self, runtime: Runtime, actor: Actor, binding: Binding | None, budget: Budget) -> None:
        self.sandbox = runtime.sandbox
        self.console = Console()
        self._runtime = runtime
        self._actor = actor
        self._outermost = binding
        self._budget = budget
        self._bindings: dict[str, Binding] = {}
        # Each once, however often it was asked for; another token of the same credential is another secret.
        self._credentials: dict[tuple[str, str, str | None], Credential] = {}
        self._variables: dict[int, Variables] = {}

    async def scope(self, program: Program, source: Any) -> Scope:
        """A scope for a hook of the outermost service; what else the hook sees is set on it before it runs.

        Raises ServiceError when a lookup fails.
        """
        meter = Meter(self._budget, asyncio.get_running_loop().time())
        scope = Scope(
            source=source,
            host=self,
            meter=meter,
            tenant=self._actor.platform_id,
            user=self._actor.as_seen,
            console=self.console,
        )
        if self._outermost is not None:
            await self._equip(scope, program, self._outermost)
        return scope

    async def component(self, scope: Scope, call: ComponentCall) -> tuple[Program, Scope]:
        """The program that a nested call names. Raises LogicError, and ServiceError when a lookup fails."""
        binding, owner_platform_id = await self._binding(self._bindings.get(scope.service), call)
        service = binding.service
        component = await called_component(
            self._runtime.components,
            service,
            call,
            service_version=binding.service_version,
            drafts=service.owner_platform_id == owner_platform_id,
        )
        program = component.hook(EXECUTE) if component is not None else None
        if component is None or program is None:
            raise LogicError(
                "not_found",
                f"{service.name!r} has no {call.kind} {call.name!r} that can be executed: "
                f"it must be there, be published, and have the hook `{EXECUTE}`.",
            )
        inner = scope.nested(_checked(component, call.input))
        await self._equip(inner, program, binding)
        return program, inner

    async def http(self, request: HttpRequest) -> HttpResponse:
        """Answers any status; raises LogicError."""
        try:
            answer = await self._runtime.egress.request(
                request.method,
                request.url,
                headers=request.headers,
                body=request.body,
                timeout_s=request.timeout_s,
                max_bytes=request.max_bytes,
                max_redirects=request.max_redirects,
                sensitive_headers=request.sensitive_headers,
                on_data=request.on_data,
                admit=self._keep_at_home if self._credentials else None,
            )
        except EgressError as error:
            raise _failed_exchange(error, request) from None
        return HttpResponse(answer.status, answer.headers, answer.body, answer.url)

    def blotter(self) -> Blotter:
        """Blots every credential and variable that this evaluation has been given so far."""
        return Blotter(self._secrets())

    def _secrets(self) -> Iterator[str]:
        for credential in self._credentials.values():
            yield from credential.secret_texts()
        for held in self._variables.values():
            yield from texts_of(list(held.values.values()))

    async def _binding(self, caller: Binding | None, call: ComponentCall) -> tuple[Binding, str]:
        """How the called service is used, and the platform whose name for it this is; without a caller the client's."""
        if caller is not None:
            service = await self._service(caller, call)
            return nested(self._actor, caller, service, call), caller.service.owner_platform_id
        found = await self._runtime.components.service(self._actor.platform_id, call.service, self._actor.user)
        if found is None:
            raise _no_service(call.service)
        check_enabled(found)
        return outermost(self._actor, found, call.service_version, call.user_credential_id), self._actor.platform_id

    async def _service(self, caller: Binding, call: ComponentCall) -> ServiceGrant:
        """A name inside a component means what it means to the platform that owns the component.

        What the actor may not use is not there for it: a component is no way round a service's sharing.
        """
        if is_own(caller.service, call):  # found already, and in a `delete` hook maybe deleted
            return caller.service
        service = await called_service(self._runtime.components, caller.service.owner_platform_id, call)
        if service is None or not (service.id == caller.service.id or self._actor.may_use(service)):
            raise _no_service(call.service)
        check_enabled(service)
        return service

    async def _equip(self, scope: Scope, program: Program, binding: Binding) -> None:
        """Looks up only what the program uses; what is missing fails the node that needs it."""
        scope.service = binding.key
        self._bindings[scope.service] = binding
        if program.uses_variables:
            held = await self._runtime.holdings.variables(self._actor.platform_id, binding.service.id)
            if held.values and not binding.with_values:
                raise not_its_values(binding.service)
            scope.variables, scope.missing_variables = held.values, held.missing
            self._variables[id(held)] = held
        if program.uses_credential:
            try:
                # Where it may go is asked about each hop of a request, redirects included: see `_keep_at_home`.
                scope.credential = replace(await self._credential(binding), hosts=None)
            except LogicError as error:
                scope.credential_error = error

    async def _credential(self, binding: Binding) -> Credential:
        """Raises LogicError when there is none."""
        user = self._actor.user
        if user is None or not (binding.implicit or binding.credential_id):
            raise no_credential(self._actor, binding)
        try:
            credential = await self._runtime.holdings.credential(
                self._actor.platform_id, user.row_id, binding.service.id, binding.credential_id
            )
        except Conflict as refused:  # there is one, and its owner says why it can't be used
            raise LogicError("credential_invalid", refused.message) from None
        if credential is None:
            raise no_credential(self._actor, binding)
        if credential.hosts is None and binding.service.sharing == "public":
            credential = replace(credential, hosts=())  # only a platform's own service may leave it open
        self._credentials[binding.service.id, credential.id, credential.token] = credential
        return credential

    def _keep_at_home(self, hop: Hop) -> None:
        for credential in self._credentials.values():
            keep_at_home(credential, hop)


def _no_service(ref: str) -> LogicError:
    message = f"There is no service {ref[:128]!r} that may be used here; create it, or have it shared."
    return LogicError("not_found", message)


def _checked(component: CompiledComponent, source: dict[str, Any]) -> dict[str, Any]:
    """The input of a nested call; raises LogicError naming everything that is wrong with it."""
    failures = component.content.input.failures(source) if component.content.input is not None else []
    if failures:
        told = [{"path": failure.path, "message": failure.message} for failure in failures]
        summary = "; ".join(f"{failure.path}: {failure.message}" for failure in failures[:3])
        raise LogicError(
            "invalid_input", f"The input of {component.grant.name!r} is not valid: {summary}", details={"input": told}
        )
    return source


def _failed_exchange(error: EgressError, request: HttpRequest) -> LogicError:
    match error:
        case EgressDenied():
            return LogicError("egress_denied", error.message, details={"rule": str(error.rule)})
        case EgressTimeout():
            return LogicError("timeout", error.message)
        case ResponseTooLarge():
            return exceeded("response", f"the answer is larger than {request.max_bytes:,} bytes")
        case _:
            return LogicError("http_error", error.message, details={"reason": error.code})
