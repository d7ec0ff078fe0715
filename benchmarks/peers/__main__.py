"""`python -m benchmarks.peers`: installs the peers of tpch-three, each into an environment of its own under `build/`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv

from benchmarks.peers.places import ENVIRONMENTS, python_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which ({', '.join(ENVIRONMENTS)}); all when none is named")
    names = parser.parse_args().names or list(ENVIRONMENTS)
    status = 0
    for name in names:
        if name not in ENVIRONMENTS:
            parser.error(f"there is no peer {name}")
        program = python_of(name)
        print(f"installing {name}: {', '.join(ENVIRONMENTS[name])}", flush=True)
        if not program.exists():
            venv.create(program.parent.parent, with_pip=True)
        pip = [str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        status = max(status, subprocess.run([*pip, *ENVIRONMENTS[name]], check=False).returncode)
    return status


if __name__ == "__main__":
    sys.exit(main())
