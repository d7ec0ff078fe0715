"""What the FROM items of a block offer to names: the working state while a question is resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from sqlglot import exp

from sql.annotate import set_kind
from sql.catalog import Table, fold_name


@dataclass(slots=True, eq=False)
class SourceColumn:
    """One column of a FROM item.

    `shown` is the name by which the text knows it, and `alias.name` what stands for it in the resolved tree.
    `used` collects the names of catalog columns that are read. `nested` is set while the column still has
    to be passed out of a join in parentheses.
    """

    shown: str
    name: str
    alias: str
    kind: str | None
    used: set[str] | None = None
    nested: NestedJoin | None = None

    def refer(self) -> exp.Column:
        """A new reference to the column, counted as a use."""
        self.note_use()
        column = exp.Column(this=identifier(self.name), table=identifier(self.alias))
        set_kind(column, self.kind)
        return column

    def bind(self, column: exp.Column) -> None:
        """Points an existing reference at the column; it keeps its place in the text."""
        self.note_use()
        name = column.this
        name.set("this", self.name)
        name.set("quoted", True)
        table, written = identifier(self.alias), column.args.get("table")
        if written is not None and (start := written.meta_get("start")) is not None:
            table.meta["start"] = start
        column.set("table", table)
        if column.args.get("db"):
            column.set("db", None)
        set_kind(column, self.kind)

    def note_use(self) -> None:
        if self.used is not None:
            self.used.add(self.name)
        if self.nested is not None:
            self.nested.pass_out(self)


@dataclass(slots=True, eq=False)
class Source:
    """One FROM item. `name` is folded, and empty when the text cannot name it; `department` likewise."""

    name: str
    department: str
    alias: str
    columns: dict[str, SourceColumn]
    star: tuple[str, ...]
    table: Table | None = None


@dataclass(slots=True, eq=False)
class Merged:
    """A column that USING or NATURAL made one of several; more than one value means the first not NULL."""

    shown: str
    values: tuple[SourceColumn, ...]
    members: frozenset[SourceColumn]

    def refer(self) -> exp.Expr:
        columns = [value.refer() for value in self.values]
        if len(columns) == 1:
            return columns[0]
        return exp.Coalesce(this=columns[0], expressions=columns[1:])


@dataclass(slots=True, eq=False)
class NestedJoin:
    """A join in parentheses that becomes a derived table, which passes out only the columns that are read."""

    alias: str
    select: exp.Select
    inner: dict[SourceColumn, SourceColumn] = field(default_factory=dict)
    passed: set[SourceColumn] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def wrap(self, column: SourceColumn) -> SourceColumn:
        """The same column seen from outside the parentheses."""
        name, number = column.name, 1
        while fold_name(name) in self.names:
            number += 1
            name = f"{column.name}_{number}"
        self.names.add(fold_name(name))
        outer = SourceColumn(column.shown, name, self.alias, column.kind, nested=self)
        self.inner[outer] = column
        return outer

    def pass_out(self, outer: SourceColumn) -> None:
        if outer not in self.passed:
            self.passed.add(outer)
            reference = self.inner[outer].refer()
            alias = exp.Alias(this=reference, alias=identifier(outer.name))
            set_kind(alias, outer.kind)
            self.select.append("expressions", alias)

    def finish(self) -> None:
        """A SELECT list for a join of which only the rows count."""
        if not self.passed:
            one = exp.Alias(this=exp.Literal(this="1", is_string=False), alias=identifier("one"))
            set_kind(one, "INTEGER")
            self.select.set("expressions", [one])


class AliasMode(Enum):
    """What a name may mean besides a column, in the clause that is being resolved."""

    NONE = auto()
    AFTER_COLUMNS = auto()
    HAVING = auto()


@dataclass(slots=True, eq=False)
class Relation:
    """FROM items joined so far, in order."""

    sources: list[Source] = field(default_factory=list)
    merged: dict[str, Merged] = field(default_factory=dict)

    def find(self, name: str) -> SourceColumn | Merged | None:
        """The column with a folded name; raises `AmbiguousNameError`."""
        found = [source.columns[name] for source in self.sources if name in source.columns]
        merged = self.merged.get(name)
        if merged is not None:
            if any(column not in merged.members for column in found):
                raise AmbiguousNameError(name)
            return merged
        if len(found) > 1:
            raise AmbiguousNameError(name)
        return found[0] if found else None

    def named(self, name: str, department: str) -> list[Source]:
        return [
            source
            for source in self.sources
            if source.name == name and (not department or source.department == department)
        ]


class AmbiguousNameError(Exception):
    """Two columns have the name; only ever caught inside this room."""


@dataclass(slots=True, eq=False)
class Scope:
    """What names mean in one block, and in those around it.

    `aliases` are the outputs named so far. `grouped` are the columns that are themselves grouped by, `inside`
    those that stand inside a grouped expression. `reached` notes that an inner block used this one.
    """

    relation: Relation
    parent: Scope | None
    ctes: Mapping[str, CteDefinition]
    mode: AliasMode = AliasMode.NONE
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    grouped: set[SourceColumn] = field(default_factory=set)
    inside: set[SourceColumn] = field(default_factory=set)
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One column that a query returns."""

    name: str
    kind: str | None


@dataclass(slots=True, eq=False)
class CteDefinition:
    """A WITH name: `alias` in the resolved tree and what it offers; None while its body is being read."""

    name: str
    alias: str
    outputs: tuple[Output, ...] | None
    shown: tuple[str, ...] = ()


def identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def source_of(
    name: str,
    alias: str,
    outputs: Iterable[Output],
    shown: Iterable[str] = (),
) -> Source:
    """The source that a derived table, or a reference to a WITH name, offers. `shown` renames the first columns."""
    columns: dict[str, SourceColumn] = {}
    renamed = iter(shown)
    for output in outputs:
        as_shown = next(renamed, output.name)
        columns[fold_name(as_shown)] = SourceColumn(as_shown, output.name, alias, output.kind)
    return Source(fold_name(name), "", alias, columns, tuple(columns))
