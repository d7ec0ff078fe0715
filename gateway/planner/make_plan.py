"""The planner: passes over the resolved tree, then fragments and a residual."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import TypeAlias

from sqlglot import exp

from gateway.planner.disclosure import Disclosure
from gateway.planner.drop_empty_totals import drop_empty_totals
from gateway.planner.expand_federated_tables import expand_federated_tables
from gateway.planner.factor_conditions import factor_conditions
from gateway.planner.gather_department import gather_department
from gateway.planner.join_members import join_members
from gateway.planner.planning import Planning
from gateway.planner.prune_columns import prune_columns
from gateway.planner.push_filters_into_unions import push_filters_into_unions
from gateway.planner.push_limits_into_members import push_limits_into_members
from gateway.planner.split_aggregates import split_aggregates
from gateway.stages import AuthorizedQuery, FederatedPlan, PlannedFragment
from sql.binder import Binder
from sql.catalog import Catalog, Column, Fragment, TableUse
from sql.scopes import block_sources, is_cte_reference
from sql.split import Piece, Split, split_query
from sql.types import arrow_schema

Pass: TypeAlias = Callable[[exp.Query, Planning], exp.Query]

PASSES: Mapping[str, Pass] = {
    # What nobody reads is asked of nobody.
    "prune_columns": lambda tree, _: prune_columns(tree),
    # Unions over members, with only the columns that are used. Not a choice: departments know no federated tables.
    "expand_federated_tables": lambda tree, planning: expand_federated_tables(tree, planning.catalog),
    # Each department hears its part of conditions over several.
    "factor_conditions": factor_conditions,
    # Members filter, and excluded members are not asked.
    "push_filters_into_unions": lambda tree, _: push_filters_into_unions(tree),
    # Members join what lies together, and then filter what could only be decided on both tables.
    "join_members": lambda tree, _: push_filters_into_unions(join_members(tree)),
    # What only members read, since they filter and join, does not leave them.
    "prune_members": lambda tree, _: prune_columns(tree),
    # What a department can aggregate alone is seen as a federated table of one member.
    "gather_department": gather_department,
    # Members aggregate, and the merge puts their groups together.
    "split_aggregates": split_aggregates,
    # A total of which a floor left out every part is not 0.
    "drop_empty_totals": drop_empty_totals,
    # Members give their first rows, and the merge the first of these.
    "push_limits_into_members": lambda tree, _: push_limits_into_members(tree),
}
"""The passes over the tree, in order; each is exact alone, and with or without any other."""


def make_plan(query: AuthorizedQuery, binder: Binder, published: Catalog) -> FederatedPlan:
    """Plans an authorised question. Pure: nothing is asked of any department.

    After `PASSES`, `split_query` finds the largest parts that one department runs alone and the residual, and
    `share_fragments` runs equal parts once.
    """
    planning = Planning(query.bound.admitted.catalog, binder, Disclosure(query.decisions))
    tree = apply_passes(query.bound.resolved.tree, planning)
    split = split_query(tree, lambda table: table.db)
    schema = query.bound.resolved.schema
    if split.residual is None:
        fragment = _whole(split, query)
        return FederatedPlan(query, (fragment,), None, "", materialise=False, stayed=(), schema=schema)
    fragments, residual = share_fragments(split, binder, published)
    return FederatedPlan(
        authorized=query,
        fragments=fragments,
        residual=residual,
        residual_sql=residual.sql(dialect="duckdb", identify=True, comments=False),
        materialise=_must_materialise(residual, fragments),
        stayed=split.stayed,
        schema=schema,
    )


def apply_passes(tree: exp.Query, planning: Planning, skip: Container[str] = ()) -> exp.Query:
    """The tree after every pass but those named in `skip`."""
    for name, run in PASSES.items():
        if name not in skip:
            tree = run(tree, planning)
    return tree


def _whole(split: Split, query: AuthorizedQuery) -> PlannedFragment:
    piece = split.pieces[0]
    schema = query.bound.resolved.schema
    fragment = Fragment(
        piece.name,
        piece.context,
        _text(piece.query),
        schema,
        ordered=piece.query.args.get("order") is not None,
        tables=_uses(piece.query),
    )
    return PlannedFragment(fragment, (), None)


def share_fragments(
    split: Split, binder: Binder, published: Catalog
) -> tuple[tuple[PlannedFragment, ...], exp.Query]:
    """Fragments for the pieces, one for pieces that are equal, and the residual over them."""
    assert split.residual is not None
    residual = split.residual
    known: dict[tuple[str, str], str] = {}
    renamed: dict[str, str] = {}
    planned: list[PlannedFragment] = []
    for piece in split.pieces:
        text = _text(piece.query)
        first = known.setdefault((piece.context, text), piece.name)
        if first != piece.name:
            renamed[piece.name] = first
            continue
        columns = binder.columns_of(text) if piece.whole else _columns(piece, binder, published, text)
        fragment = Fragment(
            piece.name, piece.context, text, arrow_schema(columns), ordered=False, tables=_uses(piece.query)
        )
        planned.append(PlannedFragment(fragment, columns, _estimate(piece.query, published)))
    for table in residual.find_all(exp.Table):
        if is_cte_reference(table) and table.name in renamed:
            table.set("this", exp.to_identifier(renamed[table.name], quoted=True))
    return tuple(planned), residual


def _columns(piece: Piece, binder: Binder, published: Catalog, text: str) -> tuple[Column, ...]:
    """A scan's columns are those of its tables, which saves asking the binder."""
    types: dict[tuple[str, str], str] = {}
    assert isinstance(piece.query, exp.Select)
    for source, _ in block_sources(piece.query):
        table = published.find(source.db, source.name) if isinstance(source, exp.Table) else None
        if table is not None:
            types |= {(source.alias_or_name, column.name): column.type for column in table.columns}
    columns = []
    for projection in piece.query.expressions:
        value = projection.unalias()
        kind = types.get((value.table, value.name)) if isinstance(value, exp.Column) else None
        if kind is None:
            return binder.columns_of(text)
        columns.append(Column(projection.alias, kind))
    return tuple(columns)


