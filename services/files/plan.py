"""How a product gets from what it has to what a file says: a pure function, and a refusal where it can't."""

from __future__ import annotations

from collections.abc import Sequence

from services.files.components import ComponentPlanner
from services.files.document import SERVICE_MEMBERS, Document, Members, Version
from services.files.refused import Refused
from services.files.steps import State, Step

_VERSION_BODY = {"defaultSecurity": "defaultServiceSecurityId"}


def planned(
    current: Document | None, wanted: Document, *, prune: bool = False, user: str = "", groups: Sequence[str] = ()
) -> list[Step]:
    """The requests in the order in which they are to be sent; none where nothing differs.

    `wanted` was `matched` with `current`. A push that was cut off goes on by being planned anew. `groups` are the
    product's that a service of `sharing` `group` is shared with. Raises Refused for what can't be reproduced.
    """
    planner = _Planner(current, wanted, prune=prune, user=user, groups=groups)
    planner.plan()
    return planner.state.steps


class _Planner:
    """What others refer to comes first, publishing last; what is to go only once nothing holds it."""

    def __init__(
        self, current: Document | None, wanted: Document, *, prune: bool, user: str, groups: Sequence[str]
    ) -> None:
        self.state = State.of(current)
        self._wanted = wanted
        self._prune = prune
        self._user = user
        self._groups = list(groups)
        self._components = ComponentPlanner(self.state, wanted, prune=prune)

    def plan(self) -> None:
        self._refuse_contradiction()
        self._service()
        self._securities()
        self._remove_versions()
        self._components.clear_names()
        for version in _by_age(self._wanted):
            self._publish(version)
        self._components.finish()
        for version in self._wanted.versions_in_order():
            self._version(version)
        self._default_version()
        if self._wanted.service["sharing"] == "public" and not self.state.public:
            self.state.send("POST", "publish", contributor_id=self._user)
            self.state.service = self._wanted.service
        if self._prune:
            self._remove_others()

    def _refuse_contradiction(self) -> None:
        default = self._wanted.versions.get(self._wanted.default_version or "")
        if self._wanted.service["sharing"] == "public" and (default is None or not default.published):
            raise Refused("The file says `sharing` `public`; then its `defaultVersion` is a published version.")
        for version in self._wanted.versions.values():
            self._refuse_other_past(version)

    def _refuse_other_past(self, version: Version) -> None:
        there = self.state.versions.get(version.name)
        if there is None or not there.published:
            return
        if not version.published:
            raise Refused(f"Version {version.name!r} is published here and can't become the draft that the file says.")
        if other := _other_parts(there, version):
            raise Refused(
                f"Version {version.name!r} is published here, and what it holds stays as it is; the file has other "
                f"{', '.join(other)}. Keep what was frozen, and give the file new versions of the components "
                "and of the service."
            )

    def _service(self) -> None:
        state, wanted = self.state, self._wanted.service
        direct = {name: wanted[name] for name in SERVICE_MEMBERS if (name, wanted[name]) != ("sharing", "public")}
        if state.service is None:
            state.send("POST", body=self._with_groups(direct))
            state.service = {"sharing": "none", **direct}
            return
        known = state.service
        changed = {name: value for name, value in direct.items() if value != known[name]}
        if changed:
            state.send("PUT", body=self._with_groups(changed))
            state.service = {**known, **changed}

    def _with_groups(self, body: Members) -> Members:
        if body.get("sharing") != "group":
            return body
        if not self._groups:
            raise Refused("The file says `sharing` `group`; name the groups of this product with --group.")
        return {**body, "groupIds": self._groups}

    def _securities(self) -> None:
        for title, security in self._wanted.securities.items():
            known = self.state.securities.get(title)
            if known is None:
                self.state.send("POST", "security", body=security)
            elif changed := {name: value for name, value in security.items() if value != known[name]}:
                self.state.send("PUT", "security", title, body=changed)
            self.state.securities[title] = security

    def _publish(self, version: Version) -> None:
        """Brings the components to what the version froze, and freezes it."""
        there = self.state.versions.get(version.name)
        if not version.published or (there is not None and there.published):
            return
        self._components.bring(version)
        self._version(version)

    def _version(self, version: Version) -> None:
        state, there = self.state, self.state.versions.get(version.name)
        if there is None:
            state.send("POST", "version", body={"name": version.name, **_version_body(version.members)})
            state.default_version = state.default_version or version.name
        elif changed := {name: each for name, each in version.members.items() if each != there.members[name]}:
            if state.public and there.published:
                raise Refused(
                    f"Version {version.name!r} is published in a public service and stays as it is "
                    f"({', '.join(changed)} would change); give the file a new version of another name."
                )
            state.send("PUT", "version", version.name, body=_version_body(changed))
        state.versions[version.name] = version

    def _default_version(self) -> None:
        if self.state.default_version != self._wanted.default_version:
            self.state.send("PUT", body={"defaultVersionId": self._wanted.default_version})
            self.state.default_version = self._wanted.default_version

    def _remove_versions(self) -> None:
        """First of all, as what is published next is held against them; the default one only once it isn't that."""
        others = [name for name in self.state.versions if name not in self._wanted.versions]
        for name in [name for name in others if self._prune and name != self.state.default_version]:
            self.state.send("DELETE", "version", name)
            del self.state.versions[name]

    def _remove_others(self) -> None:
        self._remove_versions()
        self._components.remove_others()
        for title in [title for title in self.state.securities if title not in self._wanted.securities]:
            self.state.send("DELETE", "security", title)
            del self.state.securities[title]


def _other_parts(there: Version, version: Version) -> list[str]:
    """What one version holds otherwise than the other, in words."""
    known, wanted = there.frozen or {}, version.frozen or {}
    told = []
    for key in dict.fromkeys((*known, *wanted)):
        one, other = known.get(key), wanted.get(key)
        if one == other:
            continue
        held = one or other
        parts = ""
        if one is not None and other is not None and one.number == other.number:
            changed = [name for name, each in one.members.items() if each != other.members[name]]
            parts = f" ({', '.join(changed or ['name'])})"
        told.append(f"{key[0]} {held.name if held else key[1]!r}{parts}")
    return told


def _version_body(members: Members) -> Members:
    return {_VERSION_BODY.get(name, name): value for name, value in members.items()}


def _by_age(document: Document) -> list[Version]:
    """Published versions as they probably came: one that holds a lower version of a component before others."""
    left = [version for version in document.versions_in_order() if version.published]
    ordered: list[Version] = []
    while left:
        first = next((each for each in left if not any(_older(other, each) for other in left)), left[0])
        left.remove(first)
        ordered.append(first)
    return ordered


def _older(version: Version, than: Version) -> bool:
    mine, other = version.frozen or {}, than.frozen or {}
    shared = [(mine[key].number, other[key].number) for key in mine.keys() & other.keys()]
    return all(low <= high for low, high in shared) and any(low < high for low, high in shared)
