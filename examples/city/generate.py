"""Makes the example city's data and loads it: `python examples/city/generate.py`.

Other programs import `build`, `load` and `prepare` from here: as `examples.city.generate` in the repository,
as `gateway.example_city.generate` where Comity is installed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

if not __package__:
    # Run as a script: the folder is still the package that it is when imported.
    _here = Path(__file__).resolve().parent
    sys.path[0] = str(_here.parents[1])
    __package__ = f"{_here.parent.name}.{_here.name}"

from .generator.build import SEED, build
from .generator.homes import HOMES, Home, homes_without_mariadb, mariadb_is_installed
from .generator.load import load
from .generator.people import TODAY
from .generator.prepare import CITY, Prepared, prepare

__all__ = [
    "CITY",
    "HOMES",
    "SEED",
    "TODAY",
    "Home",
    "Prepared",
    "build",
    "homes_without_mariadb",
    "load",
    "mariadb_is_installed",
    "prepare",
]


def main(arguments: list[str] | None = None) -> int:
    """The command. Exit status 0, or 2 with a line on stderr."""
    from comity.errors import ComityError

    parser = argparse.ArgumentParser(
        description="Makes the example city's data and loads it into its databases."
    )
    parser.add_argument("--scale", type=float, default=1.0, help="1 makes about 20,000 residents")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--directory", type=Path, default=CITY, help="another directory gets a copy of the federation"
    )
    parser.add_argument(
        "--without-mariadb", action="store_true", default=None, help="keep MariaDB's departments in SQLite"
    )
    options = parser.parse_args(arguments)
    start = time.monotonic()
    try:
        done = prepare(options.directory, options.scale, options.without_mariadb, options.seed)
    except ComityError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{done.rows:,} rows in {done.directory / 'data'} ({time.monotonic() - start:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
