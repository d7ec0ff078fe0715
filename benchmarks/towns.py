"""One table of many towns, each a SQLite database, asked through the federated table.

Beside us runs what one would write by hand: a pool of threads, sqlite3 and the same partial queries. Each question is
also planned without the passes that move work into members, to see what would leave the towns then.
"""

from __future__ import annotations

import argparse
import math
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import comity
from benchmarks.federation_files import PURPOSE, TOKEN, open_policy, write_federation_file, write_yaml
from benchmarks.report import write_result
from comity.client import Connection
from gateway.embedded import serve
from gateway.planner.make_plan import PASSES

GOAL = 2.0
COLUMNS = {"id": "BIGINT", "sex": "VARCHAR", "age": "BIGINT", "income": "BIGINT"}
MOVED = ("split_aggregates", "push_limits_into_members", "join_members")
THREADS = 16
Rows = list[tuple[Any, ...]]
Member = Callable[[str], Rows]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, what each town is asked by hand, and how the hand puts it together."""

    name: str
    sql: str
    member_sql: str
    finish: Callable[[Rows], Rows]


def _spread(parts: Rows) -> Rows:
    """Groups of (key, number, sum, sum of squares) as (key, average, sample deviation)."""
    groups: dict[Any, list[int]] = {}
    for key, *numbers in parts:
        total = groups.setdefault(key, [0, 0, 0])
        for place, number in enumerate(numbers):
            total[place] += number
    return sorted(
        (key, s / n, math.sqrt((n * q - s * s) / (n * (n - 1)))) for key, (n, s, q) in groups.items()
    )


QUESTIONS = (
    Question(
        "count",
        "SELECT count(*) AS n FROM city.resident",
        "SELECT count(*) FROM resident",
        lambda parts: [(sum(n for (n,) in parts),)],
    ),
    Question(
        "average",
        "SELECT sex, avg(income) AS a FROM city.resident GROUP BY sex ORDER BY sex",
        "SELECT sex, count(income), sum(income), 0 FROM resident GROUP BY sex",
        lambda parts: [(key, mean) for key, mean, _ in _spread([(k, n, s, s * s) for k, n, s, _ in parts])],
    ),
    Question(
        "deviation",
        "SELECT sex, avg(income) AS a, stddev(income) AS d FROM city.resident GROUP BY sex ORDER BY sex",
        "SELECT sex, count(income), sum(income), sum(income * income) FROM resident GROUP BY sex",
        _spread,
    ),
    Question(
        "top 10",
        "SELECT id, income FROM city.resident ORDER BY income DESC, id LIMIT 10",
        "SELECT id, income FROM resident ORDER BY income DESC, id LIMIT 10",
        lambda parts: sorted(parts, key=lambda row: (-row[1], row[0]))[:10],
    ),
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks towns", description=__doc__)
    parser.add_argument("--towns", type=int, default=24, help="how many (default 24)")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of each town (default 10,000)")
    parser.add_argument(
        "--runs", type=int, default=5, help="runs of each side, alternating; times are medians"
    )
    parser.add_argument("--small", action="store_true", help="the default sizes, for `make bench`")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data is or goes")
    options = parser.parse_args(arguments)
    directory = options.data or Path(f"build/benchmarks/towns-{options.towns}-{options.rows}")
    prepare(directory, options.towns, options.rows)
    results = []
    for question in QUESTIONS:
        result = _measure(directory, question, options.towns, options.runs)
        results.append(result)
        print(
            f"{question.name:10} {result['seconds']:7.3f} s, by hand {result['by_hand_seconds']:7.3f} s, "
            f"ratio {result['ratio']:5.2f};  {result['bytes_out']:9,d} bytes in {result['rows_out']:6,d} rows left, "
            f"{result['bytes_out_as_rows']:11,d} without the passes",
            flush=True,
        )
    print(f"(goal: at most {GOAL} times the hand-written pool)")
    sizes = {"towns": options.towns, "rows": options.rows, "runs": options.runs}
    path = write_result("towns", {**sizes, "threads_by_hand": THREADS, "questions": results})
    print(f"written to {path}")
    return 0


def prepare(directory: Path, towns: int, rows: int) -> None:
    """Writes the federation and its databases, unless they are there."""
    done = directory / "prepared"
    if done.exists():
        return
    write_federation_file(directory, "towns")
    text = (directory / "federation.yaml").read_text(encoding="utf-8")
    union = "tables:\n  city.resident: {union: 'town_*.resident', member_column: town}\n"
    (directory / "federation.yaml").write_text(text + union, encoding="utf-8")
    for number in range(towns):
        name = f"town_{number:03}"
        home = directory / "departments" / name
        write_yaml(
            home / "department.yaml",
            {
                "name": name,
                "title": name,
                "source": {"connector": "sqlite", "uri": "town.sqlite"},
                "tables": {
                    "resident": {
                        "from": "resident",
                        "sharing": "unconditional",
                        "grade": "general",
                        "columns": {column: {"type": kind} for column, kind in COLUMNS.items()},
                    }
                },
            },
        )
        write_yaml(home / "policies" / "resident.yaml", open_policy("resident", COLUMNS))
        _fill(home / "town.sqlite", number, rows)
    done.write_text("", encoding="utf-8")


def _fill(path: Path, town: int, rows: int) -> None:
    chance = random.Random(town)
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE resident (id INTEGER PRIMARY KEY, sex TEXT, age INTEGER, income INTEGER)"
        )
        connection.executemany(
            "INSERT INTO resident VALUES (?, ?, ?, ?)",
            (
                (
                    town * 1_000_000 + number,
                    chance.choice(("女", "男")),
                    chance.randint(0, 99),
                    chance.randint(0, 50_000),
                )
                for number in range(rows)
            ),
        )
    connection.close()


def _measure(directory: Path, question: Question, towns: int, runs: int) -> dict[str, Any]:
    paths = [directory / "departments" / f"town_{number:03}" / "town.sqlite" for number in range(towns)]
    with _asking(directory) as connection:
        right = question.finish([row for path in paths for row in _read(path, question.member_sql)])
        expected = _asked(connection, question.sql)
        if not _same(expected, right):
            raise SystemExit(f"{question.name}: the answer is wrong")
        ours, hand = [], []
        for _ in range(runs):
            ours.append(_seconds(lambda: _asked(connection, question.sql)))
            hand.append(_seconds(lambda: _by_hand(paths, question)))
        rows, sent = _left(connection, question.sql)
    with _without_passes(), _asking(directory) as connection:
        as_rows, sent_as_rows = _left(connection, question.sql)
    return {
        "question": question.sql,
        "seconds": median(ours),
        "by_hand_seconds": median(hand),
        "ratio": round(median(ours) / median(hand), 3),
        "rows_out": rows,
        "bytes_out": sent,
        "rows_out_as_rows": as_rows,
        "bytes_out_as_rows": sent_as_rows,
    }


@contextmanager
def _asking(directory: Path) -> Iterator[Connection]:
    with (
        serve(directory) as server,
        comity.connect(server.address, token=TOKEN, purpose=PURPOSE) as connection,
    ):
        yield connection


@contextmanager
def _without_passes() -> Iterator[None]:
    """The planner of this process, with members that only filter."""
    passes = dict(PASSES)
    for name in MOVED:
        PASSES.pop(name)
    try:
        yield
    finally:
        PASSES.clear()
        PASSES.update(passes)


def _asked(connection: Connection, sql: str) -> Rows:
    with connection.query(sql) as answer:
        table = answer.to_arrow()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _left(connection: Connection, sql: str) -> tuple[int, int]:
    """Rows and bytes that left the towns."""
    with connection.query(sql) as answer:
        answer.to_arrow()
    assert answer.summary is not None
    coverage = answer.summary.coverage
    return sum(part.rows for part in coverage), sum(part.bytes for part in coverage)


def _by_hand(paths: Sequence[Path], question: Question) -> Rows:
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(lambda path: _read(path, question.member_sql), paths)
        return question.finish([row for part in parts for row in part])


def _read(path: Path, sql: str) -> Rows:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _same(one: Rows, other: Rows) -> bool:
    return len(one) == len(other) and all(
        math.isclose(a, b, rel_tol=1e-9) if isinstance(a, float) else a == b
        for left, right in zip(one, other, strict=True)
        for a, b in zip(left, right, strict=True)
    )
