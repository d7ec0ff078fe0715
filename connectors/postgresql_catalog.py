"""What PostgreSQL's catalogs know: one query for the session, one for tables with their columns and keys."""

from __future__ import annotations

from typing import Any

from connectors.postgresql_types import arrow_type
from connectors.spi import PhysicalColumn, PhysicalTable


def physical_table(row: tuple[Any, ...]) -> PhysicalTable:
    """A row of `DESCRIBE` as a table."""
    schema, name, estimate, key, columns = row
    described = tuple(
        PhysicalColumn(
            str(column),
            arrow_type(kind, typmod, is_array=is_array),
            str(native),
            bool(nullable),
            clustered=bool(clustered),
        )
        for column, kind, typmod, is_array, native, nullable, clustered in columns
    )
    return PhysicalTable(
        (str(schema), str(name)), described, tuple(key), None if estimate is None else int(estimate)
    )


PROBE = """
SELECT current_setting('server_version'), d.datcollate, pg_encoding_to_char(d.encoding),
       current_setting('transaction_read_only'), CASE WHEN pg_is_in_recovery() THEN 'yes' ELSE 'no' END
FROM pg_database AS d WHERE d.datname = current_database()
"""

DESCRIBE = """
WITH RECURSIVE wanted AS (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND has_schema_privilege(n.oid, 'USAGE')
    AND CASE WHEN %(schemas)s::text[] IS NULL THEN NOT c.relispartition
        ELSE (n.nspname, c.relname) IN (SELECT * FROM unnest(%(schemas)s::text[], %(tables)s::text[])) END
), base AS (  -- a domain is what it is made of, however many times over
  SELECT t.oid AS domain, t.oid, t.typtype, t.typbasetype, t.typtypmod FROM pg_type AS t
  WHERE t.oid IN (SELECT atttypid FROM pg_attribute JOIN wanted ON attrelid = wanted.oid WHERE attnum > 0)
  UNION ALL
  SELECT b.domain, t.oid, t.typtype, t.typbasetype, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE b.typtypmod END
  FROM base AS b JOIN pg_type AS t ON t.oid = b.typbasetype WHERE b.typtype = 'd'
), described AS (
  SELECT a.attrelid, a.attnum, jsonb_build_array(
    a.attname,
    coalesce(e.typname, t.typname),
    m.typmod,
    e.oid IS NOT NULL,
    format_type(t.oid, m.typmod)
      || CASE WHEN a.attcollation NOT IN (0, 100) THEN ' collate ' || quote_ident(l.collname) ELSE '' END,
    NOT (a.attnotnull OR (d.typtype = 'd' AND d.typnotnull)),
    w.relkind IN ('r', 'm') AND EXISTS (
      SELECT FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_am AS m ON m.oid = x.relam
      JOIN pg_stats AS s ON s.schemaname = w.nspname AND s.tablename = w.relname AND s.attname = a.attname
      WHERE i.indrelid = w.oid AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid AND m.amname = 'btree'
        AND i.indoption[0] = 0 AND s.correlation > 0.99
        AND CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * w.reltuples ELSE s.n_distinct END > 100000)
  ) AS facts
  FROM wanted AS w
  JOIN pg_attribute AS a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type AS d ON d.oid = a.atttypid
  JOIN base AS b ON b.domain = a.atttypid AND b.typtype <> 'd'
  JOIN pg_type AS t ON t.oid = b.oid
  CROSS JOIN LATERAL (SELECT CASE WHEN d.typtype = 'd' THEN b.typtypmod ELSE a.atttypmod END AS typmod) AS m
  LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
  LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
  WHERE has_column_privilege(w.oid, a.attnum, 'SELECT')
)
SELECT w.nspname, w.relname,
  CASE WHEN w.relkind = 'p' THEN coalesce(
         nullif(w.reltuples, -1),
         (SELECT sum(c.reltuples) FROM pg_partition_tree(w.oid) AS p JOIN pg_class AS c ON c.oid = p.relid
          WHERE p.isleaf HAVING min(c.reltuples) >= 0))
       WHEN w.relkind <> 'v' AND w.reltuples >= 0 THEN w.reltuples END,
  coalesce((SELECT array_agg(a.attname::text ORDER BY k.place)
            FROM pg_index AS i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE i.indrelid = w.oid AND i.indisprimary AND k.place <= i.indnkeyatts), '{}'),
  (SELECT jsonb_agg(d.facts ORDER BY d.attnum) FROM described AS d WHERE d.attrelid = w.oid)
FROM wanted AS w
WHERE EXISTS (SELECT FROM described AS d WHERE d.attrelid = w.oid)
ORDER BY w.nspname, w.relname
"""
