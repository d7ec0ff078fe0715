"""Where a DuckDB source gets its fence, and that it needs one."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types

from sql.dialects import NotNative
from sql.dialects.duckdb import fence_filters

TYPES = {"id": "INTEGER", "town": "VARCHAR", "level": "VARCHAR", "born": "DATE", "score": "INTEGER"}
WRAP = """(
  SELECT _published.id, _published.level, _published.born, _published.score FROM (
    SELECT {mapping} FROM t AS _physical
  ) AS _published WHERE _published.town IN ('east', 'north')
)"""
PLAIN = ", ".join(f"_physical.{name} AS {name}" for name in TYPES)


def wrapped(question: str, mapping: str = PLAIN) -> exp.Query:
    tree = sqlglot.parse_one(question.replace("{x}", WRAP.format(mapping=mapping)), dialect="duckdb")
    assert isinstance(tree, exp.Query)
    for column in tree.find_all(exp.Column):
        column.type = exp.DataType.build(TYPES[column.name], dialect="duckdb")
    annotate_types(tree, dialect="duckdb", overwrite_types=False)
    return tree


@pytest.mark.parametrize(
    ("condition", "fenced"),
    [
        ("x.id = 3", False),
        ("x.level = '3' AND x.id IN (1, 2)", False),
        ("x.born > CAST('2000-01-01' AS DATE)", False),
        ("x.level IS NULL OR length(x.level) > 2", False),
        ("x.id + 1 > 3", True),
        ("CAST(x.level AS INTEGER) > 3", True),
        ("x.level > 3", True),
        ("x.born + INTERVAL 1 YEAR > CAST('2000-01-01' AS DATE)", True),
        # Converted when the first row comes, hidden or not.
        ("x.born = 'no date'", True),
        ("CAST('no number' AS INTEGER) = x.id", True),
        ("regexp_matches('a', x.level)", True),
    ],
)
def test_the_fence_stands_where_something_may_fail(condition: str, fenced: bool) -> None:
    text = fence_filters(wrapped(f"SELECT x.id FROM {{x}} AS x WHERE {condition}")).sql(dialect="duckdb")
    assert ("OFFSET 0" in text) is fenced


def test_without_a_row_filter_there_is_no_fence() -> None:
    tree = sqlglot.parse_one("SELECT x.id FROM (SELECT id FROM t) AS x WHERE x.id + 1 > 3", dialect="duckdb")
    assert isinstance(tree, exp.Query)
    assert fence_filters(tree) is tree


def test_what_may_fail_below_a_row_filter_does_not_run_in_the_database() -> None:
    mapping = PLAIN.replace("_physical.score AS score", "CAST(_physical.level AS INTEGER) AS score")
    with pytest.raises(NotNative):
        fence_filters(wrapped("SELECT x.id FROM {x} AS x", mapping))


def test_duckdb_computes_an_unfenced_condition_on_hidden_rows() -> None:
    question = "SELECT count(*) AS n FROM {x} AS x JOIN u ON u.id = x.id WHERE CAST(x.level AS INTEGER) > 3"
    tree = wrapped(question)
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT i AS id, CASE WHEN i % 10 = 0 THEN 'east' ELSE 'west' END AS town, "
            "CASE WHEN i % 10 = 0 THEN '7' ELSE 'none' END AS level, DATE '2000-01-01' AS born, 1 AS score "
            "FROM range(600) AS r(i)"
        )
        connection.execute("CREATE TABLE u AS SELECT i AS id FROM range(20) AS r(i)")
        with pytest.raises(duckdb.ConversionException):
            connection.sql(tree.sql(dialect="duckdb")).fetchall()
        assert connection.sql(fence_filters(tree).sql(dialect="duckdb")).fetchall() == [(2,)]
