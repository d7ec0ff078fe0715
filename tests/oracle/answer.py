"""What a right answer looks like, and what differs in one that is not.

A right answer is a sequence of blocks of tied rows. Without ORDER BY all rows tie, so there is one block. Within a
block rows stand in any order, and where LIMIT or OFFSET cuts through a block, any of the tied rows may be there:
`Block.take` rows out of `Block.rows`. Decimals, integers, text, dates and times compare exactly, floating point
within 1e-9 relative, column names and Arrow types exactly.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa

from benchmarks.compare import Row, same_row, shape_differences, table_rows


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that tie, and how many of them belong to the answer."""

    rows: tuple[Row, ...]
    take: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One right answer (`table`), and all right answers (`blocks`)."""

    table: pa.Table
    blocks: tuple[Block, ...]


def unordered(table: pa.Table, pool: pa.Table | None = None) -> Answer:
    """An answer whose rows all tie; with a `pool`, any rows of the pool, as many as `table` has."""
    rows = tuple(table_rows(table if pool is None else pool))
    return Answer(table, (Block(rows, table.num_rows),))


def ordered(table: pa.Table, pool: pa.Table, keys: Sequence[int], offset: int = 0) -> Answer:
    """An answer in the order of `pool`, which is sorted and uncut, by the pool's columns at `keys`.

    `table` has as many rows as the answer, which begins `offset` rows into the pool; columns of the pool beyond
    those of `table` are sort keys only.
    """
    width = table.num_columns
    blocks = []
    start, end = offset, offset + table.num_rows
    place = 0
    for _, group in groupby(table_rows(pool), lambda row: tuple(row[key] for key in keys)):
        rows = tuple(row[:width] for row in group)
        take = min(end, place + len(rows)) - max(start, place)
        if take > 0:
            blocks.append(Block(rows, take))
        place += len(rows)
    return Answer(table, tuple(blocks))


def differences(answer: Answer, actual: pa.Table) -> list[str]:
    """What is wrong with `actual`, in words; empty when it is a right answer."""
    if found := shape_differences(answer.table, actual):
        return found
    rows = iter(table_rows(actual))
    place = 0
    for block in answer.blocks:
        part = [next(rows) for _ in range(block.take)]
        stranger = _stranger(block.rows, part)
        if stranger is not None:
            where = (
                f"among rows {place + 1} to {place + block.take}" if len(answer.blocks) > 1 else "anywhere"
            )
            return [f"{stranger} is not expected {where}; expected for example {_missing(block.rows, part)}"]
        place += block.take
    return []


def _stranger(candidates: Sequence[Row], rows: Sequence[Row]) -> Row | None:
    """The first of `rows` without a counterpart of its own among `candidates`.

    Rows whose exact values agree form a group; within it floats are matched one by one.
    """
    groups: dict[Row, list[Row]] = defaultdict(list)
    for row in candidates:
        groups[_exact(row)].append(row)
    for row in sorted(rows, key=_float_order):
        group = groups[_exact(row)]
        match = next((place for place, other in enumerate(group) if same_row(other, row)), None)
        if match is None:
            return row
        group.pop(match)
    return None


def _missing(candidates: Sequence[Row], rows: Sequence[Row]) -> Row:
    left = Counter(map(_exact, candidates))
    left.subtract(Counter(map(_exact, rows)))
    return next((row for row in candidates if left[_exact(row)] > 0), candidates[0])


def _exact(row: Row) -> Row:
    return tuple(None if isinstance(value, float) else _hashable(value) for value in row)


def _hashable(value: Any) -> Any:
    # Lists and structs; in Python True == 1 and 1 == Decimal(1), but the column's type has been compared already.
    return repr(value) if isinstance(value, (list, dict)) else value


def _float_order(row: Row) -> tuple[tuple[bool, float], ...]:
    return tuple(_floats(row))


def _floats(row: Row) -> Iterator[tuple[bool, float]]:
    for value in row:
        if isinstance(value, float):
            yield value != value, value  # noqa: PLR0124 (NaN sorts last)
