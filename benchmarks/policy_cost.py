"""What policies cost: TPC-H over one PostgreSQL with a row filter and masks on every table, against the same
predicates and expressions written into the questions by hand. Both through the same gateway, in turn.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import comity
from benchmarks.compare import compare
from benchmarks.federation_files import PURPOSE, TOKEN
from benchmarks.report import write_result
from benchmarks.serving import serve
from benchmarks.tpch.one import POLICED, by_hand, prepare
from benchmarks.tpch.tables import query_texts

GOAL = 1.1


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks policy-cost", description=__doc__)
    parser.add_argument("--sf", type=float, default=0.1, help="scale factor (0.1)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data is or goes")
    parser.add_argument("--runs", type=int, default=5, help="runs of each side, alternating")
    options = parser.parse_args(arguments)
    directory = options.data or Path("build") / "benchmarks" / f"tpch-one-{options.sf:g}"
    prepare(directory, options.sf)
    seconds: dict[str, dict[str, float]] = {}
    different = []
    print("        by policy     by hand   ratio")
    with serve(directory) as gateway, comity.connect(gateway.address, token=TOKEN) as connection:
        for name, text in query_texts().items():
            policed: list[float] = []
            written: list[float] = []
            for number in range(options.runs + 1):
                sides = ((policed, text, POLICED), (written, by_hand(text), PURPOSE))
                answers = []
                for measured, sql, purpose in sides if number % 2 else sides[::-1]:
                    started = time.perf_counter()
                    with connection.query(sql, purpose=purpose) as answer:
                        answers.append(answer.to_arrow())
                    if number:
                        measured.append(time.perf_counter() - started)
                if number == 0 and (found := compare(answers[0], answers[1], text)):
                    different.append(f"{name}: {found[0]}")
            one, other = median(policed), median(written)
            seconds[name] = {"policy": one, "hand": other, "ratio": one / other}
            print(f"{name}  {one * 1000:8.1f} ms  {other * 1000:7.1f} ms  {one / other:6.2f}", flush=True)
    total = sum(s["policy"] for s in seconds.values()) / sum(s["hand"] for s in seconds.values())
    middle = median(s["ratio"] for s in seconds.values())
    print(f"in total {total:.2f}, median {middle:.2f} (goal: at most {GOAL})")
    for line in different:
        print(f"DIFFERENT {line}")
    result = {"scale": options.sf, "runs": options.runs, "total": total, "median": middle, "queries": seconds}
    print(f"written to {write_result('policy-cost', result)}")
    return 1 if different else 0
