"""What MySQL and MariaDB know of their tables: the optimizer's own statistics, keys, and a few rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pymysql

from connectors.mysql_session import MysqlSession, is_lost
from connectors.spi import PhysicalTable
from connectors.statistics import (
    SAMPLE_ROWS,
    ColumnStatistics,
    Point,
    TableStatistics,
    describe_sample,
    point_of_text,
    points,
)

_KEYS = """
SELECT column_name, cardinality FROM information_schema.statistics
WHERE table_schema = %s AND table_name = %s AND seq_in_index = 1 AND sub_part IS NULL AND cardinality IS NOT NULL
"""
_KEPT = """
SELECT column_name, min_value, max_value, nulls_ratio, avg_length, avg_frequency, hist_type, histogram
FROM mysql.column_stats WHERE db_name = %s AND table_name = %s
"""
"""MariaDB's, after ANALYZE TABLE … PERSISTENT; an account need not be allowed to read it."""
STRIPES = 16
"""Places of a table at which rows are read, where its key is a number."""


def table_statistics(session: MysqlSession, table: PhysicalTable) -> TableStatistics | None:
    """What is known of one table, in at most twenty reads of a few rows each; None for a view."""
    if table.row_estimate is None:
        return None
    database = table.name[0] if len(table.name) == 2 else session.ask("SELECT DATABASE()")[0][0]
    place = (database, table.name[-1])
    rows, found = _sampled(session, table, float(table.row_estimate))
    kinds = {column.name: column.type for column in table.columns}
    for column, distinct in session.ask(_KEYS, place):
        if column in found and not _is_settled(found[column].distinct):
            found[column] = replace(found[column], distinct=min(float(distinct), rows))
    for column in table.primary_key if len(table.primary_key) == 1 else ():
        found[column] = replace(found[column], distinct=rows)
    for column, *facts in _kept(session, place):
        if column in found:
            found[column] = _persistent(found[column], facts, kinds[column], rows)
    return TableStatistics(rows, found)


def _sampled(
    session: MysqlSession, table: PhysicalTable, rows: float
) -> tuple[float, dict[str, ColumnStatistics]]:
    """By rows at several places of a table that has a number as its key; elsewhere the first ones, of which only
    what the whole of a small table says, and the width, is taken. A small table's rows are counted by it.
    """
    source = ".".join(map(_quoted, table.name))
    columns = ", ".join(_quoted(column.name) for column in table.columns)
    key = _number_key(table)
    taken: list[tuple[Any, ...]] = []
    low = high = None
    together = 1
    if key is not None and rows > SAMPLE_ROWS:
        ((low, high),) = session.ask(f"SELECT MIN({_quoted(key)}), MAX({_quoted(key)}) FROM {source}")
    if key is not None and low is not None and high is not None:
        seen: dict[Any, tuple[Any, ...]] = {}
        for stripe in range(STRIPES):
            start = low + (high - low) * stripe // STRIPES
            sql = (
                f"SELECT {_quoted(key)}, {columns} FROM {source} WHERE {_quoted(key)} >= {int(start)}"
                f" ORDER BY {_quoted(key)} LIMIT {SAMPLE_ROWS // STRIPES}"
            )
            seen |= {row[0]: row[1:] for row in session.ask(sql)}
        taken, together = list(seen.values()), SAMPLE_ROWS // STRIPES
    else:
        taken = list(session.ask(f"SELECT {columns} FROM {source} LIMIT {SAMPLE_ROWS}"))
    is_whole = low is None and len(taken) < SAMPLE_ROWS
    rows = float(len(taken)) if is_whole else rows
    even = low is not None or is_whole
    found = {}
    for number, column in enumerate(table.columns):
        values = [row[number] for row in taken]
        sampled = describe_sample(values, max(rows, float(len(taken))), together)
        found[column.name] = sampled if even else ColumnStatistics(width=sampled.width)
    return rows, found


def _is_settled(distinct: float | None) -> bool:
    """Whether a sample met every value many times over: the cardinalities of indexes are guesses by twos."""
    return distinct is not None and distinct < SAMPLE_ROWS / 10


def _number_key(table: PhysicalTable) -> str | None:
    if not table.primary_key:
        return None
    kinds = {column.name: column.type for column in table.columns}
    return table.primary_key[0] if pa.types.is_integer(kinds[table.primary_key[0]]) else None


def _kept(session: MysqlSession, place: tuple[str, str]) -> Sequence[tuple[Any, ...]]:
    if not session.is_mariadb:
        return ()
    try:
        return session.ask(_KEPT, place)
    except pymysql.MySQLError as error:
        if is_lost(error):
            raise
        return ()


def _persistent(
    sampled: ColumnStatistics, facts: Sequence[Any], kind: pa.DataType, rows: float
) -> ColumnStatistics:
    low, high, nulls, width, frequency, shape, histogram = facts
    part = 0.0 if nulls is None else float(nulls)
    bounds: tuple[Point, ...] = ()
    if _text(shape) == "JSON_HB" and histogram:
        bounds = _bounds(_text(histogram), kind)
    return ColumnStatistics(
        rows * (1 - part) / float(frequency) if frequency else sampled.distinct,
        part,
        float(width) if width is not None else sampled.width,
        point_of_text(_text(low), kind) if low is not None else None,
        point_of_text(_text(high), kind) if high is not None else None,
        # What a histogram does not tell apart from the rest, the sample has found.
        sampled.common,
        bounds or sampled.bounds,
    )


def _bounds(histogram: str, kind: pa.DataType) -> tuple[Point, ...]:
    """The starts of MariaDB's buckets where these are of about one size, and its end."""
    with suppress(json.JSONDecodeError, KeyError, TypeError, ValueError):
        buckets: list[Mapping[str, Any]] = json.loads(histogram)["histogram_hb"]
        sizes = [float(bucket["size"]) for bucket in buckets]
        if buckets and max(sizes) <= 2.5 * (sum(sizes) / len(sizes)):
            texts = [str(bucket["start"]) for bucket in buckets] + [str(buckets[-1]["end"])]
            return points([point_of_text(text, kind) for text in texts])
    return ()


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else str(value)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
