"""DuckDB as the authority on types: what columns a query over published tables returns.

The tables it holds are empty, so asking costs about a millisecond and touches no data.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from queue import Empty, SimpleQueue

import duckdb
import pyarrow as pa
from sqlglot import exp

from comity.errors import ComityError
from sql.catalog import Column, Table
from sql.engine import open_locked, quoted
from sql.engine_errors import translate_error
from sql.types import arrow_schema, canonical_name


class Binder:
    """Empty published tables in a locked in-memory DuckDB. Safe to share between threads."""

    def __init__(self, tables: Iterable[Table] = ()) -> None:
        self._connection = open_locked(memory="256MB", threads=1)
        self._cursors: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        self._lock = threading.Lock()
        self._shapes: dict[tuple[str, str, tuple[tuple[str, str], ...]], str] = {}
        with self._lock:
            for table in tables:
                self._create(table.department, table)

    def schema_of(self, query: str | exp.Expr) -> pa.Schema:
        """The Arrow schema of a query over tables named `department.table`.

        Raises `SqlError` (`SQL_TYPE`) when the query does not fit the tables' types.
        """
        return arrow_schema(self.columns_of(query))

    def columns_of(self, query: str | exp.Expr) -> tuple[Column, ...]:
        """The columns of a query with their canonical types, which say more than Arrow's."""
        text = query if isinstance(query, str) else query.sql(dialect="duckdb", identify=True, comments=False)
        cursor = self._take()
        try:
            relation = cursor.sql(text)
            return tuple(
                Column(name, canonical_name(str(kind)))
                for name, kind in zip(relation.columns, relation.types, strict=True)
            )
        except duckdb.Error as error:
            raise translate_error(error) from None
        finally:
            self._cursors.put(cursor)

    def schema_for(self, table: Table) -> str:
        """The schema under which a table of exactly this shape stands, made when there is none yet.

        It is the department for tables given at the start; a table of the same name with other columns,
        which is what a principal with fewer rights sees, stands under a name of its own.
        """
        key = _shape(table)
        with self._lock:
            if (schema := self._shapes.get(key)) is None:
                schema = f"{table.department}#{len(self._shapes)}"
                self._create(schema, table)
            return schema

    def close(self) -> None:
        self._connection.close()

    def _take(self) -> duckdb.DuckDBPyConnection:
        try:
            return self._cursors.get_nowait()
        except Empty:
            return self._connection.cursor()

    def _create(self, schema: str, table: Table) -> None:
        columns = ", ".join(f"{quoted(column.name)} {canonical_name(column.type)}" for column in table.columns)
        try:
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
            self._connection.execute(f"CREATE TABLE {quoted(schema)}.{quoted(table.name)} ({columns})")
        except duckdb.Error as error:
            raise ComityError(f"the table {table.qualified_name} cannot be described: {error}") from error
        self._shapes[_shape(table)] = schema


def _shape(table: Table) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return (
        table.department.lower(),
        table.name.lower(),
        tuple((column.name, canonical_name(column.type)) for column in table.columns),
    )
