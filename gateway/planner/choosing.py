"""By what the planner chooses among plans: what is known of tables, and what the federation prefers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeAlias

from gateway.planner.estimate_query import Corrections, QueryEstimator
from policies.statistics import UNKNOWN_SPEED, SourceSpeed, TableFacts

Preference: TypeAlias = Literal["exposure", "time"]
"""What a federation wants first: that the fewest bytes leave departments, or that answers come soonest."""

CLOSE = 1.1
"""Plans within a tenth of the best are as good, and the other measure decides among them."""

MERGE_ROW = 0.3
"""Microseconds that the merge takes for each row it is sent: to check it, to load it and to join it."""


class Facts(Protocol):
    """What departments tell the caller of a question about its tables."""

    def table(self, department: str, name: str) -> TableFacts | None: ...

    def speed(self, department: str) -> SourceSpeed: ...


class NoFacts:
    """Nothing is known of any table."""

    def table(self, department: str, name: str) -> TableFacts | None:
        del department, name
        return None

    def speed(self, department: str) -> SourceSpeed:
        del department
        return UNKNOWN_SPEED


@dataclass(frozen=True, slots=True)
class Cost:
    """What leaves departments, and the time that work takes which plans do not have in common."""

    rows: float
    bytes: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Choosing:
    """What is known, what is preferred, and the estimates that follow.

    `explains` says that somebody wants to see them; `corrections` are what earlier fragments of the same caller
    taught. `kept` remembers estimates, see `settled`.
    """

    facts: Facts = field(default_factory=NoFacts)
    prefer: Preference = "exposure"
    explains: bool = False
    corrections: Corrections | None = None
    kept: QueryEstimator | None = None

    @property
    def other(self) -> Preference:
        """What is not preferred."""
        return "time" if self.prefer == "exposure" else "exposure"

    @property
    def estimator(self) -> QueryEstimator:
        return self.kept or QueryEstimator(self.facts.table, self.corrections)

    def settled(self) -> Choosing:
        """The same for trees that do not change any more, each of which is estimated once."""
        return replace(self, kept=QueryEstimator(self.facts.table, self.corrections, settled=True))

    def takes_second(self, first: Cost, second: Cost) -> bool:
        """Whether the second of two plans is the better one; the first where they are alike.

        >>> few, soon = Cost(10, 100, 2.0), Cost(10, 1000, 1.0)
        >>> Choosing(prefer="exposure").takes_second(few, soon), Choosing(prefer="time").takes_second(few, soon)
        (False, True)
        >>> Choosing(prefer="exposure").takes_second(few, Cost(10, 105, 1.0))
        True
        """
        one, other = (first.bytes, second.bytes), (first.seconds, second.seconds)
        if self.prefer == "time":
            one, other = other, one
        if max(one) <= CLOSE * min(one):
            return other[1] < other[0]
        return one[1] < one[0]


def sending(rows: float, columns: int, speed: SourceSpeed) -> float:
    """Seconds until rows of so many columns have left their source and are at the merge."""
    return rows * (speed.row + columns * speed.value + MERGE_ROW) / 1e6
