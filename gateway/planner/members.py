"""The union that stands for a federated table, and its arms: one SELECT for each member.

`expand_federated_tables` makes it and marks it; the passes after it move work from the block that reads the union
into the arms. An arm names its columns as the union does, so an expression of the block becomes one of the
member when each column is replaced by what the arm selects under that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, TypeGuard

from sqlglot import exp

from sql.copies import copy_tree
from sql.scopes import block_sources, source_alias
from sql.substitution import in_its_place

FEDERATED = "federated"
"""The mark of a union over members, in `meta`: the federated table's name."""
SHAPE = "shape"
"""The mark of an arm, in `meta`: the alias of its union, all of whose arms have columns of the same types."""
BELOW = "below"
"""The mark of a union of one department's rows that are aggregated below a join because that costs less."""
BRANCHES = "branches"
"""The mark of a union whose members a question names itself, in `meta`: they have nothing in common but their types."""
STAYED = "stayed"
"""The mark of a union over members, in `meta`: what of them meets at the merge, and why no more is done in them."""

Meeting: TypeAlias = Literal["rows", "first rows", "groups", "whole groups"]
"""What members send: rows, the first of each member, groups to be put together, groups that are complete."""


def is_member_union(source: exp.Expr) -> TypeGuard[exp.Subquery]:
    """True for a FROM item that stands for a federated table."""
    return isinstance(source, exp.Subquery) and bool(source.meta.get(FEDERATED))


def has_member_union(tree: exp.Expr) -> bool:
    return any(is_member_union(node) for node in tree.find_all(exp.Subquery))


def union_name(union: exp.Expr) -> str:
    """The federated table's name, for people."""
    return str(union.meta[FEDERATED])


def arms_of(union: exp.Subquery) -> list[exp.Select]:
    """The members' SELECTs, in the order of the union."""
    arms: list[exp.Select] = []
    stack: list[exp.Expr] = [union.this]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Select):
            arms.append(node)
        elif isinstance(node, exp.Union):
            stack += [node.expression, node.this]
        elif isinstance(node, exp.Subquery):
            stack.append(node.this)
    return arms


def say_why(union: exp.Subquery, reason: str = "", meeting: Meeting = "rows") -> None:
    """Notes on the union what its members send to the merge; `reason` says why it is no less, if there is one."""
    union.meta[STAYED] = (meeting, reason)


def what_meets(union: exp.Expr) -> tuple[Meeting, str]:
    """What the members send, and why it is no less."""
    noted: tuple[Meeting, str] | None = union.meta.get(STAYED)
    return noted or ("rows", "")


def arm_values(arm: exp.Select) -> Mapping[str, exp.Expr]:
    """What an arm selects under each name."""
    return {projection.alias: projection.unalias() for projection in arm.expressions}


def is_member_column(union: exp.Subquery, column: str) -> bool:
    """Whether a column of the union says which member a row is from: a constant, different in each arm."""
    values = [arm_values(arm).get(column) for arm in arms_of(union)]
    names = {value.name for value in values if isinstance(value, exp.Literal) and value.is_string}
    return len(names) == len(values)


def drop_arm(arm: exp.Select) -> None:
    """Takes a member out of its union; the last one stays, asked for no rows."""
    node: exp.Expr = arm
    while isinstance(node.parent, exp.Subquery) and isinstance(node.parent.parent, exp.Union):
        node = node.parent
    union = node.parent
    if not isinstance(union, exp.Union):
        arm.where(exp.false(), copy=False)
        return
    other = union.expression if node is union.this else union.this
    union.replace(other.pop())


def in_member(expression: exp.Expr, alias: str, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """A copy of an expression over the union `alias` as one over a member's own table.

    The member column is a text constant there. Inside an expression it is written as a value of its type, since
    DuckDB lets a bare text constant become whatever stands beside it.
    """

    def replace(node: exp.Expr) -> exp.Expr:
        if not (isinstance(node, exp.Column) and node.table == alias):
            return node
        value = values[node.name]
        if isinstance(value, exp.Literal):
            value = copy_tree(value)
            if node.type is not None:
                value.type = node.type
            return exp.cast(value, "VARCHAR", dialect="duckdb") if node.parent is not None else value
        return in_its_place(value, node)

    replaced: exp.Expr = copy_tree(expression).transform(replace, copy=False)
    return replaced


def member_tables(arm: exp.Select) -> Mapping[str, tuple[str, str]]:
    """The published tables that an arm reads: alias → (department, table)."""
    return {
        source_alias(source): (source.db, source.name)
        for source, _ in block_sources(arm)
        if isinstance(source, exp.Table)
    }
