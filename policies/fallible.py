"""Row filters that fail on some row: such a row is hidden, and the question does not fail on it.

Otherwise a filter that casts a text to a number would fail or not as the question's own conditions decide which
rows it is computed on, and tell of rows that it hides.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sql.annotate import annotate_value, set_kind
from sql.uses.failing import may_fail


def annotate_columns(root: exp.Expr, types: Mapping[str, str]) -> None:
    """Gives the columns in an expression of the policy their canonical types, and what is made of them theirs."""
    for column in root.find_all(exp.Column):
        set_kind(column, types.get(column.name))
    annotate_value(root)


def guarded(condition: exp.Expr, types: Mapping[str, str], mapping: exp.Select) -> exp.Expr:
    """The condition, or its form that is NULL where it, or a column it reads, cannot be computed.

    `types` are those of the columns in it, which `mapping` computes.
    """
    annotate_columns(condition, types)
    read = {column.name for column in condition.find_all(exp.Column)}
    computed = (projection for projection in mapping.expressions if projection.alias in read)
    if not may_fail(condition) and not any(map(may_fail, computed)):
        return condition
    return exp.Try(this=condition.unnest())
