"""`python -m benchmarks.peers`: installs the peers of tpch-three, each into an environment of its own under `build/`."""

from __future__ import annotations

import argparse
import sys

from benchmarks.peers.places import ENVIRONMENTS, install


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which ({', '.join(ENVIRONMENTS)}); all when none is named")
    names = parser.parse_args().names or list(ENVIRONMENTS)
    status = 0
    for name in names:
        if name not in ENVIRONMENTS:
            parser.error(f"there is no peer {name}")
        status = max(status, install(name))
    return status


if __name__ == "__main__":
    sys.exit(main())
