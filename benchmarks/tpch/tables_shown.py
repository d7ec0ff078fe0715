"""The results of tpch-three as lines for a terminal and as JSON, with what they were to reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.tpch.check import Measured, QueryResult

SHARE_OF_BYTES = 1 / 20
SHARE_OF_TIME = {"prefer exposure": 0.75, "prefer time": 0.5}
SLOWEST = {"prefer time": 1.1}
"""Goals: of unfiltered scans' bytes, of the scanners' total, of the scanners' time for one query."""


def heading(titles: Sequence[str]) -> str:
    columns = "".join(f"{title:>18}" for title in titles)
    return f"{'':6}{columns}{'left, bytes':>20}{'of unfiltered':>15}{'fragments':>11}"


def line(result: QueryResult, titles: Sequence[str]) -> str:
    """Times of all sides; bytes and fragments of the first setting."""
    cells = "".join(f"{_cell(result.sides[title]):>18}" for title in titles)
    ours = result.sides[titles[0]]
    share = ours.bytes / result.unfiltered
    text = f"{result.name:6}{cells}{ours.bytes:20,d}{share:14.1%} {ours.fragments:10d}"
    for title in titles:
        if problem := result.sides[title].problem:
            text += f"\n      {title}: {problem}"
    return text


def _cell(measured: Measured) -> str:
    if not measured.seconds:
        return "failed"
    return f"{measured.time:.3f} s{'*' if measured.problem else ''}"


def details(result: QueryResult, title: str) -> list[str]:
    """Per department, and why work stayed at the merge."""
    measured = result.sides[title]
    lines = [
        f"      {name}: {left.rows:,d} rows, {left.bytes:,d} bytes, of which {left.key_bytes:,d} are {left.keys:,d} keys "
        f"for others; {left.fragments} fragments"
        for name, left in measured.left.items()
    ]
    return [*lines, *(f"      stayed: {reason['text']}: {reason['why']}" for reason in measured.stayed)]


def totals(results: Sequence[QueryResult], settings: Sequence[str], peers: Sequence[str]) -> dict[str, Any]:
    """Sums over the queries, and the ratios that the goals are about."""
    unfiltered = sum(result.unfiltered for result in results)
    found: dict[str, Any] = {"unfiltered_bytes": unfiltered}
    for title in (*settings, *peers):
        of_side = [result.sides[title] for result in results]
        entry: dict[str, Any] = {
            "right": sum(not measured.problem for measured in of_side),
            "seconds": sum(measured.time for measured in of_side),
        }
        if title in settings:
            moved = sum(measured.bytes for measured in of_side)
            entry |= {"bytes": moved, "of_unfiltered": moved / unfiltered}
            entry |= {f"against {peer}": _against(results, title, peer) for peer in peers}
        found[title] = entry
    return found


def _against(results: Sequence[QueryResult], title: str, peer: str) -> dict[str, Any]:
    """Only queries that we answered right and the peer at all."""
    pairs = {
        result.name: (result.sides[title].time, result.sides[peer].time)
        for result in results
        if not result.sides[title].problem and result.sides[peer].seconds
    }
    ours, theirs = (sum(pair[side] for pair in pairs.values()) for side in (0, 1))
    slower = {name: one / other for name, (one, other) in pairs.items() if one > other}
    return {
        "queries": len(pairs),
        "total": ours / theirs if theirs else None,
        "slower": dict(sorted(slower.items(), key=lambda item: -item[1])),
    }


def summary(found: dict[str, Any], settings: Sequence[str], peers: Sequence[str], queries: int) -> list[str]:
    lines = []
    for title in (*settings, *peers):
        entry = found[title]
        text = f"{title}: {entry['right']} of {queries} right, {entry['seconds']:.1f} s"
        if title in settings:
            text += (
                f", {entry['bytes']:,d} bytes left: 1/{1 / entry['of_unfiltered']:.1f} of unfiltered scans"
            )
            if "exposure" in title:
                text += f" (goal: 1/{1 / SHARE_OF_BYTES:.0f})"
        lines.append(text)
        for peer in peers if title in settings else ():
            against = entry[f"against {peer}"]
            if against["total"] is None:
                continue
            goal = f" (goal: {SHARE_OF_TIME[title]:.2f})" if title in SHARE_OF_TIME else ""
            slower = [f"{name} {ratio:.2f}" for name, ratio in against["slower"].items()]
            lines.append(f"  {against['total']:.2f} of {peer}{goal}; slower: {', '.join(slower) or 'none'}")
    return lines


def as_json(results: Sequence[QueryResult]) -> list[dict[str, Any]]:
    return [
        {
            "name": result.name,
            "unfiltered_bytes": result.unfiltered,
            "one_duckdb_seconds": result.oracle_seconds,
            "sides": {title: _side(measured) for title, measured in result.sides.items()},
        }
        for result in results
    ]


def _side(measured: Measured) -> dict[str, Any]:
    """One side, with each fragment's SQL over published tables, milliseconds and rows, but not the whole plan."""
    content = {"time": measured.time, **asdict(measured)}
    fragments = content.pop("plan").get("fragments", ())
    kept = ("department", "sql")
    actual = ("rows", "bytes", "milliseconds", "ran", "why_local", "source_rows", "keys", "adapted")
    content["fragments"] = [
        {**{name: f[name] for name in kept}, **{name: f["actual"][name] for name in actual}}
        for f in fragments
    ]
    return content
