"""What a connector is: the contract that every engine's module fulfils.

A connector reads one department's database. It knows the engine's driver and types, and nothing of
policies, published names or sqlglot: the SQL it is given was generated and checked by the agent, in the
connector's own dialect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Protocol, Self, runtime_checkable

import pyarrow as pa

from connectors.statistics import TableStatistics

TABLES_CHANGED = {"tables": "changed"}
"""The metadata of an error that says: what `describe` told no longer holds, ask it again and try once more."""
OUTPUT = "output"
"""What the metadata of a `SOURCE_TYPE` error calls the column of the answer that has the value."""

TableName = tuple[str, ...]
"""A physical table's name by parts, outermost first: `("public", "t_hzjbxx")`, `("residents",)`."""


@dataclass(frozen=True, slots=True)
class TextProfile:
    """How text compares in a column or under a form of SQL, as the source answered (`connectors.text_profile`).

    `collation` is its name, for people and for telling whether two are the same. `merges` are the kinds of
    difference that its `=` does not see. `beyond_ascii` says whether it was asked about more than ASCII.
    """

    collation: str
    merges: tuple[str, ...]
    groups_as_equal: bool
    by_code_point: bool
    beyond_ascii: bool

    @property
    def is_exact(self) -> bool:
        """Whether only equal texts are equal, in groups too, and smaller code points come first."""
        return not self.merges and self.groups_as_equal and self.by_code_point and self.beyond_ascii

    def __str__(self) -> str:
        """One phrase: `exact`, or what it does not see."""
        parts = [f"merges {', '.join(self.merges)}"] if self.merges else []
        if not self.groups_as_equal:
            parts.append("groups otherwise than it compares")
        if not self.by_code_point and not self.merges:
            parts.append("orders otherwise than by code point")
        if not self.beyond_ascii:
            parts.append("known for ASCII only")
        return "; ".join(parts) or "exact"


@dataclass(frozen=True, slots=True)
class SourceProfile:
    """How a source behaves: (subject, what it answered), in the order in which people read them.

    A subject that is missing was not answered, and nothing may rest on it.
    """

    answers: tuple[tuple[str, str], ...] = ()

    def names(self) -> frozenset[str]:
        """Each as `subject: answer`."""
        return frozenset(f"{subject}: {answer}" for subject, answer in self.answers)


@dataclass(frozen=True, slots=True)
class PhysicalColumn:
    """A column as it stands in the database.

    `type` is the Arrow type in which `scan` can deliver it exactly. `native_type` is the engine's own
    spelling (`numeric(15,2)`, `varchar(20) collate utf8mb4_general_ci`), on which dialect rules depend.
    `text` is how a column of text compares; None where that was not asked or not answered. `uniform` says, where
    the engine does not see to it, that every value is of the type nevertheless; a scan over which that has ended
    fails with `TABLES_CHANGED`. `clustered` says that the table lies in the order of this column, that an index leads
    there, and that it has very many values: its groups are made soonest in that order. `distinct` is about how many
    values it has, for an engine that orders joins without such numbers.
    """

    name: str
    type: pa.DataType
    native_type: str
    nullable: bool
    text: TextProfile | None = None
    uniform: bool = False
    clustered: bool = False
    distinct: float | None = None


@dataclass(frozen=True, slots=True)
class PhysicalTable:
    """A table, view or file as it stands in the database.

    `row_estimate` comes from the source's own statistics (never a count(*)); None when it has none.
    """

    name: TableName
    columns: tuple[PhysicalColumn, ...]
    primary_key: tuple[str, ...]
    row_estimate: int | None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source can do, found by `probe`. The contract suite proves each answer, yes and no."""

    supports_cancel: bool
    supports_statement_timeout: bool
    supports_arrays: bool
    supports_timestamptz: bool
    supports_full_join: bool
    supports_grouping_sets: bool
    supports_distinct_on: bool
    supports_aggregate_filter: bool
    supports_window: bool
    supports_null_order: bool
    supports_lateral: bool

    def names(self) -> frozenset[str]:
        """The names of those it can do."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name))


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What `probe` found: the engine's version, its capabilities, facts worth showing, and how it behaves."""

    product: str
    version: str
    capabilities: Capabilities
    facts: tuple[tuple[str, str], ...]
    profile: SourceProfile = SourceProfile()

    def names(self) -> frozenset[str]:
        """What it can do and how it behaves, as the dialects' rules ask for it."""
        return self.capabilities.names() | self.profile.names()


