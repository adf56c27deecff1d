"""Builds catalog."""

from __future__ import annotations

from libs.common.contracts.catalog import (
    FIND_COMPONENT,
    FIND_LOGIC,
    FIND_SECURITY,
    FIND_SERVICE,
    FIND_VERSION,
    LIST_COMPONENTS,
    Kind,
)
from libs.common.contracts.webhooks import SubscriptionsEnded
from libs.common.service import Consumer, Infra, Service
from libs.common.web.routes import Route
from libs.common.workers import Periodic
from libs.logic.core import LIBRARY
from libs.logic.core.registry import Library
from services.catalog.builtin.core import BuiltIn
from services.catalog.builtin.repositories import ContentsAndCore, HeadsAndCore, ServicesAndCore, VersionsAndCore
from services.catalog.components.answers import ComponentAnswers
from services.catalog.components.checks import ComponentCheck
from services.catalog.components.clients import ValueKeeper
from services.catalog.components.components import Components
from services.catalog.components.naming import Naming
from services.catalog.components.reading import ReadComponents, Resolution
from services.catalog.components.removed import RemovedRepository
from services.catalog.components.retirement import Retirement
from services.catalog.components.routes import ComponentRoutes
from services.catalog.components.writing import ContentWriter
from services.catalog.consumers import EndedConsumer
from services.catalog.logic_check import LogicCheck, SyntaxCheck
from services.catalog.securities.repository import SecurityRepository
from services.catalog.securities.routes import SecurityRoutes
from services.catalog.securities.securities import Securities
from services.catalog.services.clients import Identity
from services.catalog.services.directory import Directory
from services.catalog.services.presence import Presence
from services.catalog.services.publishing import Publishing
from services.catalog.services.removal import Removal
from services.catalog.services.routes import ServiceRoutes
from services.catalog.services.services import Services
from services.catalog.services.usage import Usage
from services.catalog.sweep import SWEEP_INTERVAL_S, Sweep
from services.catalog.versions.contents import VersionContents
from services.catalog.versions.freezing import Freezer
from services.catalog.versions.pinned import PinnedRows
from services.catalog.versions.release import ReleaseCheck
from services.catalog.versions.repository import PinRepository
from services.catalog.versions.routes import VersionRoutes
from services.catalog.versions.versions import Versions


def build(infra: Infra, sandbox: SyntaxCheck, library: Library = LIBRARY) -> Service:
    store, clock, built_in = infra.store, infra.clock, BuiltIn(library)
    kept, versions_kept, securities_kept = ServicesAndCore(store), VersionsAndCore(store), SecurityRepository(store)
    heads, contents, pins = HeadsAndCore(store, built_in), ContentsAndCore(store, built_in), PinRepository(store)
    logic = LogicCheck(sandbox)
    directory = Directory(kept, infra.bus)
    removed, presence = RemovedRepository(store), Presence(kept)
    retirement = Retirement(heads, removed, PinnedRows(pins, versions_kept))
    removal = Removal(kept, (heads, removed, contents, pins, versions_kept, securities_kept), clock)
    identity, check = Identity(infra.peers), ComponentCheck(logic, heads)
    services = Services(kept, versions_kept, identity, Usage(infra.peers), clock)
    naming = Naming(kept, heads)
    release = ReleaseCheck(pins, contents, naming, check, securities_kept)
    versions = Versions(versions_kept, services, securities_kept, Freezer(heads, pins, release, clock), logic, clock)
    publishing = Publishing(services, versions)
    securities = Securities(securities_kept, versions, services, clock)
    resolution = Resolution(heads, removed, contents, pins, versions)
    reading = ReadComponents(heads, contents)
    answers = ComponentAnswers(reading, infra.bus)
    writer = ContentWriter(contents, check, naming, ValueKeeper(infra.peers), clock)
    components = Components(heads, reading, writer, services, retirement, clock)
    sweep = Sweep(heads, removed, contents, pins, versions_kept, clock)
    routes: tuple[Route, ...] = (
        *ServiceRoutes(services, publishing, identity, directory).table(),
        *VersionRoutes(versions, VersionContents(pins, heads, contents), directory).table(),
        *SecurityRoutes(securities, directory).table(),
        *(route for kind in Kind for route in ComponentRoutes(kind, components, answers, directory).table()),
    )
    return Service(
        name="catalog",
        sealer=infra.sealer("catalog"),
        routes=routes,
        answers={
            FIND_SERVICE: directory.grant,
            FIND_COMPONENT: presence.guarded(resolution.find),
            LIST_COMPONENTS: presence.guarded(resolution.all),
            FIND_SECURITY: presence.guarded(securities.grant),
            FIND_VERSION: presence.guarded(versions.grant),
            FIND_LOGIC: resolution.logic,
        },
        consumers=(Consumer(SubscriptionsEnded.topic, EndedConsumer(removal, removed)),),
        workers=(removal.worker, Periodic("catalog.sweep", SWEEP_INTERVAL_S, sweep.round)),
    )
