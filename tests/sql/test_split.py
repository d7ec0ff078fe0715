"""Pieces and residual together give the rows of the whole."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.scopes import is_cte_reference
from sql.split import split_query

TABLES = {
    ("a", "person"): {"id": "INTEGER", "name": "VARCHAR", "town": "VARCHAR", "age": "INTEGER"},
    ("a", "visit"): {"person_id": "INTEGER", "day": "DATE", "cost": "DECIMAL(10,2)"},
    ("b", "firm"): {"id": "INTEGER", "name": "VARCHAR", "town": "VARCHAR", "owner": "INTEGER"},
    ("b", "permit"): {"firm_id": "INTEGER", "day": "DATE", "kind": "VARCHAR"},
    ("c", "town"): {"code": "VARCHAR", "name": "VARCHAR", "area": "DOUBLE"},
    ("c", "note"): {"person_id": "INTEGER", "firm_id": "INTEGER", "text": "VARCHAR"},
}
QUESTIONS = [
    line.rstrip(";")
    for line in (Path(__file__).parent / "split_questions.sql").read_text().splitlines()
    if line and not line.startswith("--")
]


def _value(kind: str, column: str, rng: random.Random) -> object:
    if rng.random() < 0.15:
        return None
    if column in {"town", "code"}:
        return str(rng.randint(1, 5))
    return {
        "INTEGER": lambda: rng.randint(1, 30),
        "VARCHAR": lambda: rng.choice(["张三", "李四", "x", "y", "Y ", ""]),
        "DATE": lambda: f"2026-01-{rng.randint(1, 28):02d}",
        "DECIMAL(10,2)": lambda: rng.randint(1, 5000) / 100,
        "DOUBLE": lambda: float(rng.randint(1, 5)),
    }[kind]()


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    rng = random.Random(7)
    connection = duckdb.connect(":memory:")
    for (place, name), columns in TABLES.items():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {place}")
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"CREATE TABLE {place}.{name} ({listed})")
        rows = [[_value(kind, column, rng) for column, kind in columns.items()] for _ in range(25)]
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {place}.{name} VALUES ({marks})", rows)
    return connection


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    tables = [
        Table(d, n, tuple(Column(c, k) for c, k in columns.items())) for (d, n), columns in TABLES.items()
    ]
    return Catalog(tables, "1")


@pytest.fixture(scope="module")
def binder(catalog: Catalog) -> Binder:
    return Binder(catalog.tables)


def _text(tree: exp.Expr) -> str:
    return tree.sql(dialect="duckdb", identify=True)


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("by", ["place", "table"])
def test_pieces_and_residual_give_the_rows_of_the_whole(
    question: str, by: str, database: duckdb.DuckDBPyConnection, catalog: Catalog, binder: Binder
) -> None:
    resolved = resolve_query(parse_query(question), catalog, binder)
    context = {"place": lambda t: t.db, "table": lambda t: t.alias_or_name}[by]
    before = _text(resolved.tree)
    split = split_query(resolved.tree, context)
    assert _text(resolved.tree) == before, "the input was changed"
    expected = _rows(database, question)
    if split.residual is None:
        (piece,) = split.pieces
        assert Counter(_rows(database, _text(piece.query))) == Counter(expected)
        return
    cursor = database.cursor()
    try:
        for piece in split.pieces:
            places = {context(t) for t in piece.query.find_all(exp.Table) if not is_cte_reference(t)}
            assert by == "table" or places == {piece.context}
            cursor.execute(f'CREATE TABLE "{piece.name}" AS {_text(piece.query)}')
        left = [t for t in split.residual.find_all(exp.Table) if not is_cte_reference(t)]
        assert not left, "the residual reads a published table"
        found = _rows(cursor, _text(split.residual))
        ordered = resolved.tree.args.get("order") is not None
        assert found == expected if ordered else Counter(found) == Counter(expected)
    finally:
        for piece in split.pieces:
            cursor.execute(f'DROP TABLE IF EXISTS "{piece.name}"')
        cursor.close()


def test_conditions_and_joins_of_one_place_go_down_together(catalog: Catalog, binder: Binder) -> None:
    question = (
        "SELECT p.name AS n, t.name AS t FROM a.person p JOIN a.visit v ON v.person_id = p.id "
        "JOIN c.town t ON t.code = p.town WHERE v.cost > 10 AND t.area > 2"
    )
    split = split_query(resolve_query(parse_query(question), catalog, binder).tree, lambda t: t.db)
    texts = {piece.context: _text(piece.query) for piece in split.pieces}
    assert set(texts) == {"a", "c"}
    assert "10" in texts["a"]
    assert "2" in texts["c"]
    assert '"cost"' not in texts["a"].split("FROM")[0], "a column nobody needs leaves the place"


def test_a_query_of_one_place_is_one_piece(catalog: Catalog, binder: Binder) -> None:
    question = (
        "WITH x AS (SELECT id FROM a.person) SELECT count(*) AS n FROM x JOIN a.visit v ON v.person_id = x.id"
    )
    split = split_query(resolve_query(parse_query(question), catalog, binder).tree, lambda t: t.db)
    assert split.residual is None
    assert [piece.whole for piece in split.pieces] == [True]
