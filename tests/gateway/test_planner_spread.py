"""Variances put together from members: as near to the truth as one DuckDB is, however far the values are from zero."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

import duckdb
import pytest
from sqlglot import exp, parse_one

from gateway.planner.block_aggregates import call_at
from gateway.planner.partial_aggregates import can_merge, merged

FUNCTIONS = ("var_samp", "var_pop", "stddev_samp", "stddev_pop")
TINY = 2.0**-52
Members = list[list[float]]


class Sent:
    """The columns of a member's part, by the text that computes them."""

    def __init__(self, *, readable: bool = True) -> None:
        self.readable = readable
        self.columns: dict[str, str] = {}

    def key(self, expression: exp.Expr) -> exp.Column:
        raise AssertionError("no key is needed")

    def aggregate(self, call: exp.Expr) -> exp.Column:
        name = self.columns.setdefault(call.sql("duckdb"), f"c{len(self.columns)}")
        return exp.column(name)

    def may_read(self, _expression: exp.Expr) -> bool:
        return self.readable

    def functions(self, _expression: exp.Expr) -> None:
        return None


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(config={"threads": 1})
    yield connection
    connection.close()


def ask(
    database: duckdb.DuckDBPyConnection,
    function: str,
    members: Members,
    kind: str = "DOUBLE",
    *,
    readable: bool = True,
) -> tuple[float | None, float | None]:
    """What comes of the members' parts, and what DuckDB says of all values."""
    call = call_at(parse_one(f"{function}(x)", dialect="duckdb"))
    assert can_merge(call, kind)
    sent = Sent(readable=readable)
    final = merged(call, kind, sent).sql("duckdb")
    values = [f"SELECT unnest(CAST({[repr(v) for v in member]} AS {kind}[])) AS x" for member in members]
    outputs = ", ".join(f"{text} AS {name}" for text, name in sent.columns.items())
    parts = " UNION ALL ".join(f"SELECT {outputs} FROM ({value})" for value in values)
    (found,) = database.sql(f"SELECT {final} FROM ({parts})").fetchall()[0]
    (whole,) = database.sql(f"SELECT {function}(x) FROM ({' UNION ALL '.join(values)})").fetchall()[0]
    return found, whole


def truth(function: str, members: Members) -> float:
    values = [Fraction(value) for value in chain.from_iterable(members)]
    mean = sum(values) / len(values)
    squares = sum((value - mean) ** 2 for value in values)
    variance = squares / (len(values) - ("samp" in function))
    return math.sqrt(variance) if function.startswith("stddev") else float(variance)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e3, 1e6, 1e9, 1e12, -1e15])
def test_a_great_offset_costs_no_more_than_the_mean_must(
    function: str, offset: float, database: duckdb.DuckDBPyConnection
) -> None:
    members = [
        [offset + step for step in (0.25, 4.5, 7.0, 13.25)],
        [offset + step for step in (1.0, 10.5)],
        [],
        [offset + 30.0],
    ]
    right = truth(function, members)
    found, whole = ask(database, function, members)
    assert found is not None
    assert whole is not None
    # What rounding the mean to a double alone may change; cancellation would lose the square of it.
    unavoidable = 4 * TINY * abs(offset) / 10
    assert abs(found - right) <= right * (1e-9 + unavoidable)
    if abs(offset) <= 1e6:
        assert math.isclose(found, whole, rel_tol=1e-9)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (0.1, "DOUBLE"),
        (1e-300, "DOUBLE"),
        (123456789.123456789, "DOUBLE"),
        (0.1 + 0.2, "DOUBLE"),
        (1.7e308, "DOUBLE"),
        (0.1, "FLOAT"),
        (0.1, "DECIMAL(2,1)"),
        (1234567.89, "DECIMAL(38,2)"),
        (9007199254740991, "BIGINT"),
        (2**62 + 1, "BIGINT"),
    ],
)
def test_equal_values_do_not_vary_at_all(
    function: str, value: float, kind: str, database: duckdb.DuckDBPyConnection
) -> None:
    members = [[value] * 3, [value] * 7, [value]]
    for readable in (True, False):
        # A sum of the greatest doubles is infinite, and so is a mean that is made of it.
        if readable or value < 1e300:
            found, whole = ask(database, function, members, kind, readable=readable)
            assert found == whole == 0


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "members",
    [
        [[], []],
        [[1.5], []],
        [[math.inf], [math.inf]],
        [[math.inf, 1.0], [2.0]],
        [[math.inf], [1.0]],
        [[math.nan], [1.0, 2.0]],
        [[1e200], [-1e200]],
        [[0.0, -0.0], [-0.0]],
    ],
    ids=str,
)
def test_few_and_strange_values_are_as_in_one_database(
    function: str, members: Members, database: duckdb.DuckDBPyConnection
) -> None:
    found, whole = ask(database, function, members)
    if whole is not None and math.isnan(whole):
        assert found is not None
        assert math.isnan(found)
    else:
        assert found == whole


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", ["DECIMAL(18,3)", "BIGINT", "FLOAT"])
def test_other_numbers_vary_as_in_one_database(
    function: str, kind: str, database: duckdb.DuckDBPyConnection
) -> None:
    found, whole = ask(database, function, [[5000.0, 5001.0, 5007.0], [4990.0], [5000.0, 5000.0]], kind)
    assert found is not None
    assert whole is not None
    assert math.isclose(found, whole, rel_tol=1e-9)


def test_an_average_of_moments_is_left_alone() -> None:
    assert not can_merge(call_at(parse_one("avg(x)", dialect="duckdb")), "TIMESTAMP")
    assert not can_merge(call_at(parse_one("avg(x)", dialect="duckdb")), None)
