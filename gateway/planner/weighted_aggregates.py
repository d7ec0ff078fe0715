"""Aggregates of what stands beside groups that stand for many rows: each row counts as often as its group has rows."""

from __future__ import annotations

import re

from sqlglot import exp

from gateway.planner.block_aggregates import Call
from gateway.planner.partial_aggregates import parsed
from sql.annotate import kind_of

_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_DIGITS = 19
"""Digits of a decimal that leave room for a count in 38."""


def can_weight(call: Call) -> bool:
    """Whether a call can be computed exactly from rows and how often each of them counts.

    >>> from sqlglot import parse_one
    >>> from gateway.planner.block_aggregates import call_at
    >>> can_weight(call_at(parse_one("COUNT(x)"))), can_weight(call_at(parse_one("STDDEV(x)")))
    (True, False)
    """
    if not call.plain or call.distinct:
        return False
    if isinstance(call.function, exp.Count):
        return True
    if not isinstance(call.function, (exp.Sum, exp.Avg)) or call.argument is None:
        return False
    return _weighted_value(call.argument, exp.Literal.number(1)) is not None


def weighted(call: Call, weight: exp.Expr) -> exp.Expr:
    """The call over rows of which each counts `weight` times; what it `can_weight`."""
    rows = _filtered(call, exp.Sum(this=_present(call.argument, weight)))
    if isinstance(call.function, exp.Count):
        return parsed("CAST(COALESCE(:n, 0) AS BIGINT)", n=rows)
    assert call.argument is not None
    value = _weighted_value(call.argument, weight)
    assert value is not None
    total = _filtered(call, exp.Sum(this=value))
    if isinstance(call.function, exp.Sum):
        return total
    return parsed("CAST(:s AS DOUBLE) / CAST(:n AS DOUBLE)", s=total, n=rows)


def _present(argument: exp.Expr | None, weight: exp.Expr) -> exp.Expr:
    if argument is None:
        return weight.copy()
    return parsed("CASE WHEN NOT :x IS NULL THEN :w END", x=argument, w=weight)


def _weighted_value(argument: exp.Expr, weight: exp.Expr) -> exp.Expr | None:
    """The argument times the weight, in a type of which the sum is of the type of the argument's own."""
    kind = kind_of(argument) or ""
    if kind in _INTEGERS:
        return parsed("CAST(:x AS HUGEINT) * CAST(:w AS HUGEINT)", x=argument, w=weight)
    if kind in {"FLOAT", "DOUBLE"}:
        return parsed("CAST(:x AS DOUBLE) * CAST(:w AS DOUBLE)", x=argument, w=weight)
    found = _DECIMAL.fullmatch(kind)
    if found is not None and int(found[1]) <= _DIGITS:
        wide = f"DECIMAL(38,{found[2]})"
        return parsed(f"CAST(CAST(:x AS {wide}) * CAST(:w AS DECIMAL(18,0)) AS {wide})", x=argument, w=weight)
    return None


def _filtered(call: Call, function: exp.Expr) -> exp.Expr:
    if call.filter is None:
        return function
    return exp.Filter(this=function, expression=exp.Where(this=call.filter.copy()))
