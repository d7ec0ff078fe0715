"""A federation on paper: its files decide and plan as they would for a real question, and nothing runs."""

from __future__ import annotations

import hashlib
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from audit.log import AuditLog
from comity.errors import UnavailableError
from comity.values import ParameterValue
from gateway.admit import Admission
from gateway.catalogs import CallerView, Catalogs
from gateway.commands.policy_directory import PolicyDirectory
from gateway.configuration import Federation, FederationFile
from gateway.merge.duckdb import DuckdbMerge
from gateway.pipeline import Pipeline
from gateway.plan_cache import PlanCache
from gateway.plan_question import QuestionPlanner
from gateway.plan_shapes import PlanShapes
from gateway.record import Recorder
from gateway.stages import FederatedPlan, Lifetime, QueryRequest
from gateway.telemetry import Telemetry
from policies.decide import decide_all, visible
from policies.decision import Decision, Visibility
from policies.department import Department
from policies.grades import lower
from policies.port import FragmentRequest, FragmentRun, Publication, TableNotes
from policies.principal import Principal
from policies.published import PublishedColumn, PublishedTable
from policies.stage import declared_type
from policies.statistics import DepartmentFacts
from sql.catalog import Column, Table, TableUse
from sql.engine import EnginePool

SECONDS = 3600.0


class PaperDepartment:
    """Implements `policies.port.DepartmentPort` from a department's files, without its database.

    A column whose type only the database knows is taken for text; a table that publishes whatever its physical
    table has is taken for the columns that its policy names, and is not there when it names none.
    """

    def __init__(self, department: Department, today: Callable[[], date]) -> None:
        self.department = department
        self.name = department.name
        self._today = today

    def describe(self) -> Publication:
        tables = tuple(each for t in self.department.tables.values() if (each := self._table(t)).columns)
        notes = tuple(
            TableNotes(t.name, t.title, t.sharing, t.grade, t.update or "")
            for t in self.department.tables.values()
        )
        text = repr([(t.name, t.columns) for t in tables]) + self.department.digest
        version = hashlib.sha256(text.encode()).hexdigest()[:16]
        return Publication(self.name, self.department.title, tables, notes, version)

    def visible(self, principal: Principal, purpose: str) -> tuple[Visibility, ...]:
        views = (
            visible(self.department, name, principal, purpose, self._today())
            for name in self.department.tables
        )
        return tuple(view for view in views if view is not None)

    def decide(
        self,
        principal: Principal,
        purpose: str,
        uses: Sequence[TableUse],
        *,
        grants: Mapping[str, str] | None = None,
    ) -> tuple[Decision, ...]:
        return decide_all(self.department, uses, principal, purpose, self._today(), grants)

    def statistics(self, principal: Principal, purpose: str, grants: Mapping[str, str]) -> DepartmentFacts:
        del principal, purpose, grants
        return DepartmentFacts()

    def run(self, request: FragmentRequest) -> FragmentRun:
        del request
        raise UnavailableError(f"{self.name} is here on paper only", department=self.name)

    def close(self) -> None:
        pass

    def _table(self, table: PublishedTable) -> Table:
        columns = [
            Column(c.name, declared_type(c) or "VARCHAR", c.title)
            for c in published_columns(self.department, table)
        ]
        return Table(self.name, table.name, tuple(columns))


class _Catalogs(Catalogs):
    """Remembers no view, because policies are replaced between questions."""

    def view(self, principal: Principal, purpose: str) -> CallerView:
        return self._make_view(principal, purpose)


def published_columns(department: Department, table: PublishedTable) -> Sequence[PublishedColumn]:
    """The columns that the files know of."""
    if table.columns is not None:
        return table.columns
    policy = department.policies.get(table.name)
    names = dict.fromkeys(name for grant in (policy.grants if policy else ()) for name in grant.columns)
    return [PublishedColumn(name, name) for name in names]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: who asks what, and why."""

    principal: Principal
    purpose: str
    sql: str
    positional: tuple[ParameterValue, ...] = ()
    named: Mapping[str, ParameterValue] | None = None


class PaperGateway:
    """Plans questions over departments' files exactly as a gateway plans them over its departments."""

    def __init__(
        self, directory: PolicyDirectory, departments: Iterable[Department], today: Callable[[], date]
    ) -> None:
        self._stack = ExitStack()
        ports = {d.name: PaperDepartment(d, today) for d in departments}
        federation = directory.federation or _federation(directory, ports.values())
        engines = EnginePool(memory="256MB", threads=1, spares=0)
        self._stack.callback(engines.close)
        merge = DuckdbMerge(engines)
        self._stack.callback(merge.close)
        telemetry = Telemetry(FederationFile.model_fields["telemetry"].get_default(call_default_factory=True))
        self._stack.callback(telemetry.close)
        # What is asked on paper is on record nowhere: the log is thrown away with its directory.
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        log = self._stack.enter_context(AuditLog.open(Path(folder), "paper"))
        self.catalogs = _Catalogs(federation, ports, today)
        self._stack.callback(self.catalogs.binder.close)
        admission = Admission(federation)
        # No plan is kept either: policies are replaced between questions.
        planner = QuestionPlanner(admission, self.catalogs, ports, telemetry, PlanCache(0), PlanShapes(0))
        self._pipeline = Pipeline(admission, self.catalogs, ports, merge, Recorder(log), telemetry, planner)
        self._ceiling = federation.settings.ceilings.query
        self._ports = ports
        self._telemetry = telemetry

    def replace(self, departments: Iterable[Department]) -> None:
        """Puts other policies in the place of those of departments that publish the same tables."""
        for department in departments:
            self._ports[department.name].department = department

    def plan(self, asked: Asked) -> FederatedPlan:
        """The plan, with every decision. Raises what the gateway would answer instead."""
        request = QueryRequest(
            query_id=str(uuid.uuid4()),
            trace_id="",
            principal=replace(asked.principal, ceiling=lower(asked.principal.ceiling, self._ceiling)),
            peer="",
            sql=asked.sql,
            positional=asked.positional,
            named=asked.named or {},
            purpose=asked.purpose,
            allow_partial=False,
            lifetime=Lifetime(time.monotonic() + SECONDS),
            operation="explain",
        )
        return self._pipeline.plan(request, self._pipeline.recorder.begin(request, self._telemetry))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _federation(directory: PolicyDirectory, ports: Iterable[PaperDepartment]) -> Federation:
    """Settings for departments that stand alone: the purposes are those that their grants name."""
    purposes = {
        purpose
        for port in ports
        for policy in port.department.policies.values()
        for grant in policy.grants
        for purpose in grant.purposes
    }
    settings = FederationFile.model_validate(
        {"name": "paper", "identity": {}, "purposes": {name: {"title": name} for name in sorted(purposes)}}
    )
    return Federation(directory.directory, settings, (), {})
