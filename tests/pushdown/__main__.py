"""`python -m tests.pushdown --minutes 10`: asks random questions over rows full of traps with every pass of the planner on,
each one off, and all off, in the databases and beside them, until the time is over.

Prints a line for each world, and each question whose answer is not the one DuckDB's, with the seed that replays it:
`python -m tests.pushdown --seed 4711`. Worlds are asked in a process of their own, so that a question on which DuckDB ends it
ends that world only. Exit status 1 when an answer was not the oracle's, or the gateway's process broke down.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TextIO

import duckdb

from tests.properties.watching import Journal, watch_worlds
from tests.pushdown.trap_world import Outcome, TrapGround, ask_every_way, open_trap_ground, question

QUESTIONS = 12
ASKED = ("same", "invalid", "order", "refused", "denied", "engine", "different")


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.pushdown", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to go on (1)")
    parser.add_argument("--seed", type=int, help="the first world; without it, one drawn from the clock")
    parser.add_argument("--journal", type=Path, help="ask in this process, and write down what becomes of it")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time()) % 1_000_000_000
    until = time.monotonic() + options.minutes * 60
    if options.journal is not None:
        with options.journal.open("a", encoding="utf-8", buffering=1) as journal:
            ask_worlds(seed, until, journal)
        return 0
    total = watch_worlds("tests.pushdown", seed, until)
    questions = sum(total[status] for status in ASKED)
    print(
        f"{questions:,} questions in {total['runs']:,} ways, {total['different']} answers that are not the oracle's"
    )
    return 1 if total["different"] or total["broke the gateway"] else 0


def ask_worlds(seed: int, until: float, journal: TextIO) -> None:
    total: Counter[str] = Counter()
    while not total or time.monotonic() < until:
        with open_trap_ground() as ground:
            while not total or time.monotonic() < until:
                try:
                    total += ask_world(ground, seed, journal)
                except duckdb.FatalException as error:
                    # The oracle broke down on a question, and is of no use after it.
                    print(f"trap world {seed}: the oracle is opened anew: {error}", flush=True)
                    total["oracle"] += 1
                    seed += 1
                    break
                print(f"trap world {seed}: {dict(total)}", flush=True)
                seed += 1


def ask_world(ground: TrapGround, seed: int, journal: TextIO) -> Counter[str]:
    """What became of the questions of one world, and how often they were run."""
    found: Counter[str] = Counter()
    told = Journal(journal, seed)
    with ground.world(seed) as world:
        for number in range(QUESTIONS):
            sql = question(world, number)
            try:
                outcome = ask_every_way(world, sql, asking=told.asking(number, sql))
            except AssertionError as error:
                outcome = Outcome("different")
                print(f"DIFFERENT, question {number} of --seed {seed}\n{error}", flush=True)
            told.became(outcome.status, runs=outcome.runs, native=outcome.native)
            found += Counter({outcome.status: 1, "runs": outcome.runs, "native": outcome.native})
    return found


if __name__ == "__main__":
    sys.exit(main())
