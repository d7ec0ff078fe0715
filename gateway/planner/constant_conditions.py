"""Decides conditions over constants: in a member the member column is one."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

_COMPARED: dict[type[exp.Expr], Callable[[bytes, bytes], bool]] = {
    exp.EQ: lambda left, right: left == right,
    exp.NEQ: lambda left, right: left != right,
    exp.LT: lambda left, right: left < right,
    exp.LTE: lambda left, right: left <= right,
    exp.GT: lambda left, right: left > right,
    exp.GTE: lambda left, right: left >= right,
}


def simplified(condition: exp.Expr) -> exp.Expr | bool:
    """What is left of a condition when comparisons of text constants are decided: True, False, or a condition.

    Text is compared as DuckDB does, by its bytes. What is not known to be a comparison of text constants stays as it is;
    nothing here is NULL.

    >>> import sqlglot
    >>> simplified(sqlglot.parse_one("'a' LIKE 'a%' AND NOT 'a' IN ('b', 'c')"))
    True
    >>> simplified(sqlglot.parse_one("'a' > 'b' OR x = 1")).sql()
    'x = 1'
    """
    if isinstance(condition, exp.Paren):
        inner = simplified(condition.this)
        return (
            inner
            if isinstance(inner, bool)
            else condition
            if inner is condition.this
            else exp.Paren(this=inner)
        )
    if isinstance(condition, exp.Not):
        inner = simplified(condition.this)
        return not inner if isinstance(inner, bool) else condition
    if isinstance(condition, (exp.And, exp.Or)):
        return _connected(condition)
    decided = _decided(condition)
    return condition if decided is None else decided


def _connected(condition: exp.And | exp.Or) -> exp.Expr | bool:
    decides = isinstance(condition, exp.Or)
    left, right = simplified(condition.this), simplified(condition.expression)
    if left is decides or right is decides:
        return decides
    if isinstance(left, bool):
        return right
    if isinstance(right, bool):
        return left
    if left is condition.this and right is condition.expression:
        return condition
    return condition.__class__(this=left.copy(), expression=right.copy())


def _decided(condition: exp.Expr) -> bool | None:
    compare = _COMPARED.get(type(condition))
    if compare is not None:
        left, right = _text(condition.this), _text(condition.args["expression"])
        return None if left is None or right is None else compare(left.encode(), right.encode())
    sought = _text(condition.this) if isinstance(condition, (exp.In, exp.Between, exp.Like)) else None
    if sought is None:
        return None
    if isinstance(condition, exp.Like):
        pattern = _text(condition.expression)
        found = None if pattern is None else _is_like(sought, pattern)
        # `NOT LIKE` is one node of sqlglot's.
        return found if found is None or not condition.args.get("negate") else not found
    if isinstance(condition, exp.Between):
        low, high = _text(condition.args["low"]), _text(condition.args["high"])
        if low is None or high is None or condition.args.get("symmetric"):
            return None
        return low.encode() <= sought.encode() <= high.encode()
    if any(condition.args.get(key) is not None for key in ("query", "unnest", "field")):
        return None
    listed = [_text(item) for item in condition.expressions]
    return None if None in listed else sought in listed


def _text(node: exp.Expr) -> str | None:
    """The text that a constant is, also one that is said to be of that type."""
    if isinstance(node, exp.Cast) and node.to.this in {exp.DType.VARCHAR, exp.DType.TEXT}:
        node = node.this
    node = node.unnest()
    return str(node.this) if isinstance(node, exp.Literal) and node.is_string else None


def _is_like(text: str, pattern: str) -> bool | None:
    """As DuckDB's LIKE without ESCAPE: `_` is one character. None where a backslash would have to be understood."""
    if "\\" in pattern:
        return None
    parts = {"%": ".*", "_": "."}
    return re.fullmatch("".join(parts.get(c) or re.escape(c) for c in pattern), text, re.DOTALL) is not None
