"""What a source knows of its tables' contents without reading them: for estimates, never for answers.

Values are points on a scale, so that estimates need not know types: numbers and booleans as they are, dates and
times as days since 1970-01-01, texts as texts. Values of other types have no point.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import pyarrow as pa

Point: TypeAlias = float | str
EPOCH = date(1970, 1, 1).toordinal()
SAMPLE_ROWS = 1024
"""How many rows a source without statistics of its own is asked for."""
MOST_BOUNDS = 101
MOST_COMMON = 32
LONGEST_TEXT = 64
"""Characters of a text that are kept: enough to find its place among others."""


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """What is known of one column; None for what is not.

    `distinct` counts different values, `null_fraction` is the part of all rows without one, `width` the mean
    bytes of a value. `common` are the most frequent values with their part of all rows. Between each two
    neighbours of `bounds`, which are sorted, lie equally many of the other values.
    """

    distinct: float | None = None
    null_fraction: float | None = None
    width: float | None = None
    minimum: Point | None = None
    maximum: Point | None = None
    common: tuple[tuple[Point, float], ...] = ()
    bounds: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class TableStatistics:
    """`rows` of a table, None when its source does not know, and its columns by physical name."""

    rows: float | None
    columns: Mapping[str, ColumnStatistics] = field(default_factory=dict)


def point_of(value: object) -> Point | None:
    """A value's place on its scale, None where it has none.

    >>> point_of(Decimal("1.5")), point_of(date(1970, 1, 3)), point_of(True), point_of(float("nan"))
    (1.5, 2.0, 1.0, None)
    """
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo is not None else value
        midnight = datetime.combine(moment.date(), time(), moment.tzinfo)
        return moment.toordinal() - EPOCH + (moment - midnight).total_seconds() / 86400
    if isinstance(value, date):
        return float(value.toordinal() - EPOCH)
    if isinstance(value, (bool, int, float, Decimal)):
        try:
            number = float(value)
        except (OverflowError, ValueError):
            return None
        return number if math.isfinite(number) else None
    return None


def point_of_text(text: str, kind: pa.DataType) -> Point | None:
    """The place of a value that a database has written as text, by the type as which it is delivered.

    >>> point_of_text("2.50", pa.decimal128(15, 2)), point_of_text("1970-01-02", pa.date32())
    (2.5, 1.0)
    >>> point_of_text("infinity", pa.date32()) is None
    True
    """
    try:
        if pa.types.is_string(kind):
            return point_of(text)
        if pa.types.is_boolean(kind):
            return 1.0 if text in {"t", "true", "1"} else 0.0
        if pa.types.is_date(kind):
            return point_of(date.fromisoformat(text))
        if pa.types.is_timestamp(kind):
            return point_of(datetime.fromisoformat(text))
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return point_of(Decimal(text))
    except (ValueError, InvalidOperation):
        return None
    return None


def points(values: Sequence[Point | None]) -> tuple[Point, ...]:
    """Values in order, empty unless all of them have a place on one scale."""
    found = [value for value in values if value is not None]
    if len(found) != len(values) or len({isinstance(value, str) for value in found}) != 1:
        return ()
    return tuple(sorted(found, key=lambda value: value))


def describe_sample(values: Sequence[object], rows: float, together: int = 1) -> ColumnStatistics:
    """A column of `rows` rows, by the values of some of them, of which each `together` were read in one go.

    The number of different values is estimated as Haas and Stokes do (1998, their estimator Duj1), of which
    PostgreSQL's ANALYZE makes its own. Rows that lie together often have the same values, as the payments of one person
    do: a value counts once for each time that rows were read.

    >>> found = describe_sample([1, 1, 2, None], 4)
    >>> found.distinct, found.null_fraction, found.bounds
    (2.0, 0.25, (1.0, 1.0, 2.0))
    """
    if not values:
        return ColumnStatistics()
    present = [value for value in values if value is not None]
    nulls = 1 - len(present) / len(values)
    if not present:
        return ColumnStatistics(0.0, nulls)
    counts = Counter(map(_hashable, present))
    whole = max(rows * len(present) / len(values), float(len(present)))
    parts = (values[start : start + together] for start in range(0, len(values), together))
    met = Counter(value for part in parts for value in {_hashable(v) for v in part if v is not None})
    once = sum(1 for count in met.values() if count == 1)
    seen, times = len(present), met.total()
    distinct = times * len(met) / (times - once + once * seen / whole)
    common, rest = _common(counts, len(values))
    order = points([point_of(value) for value in rest])
    last = len(order) - 1
    steps = (round(step * last / (MOST_BOUNDS - 1)) for step in range(MOST_BOUNDS))
    return ColumnStatistics(
        min(distinct, whole),
        nulls,
        sum(map(_width, present)) / seen,
        common=common,
        bounds=tuple(order[step] for step in dict.fromkeys(steps)) if last > 0 else (),
    )


def _common(counts: Counter[object], sampled: int) -> tuple[tuple[tuple[Point, float], ...], list[object]]:
    """The values that come clearly more often than others, and the others as often as they came."""
    average = counts.total() / len(counts)
    found: dict[object, tuple[Point, float]] = {}
    for value, count in counts.most_common(MOST_COMMON):
        place = point_of(value)
        if place is not None and count > 2 and count > 1.25 * average:
            found[value] = (place, count / sampled)
    rest = [value for value, count in counts.items() if value not in found for _ in range(count)]
    return tuple(found.values()), rest


def _hashable(value: object) -> object:
    return value if isinstance(value, (str, int, float, bytes, Decimal, date, time)) else repr(value)


def _width(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, (bytes, list, tuple)) else 8
