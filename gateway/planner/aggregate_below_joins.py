"""Lets a department aggregate what a join with another department's tables reads of it, where that costs less."""

from __future__ import annotations

from sqlglot import exp

from gateway.planner.aggregate_block import read_block, why_not
from gateway.planner.below_join import BelowJoin, find_below_joins, in_copy
from gateway.planner.choosing import Cost
from gateway.planner.chosen_block import why_not_chosen
from gateway.planner.gather_department import derived_table, project_arm, put_arm
from gateway.planner.members import BELOW, is_member_union
from gateway.planner.members_below_join import MembersBelowJoin, find_members_below_join
from gateway.planner.planning import Planning
from gateway.planner.remarks import Remark
from gateway.planner.words import rounded
from sql.copies import copy_tree
from sql.scopes import block_sources, join_conjuncts, source_alias


def aggregate_below_joins(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with such tables as a union of one member, which `split_aggregates` takes from there; a copy where
    there are any.

    For each block that aggregates a join of several departments it is estimated, for each of them, what leaves it
    and how long that takes: rows, or groups by the join's keys and what the block groups by. Nothing is changed
    where a department tells nothing of its tables.
    """
    blocks = list(tree.find_all(exp.Select))
    for number in range(len(blocks)):
        best: BelowJoin | None = None
        for found in find_below_joins(blocks[number], planning):
            if not planning.choosing.takes_second(found.as_rows, found.as_groups):
                _say(found, planning)
            elif best is None or _saved(found) > _saved(best):
                best = found
        members = find_members_below_join(blocks[number], planning)
        if members is not None and not planning.choosing.takes_second(members.as_rows, members.as_groups):
            _say(members, planning)
            members = None
        chosen = best or members
        if chosen is None:
            continue
        copy, copied = _copied(tree, blocks)
        if best is not None:
            union = _gather(copied[number], in_copy(best, copied[number]), copy)
        else:
            (union,) = [source for source, _ in block_sources(copied[number]) if is_member_union(source)]
        if _takes_groups(copied[number], union, planning):
            _say(chosen, planning, taken=True)
            tree, blocks = copy, copied
    return tree


def _saved(found: BelowJoin) -> float:
    return found.as_rows.bytes - found.as_groups.bytes


def _copied(tree: exp.Query, blocks: list[exp.Select]) -> tuple[exp.Query, list[exp.Select]]:
    """A copy, and the same blocks in it: what is gathered in one adds blocks to the tree."""
    copy = copy_tree(tree)
    pairs = zip(tree.find_all(exp.Select), copy.find_all(exp.Select), strict=True)
    places = {id(block): twin for block, twin in pairs}
    return copy, [places[id(block)] for block in blocks]


def _takes_groups(select: exp.Select, union: exp.Subquery, planning: Planning) -> bool:
    """Marks a union as one whose members aggregate by choice; False where they cannot."""
    union.meta[BELOW] = True
    block = read_block(select, union)
    return block is not None and not why_not(block, planning) and not why_not_chosen(block, planning)


def _gather(select: exp.Select, found: BelowJoin, tree: exp.Query) -> exp.Subquery:
    """The department's part of a block, as a union of one member."""
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
    return f"about {rounded(cost.rows)} rows, {rounded(cost.bytes)} bytes, {cost.seconds:.2g} s"
