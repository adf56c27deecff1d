"""Bringing a running product to what a file says."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.files.client import ApiRefused, Client
from services.files.differences import Difference, differences
from services.files.document import Component, Document, matched, secrets_of
from services.files.export import Found, find, find_own
from services.files.kinds import text_of
from services.files.plan import planned
from services.files.refused import Refused
from services.files.steps import Step

DIFFERS = 2
_FELT_WITHIN_S = 3.0
_POLL_S = 0.2
_WORDS = {"+": "added", "~": "changed", "-": "removed"}


@dataclass(frozen=True, slots=True)
class Options:
    """How to push. `values` are of variables by name, sent to be sealed and never shown."""

    user: str | None = None
    groups: Sequence[str] = ()
    prune: bool = False
    dry_run: bool = False
    check: bool = False
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)


async def push(client: Client, document: Document, options: Options, tell: Callable[[str], None]) -> int:
    """Answers the exit code. Raises Refused; before anything is sent where that can be known."""
    _refuse_unknown(document, options.values)
    found = await find_own(client, document.name)
    current = found.document if found is not None else None
    user = options.user or (found.created_by if found is not None else None)
    if user is None:
        raise Refused("Whose service is it to be? --user names a user of the platform, who is its creator then.")
    wanted = matched(document, current)
    groups = options.groups or (found.group_ids if found is not None else ())
    steps = planned(current, wanted, prune=options.prune, user=user, groups=groups)
    differing, unchanged = differences(current, wanted)
    tell(f"{document.name} at {client.url}: {unchanged} unchanged")
    for difference in differing:
        tell(f"  {_told(difference, options)}")
    if options.dry_run or options.check:
        tell(f"{_times(len(steps), 'request')} would be sent." if steps else "Nothing would change.")
        return DIFFERS if options.check and steps else 0
    pushing = _Pushing(client, user, found)
    await pushing.send(steps)
    if steps:
        tell(_summary(differing, len(steps), options))
    await _finish(pushing, wanted, options, tell, sent=bool(steps))
    return 0


class _Pushing:
    """Sends steps in order."""

    def __init__(self, client: Client, user: str, found: Found | None) -> None:
        self._client = client
        self._user = {"userId": user}
        self._service = found.id if found is not None else ""
        self._security_ids = dict(found.security_ids) if found is not None else {}

    async def send(self, steps: Sequence[Step]) -> None:
        for done, step in enumerate(steps):
            try:
                await self._one(step)
            except ApiRefused as refused:
                raise Refused(
                    f"{refused}\n{done} of {_times(len(steps), 'request')} were done; once this is put right, "
                    "pushing again goes on from there."
                ) from None

    async def arrived(self, wanted: Document, options: Options) -> Document:
        """What there is now; waits a moment for a process that hears of the changes last. Raises Refused."""
        until_s = time.monotonic() + _FELT_WITHIN_S
        while True:
            found = await find(self._client, self._service)
            if found is None:
                raise Refused(f"The service {wanted.name!r} is gone again: it was deleted at the same time.")
            left = [each for each in differences(found.document, wanted)[0] if each.sign != "-" or options.prune]
            if not left:
                return found.document
            if time.monotonic() > until_s:
                told = "\n".join(f"  {each}" for each in left)
                raise Refused(f"It still differs from the file; push again:\n{told}")
            await asyncio.sleep(_POLL_S)

    async def value(self, component: Component, value: Any, *, public: bool) -> None:
        """Into the catalog's row, which shows from then on that there is one; that of a public service stays."""
        path = ("service", self._service, *component.key)
        if public:
            await self._client.write("PUT", (*path, "value"), {"value": value}, self._user)
        else:
            query = {**self._user, "version": text_of(max(component.rows))}
            await self._client.write("PUT", path, {"value": value}, query)

    async def _one(self, step: Step) -> None:
        query = {**self._user, **step.query}
        if step.method == "POST" and not step.path:
            made = await self._client.write("POST", ("service",), step.body, query)
            self._service = made["id"]
            return
        try:
            await self._client.write(step.method, await self._path(step), step.body, query)
        except ApiRefused as refused:
            if step.method != "DELETE" or refused.status != 404:  # gone already, by an answer that was lost
                raise

    async def _path(self, step: Step) -> tuple[str, ...]:
        path = ("service", self._service, *step.path)
        if step.path[:1] == ("security",) and len(step.path) > 1:
            return (*path[:-1], self._security_ids[step.path[1]])
        if step.row is None:
            return path
        row = await self._client.get(*path, version=step.row)
        return (*path[:-1], str(row["id"]))


async def _finish(
    pushing: _Pushing, wanted: Document, options: Options, tell: Callable[[str], None], *, sent: bool
) -> None:
    """Sets values, looks at what there is now, and says what is left to do."""
    there = await pushing.arrived(wanted, options)
    variables = {each.name: each for each in there.components.values() if each.kind == "variable"}
    for name, value in options.values.items():
        await pushing.value(variables[name], value, public=there.service["sharing"] == "public")
    if options.values:
        tell(f"Values set: {', '.join(options.values)}.")
    tell("The service is as the file says." if sent else "Nothing to change: the service is as the file says.")
    lacking = {name for name, each in variables.items() if each.handle is None and name not in options.values}
    if named := [name for name in secrets_of(wanted) if name in lacking]:
        tell(
            f"The catalog shows no value for {', '.join(named)}: set them with --values, "
            "or PUT /v1/service/{serviceId}/variable/{variableId}/value."
        )


def _refuse_unknown(document: Document, values: Mapping[str, Any]) -> None:
    unknown = sorted(values.keys() - set(secrets_of(document)))
    if unknown:
        raise Refused(f"There is no variable {unknown[0]!r} in the file to set a value of.")


def _told(difference: Difference, options: Options) -> str:
    if difference.sign != "-" or options.prune:
        return str(difference)
    return f"{difference} is not in the file; --prune removes it"


def _summary(differing: Sequence[Difference], requests: int, options: Options) -> str:
    counts = Counter(each.sign for each in differing if each.sign != "-" or options.prune)
    told = ", ".join(f"{counts[sign]} {word}" for sign, word in _WORDS.items() if counts[sign])
    return f"{told or 'Tidied up'}, by {_times(requests, 'request')}."


def _times(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
