"""Which part of the rows a condition leaves, by what is known of the columns that it is about."""

from __future__ import annotations

import operator
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from math import prod
from typing import Any

from sqlglot import exp

from gateway.planner.constants import point_of
from policies.statistics import ColumnFacts, Point
from sql.copies import copy_tree
from sql.scopes import split_conjuncts

FactsOf = Callable[[exp.Column], ColumnFacts | None]

RANGE, EQUAL, PATTERN, OTHER = 1 / 3, 0.01, 0.1, 0.5
"""What is taken of conditions on values that are computed from known columns, as most planners do."""
LEAST = 1e-6
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
}
_FEWEST_SAMPLES = 20


def pair_ranges(conjuncts: Iterable[exp.Expr]) -> list[exp.Expr]:
    """Conditions with a lower and an upper limit of one column as one, since they are not independent.

    >>> from sqlglot import parse_one
    >>> [c.sql() for c in pair_ranges(parse_one(text) for text in ("t.a >= 1", "t.b", "5 > t.a"))]
    ['t.b', 't.a BETWEEN 1 AND 5']
    """
    found: list[exp.Expr] = []
    limits: dict[tuple[str, str], dict[bool, tuple[exp.Expr, exp.Expr]]] = {}
    for conjunct in conjuncts:
        limit = _limit(conjunct)
        if limit is None:
            found.append(conjunct)
            continue
        column, is_upper, value = limit
        sides = limits.setdefault((column.table, column.name), {})
        if is_upper in sides:
            found.append(conjunct)
        else:
            sides[is_upper] = (conjunct, value)
    for sides in limits.values():
        if len(sides) == 1:
            found += [conjunct for conjunct, _ in sides.values()]
            continue
        (lower, low), (_, high) = sides[False], sides[True]
        column = next(lower.find_all(exp.Column))
        found.append(exp.Between(this=copy_tree(column), low=copy_tree(low), high=copy_tree(high)))
    return found


def _limit(node: exp.Expr) -> tuple[exp.Column, bool, exp.Expr] | None:
    """The column that a comparison limits, whether from above, and the constant."""
    if not isinstance(node, (exp.LT, exp.LTE, exp.GT, exp.GTE)):
        return None
    is_less = isinstance(node, (exp.LT, exp.LTE))
    for value, other, is_upper in (
        (node.this, node.expression, is_less),
        (node.expression, node.this, not is_less),
    ):
        if isinstance(value, exp.Column) and point_of(other) is not None:
            return value, is_upper, other
    return None


def part_left(condition: exp.Expr, facts_of: FactsOf) -> float | None:
    """The part of rows for which a condition holds; None when it is about a column of which nothing is known.

    >>> from sqlglot import parse_one
    >>> facts = ColumnFacts(distinct=10, null_fraction=0.0, bounds=(0.0, 50.0, 100.0))
    >>> part_left(parse_one("t.a < 25 AND NOT t.a = 3"), lambda _: facts)
    0.225
    """
    if any(facts_of(column) is None for column in condition.find_all(exp.Column)):
        return None
    return min(1.0, max(LEAST, _part(condition, facts_of)))


def _part(node: exp.Expr, facts_of: FactsOf) -> float:
    if isinstance(node, exp.Paren):
        return _part(node.this, facts_of)
    if isinstance(node, exp.And):
        return prod(_part(conjunct, facts_of) for conjunct in pair_ranges(split_conjuncts(node)))
    if isinstance(node, exp.Or):
        left, right = _part(node.this, facts_of), _part(node.expression, facts_of)
        return left + right - left * right
    if isinstance(node, exp.Not):
        return max(0.0, 1 - _part(node.this, facts_of))
    if isinstance(node, exp.Boolean):
        return 1.0 if node.this else 0.0
    if isinstance(node, exp.Is):
        column = _column(node.this)
        facts = facts_of(column) if column is not None else None
        return (facts.null_fraction or 0.0) if facts is not None else OTHER
    if isinstance(node, exp.Between):
        low = _compared(exp.GTE, node.this, node.args["low"], facts_of)
        high = _compared(exp.LTE, node.this, node.args["high"], facts_of)
        known = low + high - (1 - nulls_of(node.this, facts_of))
        if low == high == RANGE:
            return RANGE * RANGE
        return known if known > LEAST else min(low * high, EQUAL)
    if isinstance(node, exp.In):
        if not node.expressions:
            return OTHER
        return min(1.0, sum(_compared(exp.EQ, node.this, item, facts_of) for item in node.expressions))
    if isinstance(node, (exp.Like, exp.ILike)):
        part = _like(node, facts_of)
        return max(0.0, 1 - part) if node.args.get("negate") else part
    if type(node) in _TURNED:
        if _column(node.this) is None and _column(node.expression) is not None:
            return _compared(_TURNED[type(node)], node.expression, node.this, facts_of)
        return _compared(type(node), node.this, node.expression, facts_of)
    return OTHER


