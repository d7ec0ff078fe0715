"""What a block under a floor may show, worked out row by row in plain Python.

Independent of `policies.floors`: it knows sets of rows and no SQL. A group of the finest level, divided by the
FILTER conditions, is a cell. From the cells upwards every level takes the rows that are still free in one of its
groups, if at least `floor` people stand behind them. A group shows what its level or a finer one took.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """`levels` are the keys of each grouping set, coarsest first; `parts` boolean columns that FILTERs stand for.

    `shows` are a row's values: `key town`, `count`, `sum cost`, `min cost`, `different sex`, each with
    `where <part>` behind it for a FILTER.
    """

    levels: Sequence[Sequence[str]]
    parts: Sequence[str]
    shows: Sequence[str]
    floors: Mapping[str, int]


def shown(rows: Sequence[Row], question: Question) -> tuple[list[tuple[Any, ...]], int]:
    """The rows of the answer, in any order, and how many of the finest groups are left out, if it may be told."""
    finest = list(question.levels[-1])
    stages = [list(level) for level in question.levels]
    if question.parts:
        stages.append([*finest, *question.parts])
    taken = [-1] * len(rows)
    for stage in range(len(stages) - 1, -1, -1):
        free: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            if taken[number] < 0:
                free[_key(row, stages[stage], question.parts)].append(number)
        for numbers in free.values():
            if _enough([rows[number] for number in numbers], question.floors):
                for number in numbers:
                    taken[number] = stage
    answer = []
    for stage, level in enumerate(question.levels):
        groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            if taken[number] >= stage:
                groups[_key(row, level, ())].append(number)
        for numbers in groups.values():
            some = [(rows[number], taken[number]) for number in numbers]
            answer.append(tuple(_value(show, some, level, len(question.levels)) for show in question.shows))
    all_groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        all_groups[_key(row, finest, ())].append(number)
    last = len(question.levels) - 1
    hidden = [numbers for numbers in all_groups.values() if all(taken[number] < last for number in numbers)]
    behind = [rows[number] for numbers in hidden for number in numbers]
    return answer, len(hidden) if finest and _enough(behind, question.floors) else 0


def _key(row: Row, names: Sequence[str], parts: Sequence[str]) -> tuple[Any, ...]:
    return tuple(bool(row[name]) if name in parts else row[name] for name in names)


def _enough(rows: Sequence[Row], floors: Mapping[str, int]) -> bool:
    return all(
        len({row[who] for row in rows if row[who] is not None}) >= least for who, least in floors.items()
    )


def _value(show: str, some: Sequence[tuple[Row, int]], level: Sequence[str], cells: int) -> Any:
    what, _, part = show.partition(" where ")
    function, _, column = what.partition(" ")
    if function == "key":
        return some[0][0][column] if column in level else None
    rows = [row for row, _ in some]
    if part:
        rows = [row for row, stage in some if stage >= cells and row[part]]
        if not rows:
            return None
    values: list[Any] = [row[column] for row in rows if row[column] is not None] if column else rows
    if function == "count":
        return len(values)
    if function == "different":
        return len(set(values))
    if not values:
        return None
    if function == "sum":
        return sum(values)
    return min(values) if function == "min" else max(values)
