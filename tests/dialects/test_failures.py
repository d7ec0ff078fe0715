"""What fails on a value in DuckDB fails at the source too, and never on a row that a filter hides."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from comity.errors import SourceError
from sql.dialects import NotNative, render_native
from tests.dialects.questions import resolve, wrap
from tests.dialects.sources import Source, mirror, rows_of

DIALECTS = ("postgres", "mysql", "sqlite")

FAILING = (
    "SELECT i + 1 AS v FROM extremes",
    "SELECT -i AS v FROM extremes",
    "SELECT s + 1 AS v FROM extremes",
    "SELECT s * s AS v FROM extremes",
    "SELECT b * 2 AS v FROM extremes",
    "SELECT abs(i) AS v FROM extremes",
    "SELECT w * 10 AS v FROM extremes",
    "SELECT sum(w) * 100 AS v FROM extremes WHERE id = 1",
    "SELECT CAST(b AS INTEGER) AS v FROM extremes",
    "SELECT CAST(d AS SMALLINT) AS v FROM extremes",
    "SELECT CAST(d AS DECIMAL(5,2)) AS v FROM extremes",
    "SELECT i // s AS v FROM extremes",
    "SELECT i % s AS v FROM extremes",
    "SELECT (SELECT x.i FROM extremes AS x) AS v",
    "SELECT id, (SELECT x.i FROM extremes AS x WHERE x.id >= y.id) AS v FROM extremes AS y",
)


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
@pytest.mark.parametrize("sql", FAILING)
def test_what_fails_in_duckdb_has_no_answer_at_the_source(
    sql: str, source: Source, oracle: duckdb.DuckDBPyConnection
) -> None:
    tree = resolve(sql)
    relation = oracle.sql(wrap(tree, mirror(oracle, source)).sql(dialect="duckdb", identify=True))
    schema = relation.limit(0).to_arrow_table().schema
    try:
        expected = relation.to_arrow_table()
    except duckdb.Error:
        expected = None
    try:
        text = render_native(wrap(tree, source.schema), source.dialect, source.capabilities, source.tables)
    except NotNative:
        return
    if expected is None:
        with pytest.raises(SourceError):
            source.ask(text, schema)
    else:
        # SQLite's integers all have 64 bits, in which some of these do not fail.
        assert sorted(source.ask(text, schema), key=str) == sorted(rows_of(expected), key=str)


HIDDEN = (
    ("SELECT id FROM extremes WHERE i + 1 > 0", "id > 3"),
    ("SELECT id FROM extremes WHERE b * 2 > 0 OR id < 0", "id > 4"),
    ("SELECT id FROM extremes WHERE abs(s) >= 0", "id NOT IN (2)"),
    ("SELECT id FROM extremes WHERE CAST(b AS INTEGER) >= 0", "id > 5"),
    ("SELECT id FROM extremes WHERE 100 // nullif(s, 0) >= 0", "id NOT IN (1, 2, 3, 5)"),
    ("SELECT x.id FROM extremes AS x JOIN extremes AS y ON x.i + 1 = y.i + 1", "id > 3"),
    ("SELECT i + 1 AS v, count(*) AS n FROM extremes WHERE i % nullif(s, 0) = 0 GROUP BY i + 1", "id = 4"),
)


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
@pytest.mark.parametrize(("sql", "rows"), HIDDEN)
def test_nothing_is_computed_on_rows_that_a_filter_hides(
    sql: str, rows: str, source: Source, oracle: duckdb.DuckDBPyConnection
) -> None:
    tree = resolve(sql)
    # A planner tries cheap conditions first: the row filter is made the dearer one.
    rows = " OR ".join([rows, *(f"id = {beyond}" for beyond in range(90, 99))])
    expected = oracle.sql(
        _filtered(wrap(tree, mirror(oracle, source)), rows).sql(dialect="duckdb")
    ).to_arrow_table()
    wrapped = _filtered(wrap(tree, source.schema), rows)
    try:
        text = render_native(wrapped, source.dialect, source.capabilities, source.tables)
    except NotNative:
        return
    assert sorted(source.ask(text, expected.schema)) == sorted(rows_of(expected))


@pytest.mark.parametrize("source", ["postgres"], indirect=True)
def test_rows_behind_a_fence_are_not_looked_for_again_and_again(source: Source) -> None:
    sql = "SELECT id FROM extremes AS x WHERE {} > (SELECT max(y.b) FROM extremes AS y WHERE y.id = x.id)"
    filtered = [
        _filtered(wrap(resolve(sql.format(what)), source.schema), "id > 3")
        for what in ("b", "length(repeat('x', s))")
    ]
    calm = render_native(filtered[0], source.dialect, source.capabilities, source.tables)
    assert calm.count("SELECT") > 2
    with pytest.raises(NotNative, match="correlated subquery over rows that are filtered first"):
        render_native(filtered[1], source.dialect, source.capabilities, source.tables)


def _filtered(tree: exp.Query, rows: str) -> exp.Query:
    """The wraps of `tree` with a row filter each, on published values inside the wrap."""
    for subquery in list(tree.find_all(exp.Subquery)):
        if subquery.alias == "_published" and isinstance(
            outer := subquery.find_ancestor(exp.Select), exp.Select
        ):
            condition = sqlglot.parse_one(rows, dialect="duckdb")
            for column in condition.find_all(exp.Column):
                column.set("table", exp.to_identifier("_published", quoted=True))
            outer.set("where", exp.Where(this=condition))
    return tree
