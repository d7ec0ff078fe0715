"""Columns of a SQLite table whose every value is of the type that the column declares.

SQLite lets any value stand in any column, so that a question has to test each value's type, and no test can use
an index. A column that was read through once and holds nothing else needs no test, as long as nobody writes:
`PRAGMA data_version` says whether somebody did, and then the column is read through again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import apsw
import pyarrow as pa

from connectors.spi import PhysicalColumn, PhysicalTable

PROCESSOR_SECONDS = 2.0
SECONDS = 30.0
"""How long reading one table through may take; of a longer one nothing is known."""
_STEPS = 20_000
"""Of SQLite's machine, between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Uniform:
    """A table, those of its columns that were found uniform, and as columns."""

    table: str
    columns: frozenset[str]
    candidates: tuple[PhysicalColumn, ...]


def find_uniform(
    connection: apsw.Connection, described: Iterable[PhysicalTable]
) -> tuple[tuple[PhysicalTable, ...], dict[str, Uniform]]:
    """The tables with their uniform columns marked, and these by the table's name in lower case."""
    listed = connection.execute("PRAGMA main.table_list").fetchall()
    stored = {str(name).lower() for schema, name, kind, *_ in listed if schema == "main" and kind == "table"}
    tables: list[PhysicalTable] = []
    found: dict[str, Uniform] = {}
    for table in described:
        name = table.name[-1]
        candidates = tuple(column for column in table.columns if could_be_uniform(column))
        columns = frozenset[str]()
        if name.lower() in stored:
            columns = _in_time(connection, name, candidates)
            found[name.lower()] = Uniform(name, columns, candidates)
        marked = tuple(replace(column, uniform=column.name in columns) for column in table.columns)
        tables.append(replace(table, columns=marked))
    return tuple(tables), found


def could_be_uniform(column: PhysicalColumn) -> bool:
    """Whether the column's own rules of conversion and comparison are those of its type.

    >>> could_be_uniform(PhysicalColumn("id", pa.int64(), "bigint", False))
    True
    >>> could_be_uniform(PhysicalColumn("name", pa.string(), "varchar(20) collate nocase", False))
    False
    """
    declared = column.native_type.lower()
    if " collate " in declared:
        return False
    if pa.types.is_int64(column.type):
        return "int" in declared
    named = any(part in declared for part in ("char", "clob", "text"))
    return pa.types.is_string(column.type) and named and "int" not in declared


def uniform_columns(
    connection: apsw.Connection, table: str, columns: Iterable[PhysicalColumn]
) -> frozenset[str]:
    """Those of the columns that hold values of their type and NULL only."""
    wanted = {column.name: _kind(column) for column in columns}
    if not wanted:
        return frozenset()
    strangers = ", ".join(
        f"max(typeof({_quoted(name)}) NOT IN ('{kind}', 'null'))" for name, kind in wanted.items()
    )
    [found] = connection.execute(f"SELECT {strangers} FROM main.{_quoted(table)}").fetchall()
    return frozenset(name for name, stranger in zip(wanted, found, strict=True) if not stranger)


def _in_time(connection: apsw.Connection, table: str, columns: Iterable[PhysicalColumn]) -> frozenset[str]:
    """The uniform columns; none where finding them takes too long."""
    until, busy = time.monotonic() + SECONDS, time.thread_time() + PROCESSOR_SECONDS

    def is_too_long() -> bool:
        return time.monotonic() > until or time.thread_time() > busy

    connection.set_progress_handler(is_too_long, _STEPS, id=_in_time)
    try:
        return uniform_columns(connection, table, columns)
    except apsw.InterruptError:
        return frozenset()
    finally:
        connection.set_progress_handler(None, id=_in_time)


def _kind(column: PhysicalColumn) -> str:
    return "integer" if pa.types.is_int64(column.type) else "text"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
