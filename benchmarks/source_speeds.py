"""What engines take for each row that they hand over, and for each that they put into a group instead.

`python -m benchmarks.source_speeds` reads the databases that tpch-three prepared. The numbers stand in
`agent.statistics.SPEEDS` and in docs/adr/0017-choices-by-cost.md; only how they relate to each other matters.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import duckdb
import pyarrow as pa

from agent.agent import absolute_source, open_connector
from benchmarks.tpch.prepare import default_directory, prepare
from connectors.spi import Connector
from policies.department import load_department

TABLES = {
    "sales": ("lineitem", ("l_orderkey", "l_quantity", "l_shipdate", "l_extendedprice"), "l_partkey"),
    "crm": ("customer", ("c_custkey", "c_acctbal", "c_mktsegment", "c_nationkey"), "c_nationkey"),
    "supply": ("partsupp", ("ps_partkey", "ps_supplycost", "ps_suppkey", "ps_availqty"), "ps_partkey"),
}
"""By department: a table, columns of it of which the second is summed, and what it is grouped by."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.source_speeds", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="a directory that tpch-three prepared")
    parser.add_argument("--runs", type=int, default=5, help="runs of each statement; times are medians")
    options = parser.parse_args(arguments)
    directory = options.data or default_directory(0.1)
    prepare(directory, 0.1)
    print("engine       rows      row     value     group   (microseconds)")
    for name, (table, columns, key) in TABLES.items():
        department = load_department(directory / "departments" / name, {})
        uri = absolute_source(department.source.uri, department.directory)
        connector = open_connector(department.source.connector, uri, name, connections=1)
        try:
            _measure(connector, department.tables[table].physical, columns, key, options.runs)
        finally:
            connector.close()
    _measure_merge(options.runs)
    return 0


def _measure(
    connector: Connector, table: tuple[str, ...], columns: Sequence[str], key: str, runs: int
) -> None:
    (described,) = connector.describe([table])
    types = {column.name: column.type for column in described.columns}
    source = ".".join(table)
    fields = [pa.field(name, types[name]) for name in columns]
    statements = {
        "one": (f"SELECT {columns[0]} FROM {source}", pa.schema(fields[:1])),
        "all": (f"SELECT {', '.join(columns)} FROM {source}", pa.schema(fields)),
        "count": (f"SELECT count({columns[1]}) AS n FROM {source}", pa.schema([("n", pa.int64())])),
        "group": (
            f"SELECT {key}, count(*) AS n, max({columns[1]}) AS s FROM {source} GROUP BY {key}",
            pa.schema([pa.field(key, types[key]), ("n", pa.int64()), ("s", types[columns[1]])]),
        ),
    }
    found: dict[str, list[float]] = {name: [] for name in statements}
    rows = 0
    # Alternating, so that what else the machine does falls on all alike.
    for _ in range(runs):
        for name, (sql, schema) in statements.items():
            started = time.perf_counter()
            read = sum(batch.num_rows for batch in connector.scan(sql, schema))
            found[name].append(time.perf_counter() - started)
            rows = max(rows, read)
    each = {name: median(times) / rows * 1e6 for name, times in found.items()}
    value = max(each["all"] - each["one"], 0.0) / (len(columns) - 1)
    row = max(each["one"] - each["count"] - value, 0.0)
    print(f"{connector.name:10s} {rows:7d} {row:8.3f} {value:9.3f} {each['group'] - each['count']:9.3f}")


def _measure_merge(runs: int) -> None:
    """What the merge takes for a row of two columns: to load it, and to find its partner and group."""
    rows = 500_000
    left = pa.table({"k": pa.array([i % 50_000 for i in range(rows)]), "v": pa.array(range(rows))})
    right = pa.table({"k": pa.array(range(50_000)), "g": pa.array([i % 100 for i in range(50_000)])})

    def work(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("CREATE OR REPLACE TEMP TABLE fragment AS FROM sent")
        connection.execute("SELECT g, sum(v) FROM fragment JOIN partners USING (k) GROUP BY g").fetchall()

    with duckdb.connect(config={"threads": 2, "temp_directory": ""}) as connection:
        connection.register("sent", left)
        connection.register("partners", right)
        times = [_seconds(work, connection) for _ in range(runs)]
    print(f"merge      {rows:7d} {median(times) / rows * 1e6:8.3f}")


def _seconds(
    work: Callable[[duckdb.DuckDBPyConnection], None], connection: duckdb.DuckDBPyConnection
) -> float:
    started = time.perf_counter()
    work(connection)
    return time.perf_counter() - started


if __name__ == "__main__":
    raise SystemExit(main())
