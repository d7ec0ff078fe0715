"""A million rows of one department through the gateway, against the driver alone: rows per second.

Measured with and without a NUMERIC column, because the driver delivers NUMERIC as text and the gateway as an
exact decimal.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import adbc_driver_postgresql.dbapi as postgresql

import comity
from benchmarks.export_federation import COLUMNS, DATABASE, ROWS, TABLE, default_directory, prepare
from benchmarks.federation_files import PURPOSE, TOKEN
from benchmarks.report import write_result
from benchmarks.serving import serve

GOAL = 0.7


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks passthrough", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data is or goes")
    parser.add_argument("--runs", type=int, default=5, help="runs of each side, alternating")
    options = parser.parse_args(arguments)
    directory = options.data or default_directory()
    server = prepare(directory)
    columns = {"with numeric": list(COLUMNS), "without numeric": [c for c in COLUMNS if c != "amount"]}
    results = {}
    with (
        serve(directory) as gateway,
        comity.connect(gateway.address, token=TOKEN, purpose=PURPOSE) as connection,
    ):
        for name, selected in columns.items():
            sql = f"SELECT {', '.join(selected)} FROM "

            def ours(sql: str = f"{sql}weather.{TABLE}") -> int:
                with connection.query(sql) as answer:
                    return sum(batch.num_rows for batch in answer)

            def driver(sql: str = f"{sql}{TABLE}") -> int:
                return _driver(server.uri(DATABASE), sql)

            mine, alone = _alternate(ours, driver, options.runs)
            ratio = alone / mine
            results[name] = {"ours": ROWS / mine, "driver": ROWS / alone, "ratio": ratio}
            print(
                f"{name:16}  {ROWS / mine:11,.0f} rows/s, the driver alone {ROWS / alone:11,.0f}; ratio {ratio:.2f}"
            )
    print(f"(goal: at least {GOAL} of the driver)")
    path = write_result("passthrough", {"rows": ROWS, "runs": options.runs, "rows_per_second": results})
    print(f"written to {path}")
    return 0


def _driver(uri: str, sql: str) -> int:
    """The same rows as a stream of Arrow batches, as the driver delivers them, read-only."""
    with postgresql.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        reader = cursor.fetch_record_batch()
        count: int = sum(batch.num_rows for batch in reader)
        connection.rollback()
        return count


def _alternate(one: Callable[[], int], other: Callable[[], int], runs: int) -> tuple[float, float]:
    """Median seconds of each, run in turn so that both meet the same machine."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for run, measured in zip((one, other), seconds, strict=True):
            started = time.perf_counter()
            count = run()
            measured.append(time.perf_counter() - started)
            assert count == ROWS, f"{count} rows instead of {ROWS}"
    return median(seconds[0]), median(seconds[1])
