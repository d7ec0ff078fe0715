"""Brings what a driver delivered to exactly the requested Arrow type, or refuses.

A conversion either keeps every value or raises `SourceError` with `SOURCE_TYPE`, naming the column and never
the value. Arrow's own casts are not enough: some round without a word (float to decimal, timestamp to date),
and text of more than 38 digits becomes a wrong decimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from comity.errors import SourceError

FLOAT_DIGITS = 15
"""Decimal digits that a double keeps: every decimal of so many digits has a double of its own."""
_DECIMAL_DIGITS = 38
_ZONED = r":\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)$"
_types: Any = pa.types


def fit_columns(columns: Sequence[Any], schema: pa.Schema) -> pa.RecordBatch:
    """A record batch of exactly `schema` from arrays of one length, by position."""
    check_width(len(columns), schema)
    fitted = []
    for array, field in zip(columns, schema, strict=True):
        cast = cast_exactly(array, field.type, field.name)
        if cast.null_count and not field.nullable:
            raise misfit(field.name, field.type, "has NULLs")
        fitted.append(cast)
    return pa.RecordBatch.from_arrays(fitted, schema=schema)


def check_width(count: int, schema: pa.Schema) -> None:
    """Refuses a result of another number of columns than was asked for."""
    if count != len(schema):
        raise SourceError(
            f"the query returns {count} columns where {len(schema)} were asked for", code="SOURCE_TYPE"
        )


def misfit(column: str, target: pa.DataType, why: str) -> SourceError:
    """The error for a column that does not fit; `why` follows the column's name and holds no value."""
    return SourceError(
        f"column {column!r} {why} and does not fit {target}",
        code="SOURCE_TYPE",
        hint="correct the data, or publish the column with another type",
    )


def cast_exactly(array: Any, target: pa.DataType, column: str) -> Any:
    """`array` as `target`, every value kept; `column` is named when that cannot be."""
    source = array.type
    if source.equals(target):
        return array
    if _types.is_nested(target):
        raise SourceError(
            f"column {column!r}: this source cannot deliver {target}",
            code="SOURCE_UNSUPPORTED",
            hint="publish the parts as columns or rows of their own",
        )
    if array.null_count == len(array):
        return pa.nulls(len(array), target)
    try:
        result = _convert(array, source, target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OverflowError):
        # Arrow's message shows the value.
        raise misfit(column, target, f"holds a value of {source} that would change") from None
    if result is None:
        raise misfit(column, target, f"arrives as {source}")
    return result


def _convert(array: Any, source: pa.DataType, target: pa.DataType) -> Any:
    """The converted array; None when no exact conversion exists; Arrow's errors when a value would change."""
    if _types.is_integer(source):
        return _from_integers(array, target)
    if _types.is_floating(source):
        return _from_floats(array, target)
    if _types.is_decimal(source):
        if _types.is_integer(target) or _types.is_floating(target) or _types.is_decimal(target):
            return array.cast(target)
        return None
    if _types.is_string(source) or _types.is_large_string(source):
        return _from_text(array, target)
    if _types.is_binary(source):
        # Arrow checks that it is UTF-8.
        return array.cast(target) if _is_text(target) or _is_bytes(target) else None
    if _types.is_timestamp(source):
        if _types.is_date(target):
            days = array.cast(target)
            return days if days.cast(source).equals(array) else None
        return array.cast(target) if _types.is_timestamp(target) else None
    if _types.is_date(source):
        return array.cast(target) if _types.is_date(target) or _types.is_timestamp(target) else None
    if _types.is_time(source):
        return array.cast(target) if _types.is_time(target) else None
    if _types.is_boolean(source):
        return array.cast(target) if _types.is_integer(target) else None
    return None


def _from_integers(array: Any, target: pa.DataType) -> Any:
    if _types.is_boolean(target):
        bounds = pc.min_max(array)
        return array.cast(target) if bounds["min"].as_py() >= 0 and bounds["max"].as_py() <= 1 else None
    if _types.is_decimal(target):
        # Arrow asks for room for the widest integer, whatever the values are.
        return array.cast(pa.decimal128(20, 0)).cast(target)
    numeric = _types.is_integer(target) or _types.is_floating(target)
    return array.cast(target) if numeric or _is_text(target) else None


def _from_floats(array: Any, target: pa.DataType) -> Any:
    if _types.is_decimal(target):
        return decimals_from_floats(array.cast(pa.float64()), target)
    if _types.is_floating(target):
        narrow = array.cast(target)
        same = pc.is_in(pc.equal(narrow.cast(array.type), array), pa.array([True, None]))
        return narrow if pc.all(pc.or_(same, pc.is_nan(array))).as_py() else None
    return array.cast(target) if _types.is_integer(target) else None


def decimals_from_floats(array: Any, target: Any) -> Any:
    """Doubles as the decimals they stand for; None when one stands for no decimal of `target`.

    A double stands for the decimal of at most 15 digits whose nearest double it is. One that arithmetic has
    left a few units beside it (0.1 + 0.2) counts too, as long as no other decimal could be meant.
    """
    power = 10.0**target.scale
    scaled = pc.multiply(array, power)
    units = pc.round(scaled)
    size = pc.abs(units)
    nearest = pc.equal(pc.divide(units, power), array)
    slack = pc.min_element_wise(pc.multiply(size, 2.0**-50), 0.01)
    beside = pc.less_equal(pc.abs(pc.subtract(scaled, units)), slack)
    in_range = pc.less(size, 10.0 ** min(FLOAT_DIGITS, target.precision))
    if not pc.all(pc.and_(pc.or_(nearest, beside), in_range)).as_py():
        return None
    return scaled_decimals(units.cast(pa.int64()), target)


def scaled_decimals(units: Any, target: Any) -> Any:
    """Int64 counts of the last decimal place, read as decimals of `target`; they must fit its precision."""
    wide = units.cast(pa.decimal128(38, 0))
    return pa.Array.from_buffers(target, len(wide), wide.buffers(), offset=wide.offset)


def _from_text(array: Any, target: pa.DataType) -> Any:
    if _is_text(target) or _is_bytes(target):
        return array.cast(target)
    if _types.is_decimal(target):
        return decimals_from_text(array, target)
    if _types.is_date(target):
        return array.cast(target)
    if _types.is_timestamp(target):
        if target.tz is None:
            return array.cast(target)
        # Text without an offset is UTC, as SQLite and our sessions have it.
        zone = pc.if_else(pc.equal(pc.binary_length(array), len("2026-01-01")), " 00:00Z", "Z")
        offset = pc.if_else(pc.match_substring_regex(array, _ZONED), "", zone)
        return pc.binary_join_element_wise(array, offset, "").cast(target)
    if _types.is_time64(target):
        moments = pc.binary_join_element_wise("1970-01-01 ", array, "").cast(pa.timestamp("us"))
        return moments.cast(pa.int64()).cast(pa.time64("us")).cast(target)
    return None


def decimals_from_text(array: Any, target: Any) -> Any:
    """Plain decimal text (`-12.50`) as decimals; None when a text has more digits than any decimal."""
    if pc.max(pc.binary_length(array)).as_py() > _DECIMAL_DIGITS:
        digits = pc.count_substring_regex(array, "[0-9]")
        if pc.max(digits).as_py() > _DECIMAL_DIGITS:
            return None
    return array.cast(target)


def _is_text(kind: pa.DataType) -> bool:
    return bool(_types.is_string(kind) or _types.is_large_string(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(_types.is_binary(kind) or _types.is_large_binary(kind) or _types.is_fixed_size_binary(kind))
