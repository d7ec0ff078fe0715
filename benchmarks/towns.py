"""One table of many towns, each a SQLite database, asked through the federated table.

Beside us runs what one would write by hand: a pool of threads, sqlite3 and the same partial queries. A question is
asked cold (the first time, but not the first of all) and warm (asked again: its plan and the agents' decisions are
known). Each is also planned without the passes that move work into members, to see what would leave the towns then.

Then: what a town more costs, from few to many; towns that answer after a delay, as they would from elsewhere, against
the slowest of them alone, and against a thread by hand for each, which reads, or only waits; one town slow, and one that
cannot be read, whose part an answer may do without.
"""

from __future__ import annotations

import argparse
import math
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import apsw

import comity
from benchmarks.federation_files import PURPOSE, TOKEN
from benchmarks.report import write_result
from benchmarks.towns_data import prepared
from comity.client import Connection
from connectors.sqlite_session import SqliteSession
from gateway.embedded import serve
from gateway.planner.make_plan import PASSES

GOAL = 2.0
DELAYED_GOAL = 1.5
DELAY = 0.05
SLOW = 0.5
SIZES = (24, 100, 400)
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
    Question(
        "look-up",
        "SELECT sex, income FROM city.resident WHERE id = 1000005",
        "SELECT sex, income FROM resident WHERE id = 1000005",
        lambda parts: parts,
    ),
    Question(
        "distinct",
        "SELECT count(DISTINCT age) AS n FROM city.resident",
        "SELECT DISTINCT age FROM resident",
        lambda parts: [(len(set(parts)),)],
    ),
)
GOALS = ("count", "average", "deviation", "top 10")
"""The questions for which the goal counts; the others are told."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks towns", description=__doc__)
    parser.add_argument("--towns", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of each town (default 10,000)")
    parser.add_argument(
        "--runs", type=int, default=7, help="runs of each side, alternating; times are medians"
    )
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=SIZES, help="numbers of towns for the cost of one more"
    )
    parser.add_argument("--small", action="store_true", help="the default sizes, for `make bench`")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data is or goes")
    options = parser.parse_args(arguments)
    home = options.data or Path("build/benchmarks")
    directory = prepared(home, options.towns, options.rows)
    results = []
    with _asking(directory) as connection:
        _asked(connection, "SELECT min(age) AS a FROM city.resident")
        for question in QUESTIONS:
            results.append(_measure(connection, directory, question, options.towns, options.runs))
    with _without_passes(), _asking(directory) as connection:
        for question, result in zip(QUESTIONS, results, strict=True):
            result["rows_out_as_rows"], result["bytes_out_as_rows"] = _left(connection, question.sql)
            _print_question(question, result)
    print(f"(goal: at most {GOAL} times the hand-written pool, for {', '.join(GOALS)})")
    growth = [
        _grow(prepared(home, towns, options.rows), towns, options.runs) for towns in sorted(options.sizes)
    ]
    # Small towns: what is measured is waiting, not the processors that all towns share here.
    away = _delayed(prepared(home, options.towns, 10), options.towns, options.runs)
    sizes = {"towns": options.towns, "rows": options.rows, "runs": options.runs}
    found = {"threads_by_hand": THREADS, "questions": results, "growth": growth, "delayed": away}
    path = write_result("towns", sizes | found)
    print(f"written to {path}")
    return 0


def _measure(
    connection: Connection, directory: Path, question: Question, towns: int, runs: int
) -> dict[str, Any]:
    paths = _paths(directory, towns)
    cold = _seconds(lambda: _asked(connection, question.sql))
    if not _same(_asked(connection, question.sql), _by_hand(paths, question)):
        raise SystemExit(f"{question.name}: the answer is wrong")
    ours, hand, ours_cpu, hand_cpu = [], [], [], []
    for _ in range(runs):
        wall, cpu = _measured(lambda: _asked(connection, question.sql))
        ours.append(wall)
        ours_cpu.append(cpu)
        wall, cpu = _measured(lambda: _by_hand(paths, question))
        hand.append(wall)
        hand_cpu.append(cpu)
    rows, sent = _left(connection, question.sql)
    return {
        "name": question.name,
        "question": question.sql,
        "cold_seconds": cold,
        "seconds": median(ours),
        "by_hand_seconds": median(hand),
        "ratio": round(median(ours) / median(hand), 3),
        "ratio_cold": round(cold / median(hand), 3),
        "cpu_seconds": median(ours_cpu),
        "by_hand_cpu_seconds": median(hand_cpu),
        "ratio_cpu": round(median(ours_cpu) / median(hand_cpu), 3),
        "rows_out": rows,
        "bytes_out": sent,
    }


def _print_question(question: Question, result: dict[str, Any]) -> None:
    print(
        f"{question.name:10} {result['seconds']:7.3f} s, by hand {result['by_hand_seconds']:7.3f} s, "
        f"ratio {result['ratio']:5.2f} (processor {result['ratio_cpu']:5.2f}, cold {result['ratio_cold']:6.2f});  "
        f"{result['bytes_out']:8,d} bytes in {result['rows_out']:5,d} rows left, "
        f"{result['bytes_out_as_rows']:11,d} without the passes",
        flush=True,
    )


def _grow(directory: Path, towns: int, runs: int) -> dict[str, Any]:
    """What a question costs per town, on either side, when it is cold and when it is warm."""
    paths = _paths(directory, towns)
    found: dict[str, Any] = {"towns": towns}
    with _asking(directory) as connection:
        _asked(connection, "SELECT min(age) AS a FROM city.resident")
        for question in QUESTIONS[:2]:
            cold = _seconds(lambda sql=question.sql: _asked(connection, sql))  # type: ignore[misc]  # bound now
            ours, hand = [], []
            for _ in range(runs):
                ours.append(_seconds(lambda sql=question.sql: _asked(connection, sql)))  # type: ignore[misc]  # bound now
                hand.append(_seconds(lambda asked=question: _by_hand(paths, asked)))  # type: ignore[misc]  # bound now
            found[question.name] = {
                "seconds_per_town": median(ours) / towns,
                "by_hand_seconds_per_town": median(hand) / towns,
                "cold_seconds_per_town": cold / towns,
            }
    told = ", ".join(
        f"{name} {1e3 * f['seconds_per_town']:.2f} ms (by hand {1e3 * f['by_hand_seconds_per_town']:.2f}, "
        f"cold {1e3 * f['cold_seconds_per_town']:.2f})"
        for name, f in found.items()
        if isinstance(f, dict)
    )
    print(f"{towns} towns, each: {told}", flush=True)
    return found


def _delayed(directory: Path, towns: int, runs: int) -> dict[str, Any]:
    """Towns that answer late: all of them, one of them much later, and one not at all."""
    paths = _paths(directory, towns)
    question = QUESTIONS[0]
    found: dict[str, Any] = {"delay": DELAY, "slow": SLOW}
    with _late() as late, _asking(directory) as connection:
        for _ in range(2):
            _asked(connection, question.sql)
        late.update(dict.fromkeys(paths, DELAY))
        slowest = max(_alone(path, question.member_sql, DELAY) for path in paths[:10])
        ours, hand, waiting = [], [], []
        with ThreadPoolExecutor(towns) as pool:
            list(pool.map(lambda _: time.sleep(DELAY), paths))  # so that all its threads are there
            for _ in range(runs):
                ours.append(_seconds(lambda: _asked(connection, question.sql)))
                hand.append(
                    _seconds(
                        lambda: list(pool.map(partial(_alone, sql=question.member_sql, delay=DELAY), paths))
                    )
                )
                waiting.append(_seconds(lambda: list(pool.map(lambda _: time.sleep(DELAY), paths))))
        found |= {"seconds": median(ours), "slowest_seconds": slowest, "ratio": median(ours) / slowest}
        found |= {"by_hand_seconds": median(hand), "only_waiting_seconds": median(waiting)}
        print(
            f"each after {DELAY} s: {median(ours):.3f} s, the slowest alone {slowest:.3f} s, "
            f"ratio {found['ratio']:.2f} (goal: at most {DELAYED_GOAL}); by hand, a thread for each, "
            f"{median(hand):.3f} s; as many threads that only wait {median(waiting):.3f} s"
        )
        late[paths[-1]] = SLOW
        ours = [_seconds(lambda: _asked(connection, question.sql)) for _ in range(runs)]
        found["one_slow_seconds"] = median(ours)
        late.clear()
        away = paths[-1].rename(paths[-1].with_suffix(".away"))
        try:
            missing: list[int] = []
            ours = [_seconds(lambda: missing.append(_partial(connection, question.sql))) for _ in range(runs)]
        finally:
            away.rename(paths[-1])
        found |= {"one_down_seconds": median(ours), "one_down_missing": max(missing)}
        print(
            f"one after {SLOW} s: {found['one_slow_seconds']:.3f} s; one down, partial answers allowed: "
            f"{found['one_down_seconds']:.3f} s, {found['one_down_missing']} missing",
            flush=True,
        )
    return found


@contextmanager
def _late() -> Iterator[dict[Path, float]]:
    """Files whose queries start after so many seconds, which are spent waiting, as for an answer from elsewhere."""
    late: dict[Path, float] = {}
    run = SqliteSession.run

    def run_late(
        session: SqliteSession, sql: str, parameters: tuple[object, ...], columns: int
    ) -> apsw.Cursor:
        time.sleep(late.get(Path(session.connection.filename), 0))
        return run(session, sql, parameters, columns)

    SqliteSession.run = run_late  # type: ignore[method-assign,assignment]  # put back below
    try:
        yield late
    finally:
        SqliteSession.run = run  # type: ignore[method-assign]  # as it was


def _alone(path: Path, sql: str, delay: float) -> float:
    """One member's query by hand, after the delay."""

    def ask() -> None:
        time.sleep(delay)
        _read(path, sql)

    return _seconds(ask)


def _partial(connection: Connection, sql: str) -> int:
    """How many towns are missing from an answer that may do without them."""
    with connection.query(sql, allow_partial=True) as answer:
        answer.to_arrow()
    assert answer.summary is not None
    return sum(not part.complete for part in answer.summary.coverage)


def _paths(directory: Path, towns: int) -> list[Path]:
    return [
        (directory / "departments" / f"town_{number:03}" / "town.sqlite").resolve() for number in range(towns)
    ]


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


def _measured(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of this process's processors."""
    cpu = time.process_time()
    wall = _seconds(run)
    return wall, time.process_time() - cpu


def _same(one: Rows, other: Rows) -> bool:
    return len(one) == len(other) and all(
        math.isclose(a, b, rel_tol=1e-9) if isinstance(a, float) else a == b
        for left, right in zip(one, other, strict=True)
        for a, b in zip(left, right, strict=True)
    )
