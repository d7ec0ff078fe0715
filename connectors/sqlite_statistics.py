"""What a SQLite file tells of its tables without being read through: ANALYZE's numbers, keys, and a few rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import apsw
import pyarrow as pa

from connectors.spi import PhysicalTable
from connectors.sqlite_tables import quoted, row_estimates
from connectors.statistics import (
    SAMPLE_ROWS,
    ColumnStatistics,
    TableStatistics,
    describe_sample,
    point_of_text,
)

STRIPES = 16
"""Places of a table at which rows are read."""


def table_statistics(connection: apsw.Connection, table: PhysicalTable) -> TableStatistics | None:
    """What is known of one table; None for a view, and for a table without row numbers that ANALYZE never saw."""
    name = table.name[-1]
    source = f"main.{quoted(name)}"
    kinds: list[Any] = connection.execute(
        "SELECT type FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')",
        (name,),
    ).fetchall()
    if kinds != [("table",)]:
        return None
    analysed = {known.lower(): rows for known, rows in row_estimates(connection).items()}.get(name.lower())
    low: Any = None
    high: Any = None
    try:
        ((low, high),) = connection.execute(
            f"SELECT (SELECT min(rowid) FROM {source}), (SELECT max(rowid) FROM {source})"
        ).fetchall()
    except apsw.SQLError:  # a table WITHOUT ROWID
        if analysed is None:
            return None
    span = high - low + 1 if low is not None and high is not None else 0
    rows = float(analysed if analysed is not None else span)
    if low is not None and high is not None:
        # ANALYZE may be old; there are never more rows than numbers between the first and the last.
        rows = min(rows, float(span))
    found = _sampled(connection, table, rows, low, high)
    for column, distinct in _indexed(connection, name).items():
        if column in found:
            found[column] = replace(found[column], distinct=distinct)
    if len(table.primary_key) == 1 and table.primary_key[0] in found:
        found[table.primary_key[0]] = replace(found[table.primary_key[0]], distinct=rows)
    return TableStatistics(rows, found)


def _sampled(
    connection: apsw.Connection, table: PhysicalTable, rows: float, low: int | None, high: int | None
) -> dict[str, ColumnStatistics]:
    """By rows at several places of the table; of a table without row numbers, or with few, the first ones."""
    source, columns = f"main.{quoted(table.name[-1])}", [column.name for column in table.columns]
    shown = ", ".join(map(quoted, columns))
    taken: list[Any]
    even, together = True, 1
    if low is None or high is None or rows <= SAMPLE_ROWS:
        taken = connection.execute(f"SELECT {shown} FROM {source} LIMIT {SAMPLE_ROWS}").fetchall()
        even = len(taken) < SAMPLE_ROWS
    else:
        seen: dict[Any, tuple[Any, ...]] = {}
        sql = f"SELECT rowid, {shown} FROM {source} WHERE rowid >= ? ORDER BY rowid LIMIT {SAMPLE_ROWS // STRIPES}"
        for stripe in range(STRIPES):
            start = low + (high - low) * stripe // STRIPES
            seen |= {row[0]: row[1:] for row in connection.execute(sql, (start,)).fetchall()}
        taken, together = list(seen.values()), SAMPLE_ROWS // STRIPES
    found: dict[str, ColumnStatistics] = {}
    for number, column in enumerate(table.columns):
        values = [_value(row[number], column.type) for row in taken]
        sampled = describe_sample(values, max(rows, float(len(taken))), together)
        found[column.name] = sampled if even else ColumnStatistics(width=sampled.width)
    return found


def _value(value: Any, kind: pa.DataType) -> object:
    """A stored value as one of its declared type: dates are stored as texts."""
    if isinstance(value, str) and (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        return point_of_text(value, kind)
    return value


def _indexed(connection: apsw.Connection, name: str) -> dict[str, float]:
    """Different values of columns that come first in an index, by ANALYZE."""
    try:
        statistics = connection.execute(
            "SELECT idx, stat FROM main.sqlite_stat1 WHERE tbl = ? COLLATE NOCASE AND idx IS NOT NULL",
            (name,),
        ).fetchall()
    except apsw.SQLError:
        return {}
    found: dict[str, float] = {}
    for index, statistic in statistics:
        numbers = str(statistic).split(" ")
        first = connection.execute(f"PRAGMA main.index_info({quoted(str(index))})").fetchall()
        if first and first[0][2] is not None and len(numbers) > 1 and numbers[1].isdigit():
            found[str(first[0][2])] = int(numbers[0]) / max(int(numbers[1]), 1)
    return found
