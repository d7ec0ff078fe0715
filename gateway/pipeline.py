"""The life of a question, on one screen.

::

    QueryRequest → AdmittedQuery → BoundQuery → AuthorizedQuery → FederatedPlan → FragmentStreams → ResultStream
            admit           bind         authorize         make_plan        dispatch          merge

Each step takes only the earlier step's type. Every exit is audited: `QueryRecord` writes what happened
before anything is dispatched and before any row leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.admit import Admission
from gateway.answer import Answer
from gateway.catalogs import Catalogs
from gateway.dispatch import dispatch
from gateway.merge.engine import MergeEngine
from gateway.plan_question import QuestionPlanner
from gateway.record import QueryRecord, Recorder
from gateway.stages import FederatedPlan, QueryRequest
from gateway.telemetry import Telemetry
from policies.port import DepartmentPort


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything a question meets between its arrival and its answer."""

    admission: Admission
    catalogs: Catalogs
    ports: Mapping[str, DepartmentPort]
    merge: MergeEngine
    recorder: Recorder
    telemetry: Telemetry
    planner: QuestionPlanner

    def answer(self, request: QueryRequest) -> Answer:
        """Starts answering. Raises `ComityError`, after the refusal or failure is on record."""
        slot = self.admission.take()
        record = self.recorder.begin(request, self.telemetry)
        with record.failing(slot):
            plan = self.plan(request, record)
            record.authorized(plan)
            streams = dispatch(plan, self.ports, record.disclosing)
            result = self.merge.merge(streams)
            most = self.admission.limits.result_rows
            return Answer(result, streams, record, slot, most, self.planner.learn)

    def explain(self, request: QueryRequest) -> FederatedPlan:
        """Plans without running; on record like any question."""
        slot = self.admission.take()
        record = self.recorder.begin(request, self.telemetry)
        with record.failing(slot):
            plan = self.plan(request, record)
            record.explained(plan)
        slot.release()
        return plan

    def plan(self, request: QueryRequest, record: QueryRecord) -> FederatedPlan:
        """Everything up to dispatch. Touches no data."""
        return self.planner.plan(request, record)

    def make_plan(self, request: QueryRequest, record: QueryRecord) -> FederatedPlan:
        """As `plan`, whatever was asked before."""
        return self.planner.make_plan(request, record)
