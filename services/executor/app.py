"""Builds executor."""

from __future__ import annotations

from datetime import timedelta

from libs.common.service import Infra, Service
from libs.runtime.host import Runtime
from services.executor.executions import Executions
from services.executor.history import HistoryWriter
from services.executor.records import Records
from services.executor.repository import ExecutionRepository
from services.executor.routes import ExecutorRoutes


def build(infra: Infra, runtime: Runtime) -> Service:
    repository = ExecutionRepository(infra.store)
    records = Records(
        retention=timedelta(days=infra.settings.execution_retention_days),
        with_payloads=infra.settings.execution_record_payloads,
    )
    history = HistoryWriter(repository, records)
    executions = Executions(runtime, repository, history, infra.clock, infra.metrics)
    return Service(
        name="executor",
        sealer=infra.sealer("executor"),
        routes=ExecutorRoutes(executions).table(),
        answers={},
        companions=(history,),
    )
