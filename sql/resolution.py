"""What one resolution carries from block to block: the catalog, the names given out, and what was used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches

from sqlglot import exp

from comity.errors import SqlError
from sql.catalog import Catalog, Table, TableUse, fold_name
from sql.copies import copy_tree
from sql.limits import EXPANDED_SIZE, IDENTIFIER_BYTES
from sql.places import error_at, place_of
from sql.sources import CteDefinition, NestedJoin, Output, Scope

ResolveQuery = Callable[
    ["Resolution", exp.Query, Mapping[str, CteDefinition], Scope | None], tuple[exp.Query, tuple[Output, ...]]
]


@dataclass(slots=True)
class TableNote:
    """The use of one table, while it grows."""

    table: Table
    line: int
    column: int
    columns: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Resolution:
    """One question being resolved. `now` is the instant that every mention of the present means.

    `unqualified` are the tables that the text names without their department, by offset. `starred` says that
    `*`, NATURAL or a list of column names was used, so that the order and choice of columns matters.
    """

    text: str
    catalog: Catalog
    resolve_query: ResolveQuery
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    uses: dict[tuple[str, str], TableNote] = field(default_factory=dict)
    unqualified: list[tuple[int, Table]] = field(default_factory=list)
    starred: bool = False
    nested: list[NestedJoin] = field(default_factory=list)
    laterals: int = 0
    blocks: int = 0
    _taken: set[str] = field(default_factory=set)
    _taken_ctes: set[str] = field(default_factory=set)
    _expanded: int = 0

    def error(self, where: exp.Expr | None, code: str, message: str, hint: str | None = None) -> SqlError:
        return error_at(self.text, where, code, message, hint)

    def refused(self, where: exp.Expr | None, what: str, hint: str | None = None) -> SqlError:
        return self.error(where, "SQL_CONSTRUCT_REFUSED", f"{what} is not supported", hint)

    def fresh_alias(self, preferred: str) -> str:
        """A name for a FROM item that no other FROM item of the whole tree has."""
        return _fresh(preferred, self._taken)

    def fresh_cte(self, preferred: str) -> str:
        return _fresh(preferred, self._taken_ctes)

    def note_table(self, node: exp.Table, table: Table) -> TableNote:
        key = (table.department, table.name)
        note = self.uses.get(key)
        if note is None:
            line, column = place_of(self.text, node)
            note = self.uses[key] = TableNote(table, line, column)
        return note

    def table_uses(self) -> tuple[TableUse, ...]:
        return tuple(
            TableUse(note.table.department, note.table.name, frozenset(note.columns), note.line, note.column)
            for note in self.uses.values()
        )

    def spend(self, expression: exp.Expr) -> exp.Expr:
        """A copy of an expression that a name stands for, within the cap on what names may expand to."""
        self._expanded += sum(
            len(node.this) if isinstance(node, exp.Literal) else 8 for node in expression.walk()
        )
        if self._expanded > EXPANDED_SIZE:
            raise self.error(expression, "SQL_TOO_LARGE", "the question expands to too much")
        return copy_tree(expression)


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the most similar of the names that the caller may see."""
    by_folded = {fold_name(candidate): candidate for candidate in known}
    close = get_close_matches(fold_name(name), by_folded, n=1, cutoff=0.6)
    return f"Did you mean {by_folded[close[0]]}?" if close else None


def _fresh(preferred: str, taken: set[str]) -> str:
    name, number = preferred, 1
    while fold_name(name) in taken or len(name.encode()) > IDENTIFIER_BYTES:
        number += 1
        suffix = f"_{number}"
        name = preferred.encode()[: IDENTIFIER_BYTES - len(suffix)].decode(errors="ignore") + suffix
    taken.add(fold_name(name))
    return name
