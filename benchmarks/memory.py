"""Peak memory of the gateway's process against the size of the answer, read as a stream.

The gateway is restarted for each size, so that one size's memory does not hide another's.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

import comity
from benchmarks.export_federation import ROWS, TABLE, default_directory, prepare
from benchmarks.federation_files import PURPOSE, TOKEN
from benchmarks.report import write_result
from benchmarks.serving import serve

SIZES = (1_000, 10_000, 100_000, ROWS)
INTERVAL = 0.01


@dataclass(slots=True)
class Peak:
    """Resident bytes: before, and the most since."""

    before: int
    peak: int


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks memory", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data is or goes")
    options = parser.parse_args(arguments)
    directory = options.data or default_directory()
    prepare(directory)
    results = []
    for size in SIZES:
        with (
            serve(directory) as gateway,
            comity.connect(gateway.address, token=TOKEN, purpose=PURPOSE) as connection,
        ):
            # One small answer first: what is loaded on first use is not the answer's.
            connection.query(f"SELECT * FROM weather.{TABLE} WHERE id <= 10").to_arrow()
            with watch(gateway.pid) as peak:
                answer = connection.query(f"SELECT * FROM weather.{TABLE} WHERE id <= {size}")
                rows = size_bytes = 0
                for batch in answer:
                    rows, size_bytes = rows + batch.num_rows, size_bytes + batch.nbytes
        assert rows == size, f"{rows} rows instead of {size}"
        grown = peak.peak - peak.before
        results.append({"rows": rows, "answer_bytes": size_bytes, "before": peak.before, "peak": peak.peak})
        print(
            f"{rows:9,d} rows, {size_bytes / 1e6:8.1f} MB: "
            f"{peak.peak / 1e6:7.1f} MB at most, {grown / 1e6:6.1f} MB more than idle"
        )
    flat = results[-1]["peak"] / results[1]["peak"]
    print(f"the largest answer takes {flat:.2f} times the memory of the {SIZES[1]:,}-row one (goal: flat)")
    print(f"written to {write_result('memory', {'sizes': results, 'largest_to_small': flat})}")
    return 0


@contextmanager
def watch(pid: int) -> Iterator[Peak]:
    """Samples the process's resident memory while the context lasts."""
    process = psutil.Process(pid)
    before = process.memory_info().rss
    peak, stop = Peak(before, before), threading.Event()

    def sample() -> None:
        while not stop.wait(INTERVAL):
            peak.peak = max(peak.peak, process.memory_info().rss)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()
