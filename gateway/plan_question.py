"""How a question gets its plan: one that is known, or parsed, resolved, authorised and planned anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.admit import Admission, admit
from gateway.authorize import authorize
from gateway.bind import bind
from gateway.catalogs import Catalogs
from gateway.exchange import FragmentStreams
from gateway.feedback import Feedback
from gateway.foresee import foresee
from gateway.plan_cache import KnownPlan, PlanCache, plan_key
from gateway.plan_shapes import PlanShapes, ask
from gateway.planner.choosing import Choosing
from gateway.planner.make_plan import make_plan
from gateway.question_facts import QuestionFacts
from gateway.record import QueryRecord
from gateway.stages import AdmittedQuery, AuthorizedQuery, FederatedPlan, QueryRequest
from gateway.telemetry import Telemetry
from policies.port import DepartmentPort


@dataclass(frozen=True, slots=True)
class QuestionPlanner:
    """The part of the pipeline before dispatch, with what earlier questions left."""

    admission: Admission
    catalogs: Catalogs
    ports: Mapping[str, DepartmentPort]
    telemetry: Telemetry
    plans: PlanCache = field(default_factory=PlanCache)
    shapes: PlanShapes = field(default_factory=PlanShapes)
    feedback: Feedback = field(default_factory=Feedback)

    def plan(self, request: QueryRequest, record: QueryRecord) -> FederatedPlan:
        """Everything up to dispatch. Touches no data."""
        today, generation = self.catalogs.today(), self.catalogs.generation
        key = plan_key(request, today, generation)
        known, by = self.plans.find(key), "text"
        if known is None:
            admitted = self.admit(request, record)
            asked = ask(admitted, today, generation)
            # What is explained is planned: reasons and estimates are about its own values.
            known, by = self.shapes.find(admitted, asked) if request.operation == "query" else None, "shape"
        self.telemetry.plans.add(1, {"comity.plan.known_by": by if known is not None else "nothing"})
        if known is not None:
            with record.stage("plan"):
                record.known(known)
                return known.plan_for(request)
        plan = self.plan_admitted(admitted, record)
        known = KnownPlan(plan, plan.authorized.bound.admitted.parsed, record.decisions)
        self.plans.keep(key, known)
        self.shapes.learn(asked, known)
        return plan

    def forget_plans(self) -> None:
        """What plans were chosen by has changed."""
        self.plans.clear()
        self.shapes.clear()

    def make_plan(self, request: QueryRequest, record: QueryRecord) -> FederatedPlan:
        """As `plan`, whatever was asked before."""
        return self.plan_admitted(self.admit(request, record), record)

    def admit(self, request: QueryRequest, record: QueryRecord) -> AdmittedQuery:
        with record.stage("parse"):
            return admit(request, self.catalogs, self.admission, record)

    def plan_admitted(self, admitted: AdmittedQuery, record: QueryRecord) -> FederatedPlan:
        with record.stage("resolve"):
            bound = bind(admitted, self.catalogs)
        with record.stage("authorize"):
            authorized = authorize(bound, self.catalogs, self.ports, record)
        with record.stage("plan"):
            choosing = self.choosing(authorized)
            plan = make_plan(authorized, self.catalogs.binder, self.catalogs.published, choosing)
            return foresee(plan, self.catalogs, self.ports)

    def choosing(self, query: AuthorizedQuery) -> Choosing:
        """What this caller may know of the tables, and what the federation prefers."""
        facts = QuestionFacts(self.ports, query.request, query.decisions)
        prefer = self.catalogs.federation.settings.prefer
        corrections = self.feedback.corrections(query)
        return Choosing(facts, prefer, query.request.operation == "explain", corrections)

    def learn(self, streams: FragmentStreams) -> None:
        """Plans of the caller are made anew where fragments gave far more or fewer rows than was expected."""
        if self.feedback.learn(streams.plan, streams.streams.values()):
            principal = streams.plan.authorized.request.principal
            self.plans.forget(principal)
            self.shapes.forget(principal)
