"""What a running program can see and ask for: its input, the credential in use, and the host that evaluates it."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from libs.logic.blotting import SHORTEST_PART, Blotter, texts_of
from libs.logic.budget import Meter
from libs.logic.console import Console
from libs.logic.errors import LogicError

if TYPE_CHECKING:
    from libs.logic.program import Program
    from libs.logic.sandbox.job import Job

_BLOT = "[secret]"


@dataclass(frozen=True, slots=True)
class Credential:
    """A user's token as logic may use it: what scripts see of it and how it goes on requests."""

    id: str
    name: str | None = None
    token: str | None = field(default=None, repr=False)
    url: str | None = None
    virtual: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    hosts: tuple[str, ...] | None = None
    """Where it may be sent: host names or `*.example.com`; None means anywhere."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Every secret by its field's name, to be kept out of messages."""

    def may_go_to(self, host: str) -> bool:
        return self.hosts is None or any(_matches(host.lower(), rule.lower()) for rule in self.hosts)

    def secret_texts(self) -> set[str]:
        """Its secrets, however short, and what they are sent as."""
        told = [self.token, *self.secrets.values(), *self.headers.values(), *self.query.values()]
        return set(texts_of(told))


def _matches(host: str, rule: str) -> bool:
    return host.endswith(rule[1:]) if rule.startswith("*.") else host == rule


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request ready to be sent: the URL is complete and encoded."""

    method: str
    url: str
    on_data: Callable[[int], None] = field(repr=False)
    """Told the bytes of each part of an answer's body as it comes, redirects' included; may raise to end it."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    max_bytes: int = 10 << 20
    max_redirects: int = 5
    """With 0 a redirect is the answer."""
    sensitive_headers: frozenset[str] = frozenset()
    """Lower-case names of headers that must not follow a redirect to another host."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    headers: Mapping[str, str]
    """Names are lower-case."""
    body: bytes
    url: str = ""
    """Where it came from, redirects followed."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a name meant when the logic was saved: a service, whose it was, and the component in it.

    Without an identity the component's name stays one: it was not there yet, or the name is a single row's.
    """

    service_id: str
    owner_platform_id: str
    identity: str | None


@dataclass(frozen=True, slots=True)
class ComponentCall:
    """A nested action or condition as the logic names it."""

    kind: Literal["action", "condition"]
    service: str
    name: str
    service_version: str | None
    version: str | None
    input: dict[str, Any]
    user_credential_id: str | None
    bound: Bound | None = None


@dataclass(frozen=True, slots=True)
class Computation:
    """Work that may take long and asks for nothing, to be done in a process of its own."""

    kind: Literal["expression", "function"]
    text: str
    """The JSONata expression, or the name of core's function."""
    source: Any
    meter: Meter
    tenant: str = ""


class Sandbox(Protocol):
    async def run(self, job: "Job") -> Any:
        """What the script returned; raises LogicError."""

    async def compute(self, computation: Computation) -> Any:
        """The value; raises LogicError, whose path is left to the caller."""


class Host(Protocol):
    """What the evaluating service does for the logic that it runs."""

    @property
    def sandbox(self) -> Sandbox: ...

    async def http(self, request: HttpRequest) -> HttpResponse:
        """Answers any status; raises LogicError `egress_denied`, `timeout`, `http_error` or `budget_exceeded`."""

    async def component(self, scope: "Scope", call: ComponentCall) -> tuple["Program", "Scope"]:
        """The program that a nested action or condition names, and the scope to run it in (see `Scope.nested`)."""


@dataclass(slots=True)
class Scope:
    source: Any
    """The hook's input."""
    host: Host
    meter: Meter
    tenant: str = ""
    """The platform for which it runs; the sandbox is shared fairly among them."""
    user: Mapping[str, Any] | None = None
    credential: Credential | None = None
    credential_error: LogicError | None = None
    """Raised by a node that needs a credential when there is none; None lets it run without."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    missing_variables: frozenset[str] = frozenset()
    """Required variables of the service that have no value."""
    query: Mapping[str, Any] = field(default_factory=dict)
    notification: Any = None
    state: Any = None
    webhook_url: str | None = None
    webhook_secret: str | None = None
    steps: Mapping[str, Any] = field(default_factory=dict)
    """Outputs of an automation's earlier steps, by their id."""
    item: Any = None
    """The element that the innermost `repeat` is at, or the error that the innermost `catch` sees."""
    service: str = ""
    """Whose logic runs; opaque here, the host resolves nested actions by it."""
    chain: tuple[str, ...] = ()
    """The nested actions that led here, outermost first."""
    console: Console = field(default_factory=Console)
    _blotters: list[Blotter] = field(default_factory=list, init=False, repr=False)
    """The one, once it has been made: shared by the scopes of all elements."""

    def nested(self, source: Any, **changes: Any) -> "Scope":
        """A scope for a nested action: same meter, console, user and chain; nothing else is inherited."""
        return Scope(
            source=source,
            host=self.host,
            meter=self.meter,
            tenant=self.tenant,
            user=self.user,
            chain=self.chain,
            console=self.console,
            **changes,
        )

    def entering(self, component: str) -> "Scope":
        return replace(self, chain=(*self.chain, component))

    def at_item(self, item: Any) -> "Scope":
        inner = copy(self)
        inner.item = item
        return inner

    def secret_texts(self) -> set[str]:
        """What no message may tell, wherever it stands: the credential, the platform's values, the inbound secret."""
        texts = {*texts_of([*self.variables.values(), self.webhook_secret])}
        if self.credential is not None:
            texts |= self.credential.secret_texts()
        return {text for text in texts if len(text) >= SHORTEST_PART}

    def blotter(self) -> Blotter:
        """Blots them; asked for once something has failed, when the scope has everything that it will have."""
        if not self._blotters:
            self._blotters.append(Blotter(self.secret_texts(), _BLOT))
        return self._blotters[0]
