"""How many rows a fragment is expected to deliver, as far as it matters for which of two goes first."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from gateway.stages import PlannedFragment
from sql.allowed_functions import is_aggregate_call
from sql.scopes import split_conjuncts, walk_here

UNKNOWN = 1_000_000.0
"""Rows of tables of which nothing is known: many, so that only what is certainly small goes first."""


@dataclass(frozen=True, slots=True)
class KeySize:
    """Rows, and the share of its tables' rows that they are. `known` says that the rows are not a guess."""

    rows: float
    share: float
    known: bool


def size_of(planned: PlannedFragment, query: exp.Query, *, told: bool) -> KeySize:
    """The size of a fragment; `told` says that its caller may know how large its tables are."""
    base = float(planned.row_estimate) if told and planned.row_estimate is not None else UNKNOWN
    if planned.estimate is not None:
        rows = max(planned.estimate.rows, 1.0)
        return KeySize(rows, min(1.0, rows / max(base, rows)), known=True)
    share = _share(query)
    rows = max(1.0, base * share)
    most = _most(query)
    if most is not None:
        rows = min(rows, most)
    return KeySize(rows, min(1.0, rows / base) if base else 1.0, known=most is not None)


def _most(query: exp.Query) -> float | None:
    """Rows that there can be at most, by the query's own words."""
    whole = query.unnest()
    limit = whole.args.get("limit")
    if limit is not None and isinstance(limit.expression, exp.Literal) and not limit.expression.is_string:
        return float(limit.expression.name)
    total = isinstance(whole, exp.Select) and not whole.args.get("group") and _aggregates(whole)
    return 1.0 if total else None


def _aggregates(block: exp.Select) -> bool:
    nodes = [node for output in block.expressions for node in walk_here(output)]
    return any(map(is_aggregate_call, nodes)) and not any(isinstance(node, exp.Window) for node in nodes)


def _share(query: exp.Query) -> float:
    """The share of rows that conditions are taken to leave: a constant few, a range many."""
    share = 1.0
    for clause in query.find_all(exp.Where, exp.Having):
        for conjunct in split_conjuncts(clause.this):
            share *= _left_by(conjunct.unnest())
    return max(share, 0.01)


def _left_by(condition: exp.Expr) -> float:
    constant = condition.find(exp.Literal, exp.Boolean) is not None
    if isinstance(condition, exp.EQ):
        return 0.01 if constant else 1.0
    if isinstance(condition, exp.In):
        return 0.05 if condition.expressions else 0.2
    if isinstance(condition, (exp.Like, exp.ILike, exp.RegexpLike, exp.Between, exp.Exists)):
        return 0.2
    if isinstance(condition, (exp.GT, exp.GTE, exp.LT, exp.LTE)) and constant:
        return 0.4
    return 1.0
