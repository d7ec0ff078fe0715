"""Where names of a query lead: relations, WITH names, and what the walk has seen so far."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
from sqlglot import exp

from sql.dialects.behaviour import allows, require
from sql.dialects.dialect import Dialect
from sql.dialects.kinds import opaque
from sql.dialects.source import NotNative, SourceTables
from sql.dialects.values import Value

_COMPUTED = {family: family for family in ("text", "decimal", "double", "boolean", "date", "timestamptz")} | {
    "timestamp": "date"
}
"""Family of a column → what must be proven to compute with it."""
_HELD = re.compile("\0([0-9]+)\0")
_ASCII = {ord(upper): ord(upper) + 32 for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def duckdb_fold(name: str) -> str:
    """DuckDB takes names that differ in the case of ASCII letters for the same."""
    return name.translate(_ASCII)


Columns = tuple[tuple[str, Value], ...]
"""A query's output: names and values, in order."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A column without the form that is written around it, and how it then compares."""

    sql: str
    collation: str


@dataclass(slots=True)
class Context:
    """One rendering. `raises` is set by forms that may fail on a value; `fence` answers it in a second run, and
    `fences` counts those that were put up.
    `tests` counts the columns that are read through a test.

    `read_tables` and `texts` are what the check after rendering expects to find again. `keys` are the key sets that
    came with the fragment. `attempts` says whether the
    dialect's attempts may be used, and `gives_up` that one was.
    """

    dialect: Dialect
    capabilities: frozenset[str]
    tables: SourceTables
    fence: bool = False
    fences: int = 0
    raises: bool = False
    tests: int = 0
    attempts: bool = False
    gives_up: bool = False
    relations: int = 0
    read_tables: set[tuple[str, ...]] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    keys: Mapping[str, pa.Array] = field(default_factory=dict)
    constants: list[str] = field(default_factory=list)

    kept: dict[tuple[str, frozenset[int]], Kept] = field(default_factory=dict)
    """Texts read in a binary form, by their SQL and relations, and the columns that they are, as they are kept."""
    searches: bool = False
    """Whether what is written now is a WHERE or ON, for which indexes are looked for."""

    def held(self, constant: str) -> str:
        """A mark that stands for a long constant until the text is whole; nothing else that is rendered has a NUL."""
        self.constants.append(constant)
        return f"\0{len(self.constants) - 1}\0"

    def filled(self, text: str) -> str:
        """The text with the constants that were held, each in its place."""
        if not self.constants:
            return text
        return _HELD.sub(lambda found: self.constants[int(found[1])], text)

    def next_relation(self) -> int:
        self.relations += 1
        return self.relations

    def require(self, construct: str) -> None:
        """Raises where the source's answers do not carry it."""
        require(self.dialect.name, construct, self.capabilities)

    def text(self, value: str) -> str:
        self.require("text")
        self.texts.add(value)
        return self.dialect.text(value)

    def plain_text(self, value: str) -> str:
        self.texts.add(value)
        return self.dialect.plain_text(value)


class Relation(ABC):
    """One item of a FROM clause. Columns are found as DuckDB finds them, regardless of case."""

    __slots__ = ("alias", "identity")

    def __init__(self, identity: int, alias: str) -> None:
        self.identity = identity
        self.alias = alias

    @abstractmethod
    def column(self, name: str) -> Value:
        """The column of that name. Raises `NotNative` where there is not exactly one."""


class DerivedTable(Relation):
    """A subquery in FROM, or a WITH reference."""

    __slots__ = ("columns", "context", "dialect", "kept")

    def __init__(
        self, context: Context, alias: str, columns: Columns, kept: Mapping[str, Kept] | None = None
    ) -> None:
        """`kept` are further columns of the table, by the names of those that they are without a form."""
        super().__init__(context.next_relation(), alias)
        self.context = context
        self.kept = kept or {}
        self.dialect = context.dialect
        if len({self.dialect.fold(name) for name, _ in columns}) < len(columns):
            raise NotNative("two columns of one name in a derived table")
        self.columns = {duckdb_fold(name): (name, value) for name, value in columns}

    def column(self, name: str) -> Value:
        found = self.columns.get(duckdb_fold(name))
        if found is None:
            raise NotNative("a column that is not resolved")
        spelled, value = found
        prefix = self.dialect.identifier(self.alias)
        read = value.column(f"{prefix}.{self.dialect.identifier(spelled)}", self.identity)
        if (kept := self.kept.get(spelled)) is not None:
            self.context.kept[read.sql, read.relations] = replace(kept, sql=f"{prefix}.{kept.sql}")
        return read


