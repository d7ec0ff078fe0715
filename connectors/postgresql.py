"""PostgreSQL, and what speaks its protocol and keeps its catalogs.

Rows come through adbc-driver-postgresql (COPY in binary form, straight into Arrow); psycopg asks the catalogs.
Sessions are read-only with an empty search path, in UTC, and are reset before each scan. See
docs/connectors/postgresql.md.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
from connectors.postgresql_types import Shape, arrow_type, shape_statement
from connectors.spi import Capabilities, PhysicalColumn, PhysicalTable, ProbeReport, TableName
from connectors.stoppable_scan import StoppableScan, timed_out

BATCH_BYTES = 4 * 2**20
CONNECT_SECONDS = "5"
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
        (row,) = self._ask(_PROBE)
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
        return ProbeReport("PostgreSQL", version, capabilities, facts)

    def describe(self, tables: Sequence[TableName] | None = None) -> tuple[PhysicalTable, ...]:
        """Tables, partitioned tables, views and foreign tables that this account may read, named by schema and
        table. Partitions are left out unless named. A view has no row estimate.
        """
        named = None if tables is None else [list(name) for name in tables if len(name) == 2]
        wanted = {
            "schemas": None if named is None else [name[0] for name in named],
            "tables": None if named is None else [name[1] for name in named],
        }
        found: dict[TableName, PhysicalTable] = {}
        for schema, table, rows, key, columns in self._ask(_DESCRIBE, wanted):
            name = (str(schema), str(table))
            described = tuple(
                PhysicalColumn(str(c[0]), arrow_type(c[1], c[2], is_array=c[3]), str(c[4]), bool(c[5]))
                for c in columns
            )
            found[name] = PhysicalTable(name, described, tuple(key), None if rows is None else int(rows))
        return tuple(
            found.values() if tables is None else (found[n] for n in map(tuple, tables) if n in found)
        )

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
                    timeout = str(max(1, int(remaining * 1000)))
                    _execute(
                        connection, f"SELECT pg_catalog.set_config('statement_timeout', '{timeout}', false)"
                    )
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
            return adbc.AdbcConnection(database)
        except adbc.Error as error:
            raise translate(error, connecting=True) from None

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
            timeout = str(given.get("connect_timeout") or CONNECT_SECONDS)
            return conninfo.make_conninfo(
                uri, options=options, application_name="comity", connect_timeout=timeout
            )
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
        handle, _ = statement.execute_query()
        AdbcRecordBatchReader._import_from_c(handle.address).close()  # noqa: SLF001


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
    return SourceError(f"{title} (SQLSTATE {state or 'unknown'})", metadata=metadata)


def _is_lost(error: adbc.Error | psycopg.Error) -> bool:
    """Whether the connection broke. libpq gives no SQLSTATE for what it finds out by itself."""
    return "connection" in str(error).lower()


_PROBE = """
SELECT current_setting('server_version'), d.datcollate, pg_encoding_to_char(d.encoding),
       current_setting('transaction_read_only'), CASE WHEN pg_is_in_recovery() THEN 'yes' ELSE 'no' END
FROM pg_database AS d WHERE d.datname = current_database()
"""

_DESCRIBE = """
WITH RECURSIVE wanted AS (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND has_schema_privilege(n.oid, 'USAGE')
    AND CASE WHEN %(schemas)s::text[] IS NULL THEN NOT c.relispartition
        ELSE (n.nspname, c.relname) IN (SELECT * FROM unnest(%(schemas)s::text[], %(tables)s::text[])) END
), base AS (  -- a domain is what it is made of, however many times over
  SELECT t.oid AS domain, t.oid, t.typtype, t.typbasetype, t.typtypmod FROM pg_type AS t
  WHERE t.oid IN (SELECT atttypid FROM pg_attribute JOIN wanted ON attrelid = wanted.oid WHERE attnum > 0)
  UNION ALL
  SELECT b.domain, t.oid, t.typtype, t.typbasetype, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE b.typtypmod END
  FROM base AS b JOIN pg_type AS t ON t.oid = b.typbasetype WHERE b.typtype = 'd'
), described AS (
  SELECT a.attrelid, a.attnum, jsonb_build_array(
    a.attname,
    coalesce(e.typname, t.typname),
    m.typmod,
    e.oid IS NOT NULL,
    format_type(t.oid, m.typmod)
      || CASE WHEN a.attcollation NOT IN (0, 100) THEN ' collate ' || quote_ident(l.collname) ELSE '' END,
    NOT (a.attnotnull OR (d.typtype = 'd' AND d.typnotnull))
  ) AS facts
  FROM wanted AS w
  JOIN pg_attribute AS a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type AS d ON d.oid = a.atttypid
  JOIN base AS b ON b.domain = a.atttypid AND b.typtype <> 'd'
  JOIN pg_type AS t ON t.oid = b.oid
  CROSS JOIN LATERAL (SELECT CASE WHEN d.typtype = 'd' THEN b.typtypmod ELSE a.atttypmod END AS typmod) AS m
  LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
  LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
  WHERE has_column_privilege(w.oid, a.attnum, 'SELECT')
)
SELECT w.nspname, w.relname,
  CASE WHEN w.relkind = 'p' THEN coalesce(
         nullif(w.reltuples, -1),
         (SELECT sum(c.reltuples) FROM pg_partition_tree(w.oid) AS p JOIN pg_class AS c ON c.oid = p.relid
          WHERE p.isleaf HAVING min(c.reltuples) >= 0))
       WHEN w.relkind <> 'v' AND w.reltuples >= 0 THEN w.reltuples END,
  coalesce((SELECT array_agg(a.attname::text ORDER BY k.place)
            FROM pg_index AS i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE i.indrelid = w.oid AND i.indisprimary AND k.place <= i.indnkeyatts), '{}'),
  (SELECT jsonb_agg(d.facts ORDER BY d.attnum) FROM described AS d WHERE d.attrelid = w.oid)
FROM wanted AS w
WHERE EXISTS (SELECT FROM described AS d WHERE d.attrelid = w.oid)
ORDER BY w.nspname, w.relname
"""
