"""Every entry of the function tables is held to DuckDB's answers on a real engine, and stands in the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, ValuesView
from pathlib import Path

import pytest

from sql.dialects import NotNative
from sql.dialects.dialect import Dialect
from sql.dialects.native import DIALECTS, translate
from sql.dialects.values import Native
from tests.dialects.questions import read_questions, resolve, wrap
from tests.dialects.sources import Source
from tools.pushdown_table import REFERENCE, reference

TABLES = ("casts", "functions", "aggregates", "windows")
ELSEWHERE: Mapping[str, frozenset[object]] = {
    "postgres": frozenset(),
    "mysql": frozenset(),
    "sqlite": frozenset(),
}


class Recording(Mapping[object, Native]):
    """A table that remembers which of its entries were asked for."""

    def __init__(self, entries: Mapping[object, Native], used: set[object]) -> None:
        self._entries = entries
        self._used = used

    def __getitem__(self, key: object) -> Native:
        found = self._entries[key]
        self._used.add(key)
        return found

    def __iter__(self) -> Iterator[object]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def values(self) -> ValuesView[Native]:
        # The texts of forms are collected without being used.
        return self._entries.values()


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
def test_a_question_holds_every_entry_to_duckdbs_answer(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect: type[Dialect] = type(DIALECTS[source.dialect])
    used: dict[str, set[object]] = {table: set() for table in TABLES}
    seen: dict[str, set[object]] = {table: set() for table in TABLES}
    for table in TABLES:
        monkeypatch.setattr(dialect, table, Recording(getattr(dialect, table), seen[table]))
    for question in read_questions():
        if source.dialect not in question.native:
            continue
        for table in TABLES:
            seen[table].clear()
        try:
            translate(
                wrap(resolve(question.sql), source.schema), source.dialect, source.capabilities, source.tables
            )
        except NotNative:
            continue  # `test_answers` says so
        for table in TABLES:
            used[table] |= seen[table]
    missing = [
        f"{table}: {key}" for table in TABLES for key in getattr(dialect, table) if key not in used[table]
    ]
    assert not missing, "\n".join(missing)


def test_the_reference_lists_what_the_tables_hold() -> None:
    page = Path(__file__).parents[2] / REFERENCE
    assert page.read_text(encoding="utf-8") == reference(), "python -m tools.pushdown_table writes it anew"
