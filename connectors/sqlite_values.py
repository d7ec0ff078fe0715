"""SQLite's values, whose types are each value's own, to Arrow columns of one type, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from comity.errors import SourceError
from connectors.exact_numbers import FLOAT_DIGITS, decimals_from_floats, decimals_from_text
from connectors.spi import OUTPUT

_ZONED = r":\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)$"
_ARROW_KINDS = {int: pa.int64(), float: pa.float64(), str: pa.string(), bytes: pa.binary()}
_DATE_LENGTH = len("2026-01-01")


def build_column(values: Sequence[object], field: pa.Field) -> Any:
    """An array near `field`'s type; what remains (widths, 0 and 1 as booleans) is `conform_batch`'s.

    Text in ISO 8601 becomes dates and times: without an offset it is UTC where a zone is asked for. Whole
    numbers become text where text is asked for, since a column without a type may hold both.
    """
    try:
        column = _build(values, field.type)
    except (pa.ArrowException, OverflowError, TypeError, ValueError, ArithmeticError):
        # The messages show values.
        column = None
    if column is None:
        raise SourceError(
            f"column {field.name!r} holds a value that does not fit its type {field.type}",
            code="SOURCE_TYPE",
            metadata={OUTPUT: field.name},
            hint="correct the data, or declare the column with the type of its values",
        )
    return column


def _build(values: Sequence[object], target: pa.DataType) -> Any:
    """None, or an error of Arrow's or Python's, where a value does not fit."""
    kinds = set(map(type, values)) - {type(None)}
    if pat.is_decimal(target):
        return _decimals(values, kinds, target)
    if pat.is_string(target) and kinds == {int, str}:
        values, kinds = [str(value) if isinstance(value, int) else value for value in values], {str}
    found = _array(values, kinds)
    if found is None or pat.is_null(found.type):
        return found
    if pat.is_integer(target) or pat.is_boolean(target) or pat.is_floating(target):
        return found if kinds <= {int, float} else None
    if pat.is_binary(target):
        return found if kinds == {bytes} else None
    if pat.is_string(target):
        return found.cast(target) if kinds <= {int, str} else None
    return _moments(found, target) if kinds == {str} else None


def _array(values: Sequence[object], kinds: set[type]) -> Any:
    """The values as the one Arrow type for `kinds`, or None.

    Left to find the type itself, `pa.array` takes its time (it looks for pandas, and for decimals).
    """
    if not kinds:
        return pa.nulls(len(values))
    if kinds == {int, float}:
        # Refuses an integer that no double is equal to.
        return pa.array(values, pa.float64())
    return pa.array(values, _ARROW_KINDS[next(iter(kinds))]) if len(kinds) == 1 else None


def _moments(text: Any, target: pa.DataType) -> Any:
    if pat.is_date(target):
        return text.cast(target)
    if pat.is_time64(target):
        moments = pc.binary_join_element_wise("1970-01-01 ", text, "").cast(pa.timestamp("us"))
        return moments.cast(pa.int64()).cast(pa.time64("us"))
    if not pat.is_timestamp(target):
        return None
    if target.tz is None:
        return text.cast(target)
    is_date = pc.equal(pc.binary_length(text), _DATE_LENGTH)
    offset = pc.if_else(pc.match_substring_regex(text, _ZONED), "", pc.if_else(is_date, " 00:00Z", "Z"))
    return pc.binary_join_element_wise(text, offset, "").cast(target)


def _decimals(values: Sequence[object], kinds: set[type], target: pa.DataType) -> Any:
    """SQLite keeps 12.50 as a double and 12.00 as an integer, so most columns hold both."""
    column = None
    if kinds == {int} or not kinds:
        return _array(values, kinds)
    if kinds <= {int, float}:
        with suppress(pa.ArrowInvalid):
            column = decimals_from_floats(pa.array(values, pa.float64()), target)
    elif kinds == {str}:
        text = pa.array(values, pa.string())
        plain = pc.match_substring_regex(text, r"^[+-]?\d+(\.\d+)?$")
        column = decimals_from_text(text, target) if pc.all(plain, min_count=0).as_py() else None
    # A mixture, or numbers that only one by one are known to be exact.
    return pa.array([_decimal(value, target) for value in values], target) if column is None else column


def _decimal(value: object, target: Any) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, float):
        # The shortest text that reads back as this double.
        exact = Decimal(repr(value)).normalize()
        if exact.is_finite() and len(exact.as_tuple().digits) > FLOAT_DIGITS:
            exact = _rounded(value, target)
    elif isinstance(value, int | str):
        exact = Decimal(value)
    else:
        raise TypeError
    # Arrow does not notice an integer part that is too long for the places after it.
    if not exact.is_finite() or abs(exact) >= Decimal(10) ** (target.precision - target.scale):
        raise ValueError
    return exact


def _rounded(value: float, target: Any) -> Decimal:
    """What `value` was before arithmetic left it a few units beside; see `decimals_from_floats`."""
    scaled = value * 10.0**target.scale
    units = round(scaled)
    if abs(units) >= 10**FLOAT_DIGITS or abs(scaled - units) > min(abs(units) * 2.0**-50, 0.01):
        raise ValueError
    return Decimal(units).scaleb(-target.scale)


def parameter(value: object) -> object:
    """A parameter as SQLite keeps such a value."""
    match value:
        case None | int() | float() | str() | bytes():
            return value
        case Decimal():
            number = float(value)
            return number if Decimal(repr(number)) == value else str(value)
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            return moment.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case _:
            raise SourceError(f"a parameter of type {type(value).__name__} cannot be sent to this source")
