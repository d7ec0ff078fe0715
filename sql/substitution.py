"""Puts values where columns stood, so that they mean there what they meant where they were computed."""

from __future__ import annotations

from sqlglot import exp

from sql.annotate import kind_of
from sql.copies import copy_tree

_WHOLE = (
    *(
        exp.Column,
        exp.Literal,
        exp.Null,
        exp.Boolean,
        exp.Paren,
        exp.Cast,
        exp.TryCast,
        exp.Case,
        exp.Coalesce,
    ),
    *(exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Substring, exp.Extract, exp.Abs, exp.Subquery),
)
"""Values that no operator beside them takes apart. sqlglot writes some that it calls functions as operators (AND, dates
and intervals)."""
_AROUND = (
    exp.Alias,
    exp.Paren,
    exp.Group,
    exp.Tuple,
    exp.Rollup,
    exp.Cube,
    exp.GroupingSets,
    exp.Ordered,
    exp.Where,
)
"""What holds one value, or several between commas."""


def in_its_place(value: exp.Expr, column: exp.Expr) -> exp.Expr:
    """A copy of a value as it has to stand where a column does: in parentheses if need be, with the column's type.

    >>> import sqlglot
    >>> place = sqlglot.parse_one("NOT q.b")
    >>> place.this.replace(in_its_place(sqlglot.parse_one("x = 1 OR x = 2"), place.this)).parent.sql()
    'NOT (x = 1 OR x = 2)'
    """
    copy = copy_tree(value)
    if column.type is not None and copy.type is None:
        copy.type = column.type
    if isinstance(copy, _WHOLE) or column.parent is None or isinstance(column.parent, _AROUND):
        return copy
    around = exp.Paren(this=copy)
    if copy.type is not None:
        around.type = copy.type
    return around


def of_its_type(value: exp.Expr, kind: str | None) -> exp.Expr | None:
    """A value that reads no column as one of its type, as `typed`; others have their type by what they are made of."""
    return value if value.find(exp.Column) is not None else typed(value, kind)


def typed(value: exp.Expr, kind: str | None) -> exp.Expr | None:
    """A value said to be of its type, which it keeps whatever stands beside it; None where that is not known."""
    if isinstance(value, exp.Cast) and kind is not None and kind_of(value) == kind:
        return value
    if kind is None or kind == "NULL":
        return None
    cast = exp.cast(copy_tree(value), kind, dialect="duckdb")
    cast.type = cast.to
    return cast
