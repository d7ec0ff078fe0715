"""DuckDB's types and the rules by which it finds the type of an operation.

sqlglot's own annotation knows no decimal widths and follows no engine exactly, so the few rules that matter
here are written out; the tests compare them with what DuckDB says for every expression they run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log10

from sql.dialects.source import NotNative

MAX_WIDTH = 38
_FAST_WIDTH = 18


@dataclass(frozen=True, slots=True)
class Kind:
    """A DuckDB type. `family` is what rules speak of: text, integer, decimal, double, date, …, opaque.

    Values of an opaque kind are only handed on.
    """

    name: str
    family: str
    width: int = 0
    scale: int = 0

    def __str__(self) -> str:
        return f"DECIMAL({self.width},{self.scale})" if self.family == "decimal" else self.name


BOOLEAN = Kind("BOOLEAN", "boolean")
TINYINT = Kind("TINYINT", "integer", 3)
SMALLINT = Kind("SMALLINT", "integer", 5)
INTEGER = Kind("INTEGER", "integer", 10)
BIGINT = Kind("BIGINT", "integer", 19)
HUGEINT = Kind("HUGEINT", "integer", 38)
DOUBLE = Kind("DOUBLE", "double")
VARCHAR = Kind("VARCHAR", "text")
DATE = Kind("DATE", "date")
TIMESTAMP = Kind("TIMESTAMP", "timestamp")
TIMESTAMPTZ = Kind("TIMESTAMP WITH TIME ZONE", "timestamptz")
NULL = Kind("NULL", "null")

INTEGERS = (TINYINT, SMALLINT, INTEGER, BIGINT, HUGEINT)
_BITS = {"TINYINT": 7, "SMALLINT": 15, "INTEGER": 31, "BIGINT": 63, "HUGEINT": 127}
_NAMED = {
    kind.name: kind for kind in (BOOLEAN, *INTEGERS, DOUBLE, VARCHAR, DATE, TIMESTAMP, TIMESTAMPTZ, NULL)
} | {
    "BOOL": BOOLEAN,
    "INT": INTEGER,
    "INT128": HUGEINT,
    "TEXT": VARCHAR,
    "DATETIME": TIMESTAMP,
    "TIMESTAMPNTZ": TIMESTAMP,
    "TIMESTAMPTZ": TIMESTAMPTZ,
}
_DECIMAL = re.compile(r"DECIMAL\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_TEXT = re.compile(r"(?:VARCHAR|TEXT)\s*\(\s*\d+\s*\)")


def decimal(width: int, scale: int) -> Kind:
    """DECIMAL(width, scale), the width cut to the 38 digits there are."""
    return Kind("DECIMAL", "decimal", min(width, MAX_WIDTH), scale)


def kind_of(name: str) -> Kind:
    """The kind of a canonical type name; types without rules here become opaque.

    >>> kind_of("DECIMAL(15,2)").scale, kind_of("UUID").family
    (2, 'opaque')
    """
    text = name.strip().upper()
    if found := _NAMED.get(text):
        return found
    if found_decimal := _DECIMAL.fullmatch(text):
        return decimal(int(found_decimal[1]), int(found_decimal[2]))
    if _TEXT.fullmatch(text):
        return VARCHAR
    return Kind(text, "opaque")


def opaque(kind: Kind) -> Kind:
    """The same type, only to be handed on: the source's values of it are not comparable there."""
    return Kind(str(kind), "opaque")


def integer_range(kind: Kind) -> tuple[int, int]:
    bits = _BITS[kind.name]
    return -(2**bits), 2**bits - 1


def literal_integer(value: int) -> Kind:
    """The kind of an integer literal that stands alone."""
    for kind in (INTEGER, BIGINT, HUGEINT):
        low, high = integer_range(kind)
        if low <= value <= high:
            return kind
    raise NotNative("a number beyond 128 bits")


BIGINT_SPAN = 63 * log10(2) - 0.01
"""Integers of a smaller span fit 64 bits."""


def digits(kind: Kind) -> int:
    """Digits before the decimal point that the type may have, for an integer or a decimal."""
    return kind.width - kind.scale


def span_of(kind: Kind) -> float | None:
    """`s`, so that every value is 0 or of a magnitude between 10^-s and 10^s; None where nothing is known."""
    if kind.family == "integer":
        return _BITS[kind.name] * log10(2)
    if kind.family == "decimal":
        return float(max(digits(kind), kind.scale))
    return None


def unify(kinds: list[Kind]) -> Kind:
    """The common type of a CASE, COALESCE, IN list, comparison or set operation; literals already adapted."""
    result = NULL
    for kind in kinds:
        result = _unify_two(result, kind)
    return result


def _unify_two(left: Kind, right: Kind) -> Kind:
    if left == right or right is NULL:
        return left
    if left is NULL:
        return right
    families = {left.family, right.family}
    if families == {"integer"}:
        return left if left.width >= right.width else right
    if families <= {"integer", "decimal"}:
        scale = max(left.scale, right.scale)
        width = max(digits(left), digits(right)) + scale
        if families == {"decimal"} and width > MAX_WIDTH:
            raise NotNative("decimals whose common type would lose decimals")
        return decimal(width, scale)
    if families <= {"integer", "decimal", "double"}:
        return DOUBLE
    if families == {"date", "timestamp"}:
        return TIMESTAMP
    raise NotNative(f"{left} and {right} are of different types")


def sum_kind(left: Kind, right: Kind, *, modulo: bool = False) -> Kind:
    """The type of + and - (and, with `modulo`, of %) over exact numbers and doubles."""
    if "decimal" not in {left.family, right.family} or DOUBLE in {left, right}:
        return unify([left, right])
    scale = max(left.scale, right.scale)
    width = max(digits(left), digits(right)) + scale
    if modulo and width > MAX_WIDTH:
        raise NotNative("% over decimals that becomes one over doubles")
    # A sum may carry into one more digit.
    return decimal(width + (0 if modulo else 1), scale)


def product_kind(left: Kind, right: Kind) -> Kind:
    if "decimal" not in {left.family, right.family} or DOUBLE in {left, right}:
        return unify([left, right])
    scale = left.scale + right.scale
    if scale > MAX_WIDTH:
        raise NotNative("a product with more than 38 decimals")
    width = left.width + right.width
    if width > _FAST_WIDTH > scale and max(left.width, right.width) <= _FAST_WIDTH:
        # DuckDB stays in 64 bits where it can, and raises on overflow.
        width = _FAST_WIDTH
    return decimal(width, scale)
