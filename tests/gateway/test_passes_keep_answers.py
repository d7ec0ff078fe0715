"""After each of the planner's passes a question still has its answer: what it became is asked of one DuckDB.

Questions on which a pass was wrong once, or might be: parentheses, NULLs of outer joins, types of constants, keys of
grouping sets, what nested queries see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest

from gateway.planner.disclosure import Disclosure
from gateway.planner.make_plan import PASSES
from gateway.planner.planning import Planning
from gateway.planner.repeat_wrappers import repeat_wrappers
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.copies import canonical_text
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.split import split_query

PERSON = tuple(
    Column(name, kind)
    for name, kind in (
        ("id", "INTEGER"),
        ("area", "VARCHAR"),
        ("flag", "BOOLEAN"),
        ("ts", "TIMESTAMP"),
        ("x", "DOUBLE"),
    )
)
TOWN = (Column("code", "VARCHAR"), Column("name", "VARCHAR"), Column("size", "INTEGER"))
CATALOG = Catalog(
    [
        Table("north", "person", PERSON),
        Table("south", "person", PERSON),
        Table("centre", "town", TOWN),
        Table(
            "land",
            "person",
            (*PERSON, Column("department", "VARCHAR")),
            members=(("north", "person"), ("south", "person")),
            member_column="department",
        ),
    ],
    "1",
)
ROWS = (
    "CREATE SCHEMA north",
    "CREATE SCHEMA south",
    "CREATE SCHEMA centre",
    "CREATE SCHEMA land",
    "CREATE TABLE north.person (id INTEGER, area VARCHAR, flag BOOLEAN, ts TIMESTAMP, x DOUBLE)",
    "CREATE TABLE south.person (id INTEGER, area VARCHAR, flag BOOLEAN, ts TIMESTAMP, x DOUBLE)",
    "CREATE TABLE centre.town (code VARCHAR, name VARCHAR, size INTEGER)",
    "CREATE VIEW land.person AS SELECT *, 'north' AS department FROM north.person UNION ALL SELECT *, 'south' FROM south.person",
    (
        "INSERT INTO north.person VALUES (1, 'a', true, '2020-01-01 05:00', 0.0), (2, 'b', false, '2020-02-01', -0.0), (3, 'a', NULL, NULL, 1.5), "
        "(NULL, NULL, true, '2021-01-01', NULL), (2, 'b', false, '2020-02-01', 2.5), (5, 'z', true, '2020-01-01 05:00', 2)"
    ),
    "INSERT INTO south.person VALUES (1, 'b', false, '2020-01-01 05:00', 0.0), (7, 'c', NULL, '2020-02-01', -0.0), (3, NULL, NULL, NULL, 3), (2, 'a', true, NULL, 1)",
    "INSERT INTO centre.town VALUES ('a', 'Aa', 1), ('b', 'Bb', 2), ('b', 'Bb2', 3), ('c', 'Cc', NULL), (NULL, 'Nn', 5), ('q', NULL, 2)",
)
OF_TOWN = "JOIN centre.town t ON t.code = q.area"
QUESTIONS = {
    "NOT around OR": f"SELECT q.b FROM (SELECT id = 1 OR id = 2 AS b, area FROM land.person) q {OF_TOWN} WHERE NOT q.b",
    "NOT around OR below DISTINCT": "SELECT q.b FROM (SELECT DISTINCT p.id = 1 OR p.id = 2 AS b FROM north.person p JOIN centre.town t ON t.code = p.area) q WHERE NOT q.b",
    "a product of sums": "SELECT sum(q.k * 2) AS s FROM (SELECT id + 1 AS k FROM north.person UNION ALL SELECT size FROM centre.town) q",
    "a filter of ORs": "SELECT count(*) FILTER (WHERE NOT q.k) AS n FROM (SELECT id = 1 OR id = 2 AS k FROM north.person UNION ALL SELECT size > 1 FROM centre.town) q",
    "a member's OR": "SELECT q.k FROM (SELECT id = 1 OR id = 2 AS k FROM north.person UNION ALL SELECT size > 1 FROM centre.town) q WHERE NOT q.k",
    "a moment in a zone": f"SELECT q.ts AT TIME ZONE 'UTC' = TIMESTAMPTZ '2020-01-02 05:00:00+00' AS d FROM (SELECT ts + INTERVAL 1 DAY AS ts, area FROM land.person) q {OF_TOWN}",
    "a difference of differences": f"SELECT 10 - q.k AS d FROM (SELECT id - 1 AS k, area FROM land.person) q {OF_TOWN}",
    "a column of the query around it": "SELECT p.id, q.k FROM north.person p LEFT JOIN LATERAL (SELECT p.id AS k FROM centre.town t WHERE t.code = p.area) q ON TRUE",
    "a total of an outer column": "SELECT p.id, (SELECT sum(q.k) FROM (SELECT p.id AS k FROM south.person u) q) AS s FROM north.person p JOIN centre.town t ON t.code = p.area",
    "a total of a constant": "SELECT (SELECT sum(q.c)) AS z FROM (SELECT 5 AS c FROM north.person p JOIN centre.town t ON t.code = p.area) q",
    "a group's key in a nested query": f"SELECT q.c, (SELECT max(s.id) FROM south.person s WHERE s.id = q.c) AS m, count(*) AS n FROM (SELECT id + 1 AS c, area FROM land.person) q {OF_TOWN} GROUP BY q.c",
    "two keys that are one": f"SELECT q.k, q.m, count(*) AS n FROM (SELECT id AS k, id AS m, area FROM land.person) q {OF_TOWN} GROUP BY ROLLUP (q.k, q.m)",
    "constants as keys": f"SELECT q.k, q.m, count(*) AS n FROM (SELECT 1 AS k, 1 AS m, area FROM land.person) q {OF_TOWN} GROUP BY CUBE (q.k, q.m)",
    "a key beside a rolled up one": f"SELECT q.k, q.m, count(*) AS n FROM (SELECT id AS k, id AS m, area FROM land.person) q {OF_TOWN} GROUP BY q.k, ROLLUP (q.m)",
    "the member column twice": "SELECT q.k, q.m, count(*) AS n FROM (SELECT department AS k, department AS m FROM land.person) q GROUP BY ROLLUP (q.k, q.m)",
    "a cut below LATERAL": "SELECT p.id, q.s FROM south.person p LEFT JOIN centre.town b ON b.size = p.id JOIN LATERAL (SELECT z.s FROM (SELECT t.id AS s FROM north.person t WHERE t.area = b.code ORDER BY 1 LIMIT 1) z) q ON TRUE",
    "a constant of the query around it": "SELECT o.id FROM north.person o WHERE EXISTS (SELECT 1 AS e FROM south.person p, centre.town t WHERE p.area = o.area AND o.area > 'a' AND p.area = t.code)",
    "NULL as an output": f"SELECT q.k, coalesce(q.k, 1) AS c FROM (SELECT NULL AS k, area FROM land.person) q {OF_TOWN}",
    "NULL in a branch": "SELECT count(q.k) AS n FROM (SELECT NULL AS k FROM north.person UNION ALL SELECT NULL FROM centre.town) q",
    "a RIGHT JOIN behind another table": "SELECT t.size, q.id FROM centre.town t, (SELECT p.id FROM north.person p RIGHT JOIN centre.town o ON o.code = p.area) q",
    "ALL of nothing": "SELECT t.name FROM centre.town t LEFT JOIN north.person p ON p.area = t.code WHERE p.id = ALL (SELECT size FROM centre.town WHERE size > 99)",
    "NOT ANY of nothing": "SELECT t.name FROM centre.town t LEFT JOIN north.person p ON p.area = t.code WHERE NOT p.id = ANY (SELECT size FROM centre.town WHERE size > 99)",
    "NOT IN nothing": "SELECT t.name FROM centre.town t LEFT JOIN north.person p ON p.area = t.code WHERE p.id NOT IN (SELECT size FROM centre.town WHERE size > 99)",
    "members that are not like": "SELECT p.id FROM land.person p WHERE p.department NOT LIKE '%y%' AND NOT (p.department = 'south' AND p.id > 2)",
    "a branch by its label": "SELECT q.s, count(*) AS n FROM (SELECT 'n' AS s, id FROM north.person UNION ALL SELECT 'Ä', size FROM centre.town) q WHERE q.s > 'o' OR q.id = 1 GROUP BY q.s",
    "labels that are joined": "SELECT a.id, b.id AS i FROM (SELECT 'x' AS s, id FROM north.person UNION ALL SELECT 'y', size FROM centre.town) a "
    "JOIN (SELECT 'y' AS s, id FROM north.person UNION ALL SELECT 'x', size FROM centre.town) b ON a.s = b.s AND a.id = b.id",
    "the first rows of branches": "SELECT q.id FROM (SELECT id FROM north.person UNION ALL SELECT size FROM centre.town) q ORDER BY q.id DESC NULLS LAST LIMIT 4",
    "spreads over branches": "SELECT round(stddev(q.id), 9) AS s, avg(q.id) AS a FROM (SELECT id FROM north.person UNION ALL SELECT size FROM centre.town) q",
    "two zeros": "SELECT q.x, CAST(q.x AS VARCHAR) AS v, count(*) AS n FROM (SELECT DISTINCT p.x FROM north.person p JOIN centre.town t ON t.code = p.area) q WHERE q.x = 0 GROUP BY q.x",
    "FULL JOIN and both sides": "SELECT q.id, q.size FROM (SELECT p.id, t.size FROM north.person p FULL JOIN centre.town t ON p.area = t.code) q WHERE q.id > 0 AND q.size > 0",
    "FULL JOIN and one side": "SELECT q.id, q.size FROM (SELECT p.id, t.size FROM north.person p FULL JOIN centre.town t ON p.area = t.code) q WHERE q.size > 1",
    "constants of VALUES": "SELECT p.id, t.name FROM north.person p, (VALUES (1), (2), (NULL)) v(k), centre.town t WHERE p.id = v.k AND t.size = v.k",
    "ranges that go on": "SELECT p.id, t.name FROM north.person p JOIN centre.town t ON p.id = t.size WHERE p.id BETWEEN 2 AND 9 AND t.size < 5",
    "a row number of a part": "SELECT q.n FROM (SELECT t.name, p.id, row_number() OVER (PARTITION BY t.name ORDER BY p.id) AS n FROM north.person p JOIN centre.town t ON t.code = p.area) q WHERE q.name = 'Bb' AND q.n = 1",
    "EXCEPT ALL": "SELECT u.a FROM (SELECT area AS a FROM north.person EXCEPT ALL SELECT code FROM centre.town) u WHERE u.a >= 'a'",
    "INTERSECT ALL": "SELECT u.a FROM (SELECT area AS a FROM north.person INTERSECT ALL SELECT code FROM centre.town) u WHERE u.a >= 'a'",
    "a WITH query in three places": "WITH r AS (SELECT p.id, t.size FROM north.person p JOIN centre.town t ON t.code = p.area), s AS (SELECT r.id AS i FROM r WHERE r.size = 2) "
    "SELECT a.id, b.i FROM r a LEFT JOIN s b ON b.i = a.id WHERE EXISTS (SELECT 1 AS e FROM s c WHERE c.i <> a.id)",
}  # fmt: skip
Answer = tuple[Counter[tuple[object, ...]], list[str]]


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    binder = Binder(CATALOG.tables)
    yield binder
    binder.close()


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        for statement in ROWS:
            connection.execute(statement)
        yield connection


def answer(database: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    relation = database.sql(sql)
    # -0.0 and 0.0 are one value to Python.
    rows = Counter(tuple(map(repr, row)) for row in relation.fetchall())
    return rows, list(map(str, relation.types))


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_pass_keeps_the_answer(name: str, binder: Binder, database: duckdb.DuckDBPyConnection) -> None:
    question, planning = QUESTIONS[name], Planning(CATALOG, binder, Disclosure(()))
    tree = resolve_query(parse_query(question), CATALOG, binder).tree
    expected = answer(database, question)
    apart = repeat_wrappers(tree, planning)
    for start in [tree, *([apart] if apart is not None else [])]:
        planned = start
        for title, run in PASSES.items():
            planned = run(planned, planning)
            assert answer(database, canonical_text(planned)) == expected, (title, canonical_text(planned))
        split = split_query(planned, lambda table: table.db)
        for piece in split.pieces:
            text = canonical_text(piece.query)
            database.execute(f'CREATE OR REPLACE TEMP TABLE "{piece.name}" AS {text}')
        if split.residual is not None:
            assert answer(database, canonical_text(split.residual)) == expected, canonical_text(
                split.residual
            )
