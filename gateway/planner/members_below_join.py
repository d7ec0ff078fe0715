"""Finds what the members of a federated table could aggregate below a join with other tables, and what that saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from gateway.planner.below_join import AGGREGATE_BYTES, FEW, UNSURE, Crossing, what_crosses
from gateway.planner.block_aggregates import block_calls
from gateway.planner.choosing import Cost, sending
from gateway.planner.gather_department import aggregates
from gateway.planner.members import (
    arm_values,
    arms_of,
    in_member,
    is_member_union,
    member_tables,
    union_name,
)
from gateway.planner.planning import Planning
from gateway.planner.widths import value_bytes
from sql.annotate import kind_of
from sql.scopes import block_sources, free_aliases, source_alias


@dataclass(frozen=True, slots=True)
class MembersBelowJoin:
    """A block's federated table: what its members would send as rows, and as groups, all together."""

    name: str
    as_rows: Cost
    as_groups: Cost


def find_members_below_join(select: exp.Select, planning: Planning) -> MembersBelowJoin | None:
    """What either way costs; None where the block has no such table, too little is known, or its values may not be seen."""
    sources = block_sources(select)
    unions = [source for source, _ in sources if is_member_union(source)]
    if len(sources) < 2 or len(unions) != 1 or not aggregates(select):
        return None
    (union,) = unions
    alias = source_alias(union)
    calls = {id(call.node): (call, free_aliases(call.node)) for call in block_calls(select)}
    sent = what_crosses(select, {alias}, set(), calls)
    if not sent.calls or planning.disclosure.has_floor(union):
        return None
    seen = [exp.column(name, table=table, quoted=True) for table, name in sorted(sent.read)]
    if not all(planning.may_read(column, union) for column in seen):
        return None
    kinds = {c.name: kind_of(c) for c in select.find_all(exp.Column) if c.table == alias}
    found = [_in_arm(arm, alias, sent, kinds, planning) for arm in arms_of(union)]
    costs = [cost for cost in found if cost is not None]
    if len(costs) < len(found):
        return None
    as_rows, as_groups = _total([rows for rows, _ in costs]), _total([groups for _, groups in costs])
    return MembersBelowJoin(union_name(union), as_rows, as_groups) if as_rows.rows >= FEW else None


def _total(costs: Sequence[Cost]) -> Cost:
    """Members work side by side."""
    return Cost(
        sum(cost.rows for cost in costs),
        sum(cost.bytes for cost in costs),
        max((cost.seconds for cost in costs), default=0.0),
    )


def _in_arm(
    arm: exp.Select, alias: str, sent: Crossing, kinds: dict[str, str | None], planning: Planning
) -> tuple[Cost, Cost] | None:
    estimator, values = planning.choosing.estimator, arm_values(arm)
    rows = estimator.estimate(arm)
    keys = [in_member(key, alias, values) for key in sent.keys]
    keys = [key for key in keys if key.find(exp.Column) is not None]
    grouped = arm.copy()
    grouped.set("expressions", [exp.alias_(key, f"c{n}") for n, key in enumerate(keys)] or [_one()])
    grouped.set("group", exp.Group(expressions=[key.copy() for key in keys]) if keys else None)
    after = estimator.estimate(grouped) if keys else rows
    if rows is None or after is None:
        return None
    groups = min(UNSURE * after.rows, rows.rows) if keys else 1.0
    home = next(iter(member_tables(arm).values()), ("", ""))[0]
    speed = planning.choosing.facts.speed(home)

    def width(place: tuple[str, str]) -> float:
        facts = rows.columns.get(place[1])
        return value_bytes(kinds.get(place[1]) or "VARCHAR", facts.width if facts is not None else None)

    row = sum(map(width, sent.read)) or 1.0
    group = sum(map(width, sent.columns)) + AGGREGATE_BYTES * sent.aggregated
    seconds = rows.rows * speed.group / 1e6 + sending(groups, len(sent.keys) + sent.aggregated, speed)
    as_rows = Cost(rows.rows, rows.rows * row, sending(rows.rows, len(sent.read), speed))
    return as_rows, Cost(groups, groups * group, seconds)


def _one() -> exp.Expr:
    return exp.alias_(exp.Literal.number(1), "c0")
