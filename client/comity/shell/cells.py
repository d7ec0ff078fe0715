"""Arrow values as text and as JSON: exact decimals, ISO dates, binary as hex."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_DAY = 86_400_000_000


def column_texts(column: pa.Array, *, separator: str = " ") -> list[str | None]:
    """One text per value, None for NULL. `separator` stands between a timestamp's date and time.

    Lists, structs and maps are written as JSON.
    """
    kind = column.type
    if pa.types.is_string(kind):
        return list(column.to_pylist())
    if is_plain(kind):
        return _plain_texts(column)
    render = json_text if pa.types.is_nested(kind) else lambda value: scalar_text(value, separator)
    return [None if value is None else render(value) for value in column_values(column)]


def column_jsons(column: pa.Array) -> list[str]:
    """One JSON text per value. Decimals are numbers with all their digits; NaN and infinities are strings."""
    kind = column.type
    if is_number(kind) and is_plain(kind):
        return [text or "null" for text in _plain_texts(column)]
    if pa.types.is_string(kind):
        return ["null" if text is None else encode_basestring(text) for text in column.to_pylist()]
    return [json_text(value) for value in column_values(column)]


def column_values(column: pa.Array) -> list[Any]:
    """The values as Python objects; those Python cannot hold (nanoseconds, the year 10000) as text."""
    kind = column.type
    if pa.types.is_float32(kind):
        # As a Python float, 0.1 would read 0.10000000149011612.
        shortest = pc.cast(column, pa.string()).to_pylist()
        return [None if text is None else float(text) for text in shortest]
    nanoseconds = (pa.types.is_timestamp(kind) or pa.types.is_time64(kind)) and kind.unit == "ns"
    if not nanoseconds:
        try:
            return list(column.to_pylist())
        except (ValueError, OverflowError):
            pass
    if pa.types.is_nested(kind):
        return [_nested_value(value) for value in column]
    return list(pc.cast(column, pa.string()).to_pylist())


def _nested_value(value: pa.Scalar) -> Any:
    """A list, struct or map in which something is that Python cannot hold."""
    if not value.is_valid:
        return None
    kind = value.type
    if pa.types.is_map(kind):
        entries = value.values
        return list(zip(column_values(entries.field(0)), column_values(entries.field(1)), strict=True))
    if pa.types.is_struct(kind):
        return {name: _nested_value(part) for name, part in value.items()}
    if pa.types.is_nested(kind):
        return column_values(value.values)
    return column_values(pa.array([value], kind))[0]


def is_plain(kind: pa.DataType) -> bool:
    """True for types that Arrow itself writes as we do, and that no format needs to quote."""
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_date32(kind)
    )


def is_number(kind: pa.DataType) -> bool:
    """True for types whose values are aligned on the right."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def unique_names(names: Sequence[str]) -> list[str]:
    """The names, with `_1`, `_2` … added to those that stand for a second column, as JSON keys must differ."""
    taken = set(names)
    seen: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 0
        while candidate in seen or (number and candidate in taken):
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate)
        result.append(candidate)
    return result


def json_text(value: Any) -> str:
    """One value as JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return repr(value)
        case Decimal():
            return format(value, "f")
        case dict():
            return "{" + ", ".join(f"{json_text(str(k))}: {json_text(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(json_text(item) for item in value) + "]"
        case tuple() if not hasattr(value, "nanoseconds"):
            # A map's entry.
            return "[" + ", ".join(json_text(item) for item in value) + "]"
        case str():
            return encode_basestring(value)
        case _:
            return encode_basestring(scalar_text(value, "T"))


def scalar_text(value: Any, separator: str = " ") -> str:
    """One value that is neither NULL nor nested, as text."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return _float_text(value)
        case Decimal():
            return format(value, "f")
        case bytes():
            return value.hex()
        case datetime():
            return value.isoformat(sep=separator)
        case date() | time():
            return value.isoformat()
        case timedelta():
            microseconds = value // timedelta(microseconds=1)
            days = int(microseconds / _DAY)
            return _duration_text(0, days, (microseconds - days * _DAY) * 1000)
        case _ if hasattr(value, "nanoseconds"):
            return _duration_text(value.months, value.days, value.nanoseconds)
        case _:
            return str(value)


def _plain_texts(column: pa.Array) -> list[str | None]:
    texts = list(pc.cast(column, pa.string()).to_pylist())
    if pa.types.is_decimal(column.type):
        # Arrow writes very small numbers with an exponent.
        return [text if text is None or "E" not in text else format(Decimal(text), "f") for text in texts]
    return texts


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _duration_text(months: int, days: int, nanoseconds: int) -> str:
    """An ISO 8601 duration: P1Y2M3DT4.5S."""
    years, months = int(months / 12), int(math.fmod(months, 12))
    sign = "-" if nanoseconds < 0 else ""
    whole, fraction = divmod(abs(nanoseconds), 10**9)
    seconds = f"{sign}{whole}" + (f".{fraction:09d}".rstrip("0") if fraction else "")
    parts = [f"{number}{unit}" for number, unit in ((years, "Y"), (months, "M"), (days, "D")) if number]
    if nanoseconds or not parts:
        parts.append(f"T{seconds}S")
    return "P" + "".join(parts)
