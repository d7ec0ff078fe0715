"""The one entrance: a wrapped fragment in, the source's SQL out, or the reason why not.

The walk types every expression as DuckDB would and writes it in the source's dialect from tables of proven
forms (`postgres`, `mysql`, `sqlite`); whatever has no form raises `NotNative`. A DuckDB source takes the
fragment as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.allowed_functions import NAMES

# Each registers its translators.
from sql.dialects import aggregates, casts, conditions, functions, literals, operators, queries, windows
from sql.dialects.behaviour import PROVEN, STATEMENT_BYTES, number_of, require
from sql.dialects.dialect import Dialect
from sql.dialects.duckdb import fence_filters
from sql.dialects.keys import Keys, unpack_keys
from sql.dialects.kinds import NULL
from sql.dialects.mysql import Mysql
from sql.dialects.postgres import Postgres
from sql.dialects.scope import Columns, Context, Scope
from sql.dialects.source import NotNative, SourceColumn, SourceTables
from sql.dialects.sqlite import Sqlite
from sql.dialects.verify import DRIFT, verify
from sql.dialects.walk import query

_REGISTERED = (aggregates, casts, conditions, functions, literals, operators, queries, windows)
NO_KEYS: Keys = {}
DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (Postgres(), Mysql(), Sqlite())}


def render_native(
    tree: exp.Query,
    dialect: str,
    capabilities: frozenset[str],
    tables: SourceTables,
    check: Callable[[exp.Query], None] | None = None,
) -> str:
    """The whole of `tree` in the source's dialect, with exactly the answer that DuckDB would give.

    `tree` is a resolved query over wrapped physical tables; `capabilities` are the names that the source's
    probe found; `check` is shown the text as it reads back, and raises where that may not run. Raises
    `NotNative` where anything is not proven equal.
    """
    try:
        if dialect == "duckdb":
            return _render_duckdb(tree, capabilities, tables, check)
        return translate(tree, dialect, capabilities, tables, check)[0]
    except RecursionError:
        raise NotNative("nested too deeply") from None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A text for the source. Where it `may_give_up`, its rows count only once all of them are there: the statement
    fails on what it cannot compute exactly, and who runs it must have another way. Where it `checks_values` it fails on
    one that the source may hold and that is not of its column's type.
    """

    sql: str
    may_give_up: bool = False
    checks_values: bool = False


def render_attempt(
    tree: exp.Query,
    dialect: str,
    capabilities: frozenset[str],
    tables: SourceTables,
    check: Callable[[exp.Query], None] | None = None,
    keys: Keys = NO_KEYS,
) -> Attempt:
    """As `render_native`, with the dialect's attempts where nothing is proven. `keys` are the key sets it names."""
    try:
        if dialect == "duckdb":
            return Attempt(_render_duckdb(tree, capabilities, tables, check, keys))
        text, _, context = _translated(tree, dialect, capabilities, tables, check, keys, attempts=True)
        checks = context.raises and bool(context.dialect.attempts)
        return Attempt(text, context.gives_up, checks)
    except RecursionError:
        raise NotNative("nested too deeply") from None


def translate(
    tree: exp.Query,
    dialect: str,
    capabilities: frozenset[str],
    tables: SourceTables,
    check: Callable[[exp.Query], None] | None = None,
    *,
    attempts: bool = False,
    keys: Keys = NO_KEYS,
) -> tuple[str, Columns]:
    """The text in a dialect other than DuckDB's own, and its output as DuckDB types it."""
    return _translated(tree, dialect, capabilities, tables, check, keys, attempts=attempts)[:2]


def _translated(
    tree: exp.Query,
    dialect: str,
    capabilities: frozenset[str],
    tables: SourceTables,
    check: Callable[[exp.Query], None] | None,
    keys: Keys,
    *,
    attempts: bool,
) -> tuple[str, Columns, Context]:
    rules = DIALECTS.get(dialect)
    if rules is None:
        raise NotNative(f"no proven rules for {dialect}")
    context = Context(rules, capabilities, tables, attempts=attempts, keys=keys)
    text, columns = query(tree, Scope(context))
    if any(value.kind is NULL for _, value in columns):
        raise NotNative("an output whose type is not known")
    if context.raises:
        # Something in it may fail on a value: conditions must stay outside the row filters.
        context = Context(rules, capabilities, tables, fence=True, attempts=attempts, keys=keys)
        text, columns = query(tree, Scope(context))
    text = context.filled(text)
    most = number_of(STATEMENT_BYTES, capabilities)
    if most and len(text.encode()) > most // 2:
        # Half of it: what the protocol and the connector put around it takes room too.
        raise NotNative("a statement longer than the source takes")
    read_back = verify(text, context)
    if check is not None:
        check(read_back)
    return text, columns, context


def _render_duckdb(
    tree: exp.Query,
    capabilities: frozenset[str],
    tables: SourceTables,
    check: Callable[[exp.Query], None] | None,
    keys: Keys = NO_KEYS,
) -> str:
    for construct in PROVEN["duckdb"]:
        require("duckdb", construct, capabilities)
    folding = {name for columns in tables.values() for name, column in columns.items() if _folds(column)}
    if any(column.name in folding for column in tree.find_all(exp.Column)):
        raise NotNative("a column with a collation of its own, which DuckDB takes with it everywhere")
    # A WITH name would be read in a physical table's place, inside its wrap too.
    physical = {name[-1].casefold() for name in tables}
    if any(cte.alias.casefold() in physical for cte in tree.find_all(exp.CTE)):
        raise NotNative("a WITH name that is also a table's")
    for call in tree.find_all(exp.Anonymous):
        if call.name.lower() not in NAMES:
            raise NotNative(f"{call.name.lower()}() is computed by the agent")
    fenced = unpack_keys(fence_filters(tree), keys)
    try:
        text = fenced.sql(dialect="duckdb", identify=True, comments=False)
        read_back = sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError:
        raise NotNative(DRIFT) from None
    if not isinstance(read_back, exp.Query) or read_back != fenced:
        raise NotNative(DRIFT)
    if check is not None:
        check(read_back)
    return text


def _folds(column: SourceColumn) -> bool:
    return column.type == "VARCHAR" and column.native_type == "VARCHAR" and column.text != "exact"


def render_scan(table: tuple[str, ...], columns: Sequence[str], dialect: str) -> str:
    """A plain SELECT of quoted physical columns; one constant per row when there are none."""
    mark = "`" if dialect == "mysql" else '"'

    def quoted(name: str) -> str:
        return mark + name.replace(mark, mark * 2) + mark

    wanted = ", ".join(quoted(column) for column in columns) or "1"
    return f"SELECT {wanted} FROM {'.'.join(quoted(part) for part in table)}"
