"""What DuckDB keeps of its columns, in a database file or in the footers of Parquet files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from connectors.duckdb_engine import quoted
from connectors.spi import PhysicalTable
from connectors.statistics import SAMPLE_ROWS, ColumnStatistics, TableStatistics, describe_sample, point_of

_FOOTERS = """
SELECT path_in_schema, sum(stats_null_count), sum(num_values),
       CASE WHEN count(*) = count(stats_distinct_count) THEN max(stats_distinct_count) END
FROM parquet_metadata($1) GROUP BY path_in_schema
"""
"""A count of different values is written by few, and for each part of a file: the largest is the least it can be."""


def table_statistics(
    cursor: duckdb.DuckDBPyConnection, catalog: str, table: PhysicalTable, file: Path | None
) -> TableStatistics | None:
    """What is known of one table, or of the `file` that is one; None for a view of a database file."""
    if table.row_estimate is None:
        return None
    schema = table.name[0] if len(table.name) == 2 else "main"
    source = f"{quoted(catalog)}.{quoted(schema)}.{quoted(table.name[-1])}"
    rows = float(table.row_estimate)
    shown = ", ".join(quoted(column.name) for column in table.columns)
    taken = cursor.execute(f"SELECT {shown} FROM {source} LIMIT {SAMPLE_ROWS}").fetchall()
    footers = _footers(cursor, file) if file is not None and file.suffix == ".parquet" else {}
    found: dict[str, ColumnStatistics] = {}
    for number, column in enumerate(table.columns):
        sampled = describe_sample([row[number] for row in taken], max(rows, float(len(taken))))
        if len(taken) < SAMPLE_ROWS:
            found[column.name] = sampled
        elif file is None or file.suffix == ".parquet":
            kept = _kept(cursor, source, column.name)
            found[column.name] = _column(kept, sampled, rows, footers.get(column.name))
        else:
            found[column.name] = ColumnStatistics(width=sampled.width)
    return TableStatistics(rows, found)


def _footers(cursor: duckdb.DuckDBPyConnection, file: Path) -> Mapping[str, tuple[float, float | None]]:
    """Per column of a Parquet file the part of NULLs, and how many different values there are at least."""
    rows = cursor.execute(_FOOTERS, [str(file)]).fetchall()
    return {
        name: (float(nulls) / values, None if distinct is None else float(distinct))
        for name, nulls, values, distinct in rows
        if nulls is not None and values
    }


def _kept(cursor: duckdb.DuckDBPyConnection, source: str, column: str) -> Mapping[str, Any]:
    """What `stats` says, which it does when the query is bound: no row is read."""
    with suppress(duckdb.Error):
        answer = cursor.execute(f"SELECT stats({quoted(column)}) FROM {source} LIMIT 1").fetchone()
        if answer is not None and isinstance(answer[0], dict):
            return answer[0]
    return {}


def _column(
    kept: Mapping[str, Any],
    sampled: ColumnStatistics,
    rows: float,
    footer: tuple[float, float | None] | None,
) -> ColumnStatistics:
    distinct, nulls = kept.get("approx_unique"), sampled.null_fraction
    if kept.get("has_null") is False:
        nulls = 0.0
    if footer is not None:
        nulls, distinct = footer
    length = kept.get("total_string_length")
    return ColumnStatistics(
        None if distinct is None else min(float(distinct), rows),
        nulls,
        float(length) / rows if length and rows else sampled.width,
        point_of(kept.get("min")),
        point_of(kept.get("max")),
    )
