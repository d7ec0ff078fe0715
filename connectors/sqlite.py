"""SQLite: a database file, read through apsw, the Python face of SQLite's own interface.

Sessions are read-only and may only read the database's own tables; see docs/connectors/sqlite.md.

Why apsw, and not the others: adbc-driver-sqlite takes half the time, but cannot be interrupted, and takes a
column's type from its first rows, where every value of SQLite has its own. Python's sqlite3 takes half as long
again as apsw for the same rows, has whatever SQLite the machine has, and can switch off neither strings in
double quotes (before Python 3.12) nor say a column's collation.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, Self

import apsw
import pyarrow as pa

from comity.errors import SourceError
from connectors.pool import ConnectionPool
from connectors.repeated_reading import sqlite_repeats
from connectors.spi import Capabilities, PhysicalTable, ProbeReport, TableName
from connectors.sqlite_columns import build_batch
from connectors.sqlite_questions import ANSWERS
from connectors.sqlite_session import SqliteSession, file_state, source_path, translate
from connectors.sqlite_statistics import table_statistics
from connectors.sqlite_tables import describe_tables, rows_read
from connectors.sqlite_uniform import Uniform, find_uniform
from connectors.sqlite_values import parameter
from connectors.statistics import TableStatistics
from connectors.stoppable_scan import StoppableScan

_BATCH_BYTES = 2 * 1024 * 1024
_FIRST_ROWS = 32
_MOST_ROWS = 2048
"""Rows that are Python objects at a time: a few, until their size is known; then what the caches hold."""


class SqliteConnector:
    """`uri`: the path of a database file, with or without `sqlite:` or `file:` before it."""

    name = "sqlite"
    dialect = "sqlite"
    joins_row_by_row = True

    def __init__(self, uri: str, connections: int) -> None:
        self._path = source_path(uri)
        self._uniform: dict[str, Uniform] = {}
        self._pool: ConnectionPool[SqliteSession] = ConnectionPool(
            connections, lambda: SqliteSession(self._path, self._uniform), SqliteSession.close
        )

    @classmethod
    def open(cls, uri: str, *, connections: int = 4) -> Self:
        return cls(uri, connections)

    def compute_context(self) -> str:
        return f"sqlite:{hashlib.sha256(bytes(self._path.resolve())).hexdigest()[:24]}"

    def probe(self) -> ProbeReport:
        """The engine is apsw's own, so its version decides the capabilities."""
        with self._errand() as connection:
            settings = ("encoding", "journal_mode", "query_only", "case_sensitive_like")
            facts = [
                (name, str(value))
                for name in settings
                for (value,) in connection.execute(f"PRAGMA {name}").fetchall()
            ]
            profile = ANSWERS.profile(_asking(connection), dict(facts)["encoding"])
        capabilities = Capabilities(
            supports_cancel=True,
            supports_statement_timeout=True,
            supports_arrays=False,
            supports_timestamptz=True,
            supports_full_join=True,
            supports_grouping_sets=False,
            supports_distinct_on=False,
            supports_aggregate_filter=True,
            supports_window=True,
            supports_null_order=True,
            supports_lateral=False,
        )
        return ProbeReport("SQLite", apsw.sqlite_lib_version(), capabilities, tuple(facts), profile)

    def describe(self, tables: Sequence[TableName] | None = None) -> tuple[PhysicalTable, ...]:
        """Tables and views. Row estimates are ANALYZE's; a table that it never saw has none.

        Tables are read through once, to see whether their values are of the types that they declare.
        """
        with self._errand() as connection:
            ((encoding,),) = connection.execute("PRAGMA encoding").fetchall()
            described = ANSWERS.fill(_asking(connection), str(encoding), describe_tables(connection, tables))
            found, uniform = find_uniform(connection, described)
            found = tuple(_with_distinct(connection, table) for table in found)
        self._uniform |= uniform
        return found

    def statistics(self, tables: Sequence[TableName]) -> Mapping[TableName, TableStatistics]:
        """ANALYZE's numbers, the first and last row number, and rows at a few places of each table."""
        with self._errand() as connection:
            described = describe_tables(connection, tables)
            found = {table.name: table_statistics(connection, table) for table in described}
        return {name: known for name, known in found.items() if known is not None}

    def scan(
        self,
        sql: str,
        schema: pa.Schema,
        *,
        parameters: Sequence[object] = (),
        deadline: float | None = None,
        batch_rows: int = 65536,
        ordered: bool = False,  # noqa: ARG002 - the SQL runs as it is
    ) -> StoppableScan:
        """Parameters stand for `?`."""
        query = _Query(self, sql, schema, tuple(map(parameter, parameters)), batch_rows)
        return StoppableScan(query, schema, deadline=deadline, batch_rows=batch_rows)

    def repeats_slowly(self, sql: str) -> bool:
        """See `connectors.spi.RepeatsSlowly`: a correlated subquery that scans a table, again and again."""
        try:
            with self._errand() as connection:
                plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
                return sqlite_repeats(plan, rows_read(connection, sql))
        except SourceError:
            # What is wrong will show when it runs.
            return False

    def close(self) -> None:
        self._pool.close()

    def lease(self, is_wanted: Callable[[], bool], deadline: float | None) -> SqliteSession:
        """A session of the file that is there now."""
        while True:
            session, _ = self._pool.acquire(is_wanted, deadline)
            try:
                if session.state == file_state(self._path):
                    return session
            except SourceError:
                self.give_back(session, reusable=False)
                raise
            self.give_back(session, reusable=False)

    def give_back(self, session: SqliteSession, *, reusable: bool) -> None:
        self._pool.release(session, reusable=reusable)

    @contextmanager
    def _errand(self) -> Iterator[apsw.Connection]:
        """A connection for our own questions to the schema; the engine's error becomes ours."""
        session = self.lease(lambda: True, None)
        reusable = False
        try:
            yield session.unlock()
            reusable = True
        except apsw.Error as error:
            raise translate(error) from None
        finally:
            self.give_back(session, reusable=reusable)


