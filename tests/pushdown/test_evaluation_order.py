"""What the fuzz takes for a matter of order is one: something that fails on a row, whichever rows the rest leaves."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from sqlglot import exp, parse_one

from tests.pushdown.evaluation_order import fails_alone

JOINED = (
    'SELECT "p"."id" AS "id" FROM "a"."person" AS "p" JOIN "a"."visit" AS "v" ON "v"."id" = "p"."id" WHERE '
)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"temp_directory": ""}) as connection:
        connection.execute("CREATE SCHEMA a")
        connection.execute("CREATE TABLE a.person AS SELECT 2147483647::INTEGER AS id, 'x' AS name")
        connection.execute("CREATE TABLE a.visit AS SELECT 1::INTEGER AS id WHERE false")
        yield connection


@pytest.mark.parametrize(
    ("question", "fails"),
    [
        (JOINED + '"p"."id" * 2 > 3', True),
        (JOINED + '"p"."id" > 3', False),
        (JOINED + '"v"."id" * 2 > 3', False),
        (JOINED + '"p"."id" > 3 AND CAST("p"."name" AS INT) = 1', True),
        (JOINED + '"p"."id" * "v"."id" > 3', False),
        ('SELECT "p"."id" + 1 AS "x" FROM "a"."person" AS "p"', True),
        ('WITH "c" AS (SELECT 1 AS "id") SELECT "c"."id" + 1 AS "x" FROM "c" AS "c"', False),
    ],
)
def test_a_part_that_fails_alone_is_found(
    question: str, *, fails: bool, database: duckdb.DuckDBPyConnection
) -> None:
    tree = parse_one(question, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    assert fails_alone(lambda sql: database.sql(sql).fetchall(), tree) is fails
