"""What is expected of the rows of a query or a part of it: their number, and what their columns hold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from policies.statistics import ColumnFacts

UNIQUE = 0.9
"""A column with this many different values for each row is taken for a key."""


@dataclass(frozen=True, slots=True)
class Relation:
    """`rows` are expected; `base` those before conditions left some out, to which the columns' facts belong."""

    rows: float
    base: float
    columns: Mapping[str, ColumnFacts] = field(default_factory=dict)

    def is_key(self, column: str) -> bool:
        facts = self.columns.get(column)
        return facts is not None and facts.distinct is not None and facts.distinct >= UNIQUE * self.base

    def distinct(self, column: str) -> float | None:
        """Different values among the rows that are left."""
        facts = self.columns.get(column)
        if facts is None or facts.distinct is None:
            return None
        return seen(facts.distinct, self.rows)


def seen(distinct: float, rows: float) -> float:
    """How many of so many equally frequent values are met in so many rows.

    >>> round(seen(100, 10)), round(seen(100, 100)), round(seen(100, 10_000))
    (10, 63, 100)
    """
    if distinct <= 1 or rows <= 1:
        return min(max(distinct, 0.0), max(rows, 0.0))
    return min(rows, -distinct * math.expm1(-rows / distinct))


def met(distinct: float, rows: float, base: float) -> float:
    """How many of so many equally frequent values are in so many of the `base` rows, of which none is met twice.

    >>> round(met(100, 50, 100)), round(met(100, 100, 100)), round(met(100, 100, 10_000))
    (50, 100, 63)
    """
    if rows >= base or distinct <= 1:
        return min(distinct, max(rows, 0.0))
    return distinct * (1.0 - math.pow(1.0 - rows / base, max(base / distinct, 1.0)))


def product(numbers: Iterable[float]) -> float:
    return math.prod(numbers)
