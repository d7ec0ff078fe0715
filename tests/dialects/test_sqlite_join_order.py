"""SQLite joins from the side that leaves few rows: it is told how many, and not in which order to read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
import sqlglot
from sqlglot import exp

from agent.publication import source_column
from connectors.sqlite import SqliteConnector
from sql.dialects import render_native

TABLES = """
CREATE TABLE part (id INTEGER PRIMARY KEY, size INTEGER, kind TEXT, title TEXT);
CREATE TABLE stock (part_id INTEGER, seller_id INTEGER, cost INTEGER);
CREATE TABLE seller (id INTEGER PRIMARY KEY, land INTEGER);
INSERT INTO part SELECT value, value % 50, 'kind ' || value % 7, 'a part' FROM generate_series(1, 20000);
INSERT INTO stock SELECT value / 4, value % 1000, value FROM generate_series(0, 79999);
INSERT INTO seller SELECT value, value % 25 FROM generate_series(0, 999);
CREATE INDEX stock_part ON stock (part_id);
CREATE INDEX stock_seller ON stock (seller_id);
CREATE INDEX seller_land ON seller (land);
ANALYZE;
"""
JOINED = "FROM part AS p CROSS JOIN stock AS s CROSS JOIN seller AS v WHERE p.id = s.part_id AND v.id = s.seller_id"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("joins") / "joins.sqlite"
    series = "WITH RECURSIVE n(value) AS (SELECT {0} UNION ALL SELECT value + 1 FROM n WHERE value < {1})"
    with closing(sqlite3.connect(file)) as connection:
        for statement in TABLES.split(";"):
            head, _, bounds = statement.partition("FROM generate_series(")
            if bounds:
                first, _, last = bounds.strip(")").partition(", ")
                statement = f"{head.replace('SELECT', series.format(first, last) + ' SELECT', 1)} FROM n"  # noqa: PLW2901 - the statement in the words of this SQLite
            connection.execute(statement)
        connection.commit()
    return file


@pytest.fixture(scope="module")
def connector(file: Path) -> Iterator[SqliteConnector]:
    connector = SqliteConnector.open(str(file))
    yield connector
    connector.close()


def text(connector: SqliteConnector, sql: str) -> str:
    tables = {table.name: {c.name: source_column(c) for c in table.columns} for table in connector.describe()}
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    return render_native(tree, "sqlite", connector.probe().names(), tables)


def steps(file: Path, sql: str) -> list[str]:
    with closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]


@pytest.mark.parametrize(
    ("condition", "first"),
    [
        ("p.size = 7 AND v.land IN (1, 2, 3)", "p"),
        ("p.kind LIKE '%nothing%7' AND p.size IN (3, 4)", "p"),
        ("v.land = 7", "v"),
        ("s.seller_id = 7 AND p.size > 3", "v"),
        ("p.id = 7", "p"),
    ],
)
def test_the_side_with_few_rows_is_read_first(
    connector: SqliteConnector, file: Path, condition: str, first: str
) -> None:
    found = steps(file, text(connector, f"SELECT s.cost AS cost {JOINED} AND {condition}"))
    assert found[0].split()[:2] in (["SCAN", first], ["SEARCH", first])
    assert all("USING" in step for step in found[1:] if step.startswith("SEARCH"))


@pytest.mark.parametrize("condition", ["p.id = 7", "p.id IN (7, 8)", "p.id = 7 AND p.size = 7"])
def test_what_is_told_of_a_condition_leaves_it_its_index(
    connector: SqliteConnector, file: Path, condition: str
) -> None:
    sql = text(connector, f"SELECT p.title AS t FROM part AS p WHERE {condition}")
    assert "likelihood(" in sql
    assert steps(file, sql) == ["SEARCH p USING INTEGER PRIMARY KEY (rowid=?)"]


def test_only_conditions_that_search_are_told_of(connector: SqliteConnector) -> None:
    shown = text(connector, "SELECT p.size = 7 AS a, p.kind LIKE '%x%' AS b FROM part AS p")
    assert "likelihood" not in shown
    ranges = text(connector, "SELECT p.title AS t FROM part AS p WHERE p.size > 7 AND p.size = p.id")
    assert "likelihood" not in ranges
