"""TPC-H over three departments: PostgreSQL (orders, lineitem), MariaDB (customer, nation, region) and
SQLite (part, partsupp, supplier), under both settings of `prefer`, and through peers over the same databases in
the same run. Every answer is compared with one DuckDB over the same data.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.peers.peer import Peer, PeerError
from benchmarks.peers.start import ABSENT, PEERS
from benchmarks.report import write_result
from benchmarks.tpch import tables_shown
from benchmarks.tpch.check import check
from benchmarks.tpch.prepare import PreparationError, default_directory, prepare

SETTINGS = ("exposure", "time")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks tpch-three", description=__doc__)
    parser.add_argument("--sf", type=float, default=0.1, help="scale factor (default 0.1)")
    parser.add_argument("--prepare", type=Path, metavar="DIR", help="make the federation in DIR, and stop")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the prepared directory to check")
    parser.add_argument(
        "--check", action="store_true", help="run the queries (the default without --prepare)"
    )
    parser.add_argument("--prefer", choices=[*SETTINGS, "both"], default="both", help="the setting (both)")
    parser.add_argument("--peers", nargs="?", const=",".join(PEERS), default="", metavar="NAMES",
                        help=f"run peers too: all, or some of {', '.join(PEERS)}")  # fmt: skip
    parser.add_argument("--queries", default="", metavar="1,3,5", help="only these queries")
    parser.add_argument("--runs", type=int, default=3, help="runs after the first; times are medians (3)")
    parser.add_argument("--details", action="store_true", help="departments and reasons under each query")
    options = parser.parse_args(arguments)
    directory = options.prepare or options.data or default_directory(options.sf)
    try:
        seconds = prepare(directory, options.sf, say=lambda text: print(text, flush=True))
    except PreparationError as error:
        print(error, file=sys.stderr)
        return 2
    state = f"prepared in {seconds:.1f} s" if seconds else "already prepared"
    print(f"TPC-H at scale factor {options.sf:g} in {directory}: {state}", flush=True)
    if options.prepare and not options.check:
        return 0
    names = [name for name in options.peers.split(",") if name]
    if unknown := [name for name in names if name not in PEERS]:
        parser.error(f"no such peer: {', '.join(unknown)}")
    peers, absent = start_peers(names, directory / "data")
    try:
        return _compare(directory, options, peers, absent)
    finally:
        for peer in peers:
            peer.close()


def start_peers(names: Sequence[str], data: Path) -> tuple[list[Peer], dict[str, str]]:
    """The peers that run here, and why the others do not."""
    running: list[Peer] = []
    absent = dict(ABSENT)
    for name, (title, start) in PEERS.items():
        if name not in names:
            absent[title] = "not asked for"
            continue
        try:
            running.append(_started(start, data))
        except PeerError as error:
            absent[title] = str(error)
    return running, absent


def _started(start: Callable[[Path], Peer], data: Path) -> Peer:
    peer = start(data)
    print(f"peer: {peer.title} ({peer.note})", flush=True)
    return peer


def _compare(directory: Path, options: argparse.Namespace, peers: list[Peer], absent: dict[str, str]) -> int:
    chosen = SETTINGS if options.prefer == "both" else (options.prefer,)
    settings = [f"prefer {name}" for name in chosen]
    titles = [*settings, *(peer.title for peer in peers)]
    only = [f"q{int(number):02d}" for number in options.queries.split(",") if number]
    print(tables_shown.heading(titles), flush=True)
    results = []
    for result in check(directory, chosen, peers, only, options.runs):
        print(tables_shown.line(result, titles), flush=True)
        if options.details:
            print("\n".join(tables_shown.details(result, settings[0])), flush=True)
        results.append(result)
    found = tables_shown.totals(results, settings, titles[len(settings) :])
    print("\n".join(tables_shown.summary(found, settings, titles[len(settings) :], len(results))))
    for title, reason in absent.items():
        print(f"absent: {title}: {reason}")
    if not only:
        content = {"scale": options.sf, "runs": options.runs, "absent_peers": absent, "totals": found}
        name = f"tpch-three-sf{options.sf:g}"
        path = write_result(name, {**content, "queries": tables_shown.as_json(results)})
        print(f"written to {path}")
    right = min(found[title]["right"] for title in settings)
    print(f"{right} of {len(results)}")
    return 0 if right == len(results) else 1
