"""Every way in which the columns of published tables influence an answer, found over a resolved question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from sql.catalog import ColumnUse, Origin, TableUse


@dataclass(frozen=True, slots=True)
class Influence:
    """`tables` with their uses, and for each output column every published column that decided it."""

    tables: tuple[TableUse, ...]
    outputs: tuple[frozenset[Origin], ...]


def infer_uses(
    tree: exp.Query, tables: Sequence[TableUse], text: str = "", *, crossing: bool = False
) -> Influence:
    """The uses of the columns of `tables` in a resolved `tree`; `text` is where its places are looked up.

    With `crossing` the question is a fragment: values in its output leave the department (`cross`), to be
    worked on at the merge, instead of being read.
    """
    use = "cross" if crossing else "read"
    filled = tuple(
        replace(
            table,
            uses=tuple(
                ColumnUse(column, use, "is part of the question", line=table.line, place=table.column)
                for column in sorted(table.columns)
            ),
        )
        for table in tables
    )
    every = frozenset((table.department, table.name, column) for table in tables for column in table.columns)
    return Influence(filled, tuple(every for _ in tree.named_selects))
