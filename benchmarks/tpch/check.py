"""Asks the 22 queries of Comity, under each setting, and of its peers, alternating, and compares the answers with
one DuckDB over the same data.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import duckdb
import pyarrow as pa

import comity
from benchmarks.compare import compare
from benchmarks.federation_files import PURPOSE, TOKEN
from benchmarks.peers.peer import Peer, PeerError
from benchmarks.serving import serve
from benchmarks.tpch.federation import setting_directory
from benchmarks.tpch.prepare import ORACLE
from benchmarks.tpch.tables import DEPARTMENTS, query_texts
from comity.client import Connection
from comity.errors import ComityError

TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Left:
    """What left one department for one query: its answers, and its join keys that went on to another department."""

    fragments: int
    rows: int
    answer_bytes: int
    keys: int = 0
    key_bytes: int = 0

    @property
    def bytes(self) -> int:
        return self.answer_bytes + self.key_bytes

    def plus(self, other: Left | None) -> Left:
        if other is None:
            return self
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Left(*(one + another for one, another in pairs))


@dataclass(slots=True)
class Measured:
    """One query on one side. `problem` is empty when the answer was right; the rest only Comity tells."""

    seconds: list[float] = field(default_factory=list)
    problem: str = ""
    left: dict[str, Left] = field(default_factory=dict)
    stayed: tuple[Any, ...] = ()
    remarks: tuple[Any, ...] = ()
    plan: Mapping[str, Any] = field(default_factory=dict)

    @property
    def time(self) -> float:
        """The median in seconds, without the first run, which warms caches."""
        return median(self.seconds[1:] or self.seconds) if self.seconds else 0.0

    @property
    def bytes(self) -> int:
        return sum(left.bytes for left in self.left.values())

    @property
    def rows(self) -> int:
        return sum(left.rows for left in self.left.values())

    @property
    def fragments(self) -> int:
        return sum(left.fragments for left in self.left.values())


class Side(Protocol):
    """Whom a query is asked of."""

    @property
    def title(self) -> str: ...

    def ask(self, sql: str, measured: Measured, *, keep: bool) -> pa.Table | None: ...


@dataclass(frozen=True, slots=True)
class ComitySide:
    """Comity under one setting of `prefer`, through gRPC."""

    title: str
    connection: Connection

    def ask(self, sql: str, measured: Measured, *, keep: bool) -> pa.Table | None:
        started = time.perf_counter()
        with self.connection.query(sql) as answer:
            table = answer.to_arrow()
        measured.seconds.append(time.perf_counter() - started)
        if keep:
            # Asked again, and counted: plans learn from what the first answer found.
            plan = self.connection.explain(sql, analyze=True).json
            measured.left = _left(plan)
            measured.plan = plan
            measured.stayed = tuple((plan.get("merge") or {}).get("stayed", ()))
            measured.remarks = tuple(plan.get("remarks", ()))
        return table


def _left(plan: Mapping[str, Any]) -> dict[str, Left]:
    """By department: its answers, and its keys that other departments were sent."""
    found: dict[str, Left] = {}
    for fragment in plan["fragments"]:
        home, actual = fragment["department"], fragment["actual"]
        added = {home: Left(1, actual["rows"], actual["bytes"])}
        for key in actual["keys"]:
            origin = key["origin"].partition(".")[0]
            if origin != home:
                added[origin] = Left(0, 0, 0, key["count"], key["bytes"]).plus(added.get(origin))
        for name, left in added.items():
            found[name] = left.plus(found.get(name))
    return found


@dataclass(frozen=True, slots=True)
class PeerSide:
    """A peer, which times itself."""

    title: str
    peer: Peer

    def ask(self, sql: str, measured: Measured, *, keep: bool) -> pa.Table | None:
        answer = self.peer.ask(sql, keep=keep)
        measured.seconds.append(answer.seconds)
        return answer.table


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One query on all sides. `unfiltered` are the bytes of the tables that it reads, whole."""

    name: str
    unfiltered: int
    oracle_seconds: float
    sides: dict[str, Measured]


@contextmanager
def comity_side(directory: Path, prefer: str) -> Iterator[ComitySide]:
    """A gateway of its own process over the prepared federation, under a setting."""
    with (
        serve(setting_directory(directory, prefer)) as gateway,
        comity.connect(gateway.address, token=TOKEN, purpose=PURPOSE, timeout=TIMEOUT) as connection,
    ):
        for text in query_texts().values():
            # A gateway is there for long, and knows its sources' tables.
            connection.explain(text)
        yield ComitySide(f"prefer {prefer}", connection)


def check(
    directory: Path, settings: Sequence[str], peers: Sequence[Peer], only: Sequence[str], runs: int
) -> Iterator[QueryResult]:
    """Runs the queries, all or those named in `only`: each side once to compare its answer, then `runs` times."""
    with ExitStack() as stack:
        oracle = stack.enter_context(duckdb.connect(str(directory / ORACLE), read_only=True))
        oracle.execute(f"SET search_path = '{','.join(d.name for d in DEPARTMENTS)}'")
        sizes = table_bytes(oracle)
        sides: list[Side] = [stack.enter_context(comity_side(directory, prefer)) for prefer in settings]
        sides += [PeerSide(peer.title, peer) for peer in peers]
        for name, text in query_texts().items():
            if only and name not in only:
                continue
            started = time.perf_counter()
            expected = oracle.sql(text).to_arrow_table()
            seconds = time.perf_counter() - started
            unfiltered = sum(sizes[table] for table in tables_of(oracle, text))
            yield QueryResult(name, unfiltered, seconds, _ask(sides, text, expected, runs))


def _ask(sides: Sequence[Side], text: str, expected: pa.Table, runs: int) -> dict[str, Measured]:
    found = {side.title: Measured() for side in sides}
    for number in range(runs + 1):
        for side in sides if number % 2 else sides[::-1]:
            measured = found[side.title]
            if measured.problem and (not measured.seconds or isinstance(side, ComitySide)):
                continue
            # A peer whose types are another engine's is timed all the same, and the difference reported.
            try:
                table = side.ask(text, measured, keep=number == 0)
            except ComityError as error:
                measured.problem = f"{error.code}: {error.message}"
                continue
            except PeerError as error:
                measured.problem = str(error)
                continue
            if table is not None:
                measured.problem = next(iter(compare(expected, table, text)), "")
    return found


def table_bytes(oracle: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """What each table is in Arrow, all rows and columns, in the types in which it would cross."""
    sizes = {}
    for department in DEPARTMENTS:
        for table in department.tables:
            rows = oracle.sql(f"SELECT * FROM {department.name}.{table.name}").to_arrow_reader()
            sizes[table.name] = sum(batch.nbytes for batch in rows)
    return sizes


def tables_of(oracle: duckdb.DuckDBPyConnection, text: str) -> set[str]:
    """The tables that a query reads, each once."""
    return {name.rpartition(".")[2] for name in oracle.get_table_names(text)}
