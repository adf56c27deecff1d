"""nginx's configuration."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from textwrap import indent
from typing import ClassVar

import orjson

from libs.common.errors import Invalid, MethodNotAllowed, NotFound, ServiceError, TimedOut, TooLarge, Unavailable
from libs.common.web.problems import problem_body
from services.gateway.ownership import (
    FRONT,
    HIDDEN,
    Tables,
    inbound_shapes,
    nouns_by_service,
    owners_of,
    patterns,
    shapes_by_service,
)
from services.gateway.upstreams import READ_TIMEOUT_S

_NOUNS = "# What no route takes: the service that knows the noun tells a wrong version from a wrong path."
_RESOLVED_AGAIN = (
    "The names of services are asked of the name server {resolver} again and again, so that they may come later."
)
_RESOLVED_ONCE = (
    "The names of services are looked up once, when nginx starts: for addresses that stay, as those of Kubernetes do."
)


@dataclass(frozen=True, slots=True)
class Site:
    """What nginx listens on, who stands behind it, what it may write.

    Names of `upstreams` are looked up again and again by `resolver`, without one once at the start. Below `folder`
    nginx makes its own folders, and its pid file.
    """

    upstreams: Mapping[str, Sequence[str]]
    body_limit_bytes: int
    inbound_limit_bytes: int
    listen: Sequence[str] = ("8080",)
    resolver: str | None = None
    folder: str = "/tmp"  # noqa: S108  (the one folder that a container may write to)
    access_log: bool = False


def nginx_conf(tables: Tables, site: Site) -> str:
    """Raises ValueError where a path alone does not tell who answers."""
    return _Template(files("services.gateway").joinpath("nginx.conf.template").read_text()).substitute(
        names=_RESOLVED_AGAIN.format(resolver=site.resolver) if site.resolver else _RESOLVED_ONCE,
        folder=site.folder,
        log_all=int(site.access_log),
        body_limit=site.body_limit_bytes,
        inbound_limit=site.inbound_limit_bytes,
        read_timeout=f"{READ_TIMEOUT_S:g}s",
        upstreams=indent("\n\n".join(_upstreams(site)), " " * 4),
        owners=indent("\n".join(_owners(tables)), " " * 8),
        front=FRONT,
        inbound=_one_of([each[1:] for each in patterns(inbound_shapes(tables))]),
        listen=indent("\n".join(f"listen {each} default_server;" for each in site.listen), " " * 8),
        hidden="|".join(HIDDEN),
        problems=indent("\n\n".join(_problems()), " " * 8),
    )


class _Template(Template):
    """nginx's own variables begin with a dollar."""

    delimiter = "@"


class _BadGateway(ServiceError):
    status: ClassVar[int] = 502
    title: ClassVar[str] = "Bad gateway"


def _one_of(expressions: Sequence[str]) -> str:
    return expressions[0] if len(expressions) == 1 else f"({'|'.join(expressions)})"


def _upstreams(site: Site) -> list[str]:
    """One that fails is left alone for two seconds, as long as there are others."""
    resolver = [f"resolver {site.resolver} valid=5s ipv6=off;"] if site.resolver else []
    return [*resolver, *(_upstream(service, site) for service in sorted(site.upstreams))]


def _upstream(service: str, site: Site) -> str:
    servers = [
        f"server {address}{' resolve' if site.resolver and not _is_numeric(address) else ''} fail_timeout=2s;"
        for address in site.upstreams[service]
    ]
    return _block(f"upstream {service}", f"zone {service} 64k;", *servers, "keepalive 64;")


def _is_numeric(address: str) -> bool:
    try:
        ipaddress.ip_address(address.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
    return True


def _owners(tables: Tables) -> list[str]:
    owners = owners_of(tables)
    lines = []
    for service, shapes in shapes_by_service(owners).items():
        lines += [f"# {service}", *(f'"~{each}" {service};' for each in patterns(shapes))]
    nouns = nouns_by_service(owners).items()
    return [*lines, _NOUNS, *(f'"~^/[^/]*/({"|".join(names)})(/|$)" {service};' for service, names in nouns)]


def _problems() -> list[str]:
    """nginx's own answers, in the words of the services."""
    unreachable = Unavailable(
        "unavailable", "The service behind this path can't be reached; nothing was done.", retry_after_s=1
    )
    broken = _BadGateway(
        "bad_gateway", "The service behind this path broke off; it may have done its work.", retry_after_s=1
    )
    late = TimedOut("timeout", "The service behind this path took too long; it may do its work yet.", retry_after_s=1)
    return [
        _problem("unreadable", Invalid("unreadable_request", "The request is malformed, or a line of it too long.")),
        _problem("nothing", NotFound("not_found", "There is nothing at this path.")),
        _problem("method", MethodNotAllowed("method_not_allowed", "No path takes this method.")),
        _problem("too-large", TooLarge("body_too_large", "The body is over the limit of $limit bytes.")),
        _problem("unexpected", ServiceError("internal_error", "Something went wrong on our side, before any service.")),
        _problem("broken", broken, unsent=unreachable),
        _problem("late", late, unsent=unreachable),
    ]


def _problem(name: str, error: ServiceError, unsent: ServiceError | None = None) -> str:
    """`unsent` is answered in place of `error` where no byte of the request has reached a service."""
    headers = ["add_header x-request-id $answer_id always;"]
    if error.retry_after_s is not None:
        headers.append(f"add_header Retry-After {error.retry_after_s} always;")
    otherwise = [_block("if ($upstream_bytes_sent !~ [1-9])", _answer(unsent))] if unsent is not None else []
    return _block(f"location = /-/{name}", "internal;", *headers, *otherwise, _answer(error))


def _answer(error: ServiceError) -> str:
    text = orjson.dumps(problem_body(error, "$answer_id")).decode().replace("\\", "\\\\").replace("'", "\\'")
    return f"return {error.status} '{text}';"


def _block(name: str, *statements: str) -> str:
    return f"{name} {{\n{indent(chr(10).join(statements), ' ' * 4)}\n}}"
