"""PostgreSQL, and what speaks its protocol and keeps its catalogs.

Rows come through adbc-driver-postgresql (COPY in binary form, straight into Arrow); psycopg asks the catalogs.
Sessions are read-only with an empty search path, in UTC, and are reset before each scan. See
docs/connectors/postgresql.md.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import adbc_driver_manager as adbc
import adbc_driver_postgresql
import psycopg
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader
from psycopg import conninfo

from comity.errors import SourceError
from connectors import servers
from connectors.conform_batch import check_column_count, conform_batch
from connectors.pool import ConnectionPool
from connectors.postgresql_catalog import DESCRIBE, PROBE, physical_table
from connectors.postgresql_questions import TextProfiles, profile_of
from connectors.postgresql_statistics import STATISTICS, table_statistics, wanted_tables
from connectors.postgresql_types import Shape, shape_statement
from connectors.spi import Capabilities, PhysicalTable, ProbeReport, TableName
from connectors.statistics import TableStatistics
from connectors.stoppable_scan import StoppableScan, timed_out

BATCH_BYTES = 4 * 2**20
LINE = {"connect_timeout": "5", "keepalives_idle": "30", "tcp_user_timeout": "30000"}
"""How long a host that no longer answers is waited for; the uri may say otherwise."""
LONGEST_TIMEOUT = 2**31 - 1
SHAPES = 1024
SETTINGS = {
    "default_transaction_read_only": "on",
    "search_path": "pg_catalog",
    "TimeZone": "UTC",
    "DateStyle": "ISO,YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
}


class PostgresqlConnector:
    """One PostgreSQL database. `uri`: `postgresql://…`, libpq's keywords, or `embedded:<directory>?database=x`."""

    name = "postgresql"
    dialect = "postgres"

    def __init__(self, uri: str, connections: int) -> None:
        self._uri = uri
        self._lock = threading.Lock()
        self._database: tuple[str, adbc.AdbcDatabase] | None = None
        self._account_timeout = LONGEST_TIMEOUT
        self._texts = TextProfiles()
        self._shapes: OrderedDict[tuple[str, str], Shape] = OrderedDict()
        self._pool: ConnectionPool[adbc.AdbcConnection] = ConnectionPool(
            connections, self._connect, _disconnect
        )

    @classmethod
    def open(cls, uri: str, *, connections: int = 4) -> Self:
        return cls(uri, connections)

    def compute_context(self) -> str:
        keys = ("host", "hostaddr", "port", "dbname", "user", "service")
        try:
            parts = conninfo.conninfo_to_dict("" if self._uri.startswith("embedded:") else self._uri)
        except psycopg.ProgrammingError:
            parts = {}
        where = [
            self._uri if self._uri.startswith("embedded:") else "",
            *(str(parts.get(key)) for key in keys),
        ]
        return f"postgresql:{hashlib.sha256('|'.join(where).encode()).hexdigest()[:24]}"

    def probe(self) -> ProbeReport:
        """The version decides the capabilities: all are there in every release that PostgreSQL still supports."""
        with self._asking() as ask:
            (row,) = ask(PROBE)
            profile = profile_of(ask)
        version, collation, encoding, read_only, standby = row
        capabilities = Capabilities(
            supports_cancel=True,
            supports_statement_timeout=True,
            supports_arrays=True,
            supports_timestamptz=True,
            supports_full_join=True,
            supports_grouping_sets=True,
            supports_distinct_on=True,
            supports_aggregate_filter=True,
            supports_window=True,
            supports_null_order=True,
            supports_lateral=True,
        )
        facts = (
            ("collation", collation),
            ("encoding", encoding),
            ("read_only_session", read_only),
            ("standby", standby),
        )
        return ProbeReport("PostgreSQL", version, capabilities, facts, profile)

    def describe(self, tables: Sequence[TableName] | None = None) -> tuple[PhysicalTable, ...]:
        """Tables, partitioned tables, views and foreign tables that this account may read, named by schema and
        table. Partitions are left out unless named. A view has no row estimate.
        """
        named = None if tables is None else [list(name) for name in tables if len(name) == 2]
        wanted = {
            "schemas": None if named is None else [name[0] for name in named],
            "tables": None if named is None else [name[1] for name in named],
        }
        described = tuple(map(physical_table, self._ask(DESCRIBE, wanted)))
        if self._texts.unknown(described):
            with self._asking() as ask:
                described = self._texts.fill(ask, described)
        else:
            described = self._texts.fill(self._ask, described)
        found = {table.name: table for table in described}
        if tables is None:
            return tuple(found.values())
        return tuple(found[name] for name in map(tuple, tables) if name in found)

    def statistics(self, tables: Sequence[TableName]) -> Mapping[TableName, TableStatistics]:
        """What the last ANALYZE found; nothing of views, and no columns of a table that it never saw."""
        found = dict(map(table_statistics, self._ask(STATISTICS, wanted_tables(tables))))
        return {
            name: found[name] for name in map(tuple, tables) if name in found and found[name].rows is not None
        }

    def scan(
        self,
        sql: str,
        schema: pa.Schema,
        *,
        parameters: Sequence[object] = (),
        deadline: float | None = None,
        batch_rows: int = 65536,
        ordered: bool = False,  # noqa: ARG002 - what the connector wraps around the SQL keeps its order
    ) -> StoppableScan:
        """With `parameters` (`$1`, `$2`, …) the driver holds the whole answer in memory; without, it streams."""
        query = _Query(self, sql, schema, tuple(parameters))
        return StoppableScan(query, schema, deadline=deadline, batch_rows=batch_rows)

    def close(self) -> None:
        self._pool.close()

    def lease(self, scan: StoppableScan) -> adbc.AdbcConnection:
        """A connection, its session as new, with the scan's deadline as its statement timeout."""
        while True:
            connection, used = self._pool.acquire(scan.is_wanted, scan.deadline)
            try:
                if used:
                    _execute(connection, "DISCARD ALL")
                remaining = scan.remaining()
                if remaining is not None:
                    # Never beyond what the account itself is limited to.
                    timeout = min(max(1, int(remaining * 1000)), self._account_timeout)
                    _execute(connection, f"SET statement_timeout = {timeout}")
                return connection
            except adbc.Error as error:
                self._pool.release(connection, reusable=False)
                if not used:
                    raise translate(error) from None
                # The database went away since: the next idle connection, or a new one, will show.

    def give_back(self, connection: adbc.AdbcConnection, *, reusable: bool) -> None:
        self._pool.release(connection, reusable=reusable)

    def shape(self, connection: adbc.AdbcConnection, sql: str, schema: pa.Schema) -> Shape:
        """How to send `sql` so that it comes back as `schema`; asks the server unless it was asked before."""
        key = (sql, str(schema.types))
        with self._lock:
            known = self._shapes.get(key)
            if known is not None:
                self._shapes.move_to_end(key)
                return known
        with adbc.AdbcStatement(connection) as statement:
            statement.set_sql_query(sql)
            columns = pa.schema(statement.execute_schema())
        check_column_count(len(columns), schema)
        shape = shape_statement(sql, columns, schema)
        with self._lock:
            self._shapes[key] = shape
            while len(self._shapes) > SHAPES:
                self._shapes.popitem(last=False)
        return shape

    def forget(self, sql: str) -> None:
        """After a failure: the tables may have changed since the statement's shape was learned."""
        with self._lock:
            for key in [key for key in self._shapes if key[0] == sql]:
                del self._shapes[key]

    def _connect(self) -> adbc.AdbcConnection:
        text = self._conninfo()
        try:
            with self._lock:
                if self._database is None or self._database[0] != text:
                    self._database = (text, adbc_driver_postgresql.connect(text))
                database = self._database[1]
            connection = adbc.AdbcConnection(database)
            self._account_timeout = _statement_timeout(connection) or LONGEST_TIMEOUT
            return connection
        except adbc.Error as error:
            raise translate(error, connecting=True) from None

    @contextmanager
    def _asking(self) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
        """One connection for several short questions."""
        try:
            connection = psycopg.connect(self._conninfo(), autocommit=True)
        except psycopg.Error as error:
            raise translate(error, connecting=True) from None
        with connection:

            def ask(sql: str) -> list[tuple[Any, ...]]:
                try:
                    return connection.execute(sql).fetchall()
                except psycopg.Error as error:
                    raise translate(error) from None

            yield ask

    def _ask(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        try:
            with psycopg.connect(self._conninfo(), autocommit=True) as connection:
                return connection.execute(sql, parameters).fetchall()
        except psycopg.Error as error:
            raise translate(error, connecting=isinstance(error, psycopg.OperationalError)) from None

    def _conninfo(self) -> str:
        uri = servers.resolve_uri(self._uri, "postgresql")
        try:
            given = conninfo.conninfo_to_dict(uri)
            options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
            options = f"{given.get('options') or ''} {options}".strip()
            ours = {name: str(given.get(name) or value) for name, value in LINE.items()}
            return conninfo.make_conninfo(uri, options=options, application_name="comity", **ours)
        except psycopg.ProgrammingError:
            raise SourceError(
                "the source's uri is malformed",
                code="SOURCE_UNAVAILABLE",
                hint="write postgresql://<account>@<host>:<port>/<database>",
            ) from None


@dataclass(slots=True, eq=False)
class _Query:
    connector: PostgresqlConnector
    sql: str
    schema: pa.Schema
    parameters: tuple[object, ...]
    connection: adbc.AdbcConnection | None = None
    statement: adbc.AdbcStatement | None = None
    reader: AdbcRecordBatchReader | None = None
    shape: Shape | None = None

    def start(self, scan: StoppableScan) -> None:
        self.connection = self.connector.lease(scan)
        try:
            self.shape = self.connector.shape(self.connection, self.sql, self.schema)
            self.statement = statement = adbc.AdbcStatement(self.connection)
            statement.set_sql_query(self.shape.sql)
            hint = adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value
            statement.set_options(**{hint: BATCH_BYTES})
            if self.parameters:
                columns = [pa.array([value]) for value in self.parameters]
                statement.bind(pa.record_batch(columns, names=[str(i) for i in range(len(columns))]))
            if not scan.is_wanted():
                return
            handle, _ = statement.execute_query()
            self.reader = AdbcRecordBatchReader._import_from_c(handle.address)  # noqa: SLF001
            self._check_unchanged()
        except adbc.Error as error:
            raise translate(error) from None

    def next_batch(self) -> pa.RecordBatch | None:
        if self.reader is None or self.shape is None:
            return None
        try:
            batch = self.reader.read_next_batch()
        except StopIteration:
            return None
        except adbc.Error as error:
            raise translate(error) from None
        for check in range(self.shape.checks):
            if pa.compute.any(batch.column(len(self.schema) + check)).as_py():
                raise SourceError("an array has more than one dimension", code="SOURCE_TYPE")
        return conform_batch(batch.select(range(len(self.schema))), self.schema, self.shape.numbers_as_text)

    def interrupt(self) -> None:
        if self.statement is not None:
            with suppress(adbc.Error):
                self.statement.cancel()

    def finish(self, *, complete: bool) -> None:
        if not complete:
            self.interrupt()
            self.connector.forget(self.sql)
        with suppress(adbc.Error, pa.ArrowException):
            if self.reader is not None:
                self.reader.close()
        with suppress(adbc.Error):
            if self.statement is not None:
                self.statement.close()
        if self.connection is not None:
            # A cancel may still be on its way to a connection that has been stopped; it must not meet another scan.
            self.connector.give_back(self.connection, reusable=complete)
            self.connection = None

    def _check_unchanged(self) -> None:
        """The casts were chosen for types that may have changed since, and then the values could be wrong."""
        assert self.reader is not None
        assert self.shape is not None
        for found, known, cast in zip(self.reader.schema, self.shape.columns, self.shape.casts, strict=False):
            if not cast and (found.type != known.type or found.metadata != known.metadata):
                raise SourceError("the tables of this question changed while it was asked", hint="ask again")


def _execute(connection: adbc.AdbcConnection, sql: str) -> None:
    with adbc.AdbcStatement(connection) as statement:
        statement.set_sql_query(sql)
        statement.execute_update()


def _statement_timeout(connection: adbc.AdbcConnection) -> int:
    """The milliseconds that the account or the database sets by itself; 0 for none."""
    with adbc.AdbcStatement(connection) as statement:
        statement.set_sql_query("SELECT setting::int8 FROM pg_settings WHERE name = 'statement_timeout'")
        handle, _ = statement.execute_query()
        with AdbcRecordBatchReader._import_from_c(handle.address) as reader:  # noqa: SLF001
            return int(reader.read_all().column(0)[0].as_py())


def _disconnect(connection: adbc.AdbcConnection) -> None:
    with suppress(adbc.Error, RuntimeError):
        connection.close()


_UNAVAILABLE = ("08", "28", "3D", "53", "57P")
_TITLES = {
    "22": "the database could not compute a value",
    "25006": "the database refuses to write: its sessions are read-only",
    "42501": "the database's account may not read this",
    "42P01": "a table does not exist in the database",
    "42703": "a column does not exist in the database",
    "42": "the database does not accept the statement",
    "57014": "the database stopped the query",
}


def translate(error: adbc.Error | psycopg.Error, *, connecting: bool = False) -> SourceError:
    """The driver's error in our words. PostgreSQL's own text may quote values, addresses and accounts."""
    state = error.sqlstate or ""
    metadata = {"sqlstate": state} if state else {}
    if connecting or state.startswith(_UNAVAILABLE) or (not state and _is_lost(error)):
        return SourceError("the database cannot be reached", code="SOURCE_UNAVAILABLE", metadata=metadata)
    if state == "57014":
        return timed_out()
    title = _TITLES.get(state) or _TITLES.get(state[:2]) or "the database failed"
    code = "SOURCE_VALUE" if state.startswith("22") else "SOURCE_FAILED"
    return SourceError(f"{title} (SQLSTATE {state or 'unknown'})", code=code, metadata=metadata)


def _is_lost(error: adbc.Error | psycopg.Error) -> bool:
    """Whether the connection broke. libpq gives no SQLSTATE for what it finds out by itself."""
    return "connection" in str(error).lower()
