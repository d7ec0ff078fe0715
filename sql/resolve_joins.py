"""USING and NATURAL as conditions; joins in parentheses, and what a SEMI join only looks for, as derived tables."""

from __future__ import annotations

from sqlglot import exp

from sql.annotate import annotate_types
from sql.catalog import fold_name
from sql.places import offset_of, put_at
from sql.resolution import Resolution
from sql.scopes import free_aliases, join_conjuncts, source_alias, split_conjuncts
from sql.sources import (
    AmbiguousNameError,
    Merged,
    NestedJoin,
    Relation,
    Source,
    SourceColumn,
    identifier,
)


def join_condition(
    resolution: Resolution, join: exp.Join, left: Relation, right: Relation, side: str
) -> tuple[exp.Expr, dict[str, Merged]]:
    """The ON condition of a USING or NATURAL join, and the columns it merges.

    The merged column is the left one for INNER and LEFT, the right one for RIGHT, and for FULL the first of
    all that is not NULL, as in DuckDB.
    """
    merged = {**right.merged, **left.merged}
    conditions: list[exp.Expr] = []
    for name, shown, offset in _names(resolution, join, left, right):
        on_left = _one(resolution, join, left, name, shown, "left")
        on_right = _one(resolution, join, right, name, shown, "right")
        conditions.append(exp.EQ(this=on_left.refer(), expression=on_right.refer()))
        put_at(conditions[-1], offset)
        left_values, left_members = _parts(on_left)
        right_values, right_members = _parts(on_right)
        values = {"RIGHT": right_values, "FULL": left_values + right_values}.get(side, left_values)
        merged[name] = Merged(shown, values, left_members | right_members)
    condition = conditions[0]
    for more in conditions[1:]:
        condition = exp.And(this=condition, expression=more)
    return condition, merged


def _names(
    resolution: Resolution, join: exp.Join, left: Relation, right: Relation
) -> list[tuple[str, str, int | None]]:
    """The folded and the spelled names to join on, and where the text says so."""
    using = join.args.get("using")
    if using:
        return [(fold_name(name.name), name.name, offset_of(name)) for name in using]
    offset = offset_of(join)
    resolution.starred = True
    offered = {key for source in right.sources for key in source.star}
    names: dict[str, str] = {}
    for source in left.sources:
        for key in source.star:
            if key in offered:
                names.setdefault(key, source.columns[key].shown)
    if not names:
        raise resolution.error(
            join, "SQL_COLUMN_UNKNOWN", "NATURAL JOIN finds no column that both sides have"
        )
    return [(name, shown, offset) for name, shown in names.items()]


def _one(
    resolution: Resolution, join: exp.Join, relation: Relation, name: str, shown: str, side: str
) -> SourceColumn | Merged:
    try:
        found = relation.find(name)
    except AmbiguousNameError:
        message = f"{shown} stands more than once on the {side} side of the join"
        raise resolution.error(join, "SQL_AMBIGUOUS", message) from None
    if found is None:
        message = f"there is no column {shown} on the {side} side of the join"
        raise resolution.error(join, "SQL_COLUMN_UNKNOWN", message)
    return found


def _parts(found: SourceColumn | Merged) -> tuple[tuple[SourceColumn, ...], frozenset[SourceColumn]]:
    if isinstance(found, Merged):
        return found.values, found.members
    return (found,), frozenset({found})


def nest_relation(
    resolution: Resolution, first: exp.Expr, joins: list[exp.Join], relation: Relation
) -> tuple[exp.Expr, Relation]:
    """Turns joined items into one derived table that passes out the columns that will be read."""
    select = exp.Select(from_=exp.From(this=first), joins=joins)
    nested = NestedJoin(resolution.fresh_alias("joined"), select)
    outside: dict[SourceColumn, SourceColumn] = {}
    sources: list[Source] = []
    for source in relation.sources:
        columns = {}
        for key, column in source.columns.items():
            outside[column] = columns[key] = nested.wrap(column)
        sources.append(Source(source.name, source.department, nested.alias, columns, source.star))
    merged = {
        name: Merged(
            found.shown,
            tuple(outside[value] for value in found.values),
            frozenset(outside[member] for member in found.members),
        )
        for name, found in relation.merged.items()
    }
    derived = exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(nested.alias)))
    resolution.nested.append(nested)
    return derived, Relation(sources, merged)


def separate_semi_join(resolution: Resolution, join: exp.Join) -> None:
    """Puts what a SEMI join looks for into a derived table of its own, where no condition connects it with the other side.

    DuckDB 2.0.0 limits what such a join looks for to one row, and then may do so before it takes the join's conditions on
    that row (docs/adr/0024-unconnected-semi-joins.md). Of a derived table it does not.
    """
    alias = source_alias(join.this)
    conjuncts = split_conjuncts(join.args.get("on"))
    names = [free_aliases(conjunct) for conjunct in conjuncts]
    is_connected = any(alias in found and found != {alias} for found in names)
    if is_connected or free_aliases(join.this):
        return
    looked_for = exp.Select(expressions=[exp.alias_(exp.Literal.number(1), "one", quoted=True)])
    looked_for.set("from_", exp.From(this=join.this))
    own = join_conjuncts([c for c, found in zip(conjuncts, names, strict=True) if found == {alias}])
    looked_for.set("where", exp.Where(this=own) if own is not None else None)
    annotate_types(looked_for)
    name = exp.TableAlias(this=identifier(resolution.fresh_alias(alias)))
    join.set("this", exp.Subquery(this=looked_for, alias=name))
    rest = join_conjuncts([c for c, found in zip(conjuncts, names, strict=True) if found != {alias}])
    join.set("on", rest if rest is not None else exp.true())
