"""What PostgreSQL's ANALYZE found, from pg_class and pg_stats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from connectors.postgresql_types import arrow_type
from connectors.spi import TableName
from connectors.statistics import (
    MOST_COMMON,
    ColumnStatistics,
    TableStatistics,
    point_of_text,
    points,
)

STATISTICS = """
SELECT n.nspname, c.relname,
  CASE WHEN c.relkind = 'p' THEN coalesce(
         nullif(c.reltuples, -1),
         (SELECT sum(k.reltuples) FROM pg_partition_tree(c.oid) AS p JOIN pg_class AS k ON k.oid = p.relid
          WHERE p.isleaf HAVING min(k.reltuples) >= 0))
       WHEN c.relkind <> 'v' AND c.reltuples >= 0 THEN c.reltuples END,
  (SELECT jsonb_agg(jsonb_build_array(
     a.attname, t.typname, a.atttypmod, s.null_frac, s.avg_width, s.n_distinct,
     to_jsonb(s.most_common_vals::text::text[]), to_jsonb(s.most_common_freqs),
     to_jsonb(s.histogram_bounds::text::text[])))
   FROM pg_stats AS s
   JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.attname AND NOT a.attisdropped
   JOIN pg_type AS t ON t.oid = a.atttypid AND t.typcategory <> 'A' AND t.typtype = 'b'
   WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.inherited = (c.relkind = 'p')),
  (SELECT coalesce(array_agg(a.attname::text), '{}') FROM pg_index AS i
   JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
   WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest(%(schemas)s::text[], %(tables)s::text[]))
"""
"""Tables with their columns. pg_stats shows this account nothing of columns that it may not read."""


def wanted_tables(tables: Sequence[TableName]) -> Mapping[str, object]:
    """The parameters of `STATISTICS`."""
    named = [name for name in tables if len(name) == 2]
    return {"schemas": [name[0] for name in named], "tables": [name[1] for name in named]}


def table_statistics(row: tuple[Any, ...]) -> tuple[TableName, TableStatistics]:
    """A row of `STATISTICS` as what it says of a table."""
    schema, name, rows, columns, unique = row
    count = None if rows is None else float(rows)
    found = {str(facts[0]): _column(facts, count, unique=facts[0] in unique) for facts in columns or ()}
    return (str(schema), str(name)), TableStatistics(count, found)


def _column(facts: Sequence[Any], rows: float | None, *, unique: bool) -> ColumnStatistics:
    _, type_name, typmod, nulls, width, distinct, values, frequencies, bounds = facts
    kind: pa.DataType = arrow_type(type_name, typmod, is_array=False)
    count: float | None = None
    if distinct > 0:
        count = float(distinct)
    elif rows is not None and (distinct < 0 or unique):
        count = (-distinct or 1.0) * rows if not unique else rows * (1 - nulls)
    common = [
        (point, float(part))
        for value, part in zip(values or (), frequencies or (), strict=False)
        if (point := point_of_text(value, kind)) is not None
    ]
    return ColumnStatistics(
        count,
        float(nulls),
        float(width),
        common=tuple(common[:MOST_COMMON]),
        bounds=points([point_of_text(value, kind) for value in bounds or ()]),
    )
