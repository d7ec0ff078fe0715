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

from comity.errors import PolicyError, SqlError
from gateway.authorize import denial
from gateway.catalogs import Catalogs
from gateway.collected_keys import MOST_KEYS
from gateway.floors import check_fragment, check_question
from gateway.keyed_text import text_with_keys
from gateway.planner.remarks import Remark
from gateway.stages import FederatedPlan, KeyExchange, PlannedFragment
from policies.decision import Decision, Refusal
from policies.port import DepartmentPort
from sql.binder import Binder
from sql.catalog import Catalog, ColumnUse, TableUse
from sql.keys import KeyColumn
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.uses import Influence, infer_uses

REMEMBERED = 1024
"""Fragments whose reading is kept: the same question, and the same catalog, come again."""


def foresee(plan: FederatedPlan, catalogs: Catalogs, ports: Mapping[str, DepartmentPort]) -> FederatedPlan:
    """Raises `PolicyError` for the first fragment that its department would refuse.

    The plan is without the keys that a department would refuse to compare with.
    """
    check_question(plan, catalogs)
    by_table = {(d.department, d.table): d for d in plan.authorized.decisions}
    fragments, remarks = [], list(plan.remarks)
    for planned in plan.fragments:
        port = ports[planned.fragment.department]
        decisions = [by_table.get((use.department, use.name)) for use in planned.fragment.tables]
        is_open = all(
            d is not None and _open(d, u) for d, u in zip(decisions, planned.fragment.tables, strict=True)
        )
        if not is_open:
            _check(plan, planned, catalogs, port)
        kept = _with_keys(plan, planned, catalogs, port, is_open=is_open) if planned.exchanges else planned
        fragments.append(kept)
        remarks += [
            Remark(
                "exchange",
                f"{port.name} does not let {'.'.join(target)} be compared with keys here",
                kept.fragment.id,
            )
            for target in sorted({e.target for e in planned.exchanges} - {e.target for e in kept.exchanges})
        ]
    if not any(planned.exchanges for planned in plan.fragments):
        return plan
    return replace(plan, fragments=tuple(fragments), remarks=tuple(remarks))


def _with_keys(
    plan: FederatedPlan,
    planned: PlannedFragment,
    catalogs: Catalogs,
    port: DepartmentPort,
    *,
    is_open: bool,
) -> PlannedFragment:
    """The fragment with those exchanges that its department would not refuse."""
    allows = _allows_join if is_open else _allows_fragment
    if allows(plan, planned, catalogs, port):
        return planned
    kept = planned
    for exchange in planned.exchanges:
        if not allows(plan, _only(planned, (exchange,)), catalogs, port):
            kept = _only(kept, tuple(e for e in kept.exchanges if e is not exchange))
    return kept


def _only(planned: PlannedFragment, exchanges: tuple[KeyExchange, ...]) -> PlannedFragment:
    gone = {name: "TRUE" for e in planned.exchanges if e not in exchanges for name in e.names}
    text = text_with_keys(planned.keyed_sql, gone) if exchanges else ""
    return replace(planned, exchanges=exchanges, keyed_sql=text)


def _allows_join(
    plan: FederatedPlan, planned: PlannedFragment, catalogs: Catalogs, port: DepartmentPort
) -> bool:
    """Whether the comparisons are allowed in a fragment of which all else is."""
    del catalogs
    request = plan.authorized.request
    asked: dict[str, list[ColumnUse]] = {}
    for exchange in planned.exchanges:
        _, table, column = exchange.target
        asked.setdefault(table, []).extend(
            ColumnUse(column, "join", "joins it with keys", partner=source.origin, values=MOST_KEYS)
            for source in exchange.sources
        )
    uses = [replace(use, uses=tuple(asked[use.name])) for use in planned.fragment.tables if use.name in asked]
    grants = _grants(plan, planned)
    return all(d.allowed for d in port.decide(request.principal, request.purpose, uses, grants=grants))


def _allows_fragment(
    plan: FederatedPlan, planned: PlannedFragment, catalogs: Catalogs, port: DepartmentPort
) -> bool:
    """Whether the fragment is allowed with the keys of all its exchanges."""
    keys = tuple(
        KeyColumn(name, source.origin, exchange.kind, MOST_KEYS)
        for exchange in planned.exchanges
        for name, source in zip(exchange.names, exchange.sources, strict=True)
    )
    fragment = replace(planned.fragment, sql=planned.keyed_sql)
    try:
        _check(plan, replace(planned, fragment=fragment), catalogs, port, keys)
    except (PolicyError, SqlError):
        return False
    return True


def _grants(plan: FederatedPlan, planned: PlannedFragment) -> dict[str, str]:
    """Which grant governs each table of the fragment."""
    return {
        d.table: d.grant_id
        for d in plan.authorized.decisions
        if d.department == planned.fragment.department and d.grant_id is not None
    }


def _open(decision: Decision, use: TableUse) -> bool:
    """Whether nothing that a fragment does with these columns can be refused once the question was allowed."""
    return (
        decision.floor is None
        and not decision.joins_required
        and all(name in decision.columns and "read" in decision.columns[name].uses for name in use.columns)
    )


def _check(
    plan: FederatedPlan,
    planned: PlannedFragment,
    catalogs: Catalogs,
    port: DepartmentPort,
    keys: tuple[KeyColumn, ...] = (),
) -> None:
    fragment, request = planned.fragment, plan.authorized.request
    view = catalogs.view(request.principal, request.purpose)
    tree, influence = _read_as_its_agent(fragment.sql, view.catalog, catalogs.binder, keys)
    decisions = port.decide(
        request.principal, request.purpose, influence.tables, grants=_grants(plan, planned)
    )
    denied = [
        replace(decision, refusals=tuple(_placed(r, decision, plan, catalogs) for r in decision.refusals))
        for decision in decisions
        if not decision.allowed
    ]
    if denied:
        raise denial(denied, _asked(denied[0], plan, catalogs) or influence.tables[0])
    check_fragment(tree, decisions, plan, catalogs)


@lru_cache(maxsize=REMEMBERED)
def _read_as_its_agent(
    sql: str, catalog: Catalog, binder: Binder, keys: tuple[KeyColumn, ...]
) -> tuple[exp.Query, Influence]:
    """A fragment's tree, not to be changed, and what it does with columns whose values cross."""
    resolved = resolve_query(parse_query(sql), catalog, binder, keys=keys)
    return resolved.tree, infer_uses(resolved.tree, resolved.tables, sql, crossing=True, keys=keys)


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