class PhysicalTable(Relation):
    """A table of the source, its columns read as the dialect reads them."""

    __slots__ = ("columns", "context", "dialect")

    def __init__(self, context: Context, table: exp.Table, alias: str) -> None:
        super().__init__(context.next_relation(), alias)
        parts = tuple(part.name for part in table.parts)
        columns = context.tables.get(parts)
        if columns is None:
            raise NotNative("a table that the source does not describe")
        context.read_tables.add(parts)
        self.context = context
        self.dialect = context.dialect
        self.columns = columns

    def column(self, name: str) -> Value:
        found = [name] if name in self.columns else self._alike(name)
        if len(found) != 1:
            raise NotNative("a column that is not resolved")
        sql = f"{self.dialect.identifier(self.alias)}.{self.dialect.identifier(found[0])}"
        value = self.dialect.read(sql, self.columns[found[0]])
        if not allows(self.dialect.name, _COMPUTED.get(value.family, ""), self.context.capabilities):
            # It may still be handed on.
            value = Value(sql, opaque(value.kind))
        self.context.raises = self.context.raises or value.checked
        self.context.tests += value.checked
        distinct = self.columns[found[0]].distinct
        read = replace(value, relations=frozenset({self.identity}), distinct=distinct)
        if read.family == "text" and (collation := self.dialect.coarse(self.columns[found[0]])):
            self.context.kept[read.sql, read.relations] = Kept(sql, collation)
        return read

    def _alike(self, name: str) -> list[str]:
        return [key for key in self.columns if duckdb_fold(key) == duckdb_fold(name)]


@dataclass(slots=True)
class Scope:
    """One SELECT: its relations, its enclosing one, the WITH names it sees, by name as DuckDB folds it."""

    context: Context
    parent: Scope | None = None
    ctes: dict[str, tuple[str, Columns]] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)
    windows: dict[str, exp.Window] = field(default_factory=dict)
    outer: set[int] = field(default_factory=set)
    """Identities of enclosing relations that were read from here or deeper."""
    is_derived: bool = False
    kept: dict[str, Kept] = field(default_factory=dict)
    """Columns that a derived table delivers beside its own, see `DerivedTable`."""

    def inner(self) -> Scope:
        """A scope for a subquery within this one."""
        return Scope(self.context, self, dict(self.ctes))

    def sibling(self) -> Scope:
        """A scope for a derived table, or for an arm of a set operation: it sees what surrounds this one."""
        return Scope(self.context, self.parent, dict(self.ctes), outer=self.outer)

    def detached(self) -> Scope:
        """A scope for the body of a WITH name, which sees no relations."""
        return Scope(self.context, None, dict(self.ctes))

    def add(self, relation: Relation) -> None:
        fold = self.context.dialect.fold
        if fold(relation.alias) in map(fold, self.relations):
            raise NotNative("two relations of one name")
        self.relations[duckdb_fold(relation.alias)] = relation

    def own(self) -> frozenset[int]:
        return frozenset(relation.identity for relation in self.relations.values())

    def column(self, node: exp.Column) -> Value:
        """The column that a qualified reference names."""
        table, name = node.table, node.name
        if not table or node.args.get("db") or node.args.get("catalog"):
            raise NotNative("a column that is not resolved")
        key, fold = duckdb_fold(table), self.context.dialect.fold
        scope: Scope | None = self
        passed: list[Scope] = []
        while scope is not None and key not in scope.relations:
            if fold(table) in map(fold, scope.relations):
                raise NotNative("two relations whose names the source takes for the same")
            passed.append(scope)
            scope = scope.parent
        if scope is None:
            raise NotNative("a column that is not resolved")
        relation = scope.relations[key]
        value = relation.column(name)
        for between in passed:
            between.outer.add(relation.identity)
        return value
