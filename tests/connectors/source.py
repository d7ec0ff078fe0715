"""What the contract suite asks of an engine's test: a database to write to, and cases to try."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from connectors.spi import Scan

BIG_ROWS = 1_000_000
BIG_NAME = "登记居民" * 8
"""The first part of every name in the table `big`: 96 bytes, so that the table holds over 100 MB."""
SECRET = "Hunter2"


@dataclass(frozen=True)
class TypeCase:
    """One publishable type: its declaration, values as SQL literals, and the same values as Arrow has them.

    `literals` should hold the extremes. `native_type` is what describe must report; None: not checked.
    """

    id: str
    declaration: str
    type: pa.DataType
    literals: Sequence[str]
    values: Sequence[object]
    native_type: str | None = None


def case(
    name: str, declaration: str, kind: pa.DataType, pairs: dict[str, object], native: str | None = None
) -> TypeCase:
    """A type case whose literals are paired with their values."""
    return TypeCase(name, declaration, kind, list(pairs), list(pairs.values()), native)


@dataclass(frozen=True)
class RefusedValue:
    """A value that does not fit `type`: scanning the SQL expression must raise SOURCE_TYPE."""

    id: str
    expression: str
    type: pa.DataType


class Source(Protocol):
    """A database of the engine's, writable for the test's own hands only."""

    uri: str

    def execute(self, sql: str) -> None:
        """Runs DDL or DML and commits it."""

    def create_table(
        self,
        name: str,
        columns: Sequence[tuple[str, str]],
        rows: Sequence[Sequence[str]],
        primary_key: Sequence[str] = (),
    ) -> None:
        """Makes a table of (name, declaration) columns and rows of SQL literals, its statistics up to date."""

    def is_running(self, marker: str) -> bool:
        """Whether the database is executing a statement whose text holds `marker`. Engines that run inside
        this process answer False."""

    def restart(self) -> None:
        """Stops the database and starts it again."""


@dataclass
class SqlSource:
    """The part of a source that all SQL engines share; subclasses supply execute and analyze."""

    uri: str
    quote: Callable[[str], str] = field(default=lambda name: f'"{name}"')

    def execute(self, sql: str) -> None:
        raise NotImplementedError

    def analyze(self, name: str) -> None:
        self.execute(f"ANALYZE {self.quote(name)}")

    def create_table(
        self,
        name: str,
        columns: Sequence[tuple[str, str]],
        rows: Sequence[Sequence[str]],
        primary_key: Sequence[str] = (),
    ) -> None:
        parts = [f"{self.quote(column)} {declaration}" for column, declaration in columns]
        if primary_key:
            parts.append(f"PRIMARY KEY ({', '.join(map(self.quote, primary_key))})")
        self.execute(f"CREATE TABLE {self.quote(name)} ({', '.join(parts)})")
        if rows:
            values = ", ".join(f"({', '.join(row)})" for row in rows)
            self.execute(f"INSERT INTO {self.quote(name)} VALUES {values}")
        self.analyze(name)

    def is_running(self, marker: str) -> bool:
        return False

    def restart(self) -> None:
        """An engine inside this process has nothing to restart."""


def int64(*names: str) -> pa.Schema:
    """A schema of nullable int64 columns."""
    return pa.schema([pa.field(name, pa.int64()) for name in names])


def read(scan: Scan) -> pa.Table:
    """All rows of a scan, closed afterwards, checked to be of its schema."""
    try:
        batches = list(scan)
    finally:
        scan.close()
    for batch in batches:
        assert batch.schema.equals(scan.schema)
        batch.validate(full=True)
    return pa.Table.from_batches(batches, scan.schema)


def wait_until(condition: Callable[[], bool]) -> None:
    """Waits for `condition`; the time is only there so that a broken test ends."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.02)
