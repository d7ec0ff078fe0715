"""What a source's columns are, and how a refusal to run there is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A physical column: `type` is canonical (`DECIMAL(15,2)`), `native_type` the engine's own spelling.

    `text` is how a column of text compares, as the source answered: `exact`; `distinct`, when only its order is not
    that of code points; `coarse`, when it takes different texts for equal; empty when that is not known.
    `collation` is the name under which it does so, empty where it is not known beyond ASCII. `uniform` says that
    every value is of the type, where the engine does not see to it. `clustered` says that the table lies in the order
    of this column, that an index leads there, and that it has very many values. `distinct` is about how many values it
    has, where the engine should be told.
    """

    type: str
    native_type: str
    text: str = ""
    collation: str = ""
    uniform: bool = False
    clustered: bool = False
    distinct: float | None = None


SourceTables = Mapping[tuple[str, ...], Mapping[str, SourceColumn]]
"""Physical table name parts → column name → column."""


class NotNative(Exception):
    """The fragment is not proven to mean the same in the source; `reason` is a short phrase for EXPLAIN."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
