"""Names bound to the catalog, stars expanded, types annotated: a question with nothing left to guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from comity.errors import SqlError
from sql.binder import Binder
from sql.catalog import Catalog, TableUse
from sql.parse import ParsedQuery


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """A question whose every name is bound."""

    parsed: ParsedQuery
    tree: exp.Query
    tables: tuple[TableUse, ...]
    schema: pa.Schema


def resolve_query(parsed: ParsedQuery, catalog: Catalog, binder: Binder) -> ResolvedQuery:
    """Binds every name of the question. Raises `SqlError`."""
    tree = parsed.tree.copy()
    schema: dict[str, Any] = {}
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                found = (catalog.find(source.db, source.name),) if source.db else catalog.find_unqualified(source.name)
                if len(found) != 1 or (table := found[0]) is None:
                    raise SqlError(f"no table {source.name}", code="SQL_TABLE_UNKNOWN")
                if not source.alias:
                    source.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
                source.set("db", exp.to_identifier(table.department, quoted=True))
                source.set("this", exp.to_identifier(table.name, quoted=True))
                schema.setdefault(table.department, {})[table.name] = {c.name: c.type for c in table.columns}
    mapping = MappingSchema(schema, dialect="duckdb", normalize=False)
    try:
        qualify(tree, schema=mapping, dialect="duckdb", quote_identifiers=True)
        annotate_types(tree, schema=mapping, dialect="duckdb")
    except SqlglotError as error:
        raise SqlError(str(error), code="SQL_COLUMN_UNKNOWN") from None
    uses: dict[tuple[str, str], set[str]] = {}
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                uses.setdefault((source.db, source.name), set())
        for column in scope.columns:
            if isinstance(source := scope.sources.get(column.table), exp.Table):
                uses[source.db, source.name].add(column.name)
    tables = tuple(TableUse(d, n, frozenset(columns)) for (d, n), columns in uses.items())
    return ResolvedQuery(parsed, tree, tables, binder.schema_of(tree))
