"""Loads the trap rows into every engine and asks them through their connectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pymysql
import yaml

from connectors.mysql import MysqlConnector
from connectors.postgresql import PostgresqlConnector
from connectors.servers import LocalServer
from connectors.spi import Connector
from sql.dialects import SourceColumn
from sql.types import canonical_type

HERE = Path(__file__).parent
TRAPS: Mapping[str, Any] = yaml.safe_load((HERE / "traps.yaml").read_text(encoding="utf-8"))
DEFAULTS = {"mysql": {"VARCHAR": "text", "TIMESTAMP": "datetime(6)"}, "sqlite": {"VARCHAR": "TEXT"}}
ALL = frozenset(
    "supports_full_join supports_grouping_sets supports_distinct_on supports_aggregate_filter "
    "supports_window supports_null_order supports_lateral".split()
)


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


def _connected(connector: Connector, schema: tuple[str, ...]) -> Source:
    tables = {
        table.name: {
            column.name: SourceColumn(canonical_type(column.type), column.native_type)
            for column in table.columns
        }
        for table in connector.describe([(*schema, name) for name in TRAPS])
    }

    def ask(sql: str, wanted: pa.Schema) -> list[tuple[Any, ...]]:
        scan = connector.scan(sql, wanted, deadline=60, ordered=True)
        try:
            return rows_of(pa.Table.from_batches(list(scan), wanted))
        finally:
            scan.close()

    return Source(connector.dialect, schema, connector.probe().capabilities.names(), tables, ask)


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    columns: Sequence[list[Any]] = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


__all__ = ["ALL", "HERE", "TRAPS", "Source", "load_duckdb", "mariadb", "postgresql", "rows_of"]
