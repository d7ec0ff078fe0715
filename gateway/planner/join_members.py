"""Joins two federated tables member by member where the question equates their member columns."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from gateway.planner.member_pairs import equates_members, member_pairs
from gateway.planner.members import (
    FEDERATED,
    arm_values,
    arms_of,
    drop_arm,
    in_member,
    is_member_union,
    union_name,
)
from sql.scopes import block_sources, free_aliases, join_conjuncts, source_alias, split_conjuncts

_BESIDE = frozenset({("", ""), ("", "INNER"), ("", "CROSS")})
_HANGING = frozenset(
    {("LEFT", ""), ("LEFT", "OUTER"), ("", "SEMI"), ("", "ANTI"), ("LEFT", "SEMI"), ("LEFT", "ANTI")}
)


def join_members(tree: exp.Query) -> exp.Query:
    """`tree` with such joins inside the members; a copy where a block reads two unions.

    Rows of different members never meet in the join, so it is the union of the members' joins. Inner joins need the
    members that both tables have. Left, semi and anti joins say something about rows without a partner too: they
    move when the right table has every member of the left one.
    """
    if not any(_has_two(select) for select in tree.find_all(exp.Select)):
        return tree
    copy = tree.copy()
    for select in list(copy.find_all(exp.Select)):
        while _join_two(select, copy):
            pass
    return copy


def _has_two(select: exp.Select) -> bool:
    return sum(is_member_union(source) for source, _ in block_sources(select)) > 1


def _join_two(select: exp.Select, tree: exp.Query) -> bool:
    sources = block_sources(select)
    if any(
        join is not None
        and (join.side in {"RIGHT", "FULL"} or join.args.get("method") or join.args.get("using"))
        for _, join in sources
    ):
        return False
    for place, (right, join) in enumerate(sources):
        if join is None or not is_member_union(right):
            continue
        kind = (join.side, join.kind)
        for left, other in sources[:place]:
            if not is_member_union(left) or (other is not None and (other.side, other.kind) not in _BESIDE):
                continue
            if kind in _BESIDE and _join_beside(select, left, right, join, tree):
                return True
            if kind in _HANGING and _join_hanging(left, right, join, tree):
                return True
    return False


def _join_beside(
    select: exp.Select, left: exp.Subquery, right: exp.Subquery, join: exp.Join, tree: exp.Query
) -> bool:
    where = select.args.get("where")
    on, pool = (
        split_conjuncts(join.args.get("on")),
        split_conjuncts(where.this if where is not None else None),
    )
    inside, outside = _divide([*on, *pool], left, right)
    if not any(equates_members(conjunct, left, right) for conjunct in inside):
        return False
    pairs = _common(left, right)
    if not pairs:
        return False
    # A member that only one of the two has joins nothing.
    partners = {id(arm) for arm, _ in pairs}
    _keep(left, partners)
    join.pop()
    condition = join_conjuncts(outside)
    select.set("where", exp.Where(this=condition) if condition is not None else None)
    _combine(left, right, pairs, inside, exp.Join(kind="INNER"), tree)
    return True


def _join_hanging(left: exp.Subquery, right: exp.Subquery, join: exp.Join, tree: exp.Query) -> bool:
    inside, outside = _divide(split_conjuncts(join.args.get("on")), left, right)
    if outside or not any(equates_members(conjunct, left, right) for conjunct in inside):
        return False
    pairs = _common(left, right)
    if not pairs or len(pairs) != len(arms_of(left)):
        return False
    if _reads_constants(right, join, tree):
        # A row without a partner has NULL there, and the constant of its member here.
        return False
    join.pop()
    _combine(
        left, right, pairs, inside, exp.Join(side=join.args.get("side"), kind=join.args.get("kind")), tree
    )
    return True


def _reads_constants(right: exp.Subquery, join: exp.Join, tree: exp.Query) -> bool:
    """Whether anything but the join's own condition reads what an arm of the right table has no column for."""
    values = arm_values(arms_of(right)[0])
    own = {id(column) for column in join.args["on"].find_all(exp.Column)}
    return any(
        not isinstance(values[column.name], exp.Column)
        for column in tree.find_all(exp.Column)
        if column.table == source_alias(right) and id(column) not in own
    )


def _divide(
    conjuncts: list[exp.Expr], left: exp.Subquery, right: exp.Subquery
) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """What only the two tables are needed for, and the rest."""
    both = {source_alias(left), source_alias(right)}
    inside: list[exp.Expr] = []
    outside: list[exp.Expr] = []
    for conjunct in conjuncts:
        names = free_aliases(conjunct)
        own = source_alias(right) in names and names <= both and conjunct.find(exp.Query) is None
        (inside if own else outside).append(conjunct)
    return inside, outside


def _common(left: exp.Subquery, right: exp.Subquery) -> list[tuple[exp.Select, exp.Select]]:
    """The arms of the members that both have; none where members are more than a table each."""
    return [(arm, partner) for arm, partner in member_pairs(left, right) or () if partner is not None]


def _keep(union: exp.Subquery, kept: set[int]) -> None:
    for arm in arms_of(union):
        if id(arm) not in kept:
            drop_arm(arm)


def _combine(
    left: exp.Subquery,
    right: exp.Subquery,
    pairs: list[tuple[exp.Select, exp.Select]],
    conjuncts: list[exp.Expr],
    join: exp.Join,
    tree: exp.Query,
) -> None:
    """Puts the right table's arms into the left one's, and points the question's columns there."""
    aliases = (source_alias(left), source_alias(right))
    names = _new_names(left, right)
    for arm, partner in pairs:
        values = {aliases[0]: arm_values(arm), aliases[1]: arm_values(partner)}
        on = [
            _in_both(conjunct, values) for conjunct in conjuncts if not equates_members(conjunct, left, right)
        ]
        where = partner.args.get("where")
        if where is not None:
            on += split_conjuncts(where.this)
        ((source, _),) = block_sources(partner)
        added = join.copy()
        added.set("this", source.copy())
        added.set("on", join_conjuncts(on) or exp.true())
        arm.append("joins", added)
        for name, value in values[aliases[1]].items():
            if join.kind not in {"SEMI", "ANTI"} and (not join.side or isinstance(value, exp.Column)):
                arm.append("expressions", exp.alias_(value.copy(), names[name], quoted=True))
    for column in list(tree.find_all(exp.Column)):
        if column.table == aliases[1]:
            column.set("this", exp.to_identifier(names[column.name], quoted=True))
            column.set("table", exp.to_identifier(aliases[0], quoted=True))
    left.meta[FEDERATED] = f"{union_name(left)} with {union_name(right)}"


def _in_both(conjunct: exp.Expr, values: Mapping[str, Mapping[str, exp.Expr]]) -> exp.Expr:
    for alias, own in values.items():
        conjunct = in_member(conjunct, alias, own)
    return conjunct


def _new_names(left: exp.Subquery, right: exp.Subquery) -> dict[str, str]:
    """Names for the right table's columns beside the left one's."""
    taken = {name.lower() for name in arm_values(arms_of(left)[0])}
    names = {}
    for name in arm_values(arms_of(right)[0]):
        candidate, number = name, 1
        while candidate.lower() in taken:
            number += 1
            candidate = f"{name}_{number}" if len(name.encode()) < 50 else f"column_{number}"
        taken.add(candidate.lower())
        names[name] = candidate
    return names
