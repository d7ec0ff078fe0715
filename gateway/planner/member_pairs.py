"""Which members two federated tables have in common, and where a question says that rows are of the same one."""

from __future__ import annotations

from sqlglot import exp

from gateway.planner.members import BRANCHES, arms_of, is_member_column, member_tables
from sql.scopes import source_alias


def equates_members(conjunct: exp.Expr, left: exp.Subquery, right: exp.Subquery) -> bool:
    """Whether a condition is that a row of each table is of the same member."""
    return isinstance(conjunct, exp.EQ) and are_members(conjunct.this, conjunct.expression, left, right)


def are_members(one: exp.Expr, other: exp.Expr, left: exp.Subquery, right: exp.Subquery) -> bool:
    """Whether two values are the member columns of the two tables, in either order."""
    unions = {source_alias(left): left, source_alias(right): right}
    sides = [side for side in (one, other) if isinstance(side, exp.Column)]
    return {side.table for side in sides} == set(unions) and all(
        is_member_column(unions[side.table], side.name) for side in sides
    )


def member_pairs(
    left: exp.Subquery, right: exp.Subquery
) -> list[tuple[exp.Select, exp.Select | None]] | None:
    """The arms of the left table, each with that of the same member; None where a member is not one department's, or
    not one table of it, or where the question itself named the members.
    """
    if left.meta.get(BRANCHES) or right.meta.get(BRANCHES):
        return None
    partners: dict[str, exp.Select] = {}
    for arm in arms_of(right):
        tables = list(member_tables(arm).values())
        if len(tables) != 1 or tables[0][0] in partners:
            return None
        partners[tables[0][0]] = arm
    pairs: list[tuple[exp.Select, exp.Select | None]] = []
    for arm in arms_of(left):
        departments = {department for department, _ in member_tables(arm).values()}
        if len(departments) != 1:
            return None
        pairs.append((arm, partners.get(departments.pop())))
    return pairs
