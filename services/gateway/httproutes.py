"""Gateway API HTTPRoutes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, takewhile

from services.gateway.ownership import Shape, Tables, owners_of, path_of, patterns, shapes_by_service
from services.gateway.upstreams import READ_TIMEOUT_S

GATEWAY = "interactor"
_ABOUT = """\
# Written by `make gateway` from the services' route tables; nothing here is to be changed by hand.
# How RegularExpression is read, and whether it goes before PathPrefix, is up to the Gateway's implementation. These are
# whole paths in RE2's syntax, and no path has two matches, so that the order does not matter. What has none is the
# Gateway's own 404: all of /internal, /healthz, /readyz and /metrics among it.
# A Gateway that refuses the header `api_key` for its underscore takes `x-api-key`, or is to be told to let it pass.
"""
_ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {service}}}
spec:
  parentRefs: [{{name: {gateway}}}]
  rules:
    - backendRefs: [{backends}]
      timeouts: {{request: {timeout_s:g}s}}
      matches:
{matches}
"""


def httproutes_yaml(tables: Tables, upstreams: Mapping[str, Sequence[str]]) -> str:
    """Raises ValueError where a path alone does not tell who answers."""
    owners = owners_of(tables)
    routes = (
        _ROUTE.format(
            service=service,
            gateway=GATEWAY,
            backends=", ".join(map(_backend, upstreams[service])),
            timeout_s=READ_TIMEOUT_S,
            matches="\n".join(_matches(shapes, owners)),
        )
        for service, shapes in shapes_by_service(owners).items()
    )
    return _ABOUT + "---\n".join(routes)


def _backend(address: str) -> str:
    name, _, port = address.rpartition(":")
    return f"{{name: {name}, port: {port}}}"


def _matches(shapes: Iterable[Shape], owners: Mapping[Shape, str]) -> Iterator[str]:
    """One service's whole noun is a prefix, a path without parameters is exact, the others are expressions."""
    for noun, group in groupby(shapes, key=lambda shape: shape[:2]):
        named, below = tuple(takewhile(bool, noun)), list(group)
        if below != [noun] and len({owners[each] for each in owners if each[: len(named)] == named}) == 1:
            yield _match("PathPrefix", path_of(named))
            continue
        yield from (_match("Exact", path_of(shape)) for shape in below if "" not in shape)
        yield from (_match("RegularExpression", each) for each in patterns(shape for shape in below if "" in shape))


def _match(kind: str, value: str) -> str:
    return f"        - path: {{type: {kind}, value: {json.dumps(value)}}}"
