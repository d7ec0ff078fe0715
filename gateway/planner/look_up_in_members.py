"""Answers subqueries over a federated table in the members, where they ask of the row's own member only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from gateway.planner.member_pairs import are_members, equates_members, member_pairs
from gateway.planner.members import arm_values, drop_arm, in_member, is_member_column, is_member_union
from gateway.planner.planning import Planning
from gateway.planner.push_filters_into_unions import filtered_unions
from sql.scopes import (
    block_expressions,
    block_sources,
    free_aliases,
    join_conjuncts,
    nested_queries,
    source_alias,
    split_conjuncts,
)

_PLAIN = frozenset({"expressions", "from_", "where", "distinct"})
_MORE = frozenset({"group", "having", "order", "limit", "offset"})


@dataclass(frozen=True, slots=True)
class _LookUp:
    """One EXISTS, IN or value. `partners` has the looked-up table's arm for the place of each arm of the table around
    it, and `members` the places at which a tuple before IN has a member column.
    """

    union: exp.Subquery
    partners: tuple[exp.Select | None, ...]
    members: frozenset[int]


def look_up_in_members(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with conditions of one federated table on another inside the first one's members; a copy where there is one.

    Such a condition equates the member columns of both, so that rows of other members never count: each member asks
    its own table. EXISTS, IN and values (a number of rows, the greatest …) stay what they are, and may stand below NOT,
    OR and whatever else a condition is made of. EXISTS and IN find nothing at a member that has no such table.
    Tables with a floor are left alone: what it leaves out is decided by the groups of the whole condition.
    """
    if sum(map(is_member_union, tree.find_all(exp.Subquery))) < 2:
        return tree
    if not any(next(_conditions(select, planning), None) for select in tree.find_all(exp.Select)):
        return tree
    copy = tree.copy()
    # What is looked up may itself be looked up elsewhere, which is then one condition less.
    for select in reversed(list(copy.find_all(exp.Select))):
        while (first := next(_conditions(select, planning), None)) is not None:
            condition = first[0]
            _move(*first)
            kept = join_conjuncts(
                [c for c in split_conjuncts(select.args["where"].this) if c is not condition]
            )
            select.set("where", exp.Where(this=kept) if kept is not None else None)
    return copy


def _conditions(
    select: exp.Select, planning: Planning
) -> Iterator[tuple[exp.Expr, exp.Subquery, list[_LookUp]]]:
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
        has_floor = any(planning.disclosure.has_floor(one) for one in (union, *(f.union for f in found)))
        if len(found) == len(queries) and not has_floor:
            yield conjunct, union, found


def _read(query: exp.Query, union: exp.Subquery) -> _LookUp | None:
    """A subquery over rows of another federated table, of the same member as the row of `union`."""
    place, body = query.parent, query.unnest()
    clauses = {clause for clause, value in body.args.items() if value}
    if not isinstance(body, exp.Select) or clauses - _PLAIN - _MORE:
        return None
    sources, where = block_sources(body), body.args.get("where")
    other = sources[0][0] if len(sources) == 1 else None
    conditions = split_conjuncts(where.this if where is not None else None)
    if other is None or not is_member_union(other) or (pairs := member_pairs(union, other)) is None:
        return None
    parts = list(block_expressions(body))
    if any(part.find(exp.Window, exp.Query) is not None for part in parts) or _keyed_by_members(body, other):
        return None
    on = body.args["distinct"].args.get("on") if "distinct" in clauses else None
    plain = clauses <= _PLAIN and on is None and not any(part.find(exp.AggFunc) for part in parts)
    members = _member_places(place, body, union, other) if plain else frozenset()
    if not members and not any(equates_members(c, union, other) for c in conditions):
        return None
    found = isinstance(place, exp.Exists) or (isinstance(place, exp.In) and place.args.get("query") is query)
    if not (found and plain) and any(partner is None for _, partner in pairs):
        return None  # a count of no rows is 0, and the greatest of none is NULL
    return _LookUp(other, tuple(partner for _, partner in pairs), members)


def _keyed_by_members(body: exp.Select, other: exp.Subquery) -> bool:
    """Whether the member column, which is a constant in a member, is a key of groups or of the order."""
    keys = [body.args[clause] for clause in ("group", "order", "distinct") if body.args.get(clause)]
    return any(
        column.table == source_alias(other) and is_member_column(other, column.name)
        for key in keys
        for column in key.find_all(exp.Column)
    )


def _member_places(
    place: exp.Expr | None, body: exp.Select, union: exp.Subquery, other: exp.Subquery
) -> frozenset[int]:
    """Where a tuple and what it is looked for among both have the member column; never all that there is."""
    if not isinstance(place, exp.In) or not isinstance(place.this, exp.Tuple):
        return frozenset()
    left, right = place.this.expressions, body.expressions
    if len(left) != len(right):
        return frozenset()  # it shows a tuple, too
    found = frozenset(
        number
        for number, (one, two) in enumerate(zip(left, right, strict=True))
        if are_members(one, two.unalias(), union, other)
    )
    return found if len(found) < len(left) else frozenset()


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
            where = arm.args.get("where")
            conditions = [*split_conjuncts(where.this if where is not None else None), wanted]
            arm.set("where", exp.Where(this=join_conjuncts(conditions)))
        elif not truth:
            excluded.append(arm)
    for arm in excluded:
        drop_arm(arm)


def _ask(query: exp.Query, looked_up: _LookUp, partner: exp.Select | None, union: exp.Subquery) -> None:
    """Has one subquery ask the member's own table; without one, nothing is found."""
    place, body = query.parent, query.unnest()
    assert place is not None
    assert isinstance(body, exp.Select)
    if partner is None:
        place.replace(exp.false())
        return
    alias, values = source_alias(looked_up.union), arm_values(partner)
    where, own = body.args.get("where"), partner.args.get("where")
    conditions = [
        in_member(condition, alias, values)
        for condition in split_conjuncts(where.this if where is not None else None)
        if not equates_members(condition, union, looked_up.union)
    ]
    conditions += [c.copy() for c in split_conjuncts(own.this if own is not None else None)]
    if looked_up.members and isinstance(place.this, exp.Tuple):
        left = [item for number, item in enumerate(place.this.expressions) if number not in looked_up.members]
        place.set("this", left[0] if len(left) == 1 else exp.Tuple(expressions=left))
    body.set(
        "expressions",
        [
            exp.alias_(in_member(output.unalias(), alias, values), output.alias_or_name or "one", quoted=True)
            for number, output in enumerate(body.expressions)
            if number not in looked_up.members
        ],
    )
    for clause in ("distinct", *sorted(_MORE)):
        if body.args.get(clause):
            body.set(clause, in_member(body.args[clause], alias, values))
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
