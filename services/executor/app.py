"""Builds executor."""

from __future__ import annotations

from datetime import timedelta

from libs.common.service import Infra, Service
from libs.runtime.host import Runtime
from services.executor.clients import LogicClient
from services.executor.executions import Executions
from services.executor.history import HistoryWriter
from services.executor.records import Records
from services.executor.refreshing import Refreshing
from services.executor.repository import ExecutionRepository
from services.executor.routes import ExecutorRoutes
from services.executor.testing import LogicTests


def build(infra: Infra, runtime: Runtime) -> Service:
    repository = ExecutionRepository(infra.store)
    records = Records(
        retention=timedelta(days=infra.settings.execution_retention_days),
        with_payloads=infra.settings.execution_record_payloads,
    )
    history = HistoryWriter(repository, records)
    executions = Executions(runtime, repository, history, infra.clock, infra.metrics)
    refreshing = Refreshing(runtime.components, executions)
    tests = LogicTests(runtime, LogicClient(infra.peers, runtime.components))
    return Service(
        name="executor",
        sealer=infra.sealer("executor"),
        routes=ExecutorRoutes(executions, refreshing, tests).table(),
        answers={},
        companions=(history,),
    )
