"""PostgreSQL, and what speaks its protocol and keeps its catalogs.

Rows come through adbc-driver-postgresql (COPY in binary form, straight into Arrow); psycopg asks the catalogs.
Sessions are read-only with an empty search path, in UTC, and are reset before each scan. See
docs/connectors/postgresql.md.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self

import adbc_driver_manager as adbc
import adbc_driver_postgresql
import psycopg
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader
from psycopg import conninfo
from psycopg.rows import dict_row

from comity.errors import SourceError
from connectors import servers
from connectors.conform_batch import check_column_count
from connectors.pool import ConnectionPool
from connectors.postgresql_catalog import DESCRIBE, PROBE, physical_table
from connectors.postgresql_errors import translate
from connectors.postgresql_parts import LOCK_MS, Ask, DivisibleScan, find_divisible, groups_slowly, plan_of
from connectors.postgresql_query import PostgresqlQuery
from connectors.postgresql_questions import TextProfiles, profile_of
from connectors.postgresql_reader import execute, fetch
from connectors.postgresql_statistics import STATISTICS, table_statistics, wanted_tables
from connectors.postgresql_types import Shape, shape_statement
from connectors.repeated_reading import postgresql_repeats
from connectors.spi import Capabilities, PhysicalTable, ProbeReport, TableName
from connectors.statistics import TableStatistics
from connectors.stoppable_scan import StoppableScan

LINE = {"connect_timeout": "5", "keepalives_idle": "30", "tcp_user_timeout": "30000"}
"""How long a host that no longer answers is waited for; the uri may say otherwise."""
LONGEST_TIMEOUT = 2**31 - 1
SHAPES = 1024
MOST_PARTS = 4
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
    joins_row_by_row = False
    parts: int = min(MOST_PARTS, os.cpu_count() or 1)
    """In how many parts at once a large table is read. One part leaves the server idle while its rows are converted."""

    def __init__(self, uri: str, connections: int) -> None:
        self._uri = uri
        self._divisible: OrderedDict[str, DivisibleScan | None] = OrderedDict()
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
        ordered: bool = False,
    ) -> StoppableScan:
        """With `parameters` (`$1`, `$2`, …) the driver holds the whole answer in memory; without, it streams.

        What is not `ordered` may be read in parts, see `connectors.postgresql_parts`.
        """
        query = PostgresqlQuery(
            self, sql, schema, tuple(parameters), parts=1 if ordered or parameters else self.parts
        )
        return StoppableScan(query, schema, deadline=deadline, batch_rows=batch_rows)

    def groups_slowly(self, sql: str) -> bool:
        """See `connectors.spi.GroupsSlowly`: rows that can be read in parts, and groups that are made in one."""
        return self.parts > 1 and self._planned(lambda ask: groups_slowly(sql, ask))

    def repeats_slowly(self, sql: str) -> bool:
        """See `connectors.spi.RepeatsSlowly`: a subplan that reads a table through, again and again."""
        return self._planned(lambda ask: postgresql_repeats(plan_of(ask, sql)))

    def _planned(self, judge: Callable[[Ask], bool]) -> bool:
        """What the server's plans say, where it tells them soon."""
        try:
            with psycopg.connect(self._conninfo(), autocommit=True, row_factory=dict_row) as connection:
                connection.execute(f"SET lock_timeout = {LOCK_MS}; SET statement_timeout = {2 * LOCK_MS}")
                return judge(lambda question: connection.execute(question.encode()).fetchall())
        except (psycopg.Error, SourceError, ValueError, LookupError):
            # What is wrong will show when it runs; or a database of another kind explains in another way.
            return False

    def close(self) -> None:
        self._pool.close()

    def lease(self, scan: StoppableScan) -> adbc.AdbcConnection:
        """A connection, its session as new, with the scan's deadline as its statement timeout."""
        while True:
            connection, used = self._pool.acquire(scan.is_wanted, scan.deadline)
            try:
                self._renew(connection, scan, used=used)
                return connection
            except adbc.Error as error:
                self._pool.release(connection, reusable=False)
                if not used:
                    raise translate(error) from None
                # The database went away since: the next idle connection, or a new one, will show.

    def lease_spares(self, scan: StoppableScan, most: int) -> list[adbc.AdbcConnection]:
        """Further connections for the same scan, as far as nobody else needs them."""
        leased: list[adbc.AdbcConnection] = []
        while len(leased) < most and (spare := self._pool.acquire_spare()) is not None:
            connection, used = spare
            try:
                self._renew(connection, scan, used=used)
            except adbc.Error:
                self._pool.release(connection, reusable=False)
                break
            leased.append(connection)
        return leased

    def _renew(self, connection: adbc.AdbcConnection, scan: StoppableScan, *, used: bool) -> None:
        if used:
            execute(connection, "DISCARD ALL")
        remaining = scan.remaining()
        if remaining is not None:
            # Never beyond what the account itself is limited to.
            timeout = min(max(1, int(remaining * 1000)), self._account_timeout)
            execute(connection, f"SET statement_timeout = {timeout}")

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

    def divisible(self, connection: adbc.AdbcConnection, shape: Shape) -> DivisibleScan | None:
        """How to read the statement in parts; asks the server unless it was asked before."""
        with self._lock:
            if shape.sql in self._divisible:
                self._divisible.move_to_end(shape.sql)
                return self._divisible[shape.sql]
        try:
            found = find_divisible(shape.sql, lambda sql: fetch(connection, sql))
        except adbc.Error:
            # Read as a whole, it will show what is wrong with it.
            return None
        with self._lock:
            self._divisible[shape.sql] = found
            while len(self._divisible) > SHAPES:
                self._divisible.popitem(last=False)
        return found

    def forget(self, sql: str) -> None:
        """After a failure: the tables may have changed since the statement's shape was learned."""
        with self._lock:
            self._divisible.clear()
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
