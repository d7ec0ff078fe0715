"""USING and NATURAL as conditions, and joins in parentheses as derived tables."""

from __future__ import annotations

from sqlglot import exp

from sql.catalog import fold_name
from sql.places import offset_of, put_at
from sql.resolution import Resolution
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
