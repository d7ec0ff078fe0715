"""What a department tells one caller of the contents of its tables, for estimates.

Nothing here depends on rows or values that the caller's grants hide: a table with a row filter or a floor has no
facts, a masked column has none, and a column that may not be read has no values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Point: TypeAlias = float | str
"""A value's place on its scale: numbers as they are, dates and times as days since 1970-01-01, texts as texts."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What may be known of one published column; None for what is not.

    `distinct` counts different values, `null_fraction` is the part of all rows without one, `width` the mean
    bytes of a value. `common` are frequent values with their part of all rows; between each two neighbours of
    `bounds`, which are sorted, lie equally many of the others.
    """

    distinct: float | None = None
    null_fraction: float | None = None
    width: float | None = None
    common: tuple[tuple[Point, float], ...] = ()
    bounds: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class TableFacts:
    """Rows of a published table, and what is known of its columns."""

    rows: float
    columns: Mapping[str, ColumnFacts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceSpeed:
    """Microseconds that a source takes for each row it hands over, for each value of it, and for each row that it
    puts into a group instead.
    """

    row: float
    value: float
    group: float


UNKNOWN_SPEED = SourceSpeed(row=0.5, value=0.1, group=0.5)


@dataclass(frozen=True, slots=True)
class DepartmentFacts:
    """`tables` are those of which something may be told; `version` grows with every refresh."""

    tables: Mapping[str, TableFacts] = field(default_factory=dict)
    speed: SourceSpeed = UNKNOWN_SPEED
    version: int = 0