def _estimate(query: exp.Query, published: Catalog) -> int | None:
    tables = [published.find(node.db, node.name) for node in query.find_all(exp.Table) if node.db]
    estimates = [
        table.row_estimate for table in tables if table is not None and table.row_estimate is not None
    ]
    return max(estimates, default=None)


def _text(query: exp.Query) -> str:
    while isinstance(query, exp.Subquery):
        query = query.this
    return query.sql(dialect="duckdb", identify=True, comments=False)


def _uses(query: exp.Query) -> tuple[TableUse, ...]:
    columns: dict[str, set[str]] = {}
    for column in query.find_all(exp.Column):
        columns.setdefault(column.table, set()).add(column.name)
    found: dict[tuple[str, str], frozenset[str]] = {}
    for table in query.find_all(exp.Table):
        if not is_cte_reference(table):
            key = (table.db, table.name)
            used = frozenset(columns.get(table.alias_or_name, ()))
            found[key] = found.get(key, frozenset()) | used
    return tuple(TableUse(db, name, used) for (db, name), used in found.items())


def _must_materialise(residual: exp.Query, fragments: tuple[PlannedFragment, ...]) -> bool:
    """Whether the merge needs fragments at rest.

    Streaming is right when each fragment is read once, from a department of its own (two open streams of
    one department could wait for each other's connection), and nothing is joined: DuckDB orders joins by
    the sizes of tables, which a stream does not tell.
    """
    departments = [planned.fragment.department for planned in fragments]
    references = [table.name for table in residual.find_all(exp.Table)]
    single = all(len(block_sources(select)) <= 1 for select in residual.find_all(exp.Select))
    nested = any(
        not isinstance(query.parent, (exp.From, exp.SetOperation, exp.Subquery, type(None)))
        for query in residual.find_all(exp.Query)
        if query is not residual
    )
    once = len(set(references)) == len(references)
    return not (once and single and not nested and len(set(departments)) == len(departments))
