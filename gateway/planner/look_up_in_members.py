"""Answers EXISTS and IN over a federated table in the members, where they ask of the row's own member only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from gateway.planner.member_pairs import are_members, equates_members, member_pairs
from gateway.planner.members import arm_values, drop_arm, in_member, is_member_union
from gateway.planner.push_filters_into_unions import filtered_unions
from sql.scopes import (
    block_sources,
    free_aliases,
    join_conjuncts,
    nested_queries,
    source_alias,
    split_conjuncts,
)

_CLAUSES = frozenset({"expressions", "from_", "where", "distinct"})


@dataclass(frozen=True, slots=True)
class _LookUp:
    """One EXISTS or IN. `partners` has the looked-up table's arm for the place of each arm of the table around it, and
    `members` the places at which a tuple before IN has a member column.
    """

    union: exp.Subquery
    partners: tuple[exp.Select | None, ...]
    members: frozenset[int]


def look_up_in_members(tree: exp.Query) -> exp.Query:
    """`tree` with conditions of one federated table on another inside the first one's members; a copy where there is one.

    Such a condition equates the member columns of both, so that rows of other members never count: each member asks
    its own table, and one that has none finds nothing there. EXISTS and IN stay what they are, and may stand below NOT,
    OR and whatever else a condition is made of.
    """
    if sum(map(is_member_union, tree.find_all(exp.Subquery))) < 2:
        return tree
    if not any(next(_conditions(select), None) for select in tree.find_all(exp.Select)):
        return tree
    copy = tree.copy()
    # What is looked up may itself be looked up elsewhere, which is then one condition less.
    for select in reversed(list(copy.find_all(exp.Select))):
        while (first := next(_conditions(select), None)) is not None:
            condition = first[0]
            _move(*first)
            kept = join_conjuncts(
                [c for c in split_conjuncts(select.args["where"].this) if c is not condition]
            )
            select.set("where", exp.Where(this=kept) if kept is not None else None)
    return copy


def _conditions(select: exp.Select) -> Iterator[tuple[exp.Expr, exp.Subquery, list[_LookUp]]]:
    """The conditions of a block that can move, with the table that they filter."""
    where = select.args.get("where")
    unions = filtered_unions(select) if where is not None else {}
    if where is None or not unions:
        return
    for conjunct in split_conjuncts(where.this):
        queries, names = nested_queries(conjunct), free_aliases(conjunct)
        union = unions.get(next(iter(names))) if len(names) == 1 else None
        if union is None or not queries:
            continue
        found = [looked_up for query in queries if (looked_up := _read(query, union)) is not None]
        if len(found) == len(queries):
            yield conjunct, union, found


def _read(query: exp.Query, union: exp.Subquery) -> _LookUp | None:
    """An EXISTS or IN over rows of another federated table, of the same member as the row of `union`."""
    place, body = query.parent, query.unnest()
    if not isinstance(place, (exp.Exists, exp.In)) or not isinstance(body, exp.Select):
        return None
    if isinstance(place, exp.In) and place.args.get("query") is not query:
        return None
    if {clause for clause, value in body.args.items() if value} - _CLAUSES:
        return None
    sources, distinct = block_sources(body), body.args.get("distinct")
    if len(sources) != 1 or (distinct is not None and distinct.args.get("on") is not None):
        return None
    other = sources[0][0]
    where = body.args.get("where")
    parts = [*body.expressions, *([where.this] if where is not None else [])]
    if not is_member_union(other) or any(
        part.find(exp.AggFunc, exp.Window, exp.Query) is not None for part in parts
    ):
        return None
    pairs = member_pairs(union, other)
    members = _member_places(place, body, union, other)
    said = any(equates_members(c, union, other) for c in split_conjuncts(where.this if where else None))
    if pairs is None or not (said or members):
        return None
    return _LookUp(other, tuple(partner for _, partner in pairs), members)


def _member_places(
    place: exp.Exists | exp.In, body: exp.Select, union: exp.Subquery, other: exp.Subquery
) -> frozenset[int]:
    """Where a tuple and what it is looked for among both have the member column; never all that there is."""
    if not isinstance(place, exp.In) or not isinstance(place.this, exp.Tuple):
        return frozenset()
    pairs = zip(place.this.expressions, body.expressions, strict=True)
    found = frozenset(
        number for number, (one, two) in enumerate(pairs) if are_members(one, two.unalias(), union, other)
    )
    return found if len(found) < len(body.expressions) else frozenset()


def _move(condition: exp.Expr, union: exp.Subquery, found: list[_LookUp]) -> None:
    pairs = member_pairs(union, found[0].union)
    assert pairs is not None
    excluded = []
    for number, (arm, _) in enumerate(pairs):
        around = exp.Paren(this=condition.copy())
        for query, looked_up in zip(nested_queries(around), found, strict=True):
            _ask(query, looked_up, looked_up.partners[number], union)
        wanted = in_member(around.this, source_alias(union), arm_values(arm))
        truth = _known(wanted)
        if truth is None:
            arm.where(wanted, copy=False, append=True)
        elif not truth:
            excluded.append(arm)
    for arm in excluded:
        drop_arm(arm)


def _ask(query: exp.Query, looked_up: _LookUp, partner: exp.Select | None, union: exp.Subquery) -> None:
    """Has one EXISTS or IN ask the member's own table; without one, nothing is found."""
    place, body = query.parent, query.unnest()
    assert place is not None
    assert isinstance(body, exp.Select)
    if partner is None:
        place.replace(exp.false())
        return
    where, own = body.args.get("where"), partner.args.get("where")
    asked = [
        c
        for c in split_conjuncts(where.this if where is not None else None)
        if not equates_members(c, union, looked_up.union)
    ]
    alias, values = source_alias(looked_up.union), arm_values(partner)
    conditions = [in_member(c, alias, values) for c in asked]
    conditions += [c.copy() for c in split_conjuncts(own.this if own is not None else None)]
    outputs = [
        exp.alias_(in_member(output.unalias(), alias, values), output.alias_or_name or "one", quoted=True)
        for number, output in enumerate(body.expressions)
        if number not in looked_up.members
    ]
    if looked_up.members and isinstance(place.this, exp.Tuple):
        left = [item for number, item in enumerate(place.this.expressions) if number not in looked_up.members]
        place.set("this", left[0] if len(left) == 1 else exp.Tuple(expressions=left))
    body.set("expressions", outputs)
    body.set("from_", partner.args["from_"].copy())
    body.set("joins", [join.copy() for join in partner.args.get("joins") or ()])
    condition = join_conjuncts(conditions)
    body.set("where", exp.Where(this=condition) if condition is not None else None)


def _known(condition: exp.Expr) -> bool | None:
    """Whether a condition holds, where a constant or its negation is all of it; None otherwise."""
    truth = True
    while isinstance(condition, (exp.Not, exp.Paren)):
        truth ^= isinstance(condition, exp.Not)
        condition = condition.this
    return condition.this == truth if isinstance(condition, exp.Boolean) else None
