"""What one engine's rules consist of; each engine's module fills the tables in.

A construct that stands in no table is not native. `differs` only gives better reasons.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from sql.dialects.kinds import Kind
from sql.dialects.source import NotNative, SourceColumn
from sql.dialects.values import Native, Scalar, Value

MOST_NAME_BYTES = 63
_CONSTANT = re.compile(r"'([^']*)'")


@dataclass(frozen=True, slots=True)
class Interval:
    """A constant interval of one unit."""

    count: int
    unit: str


class Dialect(ABC):
    """One engine's proven forms. Methods raise `NotNative` for what they cannot show equal."""

    name: ClassVar[str]
    title: ClassVar[str]
    quote: ClassVar[str]

    types: ClassVar[Mapping[str, str]]
    """Kind name → the engine's type in a CAST."""
    casts: ClassVar[Mapping[tuple[str, str], Native]]
    """(family, family) → form; `{type}`, `{width}` and `{scale}` are the target's."""
    functions: ClassVar[Mapping[str, Native]]
    """Signature key of `functions.py` → form."""
    aggregates: ClassVar[Mapping[str, Native]]
    """Signature key of `aggregates.py` → form; `{distinct}` and `{suffix}` (FILTER, OVER) follow each call."""
    attempts: ClassVar[Mapping[str, Native]] = {}
    """Signature key of `aggregates.py` → a form that fails where it would not be exact: the statement is an attempt
    then, and who runs it has another way when the engine gives up."""
    windows: ClassVar[Mapping[str, Native]]
    """Signature key of `windows.py` → form."""
    differs: ClassVar[Mapping[str, str]]
    """Signature key → how the engine differs."""
    joins: ClassVar[frozenset[str]]
    set_operations: ClassVar[frozenset[str]]
    features: ClassVar[frozenset[str]]
    """limit in IN, quantified comparisons, filter, grouping sets, fence …: see where they are asked for."""
    fence: ClassVar[str]
    """A clause that keeps the engine from moving conditions into a derived table."""
    product: ClassVar[str] = " CROSS JOIN "
    """Every pair of two relations; the engine joins them by what the conditions say, in the order that it likes best."""
    other_texts: ClassVar[frozenset[str]] = frozenset()
    """Text constants of forms that methods write."""
    direct_comparisons: ClassVar[frozenset[frozenset[str]]]
    """Pairs of families that the engine itself compares exactly."""

    @abstractmethod
    def read(self, sql: str, column: SourceColumn) -> Value:
        """A physical column as DuckDB would see it once the connector delivered it."""

    def coarse(self, column: SourceColumn) -> str:
        """The collation under which the column as it is kept may stand before an exact comparison: it finds no fewer
        rows, and an index serves it. Empty where the column is compared as it is anyway, or not at all.
        """
        del column
        return ""

    @abstractmethod
    def text(self, value: str) -> str:
        """A text constant whose comparison is binary and whose type needs no context."""

    def plain_text(self, value: str) -> str:
        """A text constant beside a text expression that settles type and collation."""
        return self.text(value)

    @abstractmethod
    def literal(self, value: Scalar, kind: Kind) -> str:
        """A constant of a kind other than text, in the engine's type for it."""

    def ordered(self, value: Value) -> str:
        """The value where its order decides: comparison, MIN and MAX."""
        return value.sql

    @abstractmethod
    def order_key(self, value: Value, *, descending: bool, nulls_first: bool) -> str:
        """One item of an ORDER BY with DuckDB's order and the place of NULLs written out."""

    def group_key(self, value: Value) -> str:
        """One item of GROUP BY, DISTINCT, PARTITION BY or a set operation."""
        return value.sql

    def expected(self, sql: str, share: float) -> str:
        """A condition of a search that about this share of the rows fulfil, for an engine that does not know."""
        del share
        return sql

    def refuse_pair(self, left: Value, right: Value) -> None:
        """Raises where comparing two values is right but ruinous: a join that no index and no hash serves."""
        del left, right

    @abstractmethod
    def like(self, value: Value, pattern: Value) -> str:
        """LIKE as DuckDB has it: no escape character, case matters."""

    def like_texts(self, pattern: str) -> tuple[str, ...]:
        """The text constants that `like` writes for a constant pattern."""
        return (pattern,)

    @abstractmethod
    def divide(self, left: Value, right: Value) -> str:
        """`/` over doubles: x/0 is an infinity or NaN in DuckDB."""

    @abstractmethod
    def arithmetic(self, operator: str, result: Kind, span: float | None) -> Native:
        """+, -, *, //, % over operands of the operation's kind; a divisor is never 0.

        `span` is the result's. The form must not fail on a value: it may compute in a wider type, and what then
        does not fit the kind is refused by the connector, where DuckDB had refused it.
        """

    def shift(self, interval: Interval) -> Native:
        """A date or timestamp and an interval; the result is a TIMESTAMP."""
        del interval
        raise NotNative(f"dates and intervals are not proven equal in {self.title}")

    @abstractmethod
    def null_safe_equal(self, left: str, right: str) -> str:
        """IS NOT DISTINCT FROM."""

    def own_texts(self) -> frozenset[str]:
        """The text constants that stand in the forms themselves."""
        tables = (self.functions, self.aggregates, self.attempts, self.windows)
        forms = [native.template for table in tables for native in table.values()]
        return frozenset(found for form in forms for found in _CONSTANT.findall(form)) | self.other_texts

    def limit(self, count: int | None, offset: int | None) -> str:
        parts = [f" LIMIT {count}"] if count is not None else []
        return "".join([*parts, f" OFFSET {offset}"] if offset else parts)

    def type_name(self, kind: Kind) -> str:
        try:
            return self.types[kind.name].format(width=kind.width, scale=kind.scale)
        except KeyError:
            raise NotNative(f"{kind} has no equal type in {self.title}") from None

    def identifier(self, name: str) -> str:
        """A quoted name. Raises for one that the engine would cut or bend."""
        return _quoted(name, self.quote)

    def fold(self, name: str) -> str:
        """Names with the same fold are the same to the engine (or to DuckDB)."""
        return name.lower()

    def null(self, kind: Kind) -> str:
        return f"CAST(NULL AS {self.type_name(kind)})"


@lru_cache(maxsize=8192)
def _quoted(name: str, quote: str) -> str:
    if not name or len(name.encode()) > MOST_NAME_BYTES or name != name.strip() or "\0" in name:
        raise NotNative("a name that the source would cut or change")
    return quote + name.replace(quote, quote * 2) + quote


def apply_native(native: Native, arguments: Sequence[Value], what: str, extra: Mapping[str, object]) -> str:
    """The form over the arguments, once they are as the rule needs them."""
    for need in native.needs:
        if not need.holds(arguments):
            raise NotNative(f"{what}: equal only where {need.says}")
    return native.template.format(*(argument.sql for argument in arguments), **extra)
