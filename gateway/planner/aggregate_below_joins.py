"""Lets a department aggregate what a join with another department's tables reads of it, where that costs less."""

from __future__ import annotations

from sqlglot import exp

from gateway.planner.aggregate_block import read_block, why_not
from gateway.planner.below_join import BelowJoin, find_below_joins
from gateway.planner.choosing import Cost
from gateway.planner.chosen_block import why_not_chosen
from gateway.planner.gather_department import derived_table, project_arm, put_arm
from gateway.planner.members import BELOW, is_member_union
from gateway.planner.members_below_join import MembersBelowJoin, find_members_below_join
from gateway.planner.planning import Planning
from gateway.planner.remarks import Remark
from sql.copies import copy_tree
from sql.scopes import block_sources, join_conjuncts, source_alias


def aggregate_below_joins(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with such tables as a union of one member, which `split_aggregates` takes from there; a copy where
    there are any.

    For each block that aggregates a join of several departments it is estimated, for each of them, what leaves it
    and how long that takes: rows, or groups by the join's keys and what the block groups by. Nothing is changed
    where a department tells nothing of its tables.
    """
    for number, select in enumerate(list(tree.find_all(exp.Select))):
        best: BelowJoin | None = None
        for found in find_below_joins(select, planning):
            if not planning.choosing.takes_second(found.as_rows, found.as_groups):
                _say(found, planning)
            elif best is None or _saved(found) > _saved(best):
                best = found
        changed = _apply(tree, number, best.home, planning) if best is not None else None
        if best is not None and changed is not None:
            _say(best, planning, taken=True)
            tree = changed
        members = find_members_below_join(select, planning)
        if members is not None:
            wanted = planning.choosing.takes_second(members.as_rows, members.as_groups)
            changed = _apply_to_members(tree, number, planning) if wanted else None
            if not wanted or changed is not None:
                _say(members, planning, taken=wanted)
            tree = changed or tree
    return tree


def _saved(found: BelowJoin) -> float:
    return found.as_rows.bytes - found.as_groups.bytes


def _apply(tree: exp.Query, number: int, home: str, planning: Planning) -> exp.Query | None:
    """A copy in which the department's part of one block is gathered; None where that cannot be aggregated."""
    copy = copy_tree(tree)
    select = list(copy.find_all(exp.Select))[number]
    for found in find_below_joins(select, planning):
        if found.home != home:
            continue
        union = _gather(select, found, copy)
        union.meta[BELOW] = True
        block = read_block(select, union)
        if block is None or why_not(block, planning) or why_not_chosen(block, planning):
            return None
        return copy
    return None


def _apply_to_members(tree: exp.Query, number: int, planning: Planning) -> exp.Query | None:
    """A copy in which the members' groups of one block are asked for; None where they cannot be."""
    copy = copy_tree(tree)
    select = list(copy.find_all(exp.Select))[number]
    (union,) = [source for source, _ in block_sources(select) if is_member_union(source)]
    union.meta[BELOW] = True
    block = read_block(select, union)
    if block is None or why_not(block, planning) or why_not_chosen(block, planning):
        return None
    return copy


def _gather(select: exp.Select, found: BelowJoin, tree: exp.Query) -> exp.Subquery:
    arm = exp.Select(
        from_=exp.From(this=found.sources[0]),
        joins=[exp.Join(this=source, kind="CROSS") for source in found.sources[1:]],
    )
    condition = join_conjuncts(found.inside)
    arm.set("where", exp.Where(this=condition) if condition is not None else None)
    if found.join is None:
        kept = [s for s, _ in block_sources(select) if source_alias(s) not in found.aliases]
        put_arm(select, arm, kept, found.outside, tree, found.home)
        return next(s for s, _ in block_sources(select) if s.this is arm)  # type: ignore[return-value]  # just put
    union = derived_table(arm, tree, found.home)
    found.join.set("this", union)
    found.join.set("on", join_conjuncts(found.outside) or exp.true())
    project_arm(arm, union, tree)
    return union


def _say(found: BelowJoin | MembersBelowJoin, planning: Planning, *, taken: bool = False) -> None:
    ways = [f"groups ({_shown(found.as_groups)})", f"rows ({_shown(found.as_rows)})"]
    first, second = ways if taken else reversed(ways)
    text = f"of {found.name}, {first} cross rather than {second}: prefer {planning.choosing.prefer}"
    planning.remarks.append(Remark("choice", text))


def _shown(cost: Cost) -> str:
    return f"about {_round(cost.rows)} rows, {_round(cost.bytes)} bytes, {cost.seconds:.2g} s"


def _round(number: float) -> str:
    """Two digits, which is more than estimates are worth.

    >>> _round(12345), _round(7)
    ('12,000', '7')
    """
    digits = max(len(str(int(number))) - 2, 0)
    return f"{round(number, -digits):,.0f}"
