"""A department as the gateway sees it: what an agent offers, embedded or remote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from policies.decision import Decision, Visibility
from policies.principal import Principal
from policies.statistics import DepartmentFacts
from sql.catalog import Fragment, Table, TableUse


@dataclass(frozen=True, slots=True)
class TableNotes:
    """What a catalogue shows of a published table besides its columns."""

    table: str
    title: str
    sharing: str
    grade: str
    update: str
    elements: tuple[tuple[str, str], ...] = ()
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """Everything a department publishes, for the gateway's catalogue. Holds no data and no source."""

    department: str
    title: str
    tables: tuple[Table, ...]
    notes: tuple[TableNotes, ...]
    version: str


MOST_KEYS = 250_000
"""The most keys of one key set: engines find so many by hash, in about the time of a scan of a million rows."""

MOST_KEY_BYTES = 8 * 2**20
"""The most bytes of one key set, as Arrow counts them: it goes to the database as text."""

MOST_SENT_BYTES = 4 * MOST_KEY_BYTES
"""The most bytes of all key sets of one fragment."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """Join keys that another fragment found: distinct values without NULL, of one canonical type.

    `source` is the department, table and column that they are of. The fragment's text reads them as
    `IN (SELECT "key" FROM "_keys"."<name>")`, and as nothing else.
    """

    name: str
    source: tuple[str, str, str]
    values: pa.Array


@dataclass(frozen=True, slots=True)
class FragmentRequest:
    """One fragment to run. `timeout_seconds` is what is left of the question's time.

    `grants` says, by table, which grant governs the whole question; the agent decides whether it does.
    `keys` are the key sets that the fragment's text names.
    """

    query_id: str
    principal: Principal
    purpose: str
    fragment: Fragment
    timeout_seconds: float
    grants: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[KeySet, ...] = ()


@dataclass(frozen=True, slots=True)
class KeysReceived:
    """How many join keys of which department, table and column came with a fragment, and under which name."""

    name: str
    source: tuple[str, str, str]
    count: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an agent says it did for one fragment.

    `source_sql_digest` is the SHA-256 of the text the database ran; `mode` is `native` when the database ran
    the whole fragment and `local` when the agent finished it, for the reason in `mode_reason`.
    `suppressed_groups` are the groups that a floor left out. `keys` are the key sets that came with the fragment.
    `native_sql` are the texts that the database ran, for callers to whom the department shows them, and never
    where the keys of others stand in them. `mode_withheld` says that the caller may not know the mode, since it
    could depend on what a floor left out.
    """

    department: str
    fragment_id: str
    published_sql: str
    source_sql_digest: str
    mode: str
    mode_reason: str
    rows: int
    bytes: int
    seconds: float
    source_rows: int
    policy_digests: tuple[str, ...]
    suppressed_groups: int = 0
    keys: tuple[KeysReceived, ...] = ()
    native_sql: tuple[str, ...] = ()
    mode_withheld: bool = False


class FragmentRun(Protocol):
    """A running fragment: batches of exactly the requested schema, then a receipt."""

    schema: pa.Schema

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...

    def cancel(self) -> None: ...

    def close(self) -> None: ...

    def receipt(self) -> Receipt: ...


class DepartmentPort(Protocol):
    """One department. Raises `comity.errors` only."""

    name: str

    def describe(self) -> Publication: ...

    def visible(self, principal: Principal, purpose: str) -> tuple[Visibility, ...]: ...

    def decide(
        self,
        principal: Principal,
        purpose: str,
        uses: Sequence[TableUse],
        *,
        grants: Mapping[str, str] | None = None,
    ) -> tuple[Decision, ...]:
        """One decision per use. With `grants`, which name the governing grant by table, the uses are those of a
        fragment, and are decided as `run` will decide them.
        """
        ...

    def run(self, request: FragmentRequest) -> FragmentRun: ...

    def statistics(self, principal: Principal, purpose: str, grants: Mapping[str, str]) -> DepartmentFacts:
        """What the principal may know of the contents of tables, each under the grant that governs the question.

        Never waits for the source: what is not known yet is left out.
        """
        ...

    def close(self) -> None: ...
