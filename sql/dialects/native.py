"""The one entrance: a wrapped fragment in, the source's SQL out, or the reason why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A physical column: `type` is canonical (`DECIMAL(15,2)`), `native_type` the engine's own spelling."""

    type: str
    native_type: str


SourceTables = Mapping[tuple[str, ...], Mapping[str, SourceColumn]]
"""Physical table name parts → column name → column."""


class NotNative(Exception):
    """The fragment is not proven to mean the same in the source; `reason` is a short phrase for EXPLAIN."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def render_native(tree: exp.Query, dialect: str, capabilities: frozenset[str], tables: SourceTables) -> str:
    """Renders `tree` (resolved DuckDB over wrapped physical tables) in `dialect`, or raises `NotNative`."""
    del capabilities, tables
    if dialect != "duckdb":
        raise NotNative(f"no proven rules for {dialect}")
    text = tree.sql(dialect="duckdb", identify=True, comments=False)
    if sqlglot.parse_one(text, dialect="duckdb") != tree:
        raise NotNative("the rendered text does not read back as the same query")
    return text


def render_scan(table: tuple[str, ...], columns: Sequence[str], dialect: str) -> str:
    """Renders a plain SELECT of quoted physical columns; `SELECT 1` per row when there are none."""
    mark = "`" if dialect == "mysql" else '"'

    def quoted(name: str) -> str:
        return mark + name.replace(mark, mark * 2) + mark

    wanted = ", ".join(quoted(column) for column in columns) or "1"
    return f"SELECT {wanted} FROM {'.'.join(quoted(part) for part in table)}"
