"""`python -m tests.properties --minutes 10`: asks random questions of random federations until the time is over.

Prints a line for each world, and each question whose answer is not the oracle's, with the seed that replays it:
`python -m tests.properties --seed 4711`. Exit status 1 when there was one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.properties.asking import QUESTIONS, ask, question
from tests.properties.ground import Ground, open_ground


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.properties", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to go on (1)")
    parser.add_argument("--seed", type=int, help="the first world; without it, one drawn from the clock")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time()) % 1_000_000_000
    until = time.monotonic() + options.minutes * 60
    total: Counter[str] = Counter()
    with open_ground() as ground:
        while not total or time.monotonic() < until:
            total += ask_world(ground, seed)
            print(f"world {seed}: {sum(total.values()):,} questions so far, {dict(total)}", flush=True)
            seed += 1
    print(f"{sum(total.values()):,} questions, {total['different']} answers that are not the oracle's")
    return 1 if total["different"] else 0


def ask_world(ground: Ground, seed: int) -> Counter[str]:
    """What became of the questions of one world."""
    found: Counter[str] = Counter()
    # Every third world has columns that may not be read.
    with ground.world(seed, partial=0.3 if seed % 3 == 0 else 0.0) as world:
        for number in range(QUESTIONS):
            try:
                found[ask(world, question(world, number))] += 1
            except AssertionError as error:
                found["different"] += 1
                print(f"DIFFERENT, question {number} of --seed {seed}\n{error}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
