"""Builds the databases of the conformance departments from `data/`: one schema, one CSV file per table."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from connectors.servers import LocalServer, start_mariadb, start_postgresql

DATABASE = "proof"


def build(engine: str, place: Path, data: Path, postgresql: str | None = None) -> str:
    """Builds one engine's database under `place`; returns the department's `source:` as YAML.

    Raises `SourceError` when an embedded server cannot be started.
    """
    place.mkdir(parents=True, exist_ok=True)
    match engine:
        case "sqlite":
            _sqlite(place / "proof.sqlite", data)
            return f"{{connector: sqlite, uri: {_relative(place)}/proof.sqlite}}"
        case "duckdb":
            _duckdb(place / "proof.duckdb", data)
            return f"{{connector: duckdb, uri: {_relative(place)}/proof.duckdb}}"
        case "postgresql":
            directory = Path(postgresql) if postgresql else place / "postgresql"
            _postgresql(start_postgresql(directory), data)
            where = directory if postgresql else f"{_relative(place)}/postgresql"
            return f'{{connector: postgresql, uri: "embedded:{where}?database={DATABASE}"}}'
        case "mysql":
            _mysql(start_mariadb(place / "mariadb"), data)
            return f'{{connector: mysql, uri: "embedded:{_relative(place)}/mariadb?database={DATABASE}"}}'
    raise ValueError(engine)


def _relative(place: Path) -> str:
    return f"../../{place.name}"


def _statements(data: Path) -> list[str]:
    text = (data / "schema.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [statement for statement in "\n".join(lines).split(";") if statement.strip()]


def _inserts(data: Path, mark: str) -> Iterator[tuple[str, list[list[str | None]]]]:
    """An INSERT for each table with its rows; empty cells are NULL."""
    for path in sorted(data.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file))
        columns = ", ".join(f'"{name}"' for name in header)
        marks = ", ".join(mark for _ in header)
        text = f'INSERT INTO "{path.stem}" ({columns}) VALUES ({marks})'
        yield text, [[cell or None for cell in row] for row in rows]


def _sqlite(path: Path, data: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in _statements(data):
            connection.execute(statement)
        for text, rows in _inserts(data, "?"):
            connection.executemany(text, rows)
    connection.close()


def _duckdb(path: Path, data: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in _statements(data):
            connection.execute(statement)
        for text, rows in _inserts(data, "?"):
            connection.executemany(text, rows)


def _postgresql(server: LocalServer, data: Path) -> None:
    import psycopg

    server.create_database(DATABASE)
    with psycopg.connect(server.uri(DATABASE)) as connection:
        for statement in _statements(data):
            connection.execute(_bytes(statement))
        with connection.cursor() as cursor:
            for text, rows in _inserts(data, "%s"):
                cursor.executemany(_bytes(text), rows)


def _mysql(server: LocalServer, data: Path) -> None:
    import pymysql

    server.create_database(DATABASE)
    connection: Any = pymysql.connect(
        unix_socket=server.endpoint.socket, user="root", charset="utf8mb4", database=DATABASE, autocommit=True
    )
    with connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'")
        for statement in _statements(data):
            cursor.execute(statement)
        for text, rows in _inserts(data, "%s"):
            cursor.executemany(text, rows)
    connection.close()


def _bytes(text: str) -> bytes:
    """Text as psycopg takes it when it is no literal; these are our own files."""
    return text.encode()
