"""Fragments for the pieces of a question: their texts and exact columns, and how the merge takes them."""

from __future__ import annotations

from sqlglot import exp

from gateway.planner.members import SHAPE
from gateway.stages import PlannedFragment
from sql.binder import Binder
from sql.catalog import Catalog, Column, Fragment, TableUse
from sql.copies import canonical_text
from sql.scopes import block_sources, is_cte_reference, source_alias
from sql.split import Piece, Split
from sql.types import arrow_schema, sqlglot_type

_OTHERWISE_DECIMAL = frozenset({"HUGEINT", "UHUGEINT"})
"""Types that travel as DECIMAL(38,0), and are that in a stream."""


def share_fragments(
    split: Split, binder: Binder, published: Catalog
) -> tuple[tuple[PlannedFragment, ...], exp.Query]:
    """Fragments for the pieces, one for pieces that are equal, and the residual over them."""
    assert split.residual is not None
    residual = split.residual
    known: dict[tuple[str, str], str] = {}
    renamed: dict[str, str] = {}
    planned: list[PlannedFragment] = []
    shapes: dict[str, tuple[Column, ...]] = {}
    for piece in split.pieces:
        text = query_text(piece.query)
        first = known.setdefault((piece.context, text), piece.name)
        if first != piece.name:
            renamed[piece.name] = first
            continue
        columns = _columns_of(piece, text, shapes, binder, published)
        fragment = Fragment(
            piece.name,
            piece.context,
            text,
            arrow_schema(columns),
            ordered=False,
            tables=table_uses(piece.query),
        )
        planned.append(PlannedFragment(fragment, columns, _estimate(piece.query, published)))
    for table in residual.find_all(exp.Table):
        if is_cte_reference(table) and table.name in renamed:
            table.set("this", exp.to_identifier(renamed[table.name], quoted=True))
    return tuple(planned), residual


def _columns_of(
    piece: Piece, text: str, shapes: dict[str, tuple[Column, ...]], binder: Binder, published: Catalog
) -> tuple[Column, ...]:
    """A fragment's columns; those of the arms of one union are the same, since members' types are."""
    if not piece.whole:
        return _columns(piece, binder, published, text)
    query = piece.query.unnest()
    shape = query.meta.get(SHAPE) if isinstance(query, exp.Select) else None
    if shape is None:
        return binder.columns_of(text)
    if shape not in shapes:
        shapes[shape] = binder.columns_of(text)
    return shapes[shape]


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


def query_text(query: exp.Query) -> str:
    """The text of a fragment, without parentheses around the whole."""
    while isinstance(query, exp.Subquery):
        query = query.this
    return canonical_text(query)


def table_uses(query: exp.Query) -> tuple[TableUse, ...]:
    """The published tables of a fragment, and the columns that it reads of each."""
    columns: dict[str, set[str]] = {}
    tables: list[exp.Table] = []
    for node in query.find_all(exp.Column, exp.Table):
        if isinstance(node, exp.Table):
            tables.append(node)
        elif isinstance(node, exp.Column):
            columns.setdefault(node.table, set()).add(node.name)
    found: dict[tuple[str, str], frozenset[str]] = {}
    for table in tables:
        if not is_cte_reference(table):
            key = (table.db, table.name)
            used = frozenset(columns.get(table.alias_or_name, ()))
            found[key] = found.get(key, frozenset()) | used
    return tuple(TableUse(db, name, used) for (db, name), used in found.items())


def must_materialise(residual: exp.Query, fragments: tuple[PlannedFragment, ...]) -> bool:
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


def restore_types(residual: exp.Query, fragments: tuple[PlannedFragment, ...]) -> exp.Query:
    """The residual with values of a stream in the type that the question gave them; a copy where any differ."""
    other = {
        (planned.fragment.id, column.name): column.type
        for planned in fragments
        for column in planned.columns
        if column.type in _OTHERWISE_DECIMAL
    }
    if not other:
        return residual
    copy = residual.copy()
    streams = {
        source_alias(table): table.name for table in copy.find_all(exp.Table) if is_cte_reference(table)
    }
    for column in list(copy.find_all(exp.Column)):
        kind = other.get((streams.get(column.table, ""), column.name))
        if kind is not None:
            column.replace(exp.Cast(this=column.copy(), to=sqlglot_type(kind)))
    return copy