def nulls_of(node: exp.Expr, facts_of: FactsOf) -> float:
    column = _column(node)
    facts = facts_of(column) if column is not None else None
    return (facts.null_fraction or 0.0) if facts is not None else 0.0


def _column(node: exp.Expr) -> exp.Column | None:
    while isinstance(node, (exp.Paren, exp.Cast)):
        node = node.this
    return node if isinstance(node, exp.Column) else None


def _compared(kind: type[exp.Expr], value: exp.Expr, other: exp.Expr, facts_of: FactsOf) -> float:
    column, place = _column(value), point_of(other)
    facts = facts_of(column) if column is not None else None
    if kind is exp.NEQ:
        nulls = facts.null_fraction or 0.0 if facts is not None else 0.0
        return max(0.0, 1 - nulls - _compared(exp.EQ, value, other, facts_of))
    if facts is None:
        return EQUAL if kind is exp.EQ else RANGE
    if kind is exp.EQ:
        second = _column(other)
        against = facts_of(second) if second is not None else None
        if against is not None:
            return 1 / max(facts.distinct or 1, against.distinct or 1, 1)
        return equal_part(facts, place)
    if place is None:
        return RANGE
    return _range_part(kind, facts, place)


def equal_part(facts: ColumnFacts, place: Point | None) -> float:
    """The part of rows with one value: that of a frequent one, or an equal share of the rest."""
    for value, part in facts.common:
        if value == place:
            return part
    if not facts.distinct:
        return EQUAL if facts.distinct is None else 0.0
    left = max(0.0, 1 - (facts.null_fraction or 0.0) - sum(part for _, part in facts.common))
    if place is not None and facts.bounds and _is_comparable(place, facts.bounds[0]):
        outside = place < facts.bounds[0] or place > facts.bounds[-1]  # type: ignore[operator]  # of one type
        if outside and len(facts.bounds) > _FEWEST_SAMPLES:
            return LEAST
    return left / max(facts.distinct - len(facts.common), 1)


def _range_part(kind: type[exp.Expr], facts: ColumnFacts, place: Point) -> float:
    listed = _listed_part(kind, facts, place)
    rest = max(0.0, 1 - (facts.null_fraction or 0.0) - sum(part for _, part in facts.common))
    if len(facts.bounds) < 2 or not _is_comparable(place, facts.bounds[0]):
        return listed + rest * RANGE if facts.common and _is_comparable(place, facts.common[0][0]) else RANGE
    below = _part_below(facts.bounds, place)
    return listed + rest * (below if kind in (exp.LT, exp.LTE) else 1 - below)


_HOLDS: dict[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}


def _listed_part(kind: type[exp.Expr], facts: ColumnFacts, place: Point) -> float:
    """The part of rows with a frequent value for which a comparison holds."""
    holds, text = _HOLDS[kind], isinstance(place, str)
    return sum(part for value, part in facts.common if isinstance(value, str) is text and holds(value, place))


def _is_comparable(one: Point, other: Point) -> bool:
    return isinstance(one, str) == isinstance(other, str)


def _part_below(bounds: tuple[Point, ...], place: Point) -> float:
    """The part of the values between the bounds that lie below a place on their scale."""
    steps = len(bounds) - 1
    right = bisect_right(bounds, place)
    if right == 0:
        return 0.0
    if right > steps:
        return 1.0
    low, high = bounds[right - 1], bounds[right]
    inside = 0.5
    if isinstance(low, float) and isinstance(high, float) and isinstance(place, float) and high > low:
        inside = (place - low) / (high - low)
    return (right - 1 + inside) / steps


def _like(node: exp.Expr, facts_of: FactsOf) -> float:
    column, pattern = _column(node.this), node.expression
    facts = facts_of(column) if column is not None else None
    if facts is None or not isinstance(pattern, exp.Literal):
        return PATTERN
    samples = [value for value in facts.bounds if isinstance(value, str)]
    flags = re.DOTALL | (re.IGNORECASE if isinstance(node, exp.ILike) else 0)
    matches = re.compile(_expression(str(pattern.this)), flags).fullmatch
    listed = sum(part for value, part in facts.common if isinstance(value, str) and matches(value))
    rest = max(0.0, 1 - (facts.null_fraction or 0.0) - sum(part for _, part in facts.common))
    if len(samples) < _FEWEST_SAMPLES:
        return listed + rest * PATTERN
    start = re.match(r"[^%_]*", str(pattern.this))
    prefix = start[0] if start is not None else ""
    if prefix and str(pattern.this) == f"{prefix}%" and isinstance(node, exp.Like):
        first, last = bisect_left(samples, prefix), bisect_left(samples, prefix + chr(0x10FFFF))
        return listed + rest * max((last - first) / len(samples), 0.5 / len(samples))
    found = sum(1 for value in samples if matches(value))
    return listed + rest * max(found, 0.5) / len(samples)


def _expression(pattern: str) -> str:
    return "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
