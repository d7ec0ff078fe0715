"""DuckDB: a database file, or a folder of Parquet and CSV files in which each file is a table.

The engine runs inside the agent's process, locked: no file but the source's own, no extension, no setting, no
spilling to disk. A file that is replaced is read anew by the next scan. See docs/connectors/duckdb.md.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from comity.errors import SourceError
from connectors.conform_batch import check_column_count, conform_batch
from connectors.duckdb_engine import (
    Engine,
    data_files,
    open_engine,
    quoted,
    row_estimate,
    source_path,
    source_state,
    translate,
)
from connectors.duckdb_questions import fill_texts, profile_of
from connectors.duckdb_statistics import table_statistics
from connectors.pool import ConnectionPool
from connectors.spi import Capabilities, PhysicalColumn, PhysicalTable, ProbeReport, TableName
from connectors.statistics import TableStatistics
from connectors.stoppable_scan import StoppableScan

_SCALARS = {
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "HUGEINT": pa.decimal128(38, 0),
    "UTINYINT": pa.uint8(),
    "USMALLINT": pa.uint16(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "UHUGEINT": pa.decimal128(38, 0),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "JSON": pa.string(),
    "UUID": pa.string(),
    "BLOB": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP_S": pa.timestamp("s"),
    "TIMESTAMP_MS": pa.timestamp("ms"),
    "TIMESTAMP_NS": pa.timestamp("ns"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
    "INTERVAL": pa.month_day_nano_interval(),
}


class DuckdbConnector:
    """`uri`: the path of a database file or of a folder, with or without `duckdb:` or `files:` before it."""

    name = "duckdb"
    dialect = "duckdb"

    def __init__(self, uri: str, connections: int) -> None:
        self._path = source_path(uri)
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._pool: ConnectionPool[_Session] = ConnectionPool(connections, self._connect, _disconnect)

    @classmethod
    def open(cls, uri: str, *, connections: int = 4) -> Self:
        return cls(uri, connections)

    def compute_context(self) -> str:
        return f"duckdb:{hashlib.sha256(bytes(self._path.resolve())).hexdigest()[:24]}"

    def probe(self) -> ProbeReport:
        session = self._open_session()
        try:
            version = str(session.ask("SELECT version()")[0][0]).removeprefix("v")
            facts = (
                ("source", "folder of files" if self._path.is_dir() else "database file"),
                ("time_zone", str(session.ask("SELECT current_setting('TimeZone')")[0][0])),
            )
            profile = profile_of(session.ask)
        finally:
            _disconnect(session)
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
        return ProbeReport("DuckDB", version, capabilities, facts, profile)

    def describe(self, tables: Sequence[TableName] | None = None) -> tuple[PhysicalTable, ...]:
        """Tables and views, named alone in the schema `main` and by schema and name elsewhere.

        Estimates: the database's own count; Parquet's footers; the size of a CSV file by the length of its first
        lines. A view of a database file has none.
        """
        session = self._open_session()
        try:
            return session.describe(self._path, tables)
        finally:
            _disconnect(session)

    def statistics(self, tables: Sequence[TableName]) -> Mapping[TableName, TableStatistics]:
        """What the database file or the Parquet footers keep of each column, and the first rows."""
        session = self._session(open_engine(self._path, for_statistics=True))
        try:
            return session.statistics(self._path, session.describe(self._path, tables))
        finally:
            _disconnect(session)
            session.engine.connection.close()

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
        query = _Query(self, sql, schema, tuple(parameters), batch_rows)
        return StoppableScan(query, schema, deadline=deadline, batch_rows=batch_rows)

    def close(self) -> None:
        self._pool.close()
        with self._lock:
            if self._engine is not None:
                self._engine.connection.close()
                self._engine = None

    def lease(self, scan: StoppableScan) -> _Session:
        while True:
            session, _ = self._pool.acquire(scan.is_wanted, scan.deadline)
            if session.engine.state == source_state(self._path):
                return session
            self._pool.release(session, reusable=False)

    def give_back(self, session: _Session, *, reusable: bool) -> None:
        self._pool.release(session, reusable=reusable)

    def _open_session(self) -> _Session:
        """A session beside the pool, so that a describe never waits for scans."""
        return self._connect()

    def _connect(self) -> _Session:
        state = source_state(self._path)
        with self._lock:
            if self._engine is None or self._engine.state != state:
                if self._engine is not None:
                    self._engine.connection.close()  # its running scans keep the old files until they end
                self._engine = open_engine(self._path)
            return self._session(self._engine)

    def _session(self, engine: Engine) -> _Session:
        cursor = engine.connection.cursor()
        if not self._path.is_dir():
            cursor.execute("USE source")
        return _Session(engine, cursor)


@dataclass(frozen=True, slots=True, eq=False)
class _Session:
    engine: Engine
    cursor: duckdb.DuckDBPyConnection

    def ask(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        try:
            return self.cursor.execute(sql, parameters).fetchall()
        except duckdb.Error as error:
            raise translate(error) from None

    def statistics(self, path: Path, tables: Sequence[PhysicalTable]) -> Mapping[TableName, TableStatistics]:
        catalog = "memory" if path.is_dir() else "source"
        files = {file.stem: file for file in data_files(path)} if path.is_dir() else {}
        try:
            found = {
                table.name: table_statistics(self.cursor, catalog, table, files.get(table.name[-1]))
                for table in tables
            }
        except duckdb.Error as error:
            raise translate(error) from None
        return {name: known for name, known in found.items() if known is not None}

    def describe(self, path: Path, tables: Sequence[TableName] | None) -> tuple[PhysicalTable, ...]:
        catalog = "memory" if path.is_dir() else "source"
        rows = {(s, t): n for s, t, n in self.ask(_TABLES, [catalog])}
        keys = {(s, t): tuple(names) for s, t, names in self.ask(_KEYS, [catalog])}
        nullable = {(s, t, c): bool(n) for s, t, c, n in self.ask(_COLUMNS, [catalog])}
        if path.is_dir():
            unreadable = self.engine.unreadable
            for name in tables or ():
                if name[-1] in unreadable:
                    raise SourceError(
                        f"the file of the table {name[-1]!r} cannot be read",
                        hint="a Parquet file may be broken; a CSV file has a header line and is in UTF-8",
                    )
            files = [file for file in data_files(path) if file.stem not in unreadable]
            rows = {("main", file.stem): row_estimate(self.cursor, file) for file in files}
        names = [
            (s, t) for s, t in rows if tables is None or (s, t) in tables or (s == "main" and (t,) in tables)
        ]
        found: dict[TableName, PhysicalTable] = {}
        for schema, table in names:
            place = f"{quoted(catalog)}.{quoted(schema)}.{quoted(table)}"
            relation = self.cursor.sql(f"FROM {place}")
            columns = tuple(
                PhysicalColumn(name, arrow_type(kind), str(kind), nullable.get((schema, table, name), True))
                for name, kind in zip(relation.columns, relation.types, strict=True)
            )
            columns = fill_texts(self.ask, place, columns)
            described = PhysicalTable(
                (schema, table), columns, keys.get((schema, table), ()), rows[schema, table]
            )
            found[schema, table] = described
            if schema == "main":
                found[(table,)] = PhysicalTable(
                    (table,), columns, described.primary_key, described.row_estimate
                )
        if tables is not None:
            return tuple(found[name] for name in map(tuple, tables) if name in found)
        return tuple(t for name, t in found.items() if len(name) == 1 or name[0] != "main")


@dataclass(slots=True, eq=False)
class _Query:
    connector: DuckdbConnector
    sql: str
    schema: pa.Schema
    parameters: tuple[object, ...]
    batch_rows: int
    session: _Session | None = None
    reader: pa.RecordBatchReader | None = None
    as_text: frozenset[int] = frozenset()

    def start(self, scan: StoppableScan) -> None:
        self.session = self.connector.lease(scan)
        cursor = self.session.cursor
        try:
            statements = cursor.extract_statements(self.sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise SourceError("the source takes one SELECT and nothing else")
            # A SELECT may hold an INSERT in its WITH; this refuses it.
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            given = list(self.parameters) or None
            relation = cursor.sql(self.sql, params=given)
            check_column_count(len(relation.columns), self.schema)
            casts = [_cast(kind, field.type) for kind, field in zip(relation.types, self.schema, strict=True)]
            if any(casts):
                names = [f"c{i}" for i in range(len(casts))]
                outputs = (
                    f"CAST({n} AS {cast}) AS {n}" if cast else n for n, cast in zip(names, casts, strict=True)
                )
                wrapped = f"SELECT {', '.join(outputs)} FROM (\n{self.sql}\n) AS q({', '.join(names)})"
                self.as_text = frozenset(
                    i for i, kind in enumerate(relation.types) if str(kind).startswith("UHUGEINT")
                )
                relation = cursor.sql(wrapped, params=given)
        except duckdb.Error as error:
            raise translate(error) from None
        try:
            if scan.is_wanted():
                self.reader = relation.to_arrow_reader(self.batch_rows)
        except duckdb.Error as error:
            raise translate(error, running=True) from None

    def next_batch(self) -> pa.RecordBatch | None:
        if self.reader is None:
            return None
        try:
            batch = self.reader.read_next_batch()
        except StopIteration:
            return None
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            raise translate(error, running=True) from None
        return conform_batch(batch, self.schema, self.as_text)

    def interrupt(self) -> None:
        if self.session is not None:
            with suppress(duckdb.Error):
                self.session.cursor.interrupt()

    def finish(self, *, complete: bool) -> None:
        if self.session is None:
            return
        self.reader = None
        if complete:
            with suppress(duckdb.Error):
                self.session.cursor.execute("ROLLBACK")
        self.connector.give_back(self.session, reusable=complete)
        self.session = None


def arrow_type(kind: Any) -> pa.DataType:
    """The type as which a column of DuckDB's type `kind` is published; structs, maps, unions, enumerations and
    the like are published as DuckDB's text for them.
    """
    if kind.id == "decimal":
        (_, precision), (_, scale) = kind.children
        return pa.decimal128(precision, scale)
    if kind.id == "list":
        return pa.list_(arrow_type(kind.children[0][1]))
    if kind.id == "array":
        return pa.list_(arrow_type(kind.children[0][1]), kind.children[1][1])
    return _SCALARS.get(str(kind), pa.string())


def _cast(kind: Any, wanted: pa.DataType) -> str:
    """What DuckDB must cast a column to, so that it arrives as it is; empty for most."""
    element, suffix = kind, ""
    while element.id in {"list", "array"} and (
        pa.types.is_list(wanted) or pa.types.is_fixed_size_list(wanted)
    ):
        suffix = ("[]" if element.id == "list" else f"[{element.children[1][1]}]") + suffix
        element, wanted = element.children[0][1], wanted.value_type
    if str(element) == "UHUGEINT":
        return f"VARCHAR{suffix}"  # as a decimal, DuckDB would write its upper half as negative numbers
    is_text = str(element) not in _SCALARS and element.id not in {"decimal", "list", "array"}
    return f"VARCHAR{suffix}" if is_text and pa.types.is_string(wanted) else ""


def _disconnect(session: _Session) -> None:
    with suppress(duckdb.Error):
        session.cursor.close()


_TABLES = """
SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE database_name = $1 AND NOT internal
UNION ALL
SELECT schema_name, view_name, NULL FROM duckdb_views() WHERE database_name = $1 AND NOT internal
ORDER BY ALL
"""
_COLUMNS = """
SELECT schema_name, table_name, column_name, is_nullable FROM duckdb_columns() WHERE database_name = $1
"""
_KEYS = """
SELECT schema_name, table_name, constraint_column_names FROM duckdb_constraints()
WHERE database_name = $1 AND constraint_type = 'PRIMARY KEY'
"""
