"""A selective join of a small table with a large one, of two departments, with join keys exchanged and without.

The same questions are asked for two purposes. For one the department with the small table lets the other receive its
keys; for the other it does not, so everything else of the plan is the same. What leaves counts both ways: bytes of
answers, and bytes of the keys that go from one department to the other.
"""

from __future__ import annotations

import argparse
import sqlite3
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import pyarrow as pa

from benchmarks.compare import compare
from benchmarks.federation_files import PURPOSE, open_policy, write_federation_file, write_yaml
from benchmarks.report import write_result
from connectors.servers import LocalServer, start_postgresql
from gateway.assembly import Gateway, open_gateway
from gateway.stages import Lifetime, QueryRequest
from policies.principal import Principal

GOAL = 20.0
WITHOUT = "without"
"""The purpose for which no keys may be exchanged."""

SMALL = {"person_id": "BIGINT", "benefit": "VARCHAR", "amount": "DECIMAL(10,2)", "since": "DATE"}
LARGE = {"id": "BIGINT", "name": "VARCHAR", "address": "VARCHAR", "born": "DATE", "town": "INTEGER"}
QUESTIONS = {
    "few of many": (
        "SELECT b.person_id, b.amount, p.name, p.address FROM civil.benefit b"
        " JOIN registry.person p ON p.id = b.person_id WHERE b.benefit = 'carer'"
    ),
    "all of the small": (
        "SELECT p.town, count(*) AS n, sum(b.amount) AS total FROM civil.benefit b"
        " JOIN registry.person p ON p.id = b.person_id GROUP BY p.town"
    ),
    "who has none": (
        "SELECT b.person_id FROM civil.benefit b WHERE b.benefit = 'carer'"
        " AND NOT EXISTS (SELECT 1 FROM registry.person p WHERE p.id = b.person_id)"
    ),
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one question: seconds, what left all departments, and the part of it that were keys."""

    seconds: float
    rows: int
    bytes: int
    key_bytes: int
    answer: pa.Table


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 1 when answers differ, or the goal for the selective question is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks key-exchange", description=__doc__)
    parser.add_argument("--large", type=int, default=300_000, help="rows of the large table (300,000)")
    parser.add_argument("--small-rows", type=int, default=5_000, help="rows of the small table (5,000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each side, alternating; medians count")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data is or goes")
    options = parser.parse_args(arguments)
    name = f"key-exchange-{options.small_rows}-{options.large}"
    directory = options.data or Path("build") / "benchmarks" / name
    server = prepare(directory, options.small_rows, options.large)
    try:
        gateway = open_gateway(directory)
        try:
            results = {title: _measure(gateway, title, sql, options.runs) for title, sql in QUESTIONS.items()}
        finally:
            gateway.close()
    finally:
        server.stop()
    sizes = {"small": options.small_rows, "large": options.large, "runs": options.runs}
    print(f"(goal: {GOAL:g} times fewer bytes for the first)")
    print(f"written to {write_result('key-exchange', {**sizes, 'goal': GOAL, 'questions': results})}")
    missed = results["few of many"]["times_fewer_bytes"] < GOAL
    return 1 if missed or any(result["different"] for result in results.values()) else 0


def _measure(gateway: Gateway, title: str, sql: str, runs: int) -> dict[str, Any]:
    found: dict[str, list[Run]] = {PURPOSE: [], WITHOUT: []}
    for number in range(runs + 1):
        for purpose in found if number % 2 else reversed(found):
            run = _run(gateway, sql, purpose)
            # The first of each side opens connections.
            if number:
                found[purpose].append(run)
    with_, without = found[PURPOSE], found[WITHOUT]
    different = compare(with_[0].answer, without[0].answer, sql)
    one, other = (median(run.seconds for run in side) for side in (with_, without))
    result = {
        "sql": sql,
        "answer_rows": with_[0].answer.num_rows,
        "different": bool(different),
        "with": _shown(with_, one),
        "without": _shown(without, other),
        "times_fewer_bytes": without[0].bytes / max(with_[0].bytes, 1),
        "time_ratio": one / other,
    }
    print(
        f"{title:18} {one * 1000:8.1f} ms, {with_[0].bytes:12,d} bytes ({with_[0].key_bytes:,d} of keys);  without "
        f"{other * 1000:8.1f} ms, {without[0].bytes:12,d} bytes: {result['times_fewer_bytes']:.1f} times fewer"
        + ("  DIFFERENT" if different else ""),
        flush=True,
    )
    return result


def _shown(runs: list[Run], seconds: float) -> dict[str, Any]:
    first = runs[0]
    return {
        "seconds": seconds,
        "rows_out": first.rows,
        "bytes_out": first.bytes,
        "of_which_keys": first.key_bytes,
    }


def _run(gateway: Gateway, sql: str, purpose: str) -> Run:
    principal = Principal("bench", "benchmarks", frozenset({"analyst"}))
    lifetime = Lifetime(time.monotonic() + 300)
    request = QueryRequest(
        uuid.uuid4().hex, "", principal, "", sql, (), {}, purpose, allow_partial=False, lifetime=lifetime
    )
    started = time.perf_counter()
    answer = gateway.pipeline.answer(request)
    table = pa.Table.from_batches(list(answer.read()), answer.schema)
    seconds = time.perf_counter() - started
    streams = answer.streams.streams.values()
    keys = sum(stream.key_bytes for stream in streams)
    return Run(seconds, sum(s.rows for s in streams), sum(s.bytes for s in streams) + keys, keys, table)


def prepare(directory: Path, small: int, large: int) -> LocalServer:
    """Fills the databases unless they are full, writes the federation, and returns the running server."""
    server = start_postgresql(directory.resolve() / "data" / "postgresql")
    server.create_database("registry")
    with psycopg.connect(server.uri("registry"), autocommit=True) as connection:
        known = connection.execute("SELECT to_regclass('person')").fetchone()
        if known is None or known[0] is None:
            connection.execute(
                "CREATE TABLE person AS SELECT n::bigint AS id, '姓名 ' || n AS name, md5(n::text) AS address,"
                " date '1940-01-01' + (n % 30000)::int AS born, (n % 60)::int AS town"
                f" FROM generate_series(1, {large}) AS series (n)"
            )
            connection.execute("ALTER TABLE person ADD PRIMARY KEY (id)")
            connection.execute("VACUUM (ANALYZE) person")
    if not (directory / "federation.yaml").exists():
        _write_small(directory / "departments" / "civil" / "civil.sqlite", small, large)
        _write(directory)
    return server


def _write_small(path: Path, small: int, large: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    kinds = ("carer", "rent", "rent", "heating", "heating", "heating", "school", "school", "school", "school")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "CREATE TABLE benefit (person_id INTEGER PRIMARY KEY, benefit TEXT, amount TEXT, since TEXT)"
        )
        connection.executemany(
            "INSERT INTO benefit VALUES (?, ?, ?, ?)",
            # Every hundredth is of nobody that is registered.
            [
                (
                    n * (large // small) if n % 100 else large + n,
                    kinds[n % 10],
                    f"{n % 900}.{n % 100:02}",
                    "2026-01-01",
                )
                for n in range(1, small + 1)
            ],
        )
    connection.execute("ANALYZE")
    connection.close()


def _write(directory: Path) -> None:
    tables = {
        "civil": ("benefit", SMALL, {"connector": "sqlite", "uri": "civil.sqlite"}, "benefit"),
        "registry": (
            "person",
            LARGE,
            {"connector": "postgresql", "uri": "embedded:../../data/postgresql?database=registry"},
            "public.person",
        ),
    }
    for name, (table, columns, source, physical) in tables.items():
        home = directory / "departments" / name
        published = {
            "from": physical,
            "columns": {column: {"type": kind} for column, kind in columns.items()},
        }
        write_yaml(home / "department.yaml", {"name": name, "source": source, "tables": {table: published}})
        with_, without = (open_policy(table, columns, keys)["grants"][0] for keys in (["registry"], []))
        grants = [with_, {**without, "id": "without-keys", "purposes": [WITHOUT]}]
        write_yaml(home / "policies" / f"{table}.yaml", {"table": table, "grants": grants})
    write_federation_file(directory, "key_exchange", {WITHOUT: "As the benchmark, without key exchange"})
