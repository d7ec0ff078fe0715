"""Reads the fragments of a federated table's members as one relation at the merge, instead of one each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from gateway.stages import PlannedFragment
from sql.copies import copy_tree
from sql.scopes import is_cte_reference, used_names

_ARM = frozenset({"expressions", "from_"})
_UNION = frozenset({"this", "expression", "distinct"})
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class GatheredMembers:
    """The residual, and the relations in it that are the rows of several fragments: name → fragments, in order."""

    query: exp.Query
    relations: Mapping[str, tuple[str, ...]]


def gather_members(residual: exp.Query, fragments: Sequence[PlannedFragment]) -> GatheredMembers:
    """`residual` with each UNION ALL that only selects the same columns of fragments of one shape as one relation.

    Four hundred members are one scan for the merge then, and its text is as short as for one. A copy, where there is
    such a union.

    >>> from sqlglot import parse_one
    >>> from sql.catalog import Fragment
    >>> from sql.types import arrow_schema
    >>> def planned(name):
    ...     return PlannedFragment(Fragment(name, name, "", arrow_schema(()), ordered=False, tables=()), (), None)
    >>> union = 'SELECT "a"."n" AS "n" FROM "a" AS "a" UNION ALL SELECT "b"."n" AS "n" FROM "b" AS "b"'
    >>> gathered = gather_members(parse_one(f'SELECT SUM("u"."n") FROM ({union}) AS "u"'), [planned("a"), planned("b")])
    >>> gathered.query.sql()
    'SELECT SUM("u"."n") FROM (SELECT "members_1"."n" AS "n" FROM "members_1" AS "members_1") AS "u"'
    >>> dict(gathered.relations)
    {'members_1': ('a', 'b')}
    """
    known = {planned.fragment.id: planned for planned in fragments}
    unions = [(union, arms) for union in _unions(residual) if (arms := _same_arms(union, known))]
    if not unions:
        return GatheredMembers(residual, {})
    read = Counter(table.name for table in residual.find_all(exp.Table) if is_cte_reference(table))
    gathered = Counter(arms for _, arms in unions)
    taken = set(used_names(residual)) | {name.lower() for name in known}
    names: dict[tuple[str, ...], str] = {}
    instead: dict[int, exp.Expr] = {}
    for union, arms in unions:
        if any(read[name] != gathered[arms] for name in arms):
            # One of them is read elsewhere too, and a stream is read once.
            continue
        if arms not in names:
            names[arms] = _new_name(taken)
        instead[id(union)] = _first_arm(union, names[arms])
    relations = {name: arms for arms, name in names.items()}
    whole = instead.get(id(residual))
    if isinstance(whole, exp.Query):
        return GatheredMembers(whole, relations)
    return GatheredMembers(copy_tree(residual, instead), relations)


def _unions(residual: exp.Query) -> list[exp.Union]:
    """The unions that are no arm of another."""
    found = []
    for union in residual.find_all(exp.Union):
        above: exp.Expr | None = union.parent
        while isinstance(above, exp.Subquery) and not above.alias:
            above = above.parent
        if not isinstance(above, exp.Union):
            found.append(union)
    return found


def _arms(union: exp.Union) -> list[exp.Select] | None:
    """The SELECTs of a UNION ALL, or None where anything else stands in it."""
    arms: list[exp.Select] = []
    stack: list[exp.Expr] = [union]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Select):
            arms.append(node)
        elif isinstance(node, exp.Union) and not node.args.get("distinct") and _only(node, _UNION):
            stack += [node.expression, node.this]
        elif isinstance(node, exp.Subquery) and not node.alias and _only(node, frozenset({"this"})):
            stack.append(node.this)
        else:
            return None
    return arms


def _only(node: exp.Expr, parts: frozenset[str]) -> bool:
    return not any(value for name, value in node.args.items() if name not in parts)


def _same_arms(union: exp.Union, known: Mapping[str, PlannedFragment]) -> tuple[str, ...]:
    """The fragments that a union only selects the same columns of, each once; none where it does more."""
    arms = _arms(union)
    if arms is None or len(arms) < _FEWEST:
        return ()
    names: list[str] = []
    first: list[tuple[str, str, str]] | None = None
    for arm in arms:
        source = arm.args["from_"].this if arm.args.get("from_") is not None else None
        if not isinstance(source, exp.Table) or source.name not in known or not _only(arm, _ARM):
            return ()
        shape = _shape(arm, source.alias_or_name)
        if shape is None or (first is not None and shape != first):
            return ()
        first = shape
        names.append(source.name)
    one = known[names[0]]
    if any(source.fragment in names for n in names for e in known[n].exchanges for source in e.sources):
        # They are read one after the other, and one that waits for the next one's keys would wait for ever.
        return ()
    alike = all(
        known[name].fragment.schema.equals(one.fragment.schema) and known[name].columns == one.columns
        for name in names
    )
    return tuple(names) if alike and len(set(names)) == len(names) else ()


def _shape(arm: exp.Select, alias: str) -> list[tuple[str, str, str]] | None:
    """Each output of an arm as (name, column, type of a cast), or None where one is anything else."""
    shape = []
    for output in arm.expressions:
        value = output.unalias()
        cast = ""
        if isinstance(value, exp.Cast):
            cast, value = value.to.sql(dialect="duckdb"), value.this
        if not isinstance(value, exp.Column) or value.table != alias:
            return None
        shape.append((output.alias_or_name, value.name, cast))
    return shape


def _first_arm(union: exp.Union, name: str) -> exp.Select:
    """The arm of the union that comes first, over the relation of that name."""
    arms = _arms(union)
    assert arms
    arm = copy_tree(arms[0])
    source = arm.args["from_"].this
    source.set("this", exp.to_identifier(name, quoted=True))
    source.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    for column in arm.find_all(exp.Column):
        column.set("table", exp.to_identifier(name, quoted=True))
    return arm


def _new_name(taken: set[str]) -> str:
    number = 1
    while f"members_{number}" in taken:
        number += 1
    taken.add(f"members_{number}")
    return f"members_{number}"
