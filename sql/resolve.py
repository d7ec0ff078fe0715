"""Names bound to the catalog, stars expanded, types annotated: a question with nothing left to guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from sqlglot import exp

from comity.errors import InternalError, SqlError
from sql.annotate import set_kind
from sql.binder import Binder
from sql.catalog import Catalog, Column, TableUse
from sql.confirm import confirm_reading
from sql.copies import copy_tree
from sql.expansion import check_expansion
from sql.keys import KeyColumn, check_keys, is_reserved, key_tables
from sql.parse import ParsedQuery
from sql.resolution import Resolution
from sql.resolve_query import resolve_query as resolve_any_query
from sql.sources import identifier
from sql.types import arrow_schema


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """A question whose every name is bound.

    In `tree` every published table has its department and an alias that no other FROM item has, every column
    its table, every output an alias that is its name; there is no `*` outside `count(*)`, no USING, no NATURAL,
    no named window, no position in GROUP BY but for constants. `columns` are the outputs with canonical types.
    Key sets are no published tables: they stand in `tree` and not in `tables`.
    """

    parsed: ParsedQuery
    tree: exp.Query
    tables: tuple[TableUse, ...]
    schema: pa.Schema
    columns: tuple[Column, ...]


def resolve_query(
    parsed: ParsedQuery,
    catalog: Catalog,
    binder: Binder,
    *,
    now: datetime | None = None,
    keys: Sequence[KeyColumn] = (),
) -> ResolvedQuery:
    """Binds every name of the question to `catalog`, which is what the caller may see.

    DuckDB binds the original text over tables of the same shape; a difference in names or types is refused.
    `now` is what the present means, this instant unless given. `keys` are the key sets that a fragment's text may
    read, in the one form there is for them. Raises `SqlError`, with line and column.
    """
    if keys:
        catalog = Catalog([*catalog.tables, *key_tables(keys)], catalog.version)
    resolution = Resolution(parsed.text, catalog, resolve_any_query, now or datetime.now(UTC))
    try:
        tree, _ = resolve_any_query(resolution, copy_tree(parsed.tree), {}, None)
    except RecursionError:
        raise SqlError("the question is nested too deeply", code="SQL_TOO_DEEP", line=1, column=1) from None
    for nested in resolution.nested:
        nested.finish()
    check_keys(tree, parsed.text)
    check_expansion(resolution, tree)
    columns = confirm_reading(parsed, tree, resolution, binder)
    _name_outputs(tree, columns)
    return ResolvedQuery(parsed, tree, _published(resolution, keys), arrow_schema(columns), columns)


def _published(resolution: Resolution, keys: Sequence[KeyColumn]) -> tuple[TableUse, ...]:
    """The uses of published tables, without the key sets that came with the question."""
    uses = resolution.table_uses()
    sent = {key.name for key in keys}
    if any(is_reserved(use.department) and use.name not in sent for use in uses):
        # Nobody would decide about such a table.
        raise InternalError("a department has the name that is kept for join keys")
    return tuple(use for use in uses if not is_reserved(use.department))


def _name_outputs(tree: exp.Query, columns: tuple[Column, ...]) -> None:
    """Gives the outputs their final names, and the types that DuckDB found."""
    block: exp.Expr = tree
    while not isinstance(block, exp.Select):
        block = block.this
    for output, column in zip(block.expressions, columns, strict=True):
        if output.alias != column.name:
            output.set("alias", identifier(column.name))
        if block is tree:
            set_kind(output, column.type)
            set_kind(output.this, column.type)
