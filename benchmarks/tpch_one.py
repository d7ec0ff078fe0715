"""All eight tables of TPC-H in one PostgreSQL: the question through Comity, embedded, against the same text that
PostgreSQL answers alone through the same driver. Both in turn, in one run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import duckdb
import pyarrow as pa
from adbc_driver_postgresql import dbapi

import comity
from benchmarks.compare import compare
from benchmarks.federation_files import PURPOSE, TOKEN
from benchmarks.report import write_result
from benchmarks.serving import serve
from benchmarks.tpch.one import DEPARTMENT, prepare
from benchmarks.tpch.prepare import ORACLE
from benchmarks.tpch.tables import DEPARTMENTS, query_texts
from connectors.servers import start_postgresql

GOAL = 1.15


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks tpch-one", description=__doc__)
    parser.add_argument("--sf", type=float, default=0.1, help="scale factor (0.1)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data is or goes")
    parser.add_argument("--queries", default="", metavar="1,3,5", help="only these queries")
    parser.add_argument("--runs", type=int, default=5, help="runs of each side, alternating")
    options = parser.parse_args(arguments)
    directory = options.data or Path("build") / "benchmarks" / f"tpch-one-{options.sf:g}"
    prepare(directory, options.sf)
    only = [f"q{int(number):02d}" for number in options.queries.split(",") if number]
    texts = {name: text for name, text in query_texts().items() if not only or name in only}
    seconds: dict[str, dict[str, float]] = {}
    wrong = []
    server = start_postgresql(directory / "data" / "postgresql")
    print("          comity   PostgreSQL   ratio")
    with (
        duckdb.connect(str(directory / ORACLE), read_only=True) as oracle,
        dbapi.connect(server.uri(DEPARTMENT)) as alone,
        serve(directory) as gateway,
        comity.connect(gateway.address, token=TOKEN, purpose=PURPOSE) as connection,
    ):
        oracle.execute(f"SET search_path = '{','.join(d.name for d in DEPARTMENTS)}'")
        for name, text in texts.items():
            measured: tuple[list[float], list[float]] = ([], [])
            for number in range(options.runs + 1):
                for side in (0, 1) if number % 2 else (1, 0):
                    started = time.perf_counter()
                    table = _comity(connection, text) if side == 0 else _alone(alone, text)
                    if number:
                        measured[side].append(time.perf_counter() - started)
                    elif side == 0 and (found := compare(oracle.sql(text).to_arrow_table(), table, text)):
                        wrong.append(f"{name}: {found[0]}")
            ours, theirs = median(measured[0]), median(measured[1])
            seconds[name] = {"comity": ours, "postgresql": theirs, "ratio": ours / theirs}
            print(f"{name}  {ours:8.3f} s  {theirs:8.3f} s  {ours / theirs:6.2f}", flush=True)
    total = sum(s["comity"] for s in seconds.values()) / sum(s["postgresql"] for s in seconds.values())
    middle = median(s["ratio"] for s in seconds.values())
    print(f"in total {total:.2f} (goal: at most {GOAL}), median {middle:.2f}; {len(wrong)} wrong")
    for line in wrong:
        print(f"WRONG {line}")
    if not only:
        result = {
            "scale": options.sf,
            "runs": options.runs,
            "total": total,
            "median": middle,
            "queries": seconds,
        }
        print(f"written to {write_result(f'tpch-one-sf{options.sf:g}', result)}")
    return 1 if wrong else 0


def _comity(connection: comity.Connection, text: str) -> pa.Table:
    with connection.query(text) as answer:
        return answer.to_arrow()


def _alone(connection: dbapi.Connection, text: str) -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(text)
        table = cursor.fetch_arrow_table()
    connection.rollback()
    return table
