"""Values that are equal without being the same: 0 and -0, one month and 30 days.

A pass that groups rows by a column, or asks for different rows, where the question did not, keeps one of them for both.
That is exact as long as nothing tells them apart: comparisons do not, but a cast to text does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from sqlglot import exp

from sql.annotate import kind_of

KindOf: TypeAlias = Callable[[exp.Column], str | None]
"""The canonical type of a column; None where it is not known."""

_NUMBERS = frozenset(
    {
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
        *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
        *("FLOAT", "DOUBLE"),
    }
)
_COMPARISONS = (
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Between,
)


def has_twins(kind: str | None) -> bool:
    """Whether values of a type can be equal without being the same; so they can where the type is not known.

    >>> has_twins("DOUBLE"), has_twins("DECIMAL(15,2)"), has_twins("INTERVAL[]"), has_twins(None)
    (True, False, True, True)
    """
    return kind is None or kind.partition("[")[0] in {"FLOAT", "DOUBLE", "INTERVAL"}


def only_compared(column: exp.Expr) -> bool:
    """Whether an expression stands where values that are equal make no difference: beside a number in a comparison.

    What is compared with text may become text for it.
    """
    node, parent = column, column.parent
    while isinstance(parent, exp.Paren):
        node, parent = parent, parent.parent
    if isinstance(parent, exp.Is):
        return True
    if isinstance(parent, exp.In):
        if node is not parent.this or parent.args.get("unnest"):
            return False
        query = parent.args.get("query")
        others = (
            [output.unalias() for output in query.unnest().selects]
            if query is not None
            else parent.expressions
        )
        return all(_is_alike(node, other) for other in others)
    if not isinstance(parent, _COMPARISONS):
        return False
    return all(_is_alike(node, other) for other in parent.iter_expressions() if other is not node)


def _is_alike(node: exp.Expr, other: exp.Expr) -> bool:
    """Whether two values are compared as numbers, or in the type of both."""
    one, another = kind_of(node.unnest()), kind_of(other.unnest())
    if one is None or another is None:
        return False
    return one == another or all(k in _NUMBERS or k.startswith("DECIMAL(") for k in (one, another))


def told_apart(parts: Iterable[exp.Expr], alias: str, skip: Iterable[exp.Expr], kind: KindOf) -> str:
    """A column of the FROM item `alias` in one of the parts that tells equal values apart; empty for none.

    Parts that are equal to one of `skip` are not entered.
    """
    computed = [other for other in skip if not isinstance(other, exp.Column)]
    stack = list(parts)
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Column):
            if node.table == alias and has_twins(kind(node)) and not only_compared(node):
                return node.name
        elif not any(node == other for other in computed):
            stack.extend(node.iter_expressions())
    return ""
