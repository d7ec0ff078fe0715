"""Generates TPC-H and loads each department's tables into its database, and all into one DuckDB.

The generator writes Parquet, where DECIMAL(15,2) is exact; DuckDB turns it into CSV for the servers' own
bulk loaders and into rows for SQLite.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import duckdb
import psycopg
import pymysql

from benchmarks.tpch.tables import DEPARTMENTS, TpchDepartment, TpchTable
from connectors.servers import start_mariadb, start_postgresql

CHUNK = 1 << 20
ROWS = 20_000
SERVER_SETTINGS = ("shared_buffers = '1GB'", "work_mem = '64MB'")
"""PostgreSQL as one sets it up for this much data; from the next start on, for Comity and its peers alike."""


def generate(scale: float, directory: Path) -> None:
    """Writes `directory`/<table>.parquet for all eight tables."""
    program = Path(sysconfig.get_path("scripts")) / "tpchgen-cli"
    command = [str(program), "parquet", "-s", str(scale), "-o", str(directory), "--quiet", "--overwrite"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def load_oracle(parquet: Path, database: Path) -> None:
    """One DuckDB file with a schema per department: what every answer is compared with."""
    with duckdb.connect(str(database)) as connection:
        for department in DEPARTMENTS:
            connection.execute(f"CREATE SCHEMA {department.name}")
            for table in department.tables:
                columns = ", ".join(f"{name} {kind} NOT NULL" for name, kind in table.columns.items())
                target = f"{department.name}.{table.name}"
                connection.execute(f"CREATE TABLE {target} ({columns})")
                source = str(parquet / f"{table.name}.parquet")
                connection.execute(f"INSERT INTO {target} SELECT * FROM read_parquet(?)", [source])


def load_departments(data: Path, database: Path, scratch: Path) -> None:
    """Fills the three departments' databases under `data` from the oracle's file."""
    loaders: dict[str, Callable[[Path, TpchDepartment, Path], None]] = {
        "postgresql": _load_postgresql,
        "mysql": _load_mariadb,
        "sqlite": _load_sqlite,
    }
    for department in DEPARTMENTS:
        if department.connector != "sqlite":
            _write_csv(database, department, scratch)
        source = database if department.connector == "sqlite" else scratch
        loaders[department.connector](data, department, source)


def load_one(data: Path, database: Path, name: str, scratch: Path) -> None:
    """Fills one PostgreSQL under `data` with all tables, as the department `name`."""
    tables = tuple(table for department in DEPARTMENTS for table in department.tables)
    for department in DEPARTMENTS:
        _write_csv(database, department, scratch)
    _load_postgresql(data, TpchDepartment(name, name, "postgresql", "", tables), scratch)


def _write_csv(database: Path, department: TpchDepartment, scratch: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
        for table in department.tables:
            target = str(scratch / f"{table.name}.csv").replace("'", "''")
            connection.execute(
                f"COPY {department.name}.{table.name} TO '{target}' (FORMAT csv, HEADER false)"
            )


def _load_postgresql(data: Path, department: TpchDepartment, csv: Path) -> None:
    server = start_postgresql(data / "postgresql")
    server.create_database(department.name)
    with psycopg.connect(server.uri(department.name), autocommit=True) as connection:
        for setting in SERVER_SETTINGS:
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '256MB'")
        for table in department.tables:
            connection.execute(_create(table, {"DECIMAL(15,2)": "numeric(15,2)", "VARCHAR": "varchar"}))
            with (
                (csv / f"{table.name}.csv").open("rb") as source,
                connection.cursor() as cursor,
                cursor.copy(f"COPY {table.name} FROM STDIN (FORMAT csv)") as copy,
            ):
                while chunk := source.read(CHUNK):
                    copy.write(chunk)
            connection.execute(f"ALTER TABLE {table.name} ADD PRIMARY KEY ({', '.join(table.primary_key)})")
            for columns in table.indexes:
                connection.execute(f"CREATE INDEX ON {table.name} ({', '.join(columns)})")
            connection.execute(f"VACUUM (ANALYZE) {table.name}")


def _load_mariadb(data: Path, department: TpchDepartment, csv: Path) -> None:
    server = start_mariadb(data / "mariadb")
    server.create_database(department.name)
    connection = pymysql.connect(
        unix_socket=server.endpoint.socket,
        user="root",
        database=department.name,
        charset="utf8mb4",
        local_infile=True,
    )
    try:
        with connection.cursor() as cursor:
            for table in department.tables:
                types = {"VARCHAR": "VARCHAR(152)"}
                keys = f"PRIMARY KEY ({', '.join(table.primary_key)})"
                cursor.execute(_create(table, types, keys))
                path = os.fspath(csv / f"{table.name}.csv")
                cursor.execute(
                    f"LOAD DATA LOCAL INFILE %s INTO TABLE {table.name} CHARACTER SET utf8mb4 "
                    "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' LINES TERMINATED BY '\\n'",
                    [path],
                )
                connection.commit()
                for number, columns in enumerate(table.indexes):
                    names = ", ".join(columns)
                    cursor.execute(f"CREATE INDEX {table.name}_{number} ON {table.name} ({names})")
                cursor.execute(f"ANALYZE TABLE {table.name}")
    finally:
        connection.close()


def _load_sqlite(data: Path, department: TpchDepartment, oracle: Path) -> None:
    connection = sqlite3.connect(data / "supply.sqlite", isolation_level=None)
    try:
        with duckdb.connect(str(oracle), read_only=True) as source:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")
            for table in department.tables:
                keys = f"PRIMARY KEY ({', '.join(table.primary_key)})"
                connection.execute(_create(table, {}, keys))
                # Decimals and dates go in as text: SQLite's affinity makes the nearest number of it.
                shown = ", ".join(_as_text(name, kind) for name, kind in table.columns.items())
                rows = source.execute(f"SELECT {shown} FROM {department.name}.{table.name}")
                marks = ", ".join("?" for _ in table.columns)
                while chunk := rows.fetchmany(ROWS):
                    connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", chunk)
                for number, columns in enumerate(table.indexes):
                    names = ", ".join(columns)
                    connection.execute(f"CREATE INDEX {table.name}_{number} ON {table.name} ({names})")
            connection.execute("COMMIT")
            connection.execute("ANALYZE")
    finally:
        connection.close()


def _as_text(name: str, kind: str) -> str:
    return f"CAST({name} AS VARCHAR)" if kind.startswith(("DECIMAL", "DATE")) else name


def _create(table: TpchTable, types: dict[str, str], keys: str = "") -> str:
    columns = [f"{name} {types.get(kind, kind)} NOT NULL" for name, kind in table.columns.items()]
    return f"CREATE TABLE {table.name} ({', '.join([*columns, keys] if keys else columns)})"
