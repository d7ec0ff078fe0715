"""Loads tables into SQLite, DuckDB, and folders of Parquet and CSV files."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from .shape import native_types, primary_key

_SQLITE_TYPES: Mapping[str, str] = {
    "bigint": "INTEGER",
    "integer": "INTEGER",
    "smallint": "INTEGER",
    "boolean": "INTEGER",
    "double": "REAL",
}
"""Everything else is text: SQLite has neither exact decimals nor dates."""
AS_CSV = frozenset({"监测点"})
"""Tables that a folder keeps as CSV; the others are Parquet."""


def load_sqlite(path: Path, tables: Mapping[str, pa.Table]) -> None:
    """Writes the database `path` anew."""
    _write_anew(path, partial(_fill_sqlite, tables))


def _fill_sqlite(tables: Mapping[str, pa.Table], path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN")
        for name, table in tables.items():
            types = native_types(table).items()
            columns = ", ".join(f"{_quoted(c)} {_SQLITE_TYPES.get(t, 'TEXT')}" for c, t in types)
            key = ", ".join(map(_quoted, primary_key(table)))
            connection.execute(f"CREATE TABLE {_quoted(name)} ({columns}, PRIMARY KEY ({key}))")
            values = [[_plain(v) for v in column.to_pylist()] for column in table.columns]
            places = ", ".join("?" * table.num_columns)
            connection.executemany(
                f"INSERT INTO {_quoted(name)} VALUES ({places})", zip(*values, strict=True)
            )
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
    finally:
        connection.close()


def _plain(value: Any) -> Any:
    """A value as SQLite keeps it."""
    match value:
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case _:
            return value


def load_duckdb(path: Path, tables: Mapping[str, pa.Table]) -> None:
    """Writes the database `path` anew."""
    _write_anew(path, partial(_fill_duckdb, tables))


def _fill_duckdb(tables: Mapping[str, pa.Table], path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        for name, table in tables.items():
            columns = ", ".join(f"{_quoted(c)} {t}" for c, t in native_types(table).items())
            key = ", ".join(map(_quoted, primary_key(table)))
            connection.execute(f"CREATE TABLE {_quoted(name)} ({columns}, PRIMARY KEY ({key}))")
            connection.register("incoming", table)
            connection.execute(f"INSERT INTO {_quoted(name)} SELECT * FROM incoming")
            connection.unregister("incoming")
        connection.execute("CHECKPOINT")


def load_folder(folder: Path, tables: Mapping[str, pa.Table]) -> None:
    """Writes one file for each table, named as the table."""
    for name, table in tables.items():
        plain = table.replace_schema_metadata(None)
        if name in AS_CSV:
            _write_anew(folder / f"{name}.csv", partial(pyarrow.csv.write_csv, plain))
        else:
            _write_anew(folder / f"{name}.parquet", partial(pyarrow.parquet.write_table, plain))


def _write_anew(path: Path, write: Callable[[Path], object]) -> None:
    """Writes beside `path`, then puts the new file in its place, so that a reader never sees half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    write(new)
    new.replace(path)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
