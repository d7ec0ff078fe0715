"""The small tables in real databases: each of the three places on every engine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import psycopg
import pymysql

from connectors.servers import LocalServer
from tests.sql.small_tables import SETTLER, TABLES, fill

ENGINES = ("sqlite", "duckdb", "postgresql", "mysql")
PLACES = ("a", "b", "c")
ALL_TABLES: Mapping[tuple[str, str], Mapping[str, str]] = {**TABLES, ("b", "settler"): SETTLER}


Fill = Callable[[duckdb.DuckDBPyConnection], None]


def raw_database(*, rows: int = 10, most: int = 8, spoil: Fill | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB with every row, as `raw.<place>_<table>`; `spoil` may change the rows of `<place>.<table>` first."""
    # A question too large for this is invalid, and fills no disk.
    database = duckdb.connect(config={"threads": 1, "memory_limit": "1GB", "temp_directory": ""})
    database.execute("SET python_enable_replacements = false")
    # It loses rows: docs/adr/0024-statistics-propagation-is-off.md
    database.execute("SET disabled_optimizers = 'statistics_propagation'")
    fill(database, rows=rows, most=most, federated=True)
    if spoil is not None:
        spoil(database)
    database.execute("RESET search_path")
    database.execute("DROP SCHEMA every CASCADE")
    database.execute("CREATE SCHEMA raw")
    for place, table in ALL_TABLES:
        database.execute(f"CREATE TABLE raw.{place}_{table} AS SELECT * FROM {place}.{table}")
    for place in PLACES:
        database.execute(f"DROP SCHEMA {place} CASCADE")
        database.execute(f"CREATE SCHEMA {place}")
    database.execute("CREATE SCHEMA every")
    return database


def sources(
    raw: duckdb.DuckDBPyConnection,
    home: Path,
    postgresql: LocalServer,
    mariadb: LocalServer,
    engines: Mapping[str, tuple[str, ...]] | None = None,
) -> dict[tuple[str, str], str]:
    """The `source:` of department.yaml for every place and engine, after loading all of them; `engines` names fewer."""
    found = {}
    for place in PLACES:
        script = _script(raw, place)
        found[place, "sqlite"] = f"{{connector: sqlite, uri: {home / place}.sqlite}}"
        found[place, "duckdb"] = f"{{connector: duckdb, uri: {home / place}.duckdb}}"
        # In processes of their own: this process's connectors lock the files their own way.
        for module, suffix in (("sqlite3", "sqlite"), ("duckdb", "duckdb")):
            _run(module, home / f"{place}.{suffix}", script)
        database = f"small_{place}"
        postgresql.create_database(database)
        with psycopg.connect(postgresql.uri(database), autocommit=True) as connection:
            connection.execute(script.replace(" DOUBLE", " DOUBLE PRECISION"))  # type: ignore[arg-type]
        found[place, "postgresql"] = f'{{connector: postgresql, uri: "{postgresql.uri(database)}"}}'
        if "mysql" not in (engines or {}).get(place, ENGINES):
            continue
        mariadb.create_database(database)
        with (
            pymysql.connect(
                unix_socket=mariadb.endpoint.socket,
                user="root",
                charset="utf8mb4",
                database=database,
                autocommit=True,
            ) as server,
            server.cursor() as cursor,
        ):
            for statement in script.split(";\n"):
                if statement.strip():
                    cursor.execute(statement.replace("VARCHAR", "VARCHAR(40)").replace("\\", "\\\\"))
        found[place, "mysql"] = f'{{connector: mysql, uri: "{mariadb.uri(database)}"}}'
    return found


def _script(raw: duckdb.DuckDBPyConnection, place: str) -> str:
    parts = []
    for (owner, table), columns in ALL_TABLES.items():
        if owner != place:
            continue
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        parts.append(f"CREATE TABLE {table} ({listed});")
        rows = raw.execute(f"SELECT * FROM raw.{place}_{table}").fetchall()
        values = ", ".join(f"({', '.join(map(_constant, row))})" for row in rows)
        parts.append(f"INSERT INTO {table} VALUES {values};")
    return "\n".join(parts) + "\n"


def _constant(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float) and (value != value or (value == 0 and str(value)[0] == "-")):  # noqa: PLR0124 - NaN
        return f"'{value}'"
    return str(value) if isinstance(value, (int, float)) else "'" + str(value).replace("'", "''") + "'"


def _run(module: str, file: Path, script: str) -> None:
    method = "executescript" if module == "sqlite3" else "execute"
    program = (
        f"import sys, {module} as m; c = m.connect(sys.argv[1]); c.{method}(sys.stdin.read()); c.close()"
    )
    subprocess.run([sys.executable, "-c", program, str(file)], input=script, text=True, check=True)
