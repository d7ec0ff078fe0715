"""Moves conditions on a federated table into its members, and drops members they exclude."""

from __future__ import annotations

from sqlglot import exp

from gateway.planner.constant_conditions import simplified
from gateway.planner.members import arm_values, arms_of, drop_arm, is_member_union
from sql.scopes import block_sources, free_aliases, is_inner, join_conjuncts, source_alias, split_conjuncts
from sql.substitution import in_its_place


def push_filters_into_unions(tree: exp.Query) -> exp.Query:
    """`tree` with conjuncts over one federated table inside each of its members; a copy where there is one.

    A conjunct moves from WHERE, or from the ON of an inner join, when the table cannot be filled with
    NULLs by an outer join of the block. Conditions on the member column alone decide now which members
    are asked at all.
    """
    if not any(_may_push(select) for select in tree.find_all(exp.Select)):
        return tree
    copy = tree.copy()
    for select in list(copy.find_all(exp.Select)):
        _push_in_block(select)
    return copy


def _may_push(select: exp.Select) -> bool:
    """Whether a block that reads a union has any condition."""
    sources = block_sources(select)
    conditions = select.args.get("where") or any(
        join.args.get("on") for _, join in sources if join is not None
    )
    return bool(conditions) and any(is_member_union(source) for source, _ in sources)


def _push_in_block(select: exp.Select) -> None:
    unions = filtered_unions(select)
    if not unions:
        return
    sources = block_sources(select)
    where = select.args.get("where")
    if where is not None:
        kept = join_conjuncts(_push(split_conjuncts(where.this), unions))
        select.set("where", exp.Where(this=kept) if kept is not None else None)
    for _, join in sources:
        if join is not None and is_inner(join) and join.args.get("on") is not None:
            join.set("on", join_conjuncts(_push(split_conjuncts(join.args["on"]), unions)) or exp.true())


def filtered_unions(select: exp.Select) -> dict[str, exp.Subquery]:
    """The federated tables of a block, by alias, that its conditions may filter before its joins."""
    sources = block_sources(select)
    if any(join is not None and join.side in {"RIGHT", "FULL"} for _, join in sources):
        return {}
    return {
        source_alias(source): source for source, join in sources if is_member_union(source) and is_inner(join)
    }


def _push(conjuncts: list[exp.Expr], unions: dict[str, exp.Subquery]) -> list[exp.Expr]:
    kept = []
    for conjunct in conjuncts:
        names = free_aliases(conjunct)
        name = next(iter(names)) if len(names) == 1 else None
        if name in unions and conjunct.find(exp.Query) is None:
            _push_into(unions[name], conjunct, name)
        else:
            kept.append(conjunct)
    return kept


def _push_into(union: exp.Subquery, conjunct: exp.Expr, alias: str) -> None:
    excluded = []
    for arm in arms_of(union):
        decided = simplified(_substitute(conjunct, arm, alias))
        if decided is False:
            excluded.append(arm)
        elif decided is not True:
            arm.where(decided, copy=False, append=True)
    for arm in excluded:
        drop_arm(arm)


def _substitute(conjunct: exp.Expr, arm: exp.Select, alias: str) -> exp.Expr:
    values = arm_values(arm)

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.table == alias:
            return in_its_place(values[node.name], node)
        return node

    replaced: exp.Expr = conjunct.copy().transform(replace, copy=False)
    return replaced
