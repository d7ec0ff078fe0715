"""Whether arithmetic stays far within its types, by the largest values that are known of its columns."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from gateway.planner.constants import point_of
from policies.statistics import ColumnFacts
from sql.annotate import kind_of
from sql.uses.failing import may_fail

MARGIN = 1000.0
"""How much larger than what is known a value may be: statistics rest on samples."""
WIDEST = 38
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")

FactsOf = Callable[[exp.Column], ColumnFacts | None]


def stays_small(node: exp.Expr, facts_of: FactsOf) -> bool:
    """Whether an expression cannot fail, or could by overflow only and is a thousand times too small for it."""
    if not may_fail(node):
        return True
    if isinstance(node, (exp.Paren, exp.Neg)):
        return stays_small(node.this, facts_of)
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul)):
        room, size = _room(node), magnitude(node, facts_of)
        inside = stays_small(node.this, facts_of) and stays_small(node.expression, facts_of)
        return inside and room is not None and size is not None and size * MARGIN < room
    if isinstance(node, exp.Case):
        tests = [branch.this for branch in node.args["ifs"]]
        values = [branch.args["true"] for branch in node.args["ifs"]]
        default = node.args.get("default")
        values += [default] if default is not None else []
        kinds = {kind_of(value) for value in values if not isinstance(value, (exp.Literal, exp.Null))}
        alike = node.this is None and len(kinds) == 1
        return alike and not any(map(may_fail, tests)) and all(stays_small(v, facts_of) for v in values)
    return False


def total_stays_small(argument: exp.Expr, rows: float, facts_of: FactsOf) -> bool:
    """Whether a sum of so many values fits 38 digits by as much; of other types than decimals it always does."""
    found = _DECIMAL.fullmatch(kind_of(argument) or "")
    if found is None:
        return kind_of(argument) is not None
    scale, whole = int(found[2]), int(found[1]) - int(found[2])
    most = magnitude(argument, facts_of)
    size = 10.0**whole if most is None else most * MARGIN
    return size * max(rows, 1.0) * MARGIN < 10.0 ** (WIDEST - scale)


def magnitude(node: exp.Expr, facts_of: FactsOf) -> float | None:
    """The largest absolute value that an expression is known to take; None where that is not known."""
    if isinstance(node, exp.Column):
        facts = facts_of(node)
        places = [*facts.bounds, *(value for value, _ in facts.common)] if facts is not None else []
        numbers = [abs(place) for place in places if not isinstance(place, str)]
        return max(numbers) if numbers and len(numbers) == len(places) else None
    if isinstance(node, (exp.Paren, exp.Neg, exp.Cast)):
        return magnitude(node.this, facts_of)
    if isinstance(node, exp.Case):
        values = [branch.args["true"] for branch in node.args["ifs"]] + [
            node.args.get("default") or exp.null()
        ]
        sizes = [0.0 if isinstance(value, exp.Null) else magnitude(value, facts_of) for value in values]
        return None if None in sizes else max(size for size in sizes if size is not None)
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul)):
        left, right = magnitude(node.this, facts_of), magnitude(node.expression, facts_of)
        if left is None or right is None:
            return None
        return left * right if isinstance(node, exp.Mul) else left + right
    place = point_of(node)
    return abs(place) if isinstance(place, float) else None


def _room(node: exp.Expr) -> float | None:
    """The least number that the expression's decimal type has no room for."""
    found = _DECIMAL.fullmatch(kind_of(node) or "")
    return 10.0 ** (int(found[1]) - int(found[2])) if found is not None else None
