"""Every function and operator on the allow-list survives resolution, and has DuckDB's type or none."""

from __future__ import annotations

import math
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from comity.errors import SqlError
from sql.allowed_functions import AGGREGATES, NAMED_AGGREGATES, NAMED_SCALARS, SCALARS, WINDOWS
from sql.annotate import kind_of
from sql.binder import Binder
from sql.catalog import Catalog, Table
from sql.parse import parse_query
from sql.render import render
from sql.resolution import Resolution
from sql.resolve import resolve_query
from sql.resolve_query import resolve_query as resolve_names
from tests.sql.lab import columns_of, read_questions

EXPRESSIONS = read_questions("expressions.sql")
LISTED = (
    "a INTEGER, b BIGINT, c VARCHAR, d DECIMAL(10,2), f DOUBLE, dt DATE, ts TIMESTAMP, tz TIMESTAMPTZ,"
    " flag BOOLEAN, s SMALLINT, y TINYINT, h HUGEINT, w DECIMAL(18,4), wide DECIMAL(38,0)"
)
ROWS = """
INSERT INTO h.t (a, b, c, d, f, dt, ts, tz, flag) VALUES
(1, 10, 'xAx', 1.25, 1.55, '2024-01-31', '2024-01-31 10:11:12.345', '2024-01-31 10:11:12+08', true),
(2, 20, 'yy', -2.55, 2.45, '2023-12-31', '2023-12-31 23:59:59', NULL, false),
(2, 30, 'x%z', 0.05, -0.5, '2020-02-29', '2020-02-29 00:00:00', '2024-02-29 10:11:12+00', NULL),
(NULL, 40, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""
TABLE = Table("h", "t", columns_of(LISTED))
CATALOG = Catalog([TABLE], "1")


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    binder = Binder([TABLE])
    yield binder
    binder.close()


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute("SET TimeZone='UTC'")
    connection.execute("CREATE SCHEMA h")
    connection.execute(f"CREATE TABLE h.t ({LISTED})")
    connection.execute(ROWS)
    yield connection
    connection.close()


def rows_of(database: duckdb.DuckDBPyConnection, text: str) -> tuple[pa.Schema, list[str]]:
    relation = database.sql(text)
    assert relation is not None
    table = relation.to_arrow_table()
    return table.schema, sorted(map(repr, table.to_pylist()))


def question(expression: str) -> str:
    return f"select {expression} as x from h.t" + (" group by a" if "grouping" in expression else "")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_means_the_same_after_resolution(
    expression: str, binder: Binder, database: duckdb.DuckDBPyConnection
) -> None:
    text = question(expression)
    resolved = resolve_query(parse_query(text), CATALOG, binder)
    schema, rows = rows_of(database, text)
    found_schema, found = rows_of(database, render(resolved.tree))
    assert found == rows
    assert found_schema == schema
    assert found_schema.types == resolved.schema.types


def test_every_listed_function_has_an_expression() -> None:
    classes: set[type] = set()
    names: set[str] = set()
    for expression in EXPRESSIONS:
        for node in sqlglot.parse_one(question(expression), dialect="duckdb").walk():
            classes.add(type(node))
            if isinstance(node, exp.Anonymous):
                names.add(node.name.lower())
    # Those that change with time or are approximate have tests of their own.
    own = {exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp, exp.ApproxDistinct, exp.DateTrunc}
    assert {*AGGREGATES, *WINDOWS, *SCALARS} - classes - own == set()
    present = {"now", "get_current_timestamp", "transaction_timestamp"}
    assert (NAMED_AGGREGATES | NAMED_SCALARS) - names - present == set()


def inferred(text: str) -> list[str | None]:
    """The types that our own rules find for the outputs of a question."""
    resolution = Resolution(text, CATALOG, resolve_names)
    tree, _ = resolve_names(resolution, parse_query(text).tree.copy(), {}, None)
    return [kind_of(output) for output in tree.selects]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_type_found_by_rule_is_the_type_that_duckdb_finds(expression: str, binder: Binder) -> None:
    text = question(expression)
    (kind,) = inferred(text)
    assert kind in {None, binder.columns_of(text)[0].type}


OPERANDS = ["a", "b", "d", "f", "s", "y", "h", "w", "wide", "1", "300", "100000", "3000000000", "1.5", "0.05"]
OPERANDS += ["-1", "-1.5", "(a + b)", "1e3", "null", "99999999999999999999"]
FORMS = [
    "{} + {}",
    "{} - {}",
    "{} * {}",
    "{} / {}",
    "{} % {}",
    "coalesce({}, {})",
    "case when flag then {} else {} end",
]


@pytest.mark.parametrize("form", FORMS)
def test_types_of_two_numbers_together_are_those_that_duckdb_finds(form: str, binder: Binder) -> None:
    expressions = []
    for left in OPERANDS:
        for right in OPERANDS:
            expression = form.format(left, right)
            try:
                binder.columns_of(f"select {expression} from h.t")
            except SqlError:
                continue
            expressions.append(expression)
    text = "select " + ", ".join(f"{e} as x{n}" for n, e in enumerate(expressions)) + " from h.t"
    expected = [column.type for column in binder.columns_of(text)]
    found = inferred(text)
    wrong = [
        f"{expression}: {mine}, DuckDB says {theirs}"
        for expression, mine, theirs in zip(expressions, found, expected, strict=True)
        if mine not in {None, theirs}
    ]
    assert wrong == []
    if "%" not in form:
        assert sum(kind is not None for kind in found) > 0.9 * len(found), "the rules know too little"


def test_every_value_of_a_resolved_tree_has_a_type(binder: Binder) -> None:
    text = "select sum(d * (1 - d)) as s, a from h.t where c like 'x%' and a in (1, 2) group by a having count(*) > 1"
    tree = resolve_query(parse_query(text), CATALOG, binder).tree
    untyped = [n.sql() for n in tree.walk() if isinstance(n, (exp.Condition, exp.Func)) and n.type is None]
    assert untyped == []
    assert [kind_of(output) for output in tree.selects] == ["DECIMAL(38,4)", "INTEGER"]


def test_approximate_counts_are_allowed(binder: Binder, database: duckdb.DuckDBPyConnection) -> None:
    text = "select approx_count_distinct(a) as n from h.t"
    resolved = resolve_query(parse_query(text), CATALOG, binder)
    _, rows = rows_of(database, render(resolved.tree))
    assert rows == ["{'n': 2}"]


def test_not_a_number_and_infinity_pass(binder: Binder, database: duckdb.DuckDBPyConnection) -> None:
    text = "select cast('nan' as double) as n, cast('-inf' as double) as i"
    resolved = resolve_query(parse_query(text), CATALOG, binder)
    relation = database.sql(render(resolved.tree))
    assert relation is not None
    ((number, infinity),) = relation.fetchall()
    assert math.isnan(number)
    assert infinity == -math.inf
