"""From text to dispatch without a cached plan, against what sqlglot alone needs for the same text: parse,
qualify and generate. Both in this process, over the 22 TPC-H queries.
"""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from sqlglot import parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from benchmarks.federation_files import PURPOSE, TOKEN
from benchmarks.report import write_result
from benchmarks.tpch.prepare import default_directory, prepare
from benchmarks.tpch.tables import DEPARTMENTS, query_texts
from gateway.assembly import Gateway, open_gateway
from gateway.stages import Lifetime, QueryRequest

Planner = Callable[[str], object]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks planning", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="a directory that tpch-three prepared")
    parser.add_argument("--runs", type=int, default=15, help="runs of each query; times are medians")
    options = parser.parse_args(arguments)
    directory = options.data or default_directory(0.1)
    prepare(directory, 0.1)
    gateway = open_gateway(directory)
    try:
        ours, alone = _measure(plan_once(gateway), sqlglot_once(), options.runs)
        known, _ = _measure(plan_once(gateway, cached=True), sqlglot_once(), options.runs)
    finally:
        gateway.close()
    print("        text to dispatch     sqlglot   ratio")
    ratios = {name: ours[name] / alone[name] for name in ours}
    for name in ours:
        print(f"{name}  {ours[name] * 1000:11.3f} ms  {alone[name] * 1000:8.3f} ms  {ratios[name]:6.2f}")
    middle = median(ratios.values())
    print(f"median ratio {middle:.2f} (goal: at most 4)")
    again = median(known[name] / ours[name] for name in ours)
    print(f"asked again {again:.3f} of that (goal: at most 0.05)")
    queries = {name: {"ours": ours[name], "sqlglot": alone[name], "ratio": ratios[name]} for name in ours}
    path = write_result(
        "planning", {"median_ratio": middle, "cached": again, "runs": options.runs, "queries": queries}
    )
    print(f"written to {path}")
    return 0


def plan_once(gateway: Gateway, *, cached: bool = False) -> Planner:
    """Everything that a question meets before dispatch, except the write to the audit log.

    `cached` asks what was asked before; otherwise nothing that was kept is used.
    """
    pipeline = gateway.pipeline
    principal = gateway.federation.principals[TOKEN]

    def plan(sql: str) -> object:
        request = QueryRequest(
            query_id=str(uuid.uuid4()),
            trace_id="",
            principal=principal,
            peer="",
            sql=sql,
            positional=(),
            named={},
            purpose=PURPOSE,
            allow_partial=False,
            lifetime=Lifetime(time.monotonic() + 600),
        )
        record = pipeline.recorder.begin(request, pipeline.telemetry)
        return pipeline.plan(request, record) if cached else pipeline.make_plan(request, record)

    return plan


def sqlglot_once() -> Planner:
    """Parse, qualify and generate, with a schema that was built before."""
    tables = {table.name: table.columns for department in DEPARTMENTS for table in department.tables}
    schema = MappingSchema(dict(tables), dialect="duckdb")

    def qualified(sql: str) -> object:
        tree = qualify(parse_one(sql, read="duckdb"), schema=schema, dialect="duckdb")
        return tree.sql("duckdb")

    return qualified


def _measure(one: Planner, other: Planner, runs: int) -> tuple[dict[str, float], dict[str, float]]:
    """Median seconds by query of each, in turn, after one run to warm what both keep for good."""
    medians: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for name, text in query_texts().items():
        measured: tuple[list[float], list[float]] = ([], [])
        for number in range(runs + 1):
            for run, seconds in zip((one, other), measured, strict=True):
                started = time.perf_counter()
                run(text)
                if number:
                    seconds.append(time.perf_counter() - started)
        for side, seconds in zip(medians, measured, strict=True):
            side[name] = median(seconds)
    return medians