@runtime_checkable
class Scan(Protocol):
    """A query: an iterator of record batches, none of them empty, all of exactly `schema`. Iterated once.

    The query starts when the first batch is asked for, and its errors appear there. Batches are produced as
    they are asked for: a scan that nobody reads holds at most a few of them. `cancel` may be called from
    another thread, stops the query in the database, and makes the iterator raise `CancelledError`. `close`
    stops what still runs, releases the connection and may be called twice; a scan read to its end, or to an
    error, has released it already.
    """

    schema: pa.Schema

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...

    def cancel(self) -> None: ...

    def close(self) -> None: ...


@runtime_checkable
class GroupsSlowly(Protocol):
    """A connector that can tell of a query that its rows, grouped elsewhere, would be there sooner than its groups."""

    def groups_slowly(self, sql: str) -> bool:
        """Whether that is so of one SELECT, which is not run. False, too, where the database does not answer."""
        ...


@runtime_checkable
class RepeatsSlowly(Protocol):
    """A connector that can tell of a query with subqueries or joins that its database would read their rows over and
    over, so that the query is answered sooner elsewhere (`connectors.repeated_reading`).
    """

    joins_row_by_row: bool
    """Whether it may compare every row with every other though two values are equated."""

    def repeats_slowly(self, sql: str) -> bool:
        """Whether that is so of one SELECT, which is not run. False, too, where the database does not answer."""
        ...


@runtime_checkable
class Connector(Protocol):
    """One department's database, opened read-only.

    Raises `comity.errors.SourceError` only: `SOURCE_UNAVAILABLE` when it cannot be reached,
    `SOURCE_FAILED` when it refuses, `SOURCE_TIMEOUT` past the deadline, `SOURCE_VALUE` when the statement
    computes what cannot be computed, `SOURCE_TYPE` when a value does not fit the requested schema
    (then its metadata has `OUTPUT`), `SOURCE_UNSUPPORTED` for a type it cannot deliver. Messages name tables
    and columns, never values, credentials or addresses.
    """

    name: str
    dialect: str
    """The sqlglot dialect of the SQL it takes: postgres, mysql, sqlite, duckdb."""

    @classmethod
    def open(cls, uri: str, *, connections: int = 4) -> Self:
        """Opens the source at `uri` with at most `connections` connections at once; connects lazily."""
        ...

    def probe(self) -> ProbeReport: ...

    def compute_context(self) -> str:
        """Equal for two connectors exactly when one query can read both. Holds no secret."""
        ...

    def describe(self, tables: Sequence[TableName] | None = None) -> tuple[PhysicalTable, ...]:
        """The named tables, or all that may be published. A name that does not exist is left out."""
        ...

    def statistics(self, tables: Sequence[TableName]) -> Mapping[TableName, TableStatistics]:
        """What the source knows of the contents of the named tables, and what a few of their rows tell.

        Never reads a table through. A table of which nothing is known is left out.
        """
        ...

    def scan(
        self,
        sql: str,
        schema: pa.Schema,
        *,
        parameters: Sequence[object] = (),
        deadline: float | None = None,
        batch_rows: int = 65536,
        ordered: bool = False,
    ) -> Scan:
        """Runs one SELECT and streams its rows as exactly `schema`, column by position.

        Returns at once; at most as many scans run as there are connections, and a further one waits its turn
        when it starts. `deadline` is seconds from now, waiting and slow reading included, enforced in the
        database where it can be; at the deadline the query is stopped, read or not. `ordered` says that the
        order of rows matters, so the SQL may not be wrapped in anything that could lose it. Values whose
        engine type differs are converted without loss or refused with `SOURCE_TYPE`.
        """
        ...

    def close(self) -> None: ...
