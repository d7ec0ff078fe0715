"""`python -m benchmarks NAME …`: one benchmark, or `all --small` for the set of `make bench`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks import (
    inference,
    key_exchange,
    memory,
    passthrough,
    planning,
    policy_cost,
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
    "memory": memory.main,
    "policy-cost": policy_cost.main,
}


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
    parser.add_argument(
        "--small", action="store_true", help="sizes that take minutes (there is no other set)"
    )
    parser.parse_args(arguments)
    status = 0
    for name, run in BENCHMARKS.items():
        print(f"\n── {name}", flush=True)
        status = max(status, run([]))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
