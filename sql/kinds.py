"""Canonical type names put together as DuckDB does: what `+`, CASE, COALESCE or UNION of two types is.

Types are canonical names; None stands for one that these few rules do not know, and every rule passes it on.
A literal's type says how wide its value is, since DuckDB lets it take the other side's type.
"""

from __future__ import annotations

import re

_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_LITERAL = re.compile(r"LITERAL\((-?\d+)\)")
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_BITS = dict(zip(INTEGERS, (7, 15, 31, 63, 127), strict=True))
_DIGITS = dict(zip(INTEGERS, (3, 5, 10, 19, 38), strict=True))
_WIDEST = 38
_FAST = 18


def integer_literal(value: int) -> str:
    """The type of an integer literal, which takes the type of what it is combined with where it fits."""
    return f"LITERAL({value})"


def number_literal(text: str) -> str | None:
    """The type of a literal with a point or exponent.

    >>> number_literal("1.50"), number_literal("1e3")
    ('DECIMAL(3,2)', 'DOUBLE')
    """
    if "e" in text.lower():
        return "DOUBLE"
    whole, _, fraction = text.partition(".")
    width = len(whole) + len(fraction)
    return f"DECIMAL({width},{len(fraction)})" if width <= _WIDEST else "DOUBLE"


def settled(kind: str | None) -> str | None:
    """The type that a value has once nothing more is combined with it."""
    if kind is None or (literal := _LITERAL.fullmatch(kind)) is None:
        return kind
    value = int(literal[1])
    for name in ("INTEGER", "BIGINT", "HUGEINT"):
        if -(2 ** _BITS[name]) <= value < 2 ** _BITS[name]:
            return name
    return None


def is_integer(kind: str | None) -> bool:
    return kind in _BITS or (kind is not None and kind.startswith("LITERAL"))


def decimal_parts(kind: str | None) -> tuple[int, int] | None:
    """Width and scale of a decimal type."""
    found = _DECIMAL.fullmatch(kind or "")
    return (int(found[1]), int(found[2])) if found else None


def decimal(width: int, scale: int) -> str:
    return f"DECIMAL({min(width, _WIDEST)},{scale})"


def unified(left: str | None, right: str | None) -> str | None:
    """The common type of two branches or operands.

    >>> unified("INTEGER", "DECIMAL(4,2)"), unified("BIGINT", "LITERAL(5)"), unified("DATE", "TIMESTAMP")
    ('DECIMAL(12,2)', 'BIGINT', 'TIMESTAMP')
    """
    if left == right:
        return settled(left) if left != right or left is None or not left.startswith("LITERAL") else left
    if left is None or right is None:
        return None
    if "NULL" in (left, right):
        return right if left == "NULL" else left
    if is_integer(left) and is_integer(right):
        return _wider_integer(left, right)
    kinds = {_family(left), _family(right)}
    if kinds <= {"integer", "decimal"}:
        left, right = settled(left), settled(right)
        one, other = _as_decimal(left), _as_decimal(right)
        if one is None or other is None:
            return None
        whole, scale = max(one[0] - one[1], other[0] - other[1]), max(one[1], other[1])
        if "HUGEINT" in (left, right):
            return decimal(_WIDEST, scale)
        # Too wide together, the digits before the point are kept.
        return decimal(whole + scale, min(scale, _WIDEST - whole))
    if kinds == {"float"}:
        return "DOUBLE"
    if kinds <= {"integer", "decimal", "float"}:
        return "DOUBLE" if "DOUBLE" in (left, right) else None
    if {left, right} == {"DATE", "TIMESTAMP"}:
        return "TIMESTAMP"
    return None


def sum_of(left: str | None, right: str | None, *, modulo: bool = False) -> str | None:
    """The type of `+`, `-` and `%` over numbers."""
    common = unified(left, right)
    if decimal_parts(common) is None:
        return settled(common) if common in _BITS or _family(common) in {"float", "integer"} else None
    one, other = _as_decimal(settled(left)), _as_decimal(settled(right))
    if one is None or other is None:
        return None
    scale = max(one[1], other[1])
    return decimal(max(one[0] - one[1], other[0] - other[1]) + scale + (0 if modulo else 1), scale)


def product_of(left: str | None, right: str | None) -> str | None:
    """The type of `*` over numbers."""
    common = unified(left, right)
    if decimal_parts(common) is None:
        return settled(common) if common in _BITS or _family(common) in {"float", "integer"} else None
    one, other = _as_decimal(settled(left)), _as_decimal(settled(right))
    if one is None or other is None or one[1] + other[1] > _WIDEST:
        return None
    width, scale = one[0] + other[0], one[1] + other[1]
    if width > _FAST > scale and max(one[0], other[0]) <= _FAST:
        width = _FAST
    return decimal(width, scale)


def _wider_integer(left: str, right: str) -> str | None:
    literals = [_LITERAL.fullmatch(kind) for kind in (left, right)]
    if all(literals):
        return max((left, right), key=lambda kind: INTEGERS.index(settled(kind) or "HUGEINT"))
    for literal, other in zip(literals, (right, left), strict=True):
        if literal is not None:
            value = int(literal[1])
            if -(2 ** _BITS[other]) <= value < 2 ** _BITS[other]:
                return other
            return settled(left if other == right else right)
    return max((left, right), key=INTEGERS.index)


def _as_decimal(kind: str | None) -> tuple[int, int] | None:
    if (parts := decimal_parts(kind)) is not None:
        return parts
    if kind is not None and (literal := _LITERAL.fullmatch(kind)) is not None:
        return len(literal[1].lstrip("-")), 0
    return (_DIGITS[kind], 0) if kind in _DIGITS else None


def _family(kind: str | None) -> str | None:
    if is_integer(kind):
        return "integer"
    if decimal_parts(kind) is not None:
        return "decimal"
    return "float" if kind in {"FLOAT", "DOUBLE"} else kind
