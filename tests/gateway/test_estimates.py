"""Estimates are near what real data gives, and there are none where something counts that is not known."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from connectors.statistics import describe_sample
from gateway.planner.estimate_query import QueryEstimator
from gateway.planner.relations import Relation
from gateway.planner.shapes import query_shape
from policies.statistics import ColumnFacts, TableFacts
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.parse import parse_query
from sql.resolve import resolve_query

TABLES = {
    "sale": {"id": "INTEGER", "buyer": "INTEGER", "day": "DATE", "amount": "DECIMAL(9,2)", "note": "VARCHAR"},
    "buyer": {"id": "INTEGER", "town": "VARCHAR", "class": "INTEGER"},
}
CATALOG = Catalog([Table("d", n, tuple(Column(c, t) for c, t in k.items())) for n, k in TABLES.items()], "1")


class World:
    """Twenty thousand sales to a thousand buyers in one DuckDB, and what is known of all its columns."""

    def __init__(self) -> None:
        self.binder = Binder(CATALOG.tables)
        self.database = duckdb.connect(config={"threads": 1, "temp_directory": ""})
        self.database.execute("CREATE SCHEMA d")
        self.database.execute(
            """CREATE TABLE d.sale AS SELECT i AS id, (i * 7919) % 800 AS buyer,
            DATE '2020-01-01' + CAST(i % 730 AS INTEGER) AS day, CAST(i % 500 AS DECIMAL(9,2)) AS amount,
            CASE WHEN i % 10 = 0 THEN NULL WHEN i % 3 = 0 THEN 'gift ' || i ELSE 'order ' || i END AS note
            FROM range(20000) AS r(i)"""
        )
        self.database.execute(
            """CREATE TABLE d.buyer AS SELECT i AS id, 'town ' || (i % 20) AS town,
            CAST(CASE WHEN i % 2 = 0 THEN 1 ELSE 2 + i % 9 END AS INTEGER) AS class FROM range(1000) AS r(i)"""
        )
        self.facts = {name: self._facts(name) for name in TABLES}

    def _facts(self, name: str) -> TableFacts:
        columns = {}
        rows = 0
        for column in TABLES[name]:
            values = [row[0] for row in self.database.execute(f"SELECT {column} FROM d.{name}").fetchall()]
            known, rows = describe_sample(values, len(values)), len(values)
            columns[column] = ColumnFacts(
                known.distinct, known.null_fraction, known.width, known.common, known.bounds
            )
        return TableFacts(float(rows), columns)

    def estimate(self, sql: str, hidden: frozenset[str] = frozenset()) -> float | None:
        found = self.relation(sql, hidden)
        return found.rows if found is not None else None

    def relation(self, sql: str, hidden: frozenset[str] = frozenset()) -> Relation | None:
        tree = resolve_query(parse_query(sql), CATALOG, self.binder).tree

        def facts_of(_: str, name: str) -> TableFacts | None:
            known = self.facts[name]
            return TableFacts(known.rows, {c: f for c, f in known.columns.items() if c not in hidden})

        return QueryEstimator(facts_of).estimate(tree)

    def close(self) -> None:
        self.binder.close()
        self.database.close()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


@pytest.mark.parametrize(
    ("sql", "times"),
    [
        ("SELECT s.id FROM d.sale s", 1.01),
        ("SELECT s.id FROM d.sale s WHERE s.buyer = 7", 1.3),
        ("SELECT b.id FROM d.buyer b WHERE b.class = 1", 1.1),
        ("SELECT b.id FROM d.buyer b WHERE b.class <> 1", 1.1),
        ("SELECT s.id FROM d.sale s WHERE s.amount < 100", 1.1),
        ("SELECT s.id FROM d.sale s WHERE s.amount BETWEEN 100 AND 199.5", 1.15),
        (
            "SELECT s.id FROM d.sale s WHERE s.day >= DATE '2020-07-01' AND s.day < DATE '2020-07-01' + INTERVAL 1 MONTH",
            1.6,
        ),
        ("SELECT s.id FROM d.sale s WHERE s.note IS NULL", 1.05),
        ("SELECT s.id FROM d.sale s WHERE NOT s.note IS NULL", 1.05),
        ("SELECT s.id FROM d.sale s WHERE s.note LIKE 'gift%'", 1.2),
        ("SELECT s.id FROM d.sale s WHERE s.note NOT LIKE '%gift%'", 1.2),
        ("SELECT b.id FROM d.buyer b WHERE b.class IN (1, 3) OR b.town = 'town 3'", 1.3),
        ("SELECT s.id FROM d.sale s JOIN d.buyer b ON s.buyer = b.id", 1.3),
        ("SELECT s.id FROM d.sale s JOIN d.buyer b ON s.buyer = b.id AND b.class = 1", 1.3),
        ("SELECT s.id FROM d.sale s LEFT JOIN d.buyer b ON s.buyer = b.id", 1.3),
        ("SELECT b.id FROM d.buyer b WHERE EXISTS (SELECT 1 FROM d.sale s WHERE s.buyer = b.id)", 1.3),
        ("SELECT b.id FROM d.buyer b WHERE b.id IN (SELECT s.buyer FROM d.sale s)", 1.3),
        ("SELECT s.buyer, sum(s.amount) AS a FROM d.sale s GROUP BY s.buyer", 1.1),
        ("SELECT s.buyer, count(*) AS n FROM d.sale s WHERE s.day < DATE '2020-01-03' GROUP BY s.buyer", 2.0),
        (
            "SELECT year(s.day) AS y, b.town AS t, count(*) AS n FROM d.sale s JOIN d.buyer b ON s.buyer = b.id GROUP BY year(s.day), b.town",
            1.6,
        ),
        (
            "SELECT b.id, b.town, b.class, count(*) AS n FROM d.sale s JOIN d.buyer b ON s.buyer = b.id GROUP BY b.id, b.town, b.class",
            1.4,
        ),
        ("SELECT DISTINCT b.town FROM d.buyer b", 1.05),
        ("SELECT count(*) AS n FROM d.sale s", 1.01),
        ("SELECT s.id FROM d.sale s LIMIT 5", 1.01),
        ("SELECT s.id FROM d.sale s UNION ALL SELECT b.id FROM d.buyer b", 1.01),
        ("WITH w AS (SELECT s.buyer FROM d.sale s WHERE s.amount < 50) SELECT w.buyer FROM w", 1.2),
    ],
)
def test_estimates_are_near_the_truth(sql: str, times: float, world: World) -> None:
    """Within so many `times`, more or fewer."""
    estimate = world.estimate(sql)
    row = world.database.execute(f"SELECT count(*) FROM ({sql})").fetchone()
    assert row is not None
    assert estimate is not None
    assert row[0] / times <= estimate <= row[0] * times, (estimate, row[0])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT b.id AS c FROM d.buyer b",
        "SELECT b.id AS c FROM d.buyer b WHERE b.class = 1",
        "SELECT b.id AS c FROM d.buyer b WHERE b.id < 300",
        "SELECT b.id AS c FROM d.buyer b WHERE b.id < 300 AND b.class = 1",
        "SELECT b.town AS c FROM d.buyer b WHERE b.id < 60",
        "SELECT s.buyer AS c FROM d.sale s",
        "SELECT s.buyer AS c FROM d.sale s WHERE s.day < DATE '2020-01-20'",
        "SELECT s.id AS c FROM d.sale s JOIN d.buyer b ON s.buyer = b.id AND b.class = 1",
    ],
)
def test_different_values_of_what_conditions_leave_are_near_the_truth(sql: str, world: World) -> None:
    """Within a third more or fewer, and exact where nothing is left out: those are all that there are."""
    relation = world.relation(sql)
    row = world.database.execute(f"SELECT count(DISTINCT c), count(*) FROM ({sql})").fetchone()
    assert row is not None
    assert relation is not None
    found = relation.columns["c"].distinct
    assert found is not None
    times = 1.01 if "WHERE" not in sql and "JOIN" not in sql else 4 / 3
    assert row[0] / times <= found <= row[0] * times, (found, row[0])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT s.id FROM d.sale s WHERE s.buyer = 7",
        "SELECT s.id FROM d.sale s JOIN d.buyer b ON s.buyer = b.id",
        "SELECT s.buyer, count(*) AS n FROM d.sale s GROUP BY s.buyer",
    ],
)
def test_nothing_is_guessed_of_a_column_that_is_not_known(sql: str, world: World) -> None:
    assert world.estimate(sql) is not None
    assert world.estimate(sql, frozenset({"buyer"})) is None


def test_what_earlier_fragments_gave_counts_for_their_like(world: World) -> None:
    sql = "SELECT s.id FROM d.sale s WHERE s.amount < 100 AND s.note = 'x'"
    tree = resolve_query(parse_query(sql), CATALOG, world.binder).tree
    other = resolve_query(
        parse_query("SELECT t.day FROM d.sale t WHERE t.amount < 100 AND t.note = 'x'"), CATALOG, world.binder
    ).tree
    shape = query_shape(tree)
    before = QueryEstimator(lambda _, n: world.facts[n]).estimate(tree)
    after = QueryEstimator(lambda _, n: world.facts[n], lambda s: 10.0 if s == shape else 1.0).estimate(tree)
    assert before is not None
    assert after is not None
    assert after.rows == pytest.approx(10 * before.rows)
    assert query_shape(other) != shape, "another alias is another shape"
