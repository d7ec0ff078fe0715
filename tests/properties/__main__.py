"""`python -m tests.properties --minutes 10`: asks random questions of random federations until the time is over.

Prints a line for each world, and each question whose answer is not the oracle's, with the seed that replays it:
`python -m tests.properties --seed 4711`. Worlds are asked in a process of their own, so that a question on which
DuckDB breaks down ends that world only; it is printed, with the side on which it did. Exit status 1 when an answer
was not the oracle's, or the gateway's process broke down.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TextIO

from tests.properties.asking import QUESTIONS, ask, question
from tests.properties.ground import Ground, open_ground
from tests.properties.watching import Journal, watch_worlds


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.properties", description=__doc__)
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
    total = watch_worlds("tests.properties", seed, until)
    print(f"{sum(total.values()):,} questions, {total['different']} answers that are not the oracle's")
    return 1 if total["different"] or total["broke the gateway"] else 0


def ask_worlds(seed: int, until: float, journal: TextIO) -> None:
    total: Counter[str] = Counter()
    with open_ground() as ground:
        while not total or time.monotonic() < until:
            total += ask_world(ground, seed, journal)
            print(f"world {seed}: {sum(total.values()):,} questions so far, {dict(total)}", flush=True)
            seed += 1


def ask_world(ground: Ground, seed: int, journal: TextIO) -> Counter[str]:
    """What became of the questions of one world."""
    found: Counter[str] = Counter()
    told = Journal(journal, seed)
    # Every third world has columns that may not be read.
    with ground.world(seed, partial=0.3 if seed % 3 == 0 else 0.0) as world:
        for number in range(QUESTIONS):
            sql = question(world, number)
            try:
                became = ask(world, sql, told.asking(number, sql))
                if became in {"invalid", "engine"}:
                    # After an internal error the oracle answers nothing any more: this process ends here, then.
                    world.database.execute("SELECT 1").fetchall()
            except AssertionError as error:
                became = "different"
                print(f"DIFFERENT, question {number} of --seed {seed}\n{error}", flush=True)
            told.became(became)
            found[became] += 1
    return found


if __name__ == "__main__":
    sys.exit(main())
