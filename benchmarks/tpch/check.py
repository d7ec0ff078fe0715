"""Asks the 22 queries over gRPC and compares each answer with one DuckDB over the same data."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

import comity
from benchmarks.compare import compare
from benchmarks.federation_files import PURPOSE, TOKEN
from benchmarks.serving import serve
from benchmarks.tpch.prepare import ORACLE
from benchmarks.tpch.tables import DEPARTMENTS, query_texts
from comity.client import Connection
from comity.errors import ComityError

TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One query: whether its answer was right, and what it cost. `seconds` are medians."""

    name: str
    problem: str
    seconds: float
    oracle_seconds: float
    rows: int
    fragments: int
    rows_out: int
    bytes_out: int
    stayed: tuple[Any, ...]

    @property
    def line(self) -> str:
        verdict = "ok      " if not self.problem else "MISMATCH"
        line = (
            f"{self.name}  {verdict}  {self.seconds:8.3f} s  (DuckDB {self.oracle_seconds:6.3f} s)  "
            f"{self.fragments:2d} fragments  {self.rows_out:9,d} rows out  {self.bytes_out:12,d} bytes out"
        )
        return f"{line}\n     {self.problem}" if self.problem else line


def check(directory: Path, *, only: tuple[str, ...] = (), runs: int = 1) -> tuple[QueryResult, ...]:
    """Runs the queries (all, or those named in `only`) and prints a line for each."""
    texts = {name: text for name, text in query_texts().items() if not only or name in only}
    results = []
    with (
        duckdb.connect(str(directory / ORACLE), read_only=True) as oracle,
        serve(directory) as gateway,
        comity.connect(gateway.address, token=TOKEN, purpose=PURPOSE, timeout=TIMEOUT) as connection,
    ):
        oracle.execute(f"SET search_path = '{','.join(d.name for d in DEPARTMENTS)}'")
        for name, text in texts.items():
            result = _ask(connection, oracle, name, text, runs)
            print(result.line, flush=True)
            results.append(result)
    return tuple(results)


def as_json(results: tuple[QueryResult, ...]) -> list[dict[str, Any]]:
    return [asdict(result) for result in results]


def _ask(
    connection: Connection, oracle: duckdb.DuckDBPyConnection, name: str, text: str, runs: int
) -> QueryResult:
    started = time.perf_counter()
    expected = oracle.sql(text).to_arrow_table()
    oracle_seconds = time.perf_counter() - started
    seconds = []
    try:
        for _ in range(runs):
            started = time.perf_counter()
            with connection.query(text) as answer:
                actual = answer.to_arrow()
            seconds.append(time.perf_counter() - started)
            if problems := compare(expected, actual, text):
                return _failed(name, problems[0], median(seconds), oracle_seconds)
        stayed = _stayed(connection, text)
    except ComityError as error:
        problem = f"{error.code}: {error.message}"
        return _failed(name, problem, time.perf_counter() - started, oracle_seconds)
    assert answer.summary is not None
    coverage = answer.summary.coverage
    return QueryResult(
        name,
        "",
        median(seconds),
        oracle_seconds,
        actual.num_rows,
        sum(part.fragments for part in coverage),
        sum(part.rows for part in coverage),
        sum(part.bytes for part in coverage),
        stayed,
    )


def _stayed(connection: Connection, text: str) -> tuple[Any, ...]:
    """What was left to the merge, and why, from the plan."""
    merge = connection.explain(text).json.get("merge")
    return tuple(merge["stayed"]) if merge else ()


def _failed(name: str, problem: str, seconds: float, oracle_seconds: float) -> QueryResult:
    return QueryResult(name, problem, seconds, oracle_seconds, 0, 0, 0, 0, ())
