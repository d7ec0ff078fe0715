"""Loads the trap rows into every engine and asks them through their connectors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pymysql
import yaml

from agent.publication import source_column
from connectors.mysql import MysqlConnector
from connectors.postgresql import PostgresqlConnector
from connectors.servers import LocalServer
from connectors.spi import Connector
from connectors.sqlite import SqliteConnector
from sql.dialects import SourceColumn

HERE = Path(__file__).parent
TRAPS: Mapping[str, Any] = yaml.safe_load((HERE / "traps.yaml").read_text(encoding="utf-8"))
DEFAULTS = {"mysql": {"VARCHAR": "text", "TIMESTAMP": "datetime(6)"}, "sqlite": {"VARCHAR": "TEXT"}}


@dataclass(frozen=True)
class Source:
    """One engine with the trap rows: what it says it can, its tables, and a way to ask it."""

    dialect: str
    schema: tuple[str, ...]
    capabilities: frozenset[str]
    tables: Mapping[tuple[str, ...], Mapping[str, SourceColumn]]
    ask: Callable[[str, pa.Schema], list[tuple[Any, ...]]]


def declaration(column: Mapping[str, str], dialect: str) -> str:
    kind = column["type"]
    return column.get(dialect) or DEFAULTS.get(dialect, {}).get(kind) or kind


def create(table: str, dialect: str, quote: str) -> str:
    columns = TRAPS[table]["columns"]
    listed = ", ".join(f"{quote}{name}{quote} {declaration(c, dialect)}" for name, c in columns.items())
    return f"CREATE TABLE {quote}{table}{quote} ({listed})"


def load_duckdb(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    for table, content in TRAPS.items():
        connection.execute(create(table, "duckdb", '"'))
        marks = ", ".join("?" for _ in content["columns"])
        for row in content["rows"]:
            connection.execute(f'INSERT INTO "{table}" VALUES ({marks})', row)


def mirror(connection: duckdb.DuckDBPyConnection, source: Source) -> tuple[str, ...]:
    """A schema of the oracle whose columns have the types that this source publishes; made when first asked for."""
    schema = f"as_{source.dialect}"
    if not connection.execute(
        "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?", [schema]
    ).fetchall():
        connection.execute(f"CREATE SCHEMA {schema}")
        for name, columns in source.tables.items():
            listed = ", ".join(f'CAST("{c}" AS {column.type}) AS "{c}"' for c, column in columns.items())
            connection.execute(
                f'CREATE TABLE {schema}."{name[-1]}" AS SELECT {listed} FROM main."{name[-1]}"'
            )
    return (schema,)


def postgresql(server: LocalServer) -> Source:
    server.create_database("traps")
    with psycopg.connect(server.uri("traps"), autocommit=True) as connection:
        for table, content in TRAPS.items():
            connection.execute(create(table, "postgres", '"'))
            marks = ", ".join("%s" for _ in content["columns"])
            with connection.cursor() as cursor:
                cursor.executemany(f'INSERT INTO "{table}" VALUES ({marks})', content["rows"])
    return _connected(PostgresqlConnector.open(server.uri("traps")), ("public",))


def mariadb(server: LocalServer) -> Source:
    server.create_database("traps")
    connection = pymysql.connect(
        unix_socket=server.endpoint.socket, user="root", charset="utf8mb4", database="traps", autocommit=True
    )
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        for table, content in TRAPS.items():
            cursor.execute(create(table, "mysql", "`").replace("TIMESTAMP WITH TIME ZONE", "timestamp(6)"))
            marks = ", ".join("%s" for _ in content["columns"])
            zoned = [
                [v.removesuffix("+00") if isinstance(v, str) else v for v in row] for row in content["rows"]
            ]
            cursor.executemany(f"INSERT INTO `{table}` VALUES ({marks})", zoned)
    connection.close()
    return _connected(MysqlConnector.open(server.uri("traps")), ())


def sqlite(file: Path) -> Source:
    # In a process of its own: another SQLite that closes the file would take the connector's locks away.
    subprocess.run([sys.executable, "-c", _LOAD_SQLITE, str(file)], input=_script(), text=True, check=True)
    return _connected(SqliteConnector.open(str(file)), ())


_LOAD_SQLITE = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.stdin.read()); c.close()"
)


def _script() -> str:
    """The trap rows as SQLite's own statements."""
    parts = []
    for table, content in TRAPS.items():
        parts.append(create(table, "sqlite", '"') + ";")
        for row in content["rows"]:
            parts.append(f'INSERT INTO "{table}" VALUES ({", ".join(map(_constant, row))});')
    return "\n".join(parts)


def _constant(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "NULL" if value is None else str(int(value) if isinstance(value, bool) else value)


def _connected(connector: Connector, schema: tuple[str, ...]) -> Source:
    tables = {
        table.name: {column.name: source_column(column) for column in table.columns}
        for table in connector.describe([(*schema, name) for name in TRAPS])
    }

    def ask(sql: str, wanted: pa.Schema) -> list[tuple[Any, ...]]:
        scan = connector.scan(sql, wanted, deadline=60, ordered=True)
        try:
            return rows_of(pa.Table.from_batches(list(scan), wanted))
        finally:
            scan.close()

    return Source(connector.dialect, schema, connector.probe().names(), tables, ask)


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    columns: Sequence[list[Any]] = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


__all__ = [
    "HERE",
    "TRAPS",
    "Source",
    "load_duckdb",
    "mariadb",
    "mirror",
    "postgresql",
    "rows_of",
    "sqlite",
]
