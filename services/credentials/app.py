"""Builds credentials."""

from __future__ import annotations

from libs.common.contracts.catalog import CatalogChanged
from libs.common.contracts.credentials import COUNT_TOKENS, FIND_CREDENTIAL, FIND_VARIABLES, KEEP_VALUE
from libs.common.contracts.identity import UserChanged
from libs.common.contracts.webhooks import SubscriptionsEnded
from libs.common.service import Consumer, Infra, Service
from services.credentials.clients import Catalog, Identity
from services.credentials.consumers import Cascades
from services.credentials.endings import Endings
from services.credentials.grants import Grants
from services.credentials.repository import EndingRepository, TokenRepository, ValueRepository
from services.credentials.routes import CredentialRoutes
from services.credentials.seals import Seals
from services.credentials.tokens import Tokens
from services.credentials.values import Values


def build(infra: Infra) -> Service:
    sealer = infra.sealer("credentials")
    seals = Seals(sealer)
    catalog = Catalog(infra.peers)
    kept_tokens = TokenRepository(infra.store)
    tokens = Tokens(kept_tokens, seals, catalog, Identity(infra.peers), infra.clock)
    values = Values(ValueRepository(infra.store), seals, catalog, infra.clock)
    grants = Grants(kept_tokens, seals, catalog, infra.clock)
    endings = Endings(EndingRepository(infra.store), tokens, values, infra.clock)
    cascades = Cascades(endings, values)
    return Service(
        name="credentials",
        sealer=sealer,
        routes=CredentialRoutes(tokens, values, infra.clock).table(),
        answers={
            FIND_CREDENTIAL: grants.grant,
            FIND_VARIABLES: values.grant,
            COUNT_TOKENS: tokens.count,
            KEEP_VALUE: values.keep,
        },
        consumers=(
            Consumer(UserChanged.topic, cascades.users_changed),
            Consumer(CatalogChanged.topic, cascades.components_changed),
            Consumer(SubscriptionsEnded.topic, cascades.subscriptions_ended),
        ),
        workers=(endings.worker,),
    )
