"""Commands that print the gateway's configuration."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence

from libs.common.settings import Settings, SettingsRefused
from services.api import route_tables
from services.gateway.httproutes import httproutes_yaml
from services.gateway.nginx import Site, nginx_conf
from services.gateway.upstreams import UPSTREAMS


def add_gateway(parser: argparse.ArgumentParser) -> None:
    forms = parser.add_subparsers(title="forms", metavar="FORM", required=True)
    nginx = forms.add_parser(
        "nginx",
        help="the configuration of an nginx",
        description="Prints the configuration of an nginx. "
        "On this machine, as an ordinary user: nginx -e stderr -c FILE -g 'daemon off;'",
    )
    nginx.add_argument("--listen", action="append", metavar="[ADDRESS:]PORT", help="8080 where none is given")
    nginx.add_argument("--resolver", metavar="ADDRESS", help="name server to ask for names again and again")
    nginx.add_argument("--folder", default="/tmp", help="where it may write; /tmp where none is given")  # noqa: S108
    nginx.add_argument(
        "--access-log",
        action="store_true",
        help="write a line to stdout for every request, not only for those that failed",
    )
    nginx.set_defaults(command=print_nginx)
    httproutes = forms.add_parser("httproutes", help="HTTPRoutes of the Gateway API, for Kubernetes")
    httproutes.set_defaults(command=print_httproutes)
    for form in (nginx, httproutes):
        form.add_argument(
            "--upstream",
            action="append",
            default=[],
            metavar="SERVICE=HOST:PORT",
            help="where a service is found in place of SERVICE:8080; once for each replica",
        )


async def print_nginx(settings: Settings, arguments: argparse.Namespace) -> int:
    site = Site(
        upstreams=_upstreams(arguments.upstream),
        body_limit_bytes=settings.body_limit_bytes,
        inbound_limit_bytes=settings.inbound_limit_bytes,
        listen=arguments.listen or ("8080",),
        resolver=arguments.resolver,
        folder=arguments.folder,
        access_log=arguments.access_log,
    )
    sys.stdout.write(await asyncio.to_thread(nginx_conf, route_tables(), site))
    return 0


async def print_httproutes(_settings: Settings, arguments: argparse.Namespace) -> int:
    sys.stdout.write(httproutes_yaml(route_tables(), _upstreams(arguments.upstream)))
    return 0


def _upstreams(given: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Raises SettingsRefused."""
    named: dict[str, list[str]] = {}
    for each in given:
        service, _, address = each.partition("=")
        host, _, port = address.rpartition(":")
        if service not in UPSTREAMS or not host or not port.isdecimal():
            raise SettingsRefused(
                f"--upstream {each}: give SERVICE=HOST:PORT; the services are {', '.join(sorted(UPSTREAMS))}"
            )
        named.setdefault(service, []).append(address)
    return {**UPSTREAMS, **named}
