"""What a question does with each column, and whether every department allows it: inference and decision, against
sqlglot's `qualify` of the same text. In this process, over the 22 TPC-H queries; no database is asked.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from statistics import median

from sqlglot import parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from benchmarks.federation_files import ANALYST, PURPOSE
from benchmarks.report import write_result
from benchmarks.tpch.federation import write_federation
from benchmarks.tpch.tables import DEPARTMENTS, query_texts
from policies.decide import decide
from policies.department import Department, load_department
from policies.principal import Principal
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.parse import parse_query
from sql.resolve import ResolvedQuery, resolve_query
from sql.uses import infer_uses


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks inference", description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="runs of each query; times are medians")
    options = parser.parse_args(arguments)
    measured = _measure(options.runs)
    print("      inference    decision     qualify   ratio")
    queries = {}
    for name, (inference, decision, qualified) in measured.items():
        ratio = (inference + decision) / qualified
        shown = "  ".join(f"{seconds * 1000:7.3f} ms" for seconds in (inference, decision, qualified))
        print(f"{name}  {shown}  {ratio:6.2f}")
        queries[name] = {
            "inference": inference,
            "decision": decision,
            "qualify": qualified,
            "ratio": ratio,
        }
    middle = median(query["ratio"] for query in queries.values())
    print(f"median ratio {middle:.2f} (goal: at most 2)")
    path = write_result("inference", {"median_ratio": middle, "runs": options.runs, "queries": queries})
    print(f"written to {path}")
    return 0


def _measure(runs: int) -> dict[str, tuple[float, float, float]]:
    """Median seconds of inference, decision and qualify, by query."""
    tables = [
        Table(d.name, t.name, tuple(Column(name, kind) for name, kind in t.columns.items()))
        for d in DEPARTMENTS
        for t in d.tables
    ]
    schema = MappingSchema({t.name: t.columns for d in DEPARTMENTS for t in d.tables}, dialect="duckdb")
    departments = _departments()
    binder = Binder(tables)
    measured = {}
    try:
        for name, text in query_texts().items():
            resolved = resolve_query(parse_query(text), Catalog(tables, "1"), binder)
            measured[name] = _measure_one(text, resolved, departments, schema, runs)
    finally:
        binder.close()
    return measured


def _measure_one(
    text: str,
    resolved: ResolvedQuery,
    departments: dict[str, Department],
    schema: MappingSchema,
    runs: int,
) -> tuple[float, float, float]:
    principal = Principal(str(ANALYST["subject"]), str(ANALYST["department"]), frozenset(ANALYST["roles"]))
    influence = infer_uses(resolved.tree, resolved.tables, text)
    trees = [parse_one(text, read="duckdb") for _ in range(runs + 1)]

    def decisions() -> bool:
        return all(
            decide(departments[use.department], use, principal, PURPOSE, date(2026, 6, 1)).allowed
            for use in influence.tables
        )

    if not decisions():
        raise RuntimeError("the benchmark's own policies refuse its question")
    return (
        _seconds(lambda: infer_uses(resolved.tree, resolved.tables, text), runs),
        _seconds(decisions, runs),
        _seconds(lambda: qualify(trees.pop(), schema=schema, dialect="duckdb"), runs),
    )


def _seconds(run: Callable[[], object], runs: int) -> float:
    """The median of `runs`, after one that is not counted."""
    seconds = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return median(seconds[1:])


def _departments() -> dict[str, Department]:
    with tempfile.TemporaryDirectory() as directory:
        write_federation(Path(directory))
        return {
            department.name: load_department(Path(directory) / "departments" / department.name, None)
            for department in DEPARTMENTS
        }
