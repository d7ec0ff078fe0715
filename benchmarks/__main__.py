"""`python -m benchmarks NAME …`: one benchmark, or `all --small` for the set of `make bench`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from benchmarks import (
    inference,
    key_exchange,
    memory,
    passthrough,
    planning,
    policy_cost,
    reading,
    towns,
    tpch_one,
    tpch_three,
)

BENCHMARKS: dict[str, Callable[[Sequence[str]], int]] = {
    "tpch-three": tpch_three.main,
    "tpch-one": tpch_one.main,
    "planning": planning.main,
    "inference": inference.main,
    "towns": towns.main,
    "key-exchange": key_exchange.main,
    "passthrough": passthrough.main,
    "reading": reading.main,
    "memory": memory.main,
    "policy-cost": policy_cost.main,
}

SMALL: dict[str, Sequence[str]] = {
    "tpch-three": ["--peers", "duckdb", "--runs", "1"],
    "tpch-one": ["--runs", "2"],
    "planning": ["--runs", "5"],
    "inference": ["--runs", "5"],
    "policy-cost": ["--runs", "2"],
    "key-exchange": ["--runs", "3"],
    "passthrough": ["--runs", "3"],
    "reading": ["--runs", "2"],
}
"""What `make bench` runs each with, so that all of them take less than ten minutes."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, add_help=False)
    parser.add_argument("name", choices=[*BENCHMARKS, "all"], help="; ".join(BENCHMARKS))
    if not arguments or arguments[0] in {"-h", "--help"}:
        parser.print_help()
        return 0
    name = parser.parse_args(arguments[:1]).name
    return _all(arguments[1:]) if name == "all" else BENCHMARKS[name](arguments[1:])


def _all(arguments: Sequence[str]) -> int:
    """Every benchmark in turn; the worst status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks all", description=_all.__doc__)
    parser.add_argument("--small", action="store_true", help="fewer runs, for less than ten minutes in all")
    small = parser.parse_args(arguments).small
    status = 0
    begun = time.monotonic()
    for name, run in BENCHMARKS.items():
        print(f"\n── {name}", flush=True)
        started = time.monotonic()
        status = max(status, run(SMALL.get(name, []) if small else []))
        print(f"{time.monotonic() - started:.0f} s", flush=True)
    print(f"\nall in {time.monotonic() - begun:.0f} s")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
