"""Asks each member for no more rows than a LIMIT lets through: the first ones where the question orders."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from gateway.planner.block_aggregates import block_calls
from gateway.planner.members import (
    arm_values,
    arms_of,
    in_member,
    is_member_union,
    say_why,
)
from sql.scopes import block_sources, free_aliases, source_alias

_MOST_ROWS = 2**63
"""What LIMIT takes."""


def push_limits_into_members(tree: exp.Query) -> exp.Query:
    """`tree` with LIMIT, and the ORDER BY before it, repeated in the members; a copy where there is one.

    A row that is among the first n of all is among the first n of its member, and a row that ties with it there
    may stand for it here. So each member gives its first n + OFFSET, by the same keys with the same place of
    NULLs, and the merge orders and cuts them as the question says. A key that is the same in all of a member's
    rows, as the member column is, orders nothing there.
    """
    if not any(_may_push(select) for select in tree.find_all(exp.Select)):
        return tree
    copy = tree.copy()
    for select in list(copy.find_all(exp.Select)):
        _push(select)
    return copy


def _may_push(select: exp.Select) -> bool:
    sources = block_sources(select)
    limited = select.args.get("limit") is not None
    return limited and len(sources) == 1 and is_member_union(sources[0][0])


def _push(select: exp.Select) -> None:
    if not _may_push(select):
        return
    union = block_sources(select)[0][0]
    assert is_member_union(union)
    rows = _row_count(select)
    keys = _sort_keys(select, source_alias(union))
    if rows is None or keys is None or not _only_selects(select):
        return
    arms = arms_of(union)
    if len(arms) == 1 and select.find(exp.Subquery, exp.Exists) is union:
        # The block goes to the member whole, unless it reads something else.
        return
    for arm in arms:
        if not arm.args.get("limit"):
            _limit(arm, keys, rows, source_alias(union))
    say_why(union, meeting="first rows")


def _row_count(select: exp.Select) -> int | None:
    """How many rows of a member can matter; None for all."""
    limit, offset = select.args.get("limit"), select.args.get("offset")
    if limit is None:
        return None
    counts = [part.expression for part in (limit, offset) if part is not None]
    if not all(isinstance(count, exp.Literal) and count.is_int for count in counts):
        return None
    rows = sum(int(count.this) for count in counts)
    return rows if rows < _MOST_ROWS else None


def _only_selects(select: exp.Select) -> bool:
    """Whether every row of the union is a row of the block, and no other row decides what stands in it."""
    clauses = ("where", "group", "having", "qualify", "distinct", "windows")
    if any(select.args.get(clause) for clause in clauses) or block_calls(select):
        return False
    parts: Iterable[exp.Expr] = (*select.expressions, select.args.get("order") or exp.Null())
    return not any(part.find(exp.Window) for part in parts)


def _sort_keys(select: exp.Select, alias: str) -> list[exp.Ordered] | None:
    """The keys of ORDER BY over the union's columns; None when one of them needs more than these."""
    order = select.args.get("order")
    keys = []
    for ordered in order.expressions if order is not None else ():
        key = ordered.copy()
        value = key.this
        if isinstance(value, exp.Literal) and value.is_int:
            value = select.expressions[int(value.this) - 1].unalias().copy()
            key.set("this", value)
        if value.find(exp.Query) is not None or not free_aliases(value) <= {alias}:
            return None
        keys.append(key)
    return keys


def _limit(arm: exp.Select, keys: list[exp.Ordered], rows: int, alias: str) -> None:
    values = arm_values(arm)
    ordered = [in_member(key, alias, values) for key in keys]
    ordered = [key for key in ordered if key.find(exp.Column, exp.AggFunc) is not None]
    arm.set("order", exp.Order(expressions=ordered) if ordered else None)
    arm.set("limit", exp.Limit(expression=exp.Literal.number(rows)))
    if isinstance(arm.parent, exp.Union):
        # Without parentheses the clauses would be those of the union.
        wrapped = exp.Subquery()
        arm.replace(wrapped)
        wrapped.set("this", arm)
