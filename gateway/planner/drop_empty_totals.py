"""Keeps a total over members from being shown as 0 where a floor left out every member's part."""

from __future__ import annotations

from sqlglot import exp

from gateway.planner.block_aggregates import block_calls
from gateway.planner.members import has_member_union, is_member_union
from gateway.planner.planning import Planning
from sql.copies import copy_tree
from sql.scopes import block_sources, join_conjuncts


def drop_empty_totals(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with `HAVING count(*) > 0` in ungrouped aggregates over members under a floor; a copy if there are any.

    Without members' rows such a block has a row all the same, whose count is 0: a total that is too small to be
    shown has none.
    """
    if not has_member_union(tree) or not any(_is_meant(s, planning) for s in tree.find_all(exp.Select)):
        return tree
    copy = copy_tree(tree)
    for select in copy.find_all(exp.Select):
        if _is_meant(select, planning):
            having = select.args.get("having")
            rows = exp.GT(this=exp.Count(this=exp.Star(), big_int=True), expression=exp.Literal.number(0))
            conditions = [rows, *([having.this] if having is not None else [])]
            select.set("having", exp.Having(this=join_conjuncts(conditions)))
    return copy


def _is_meant(select: exp.Select, planning: Planning) -> bool:
    unions = [source for source, _ in block_sources(select) if is_member_union(source)]
    if not any(planning.disclosure.has_floor(union) for union in unions):
        return False
    return select.args.get("group") is None and bool(block_calls(select))
