"""What must hold of a block that is aggregated below a join by choice, beside what must of every such block."""

from __future__ import annotations

from sqlglot import exp

from gateway.planner.aggregate_block import AggregateBlock, shown
from gateway.planner.magnitudes import stays_small, total_stays_small
from gateway.planner.members import arm_values, arms_of, member_tables
from gateway.planner.planning import Planning
from gateway.planner.relations import product
from policies.statistics import ColumnFacts
from sql.scopes import free_aliases
from sql.uses.failing import may_fail


def why_not_chosen(block: AggregateBlock, planning: Planning) -> str:
    """Why a department's part of a block should rather cross as rows; empty when it need not."""
    reason = _why_not_filled(block) if block.fills_with_nulls else ""
    if not reason and not _stays_small(block, planning):
        return "an expression may fail on rows that the join leaves out"
    return reason


def _why_not_filled(block: AggregateBlock) -> str:
    """Rows that the join fills with NULLs must be none to the calls over the union, and none of its keys computed."""
    for leaf in block.leaves:
        if block.alias in free_aliases(leaf) and not isinstance(leaf, exp.Column):
            return "the join fills rows with NULLs"
    for call in block.calls:
        if block.alias not in free_aliases(call.node):
            continue
        if call.argument is None or isinstance(call.function, exp.CountIf) or not _is_strict(call.argument):
            return f"{shown(call)} counts rows that the join fills with NULLs"
    return ""


def _is_strict(node: exp.Expr) -> bool:
    """Whether an expression over columns of the union is NULL where these are."""
    if isinstance(node, (exp.Paren, exp.Neg, exp.Cast)):
        return _is_strict(node.this)
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul)):
        return _is_strict(node.this) or _is_strict(node.expression)
    return isinstance(node, exp.Column)


def _stays_small(block: AggregateBlock, planning: Planning) -> bool:
    """Whether nothing that the departments compute can fail but by overflow, and that is far away."""
    arms = arms_of(block.union)
    rows = sum(_rows(arm, planning) for arm in arms)
    return all(_stays_small_in(arm, rows, block, planning) for arm in arms)


def _rows(arm: exp.Select, planning: Planning) -> float:
    found = (planning.choosing.facts.table(*table) for table in member_tables(arm).values())
    return product(known.rows for known in found if known is not None)


def _stays_small_in(arm: exp.Select, rows: float, block: AggregateBlock, planning: Planning) -> bool:
    values, tables = arm_values(arm), member_tables(arm)

    def facts_of(column: exp.Column) -> ColumnFacts | None:
        value = values.get(column.name) if column.table == block.alias else None
        if not isinstance(value, exp.Column) or value.table not in tables:
            return None
        known = planning.choosing.facts.table(*tables[value.table])
        return known.columns.get(value.name) if known is not None else None

    if not all(stays_small(leaf, facts_of) for leaf in block.leaves if block.alias in free_aliases(leaf)):
        return False
    for call in block.calls:
        if block.alias not in free_aliases(call.node):
            continue
        if call.filter is not None and may_fail(call.filter):
            return False
        if call.argument is not None and not stays_small(call.argument, facts_of):
            return False
        if isinstance(call.function, (exp.Sum, exp.Avg)):
            if call.argument is None or not total_stays_small(call.argument, rows, facts_of):
                return False
        elif may_fail(call.node) and (call.argument is None or not may_fail(call.argument)):
            return False
    return True