def _with_distinct(connection: apsw.Connection, table: PhysicalTable) -> PhysicalTable:
    """The table with about how many values its columns have: SQLite itself knows that of indexes only."""
    known = table_statistics(connection, table)
    if known is None:
        return table
    counts = {name: column.distinct for name, column in known.columns.items()}
    return replace(
        table, columns=tuple(replace(column, distinct=counts.get(column.name)) for column in table.columns)
    )


def _asking(connection: apsw.Connection) -> Callable[[str], list[Any]]:
    """A way to ask short questions; the engine's error becomes ours."""

    def ask(sql: str) -> list[Any]:
        try:
            return connection.execute(sql).fetchall()
        except apsw.Error as error:
            raise translate(error) from None

    return ask


class _Query:
    """One query on a session of its own; see `connectors.stoppable_scan.DriverQuery`."""

    def __init__(
        self,
        connector: SqliteConnector,
        sql: str,
        schema: pa.Schema,
        parameters: tuple[object, ...],
        batch_rows: int,
    ) -> None:
        self._connector = connector
        self._sql = sql
        self._schema = schema
        self._parameters = parameters
        self._batch_rows = batch_rows
        self._rows = _FIRST_ROWS
        self._session: SqliteSession | None = None
        self._cursor: apsw.Cursor | None = None
        self._stopped = False
        self._stopping = threading.Lock()

    def start(self, scan: StoppableScan) -> None:
        self._session = self._connector.lease(scan.is_wanted, scan.deadline)
        if scan.is_wanted():
            with self._translated():
                self._cursor = self._session.run(self._sql, self._parameters, len(self._schema))

    def next_batch(self) -> pa.RecordBatch | None:
        parts: list[pa.RecordBatch] = []
        size = count = 0
        while count < self._batch_rows and size < _BATCH_BYTES:
            part = self._next_part(min(self._rows, self._batch_rows - count))
            if part is None:
                break
            parts.append(part)
            size += part.nbytes
            count += part.num_rows
            self._rows = max(1, min(2 * self._rows, _MOST_ROWS, _BATCH_BYTES * count // max(size, 1)))
        if len(parts) == 1:
            return parts[0]
        return pa.concat_batches(parts) if parts else None

    def interrupt(self) -> None:
        with self._stopping:
            if self._session is not None:
                self._stopped = True
                self._session.interrupt()

    def finish(self, *, complete: bool) -> None:
        with self._stopping:
            # From here on no interrupt can meet the session, which may soon be another scan's.
            session, self._session = self._session, None
        if session is None:
            return
        if self._cursor is not None:
            self._cursor.close(True)
        self._connector.give_back(session, reusable=complete and not self._stopped)

    def _next_part(self, rows: int) -> pa.RecordBatch | None:
        if self._cursor is None:
            return None
        with self._translated():
            values = list(islice(self._cursor, rows))
        if not values:
            return None
        return build_batch(values, self._schema)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise translate(error) from None
        except UnicodeDecodeError:
            raise SourceError("a text of the answer is not UTF-8", code="SOURCE_TYPE") from None
