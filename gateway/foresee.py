"""The step between planning and dispatch: each fragment is checked as its agent will check it.

What a department allows of a whole question it may refuse of the part that it is sent: a value may be
aggregated but not leave, and the plan needs it at the merge. Such a question is refused here, in its own words
and places, and before anything is sent. The agents check again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from sqlglot import exp

from gateway.authorize import denial
from gateway.catalogs import Catalogs
from gateway.floors import check_fragment, check_question
from gateway.stages import FederatedPlan, PlannedFragment
from policies.decision import Decision, Refusal
from policies.port import DepartmentPort
from sql.binder import Binder
from sql.catalog import Catalog, ColumnUse, TableUse
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.uses import Influence, infer_uses

REMEMBERED = 1024
"""Fragments whose reading is kept: the same question, and the same catalog, come again."""


def foresee(plan: FederatedPlan, catalogs: Catalogs, ports: Mapping[str, DepartmentPort]) -> None:
    """Raises `PolicyError` for the first fragment that its department would refuse."""
    check_question(plan, catalogs)
    by_table = {(d.department, d.table): d for d in plan.authorized.decisions}
    for planned in plan.fragments:
        decisions = [by_table.get((use.department, use.name)) for use in planned.fragment.tables]
        if not all(
            d is not None and _open(d, u) for d, u in zip(decisions, planned.fragment.tables, strict=True)
        ):
            _check(plan, planned, catalogs, ports[planned.fragment.department])


def _open(decision: Decision, use: TableUse) -> bool:
    """Whether nothing that a fragment does with these columns can be refused once the question was allowed."""
    return (
        decision.floor is None
        and not decision.joins_required
        and all(name in decision.columns and "read" in decision.columns[name].uses for name in use.columns)
    )


def _check(plan: FederatedPlan, planned: PlannedFragment, catalogs: Catalogs, port: DepartmentPort) -> None:
    fragment, request = planned.fragment, plan.authorized.request
    view = catalogs.view(request.principal, request.purpose)
    tree, influence = _read_as_its_agent(fragment.sql, view.catalog, catalogs.binder)
    grants = {
        d.table: d.grant_id
        for d in plan.authorized.decisions
        if d.department == fragment.department and d.grant_id is not None
    }
    decisions = port.decide(request.principal, request.purpose, influence.tables, grants=grants)
    denied = [
        replace(decision, refusals=tuple(_placed(r, decision, plan, catalogs) for r in decision.refusals))
        for decision in decisions
        if not decision.allowed
    ]
    if denied:
        raise denial(denied, _asked(denied[0], plan, catalogs) or influence.tables[0])
    check_fragment(tree, decisions, plan, catalogs)


@lru_cache(maxsize=REMEMBERED)
def _read_as_its_agent(sql: str, catalog: Catalog, binder: Binder) -> tuple[exp.Query, Influence]:
    """A fragment's tree, not to be changed, and what it does with columns whose values cross."""
    resolved = resolve_query(parse_query(sql), catalog, binder)
    return resolved.tree, infer_uses(resolved.tree, resolved.tables, sql, crossing=True)


def _placed(refusal: Refusal, decision: Decision, plan: FederatedPlan, catalogs: Catalogs) -> Refusal:
    """The refusal with a place in the question, since nobody but the planner wrote the fragment."""
    asked = _asked(decision, plan, catalogs)
    uses: tuple[ColumnUse, ...] = asked.uses if asked is not None else ()
    found = next((use for use in uses if use.column == refusal.column and use.line is not None), None)
    if found is not None:
        return replace(refusal, line=found.line, place=found.place)
    return replace(
        refusal,
        line=asked.line if asked is not None else None,
        place=asked.column if asked is not None else None,
    )


def _asked(decision: Decision, plan: FederatedPlan, catalogs: Catalogs) -> TableUse | None:
    """How the question itself uses the table that was decided about."""
    key = (decision.department, decision.table)
    for use in plan.authorized.bound.influence.tables:
        if key in catalogs.members_of(use.department, use.name):
            return use
    return None
