"""A gateway of its own process, so that what is measured is not shared with the client that measures.

Run as a program it is that process: it serves the federation named on its command line, says its address on
stdout, and stops when its stdin ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Serving:
    """A running gateway: its address for `comity.connect`, and its process."""

    address: str
    pid: int


@contextmanager
def serve(directory: Path) -> Iterator[Serving]:
    """Serves the federation in `directory` while the context lasts."""
    command = [sys.executable, "-m", "benchmarks.serving", str(directory)]
    # gRPC remarks on every subprocess that an embedded database server needs.
    environment = {"GRPC_VERBOSITY": "ERROR", **os.environ}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError(f"the gateway on {directory} did not start; its stderr says why")
        try:
            yield Serving(address, process.pid)
        finally:
            process.stdin.close()
            process.wait()


def main() -> None:
    from gateway.embedded import serve as serve_here

    with serve_here(Path(sys.argv[1])) as server:
        # A gateway that has been up for a while knows its sources' statistics.
        server.gateway.statistics.refresh()
        print(server.address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
