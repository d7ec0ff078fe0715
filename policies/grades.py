"""Grades of data: general, important, core. What is derived has the highest grade of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sql.catalog import Origin

GRADES: Final = ("general", "important", "core")
"""From the lowest to the highest."""

_RANKS: Final = {grade: rank for rank, grade in enumerate(GRADES)}

LOWEST, HIGHEST = GRADES[0], GRADES[-1]


def highest(grades: Iterable[str]) -> str:
    """The highest of some grades; an unknown one counts as the highest there is, and none as the lowest.

    >>> highest(["general", "core", "important"]), highest([]), highest(["secret"])
    ('core', 'general', 'core')
    """
    return GRADES[max(map(_rank, grades), default=0)]


def exceeds(grade: str, ceiling: str) -> bool:
    """Whether data of this grade must not reach somebody with this ceiling. An unknown ceiling is the lowest.

    >>> exceeds("core", "important"), exceeds("important", "important")
    (True, False)
    """
    return _rank(grade) > (GRADES.index(ceiling) if ceiling in GRADES else 0)


def lower(first: str, second: str) -> str:
    """The stricter of two ceilings.

    >>> lower("core", "general")
    'general'
    """
    return second if exceeds(first, second) else first


def derived_grades(
    outputs: Iterable[frozenset[Origin]], grade_of: Callable[[Origin], str]
) -> tuple[str, ...]:
    """The grade of each output column: the highest of every column that decided it."""
    return tuple(highest(map(grade_of, origins)) for origins in outputs)


def _rank(grade: str) -> int:
    return _RANKS.get(grade, len(GRADES) - 1)
