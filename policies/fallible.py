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


def guarded(condition: exp.Expr, types: Mapping[str, str]) -> exp.Expr:
    """The condition, or its form that is NULL where it fails; `types` are those of the columns in it."""
    annotate_columns(condition, types)
    if not may_fail(condition):
        return condition
    return exp.Try(this=condition.unnest())
