"""What a SEMI join that no condition connects looks for: DuckDB's optimizer gives the rows that it gives without."""

from __future__ import annotations

import random
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.parse import parse_query
from sql.render import render
from sql.resolve import resolve_query

COLUMNS = {"a": "INTEGER", "b": "INTEGER", "s": "VARCHAR"}
TABLES = ("t0", "t1", "t2", "t3")
FOUND = (
    "SELECT r.s FROM t0 r ANTI JOIN (SELECT t.s, t.a, f.a AS a2, f.s AS s2 FROM t1 t LEFT JOIN t2 f ON t.s = f.s) j"
    " ON r.s = j.s2 AND (j.a2 < j.a OR j.s = j.s || '-') SEMI JOIN t1 v ON abs(v.a) BETWEEN 4 AND 7"
)
"""The question by which random questions found it."""
BLOCKS = 40
QUESTIONS = 25


@pytest.fixture(scope="module")
def tables() -> Catalog:
    columns = tuple(Column(name, kind) for name, kind in COLUMNS.items())
    return Catalog([Table("d", name, columns) for name in TABLES], "1")


@pytest.fixture(scope="module")
def types(tables: Catalog) -> Iterator[Binder]:
    binder = Binder(tables.tables)
    yield binder
    binder.close()


def open_tables(
    rows: dict[str, list[tuple[int | None, int | None, str | None]]],
) -> duckdb.DuckDBPyConnection:
    """As the merge has them: views of Arrow tables, from which conditions are not all decided where they are read."""
    database = duckdb.connect(config={"temp_directory": ""})
    database.execute("CREATE SCHEMA d; SET search_path = 'd,main'")
    kinds = (pa.int32(), pa.int32(), pa.string())
    for name, found in rows.items():
        columns = list(zip(*found, strict=True)) or [(), (), ()]
        arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
        database.register(f"{name}_rows", pa.table(dict(zip(COLUMNS, arrays, strict=True))))
        database.execute(f"CREATE VIEW d.{name} AS SELECT * FROM {name}_rows")
    return database


def rows_of(database: duckdb.DuckDBPyConnection, sql: str, *, optimized: bool) -> list[tuple[object, ...]]:
    database.execute(f"PRAGMA {'enable' if optimized else 'disable'}_optimizer")
    return sorted(database.execute(sql).fetchall(), key=repr)


def known_rows() -> dict[str, list[tuple[int | None, int | None, str | None]]]:
    places = [(None, None, "a")] * 4 + [(None, None, "b")] * 3
    people = [(number, None, "a") for number in (3, 4, 6)] + [(number, None, "b") for number in (108, 105)]
    return {"t0": [*places], "t1": [*people], "t2": [(None, None, "3")], "t3": []}


def test_the_question_that_was_answered_without_its_rows(tables: Catalog, types: Binder) -> None:
    with open_tables(known_rows()) as database:
        resolved = render(resolve_query(parse_query(FOUND), tables, types).tree)
        assert rows_of(database, resolved, optimized=True) == [("a",)] * 4 + [("b",)] * 3


def test_duckdb_still_needs_it() -> None:
    """Where this fails, DuckDB was mended: `separate_semi_join` and ADR 24 may go."""
    with open_tables(known_rows()) as database:
        assert rows_of(database, FOUND, optimized=False) == [("a",)] * 4 + [("b",)] * 3
        assert rows_of(database, FOUND, optimized=True) == []


class Maker:
    """Chains of joins, many of them SEMI, whose conditions often are about one side only."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def rows(self) -> list[tuple[int | None, int | None, str | None]]:
        choice = self.chance.choice
        return [
            (choice((None, 1, 2, 3, 5, 8)), choice((None, 1, 2, 4)), choice((None, "a", "b", "x")))
            for _ in range(choice((1, 3, 7, 12)))
        ]

    def question(self) -> str:
        seen, text = ["r0"], f"SELECT count(*) AS n, sum(r0.a) AS s FROM {self.source('r0')}"
        for number in range(1, self.chance.randint(2, 4)):
            alias, kind = f"r{number}", self.chance.choice(("SEMI", "SEMI", "SEMI", "ANTI", "LEFT", "INNER"))
            about = self.chance.choice(([alias], [alias], [alias], [*seen, alias]))
            text += f" {kind} JOIN {self.source(alias)} ON {self.conditions(about)}"
            if kind in {"LEFT", "INNER"}:
                seen.append(alias)
        return f"{text} WHERE {self.condition(seen)}" if self.chance.random() < 0.3 else text

    def source(self, alias: str) -> str:
        table, other = self.chance.choice(TABLES), self.chance.choice(TABLES)
        if self.chance.random() < 0.2:
            return f"{table} {alias}"
        kind = self.chance.choice(("LEFT", "INNER", "ANTI", "SEMI"))
        shown = "q.b" if kind in {"LEFT", "INNER"} else "p.b"
        return f"(SELECT p.a, {shown}, p.s FROM {table} p {kind} JOIN {other} q ON {self.conditions(['p', 'q'])}) {alias}"

    def conditions(self, about: list[str]) -> str:
        return " AND ".join(self.condition(about) for _ in range(self.chance.randint(1, 2)))

    def condition(self, about: list[str]) -> str:
        x, y = self.chance.choice(about), self.chance.choice(about)
        return self.chance.choice(
            (
                f"{x}.a = {y}.b",
                f"{x}.s = {y}.s",
                f"{x}.a < {y}.a",
                f"{x}.a IS NOT DISTINCT FROM {y}.b",
                f"({x}.a < {y}.b OR {x}.s = {y}.s || '-')",
                f"abs({x}.a) BETWEEN 2 AND 5",
                f"{x}.a + {x}.b > 3",
                f"({x}.a = 1 OR {x}.b = 4)",
                f"{x}.s || 'q' <> 'aq'",
                f"{x}.b IS NOT NULL",
            )
        )


@pytest.mark.parametrize("block", range(BLOCKS))
def test_semi_joins_of_all_kinds_find_what_they_find_without_the_optimizer(
    block: int, tables: Catalog, types: Binder
) -> None:
    maker = Maker(block)
    with open_tables({name: maker.rows() for name in TABLES}) as database:
        for _ in range(QUESTIONS):
            question = maker.question()
            resolved = render(resolve_query(parse_query(question), tables, types).tree)
            expected = rows_of(database, question, optimized=False)
            assert rows_of(database, resolved, optimized=True) == expected, question
