"""Published tables: the names and types that a question may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def fold_name(name: str) -> str:
    """The form in which names are compared: A to Z in lower case and nothing else changed, as in DuckDB.

    >>> fold_name("Name"), fold_name("ＮAME"), fold_name("ÉTÉ")
    ('name', 'Ｎame', 'ÉtÉ')
    """
    return name.lower() if name.isascii() else name.translate(_LOWER)


@dataclass(frozen=True, slots=True)
class Column:
    """One published column. `type` is a canonical DuckDB type name: `DECIMAL(15,2)`, `VARCHAR[]`."""

    name: str
    type: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One published table, or the part of it that one principal may see.

    `star` lists the columns that `*` expands to, in order; None means all of `columns`. `members` names
    the tables behind a federated table, and `member_column` the column that says which member a row is from.
    """

    department: str
    name: str
    columns: tuple[Column, ...]
    star: tuple[str, ...] | None = None
    row_estimate: int | None = None
    members: tuple[tuple[str, str], ...] = ()
    member_column: str | None = None

    @property
    def qualified_name(self) -> str:
        return f"{self.department}.{self.name}"


class Catalog:
    """Tables by name, compared as `fold_name` does."""

    def __init__(self, tables: Iterable[Table], version: str) -> None:
        self.version = version
        self.tables: tuple[Table, ...] = tuple(tables)
        self._by_name: Mapping[tuple[str, str], Table] = {
            (fold_name(t.department), fold_name(t.name)): t for t in self.tables
        }
        if len(self._by_name) != len(self.tables):
            raise ValueError("two tables differ only in letter case")
        self._by_bare_name: dict[str, tuple[Table, ...]] = {}
        for table in self.tables:
            key = fold_name(table.name)
            self._by_bare_name[key] = (*self._by_bare_name.get(key, ()), table)

    def find(self, department: str, name: str) -> Table | None:
        return self._by_name.get((fold_name(department), fold_name(name)))

    def find_unqualified(self, name: str) -> tuple[Table, ...]:
        return self._by_bare_name.get(fold_name(name), ())


Origin: TypeAlias = tuple[str, str, str]
"""A column of a published table: department, table, column."""


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """One way in which a column of a published table influences an answer.

    `use` is read, filter, match, join, group, order or aggregate, or `cross` for a value that leaves its
    department to be worked on at the merge. `function` is that of an aggregate, in lower case. `partner` is the
    column that a join compares with, None where no single published column stands on the other side. `values`
    counts the constants of a match, or the keys of a join with a key set. `fails` says that the column stands in an
    expression that can fail on some values. `bare` says of a `cross` that the value leaves as it is, and not something
    computed from it; of a join with a key set, that the column leaves beside all that the join decides.
    `how` says in words what the question does with it; `line` and `place` where (1-based).
    """

    column: str
    use: str
    how: str
    function: str = ""
    partner: Origin | None = None
    values: int = 0
    fails: bool = False
    line: int | None = None
    place: int | None = None
    bare: bool = False


@dataclass(frozen=True, slots=True)
class TableUse:
    """How one question uses one table: the columns it reads, and where it is first named (1-based).

    `uses` say how each column influences the answer; empty only where `columns` is. `joined` are the tables of
    which each counted row has a partner, by an inner equi-join; each entry lists the tables that the partner may
    come from, several for a federated one.
    """

    department: str
    name: str
    columns: frozenset[str]
    line: int | None = None
    column: int | None = None
    uses: tuple[ColumnUse, ...] = ()
    joined: tuple[frozenset[tuple[str, str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a question that one department runs alone: SQL over its published tables.

    `sql` is in the canonical dialect (DuckDB), tables named `department.table`. `schema` is what must come
    back. `ordered` says that the order of rows matters.
    """

    id: str
    department: str
    sql: str
    schema: pa.Schema
    ordered: bool = False
    tables: tuple[TableUse, ...] = field(default=())
