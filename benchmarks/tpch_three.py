"""TPC-H over three departments: PostgreSQL (orders, lineitem), MariaDB (customer, nation, region) and
SQLite (part, partsupp, supplier). Every answer is compared with one DuckDB over the same data.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import write_result
from benchmarks.tpch.check import as_json, check
from benchmarks.tpch.prepare import PreparationError, default_directory, prepare

# Named in every report, so that a missing comparison is not mistaken for a won one.
ABSENT_PEERS = (
    "DuckDB with its PostgreSQL, MySQL and SQLite scanners",
    "postgres_fdw with mysql_fdw",
    "Spark",
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks tpch-three", description=__doc__)
    parser.add_argument("--sf", type=float, default=0.1, help="scale factor (default 0.1)")
    parser.add_argument("--prepare", type=Path, metavar="DIR", help="make the federation in DIR, and stop")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the prepared directory to check")
    parser.add_argument(
        "--check", action="store_true", help="run the queries (the default without --prepare)"
    )
    parser.add_argument("--query", action="append", default=[], metavar="qNN", help="only this query")
    parser.add_argument("--runs", type=int, default=1, help="runs of each query; times are medians")
    options = parser.parse_args(arguments)
    directory = options.prepare or options.data or default_directory(options.sf)
    try:
        seconds = prepare(directory, options.sf)
    except PreparationError as error:
        print(error, file=sys.stderr)
        return 2
    state = f"prepared in {seconds:.1f} s" if seconds else "already prepared"
    print(f"TPC-H at scale factor {options.sf:g} in {directory}: {state}", flush=True)
    if options.prepare and not options.check:
        return 0
    results = check(directory, only=tuple(options.query), runs=options.runs)
    right = sum(not result.problem for result in results)
    total, oracle = (sum(r.seconds for r in results), sum(r.oracle_seconds for r in results))
    print(f"{total:.1f} s in all; one DuckDB over the same data {oracle:.1f} s")
    print(f"peers not measured by this version: {'; '.join(ABSENT_PEERS)}")
    if not options.query:
        content = {"scale": options.sf, "runs": options.runs, "queries": as_json(results)}
        path = write_result("tpch-three", {**content, "absent_peers": list(ABSENT_PEERS)})
        print(f"written to {path}")
    print(f"{right} of {len(results)}")
    return 0 if right == len(results) else 1
