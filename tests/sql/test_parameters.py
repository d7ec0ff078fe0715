"""Values of parameters become literals that mean what they say, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import pytest

from comity.errors import SqlError
from sql.binder import Binder
from sql.catalog import Catalog
from sql.parameters import ParameterValue, bind_parameters, literal
from sql.parse import parse_query
from sql.render import render
from sql.resolve import resolve_query

VALUES: list[tuple[ParameterValue, str]] = [
    (None, "NULL"),
    (True, "BOOLEAN"),
    (False, "BOOLEAN"),
    (0, "INTEGER"),
    (-5, "INTEGER"),
    (2**31 - 1, "INTEGER"),
    (3_000_000_000, "BIGINT"),
    (-(2**63) + 1, "BIGINT"),
    (2**126, "HUGEINT"),
    (1.5, "DOUBLE"),
    (-0.1, "DOUBLE"),
    (1e300, "DOUBLE"),
    (math.inf, "DOUBLE"),
    (-math.inf, "DOUBLE"),
    (Decimal("1.50"), "DECIMAL(3,2)"),
    (Decimal("-0.001"), "DECIMAL(3,3)"),
    (Decimal("1E+3"), "DECIMAL(4,0)"),
    (Decimal(12345678901234567890123456789012345678), "DECIMAL(38,0)"),
    (Decimal("0.00000000000000000000000000000000000001"), "DECIMAL(38,38)"),
    ("", "VARCHAR"),
    ("it's; DROP TABLE x; --", "VARCHAR"),
    ("张三\t'\"\\ \n$1 ? /* */", "VARCHAR"),
    ("NULL", "VARCHAR"),
    (b"", "BLOB"),
    (b"\x00'\\\xff", "BLOB"),
    (date(2024, 2, 29), "DATE"),
    (datetime(2024, 2, 29, 12, 30, 15, 123456), "TIMESTAMP"),
    (datetime(2024, 2, 29, 12, 30, tzinfo=timezone(timedelta(hours=8))), "TIMESTAMP WITH TIME ZONE"),
]


@pytest.mark.parametrize(("value", "kind"), VALUES, ids=lambda part: repr(part)[:40])
def test_a_value_comes_back_as_itself(
    value: ParameterValue,
    kind: str,
    lab: Catalog,
    lab_binder: Binder,
    lab_database: duckdb.DuckDBPyConnection,
) -> None:
    parsed = bind_parameters(parse_query("select ? as x, ? as y"), [value, 1], {})
    resolved = resolve_query(parsed, lab, lab_binder)
    assert resolved.columns[0].type == kind
    relation = lab_database.sql(render(resolved.tree))
    assert relation is not None
    found = relation.to_arrow_table().column(0)[0].as_py()
    if isinstance(value, datetime) and value.tzinfo:
        value = value.astimezone(UTC)
        found = found.astimezone(UTC)
    assert found == value


def test_not_a_number_comes_back_as_itself(lab_database: duckdb.DuckDBPyConnection) -> None:
    relation = lab_database.sql(f"select {literal(math.nan).sql('duckdb')}")
    assert relation is not None
    assert math.isnan(relation.fetchall()[0][0])


@pytest.mark.parametrize(
    ("text", "positional", "named", "says"),
    [
        ("select ?", [], {}, "1 placeholders and 0 values"),
        ("select ?", [1, 2], {}, "1 placeholders and 2 values"),
        ("select $1, $3", [1, 2, 3], {}, "2 placeholders and 3 values"),
        ("select 1", [1], {}, "0 placeholders and 1 values"),
        ("select $a, $b", [], {"a": 1}, "no value for $b"),
        ("select $a", [], {"a": 1, "c": 2}, "no placeholder for the value of $c"),
        ("select $a", [1], {}, "no value for $a; no placeholder for the value of $1"),
        ("select ?", [], {"a": 1}, "no value for $1; no placeholder for the value of $a"),
    ],
)
def test_values_that_do_not_fit_are_named(
    text: str, positional: Sequence[ParameterValue], named: Mapping[str, ParameterValue], says: str
) -> None:
    with pytest.raises(SqlError) as caught:
        bind_parameters(parse_query(text), positional, named)
    assert caught.value.code == "SQL_PARAMETER"
    assert says in caught.value.message


@pytest.mark.parametrize(
    "value",
    [
        "a\x00b",
        "a\x1b",
        "\ud800",
        2**127,
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1e39"),
        [1],
        object(),
    ],
)
def test_values_that_no_literal_holds_are_refused_without_repeating_them(value: ParameterValue) -> None:
    with pytest.raises(SqlError) as caught:
        bind_parameters(parse_query("select ?"), [value], {})
    assert caught.value.code == "SQL_PARAMETER"
    assert "$1" in caught.value.message
    assert str(value) not in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["select a from h.t order by ?", "select a from h.t group by ?", "select a from h.t group by rollup (?)"],
)
def test_a_parameter_cannot_be_taken_for_a_position(text: str) -> None:
    with pytest.raises(SqlError, match="order or group by") as caught:
        bind_parameters(parse_query(text), [1], {})
    assert (caught.value.code, caught.value.column) == ("SQL_PARAMETER", text.index("?") + 1)


def test_names_of_parameters_ignore_case_and_values_repeat(lab: Catalog, lab_binder: Binder) -> None:
    parsed = bind_parameters(
        parse_query("select $Town || $TOWN as x where $town > $n"), [], {"toWn": "a", "N": "b"}
    )
    assert parsed.placeholders == ()
    assert render(resolve_query(parsed, lab, lab_binder).tree) == "SELECT 'a' || 'a' AS \"x\" WHERE 'a' > 'b'"


def test_the_parsed_question_is_not_changed_and_can_be_bound_again(lab: Catalog, lab_binder: Binder) -> None:
    parsed = parse_query("select ? as x")
    for value in (1, 2):
        bound = bind_parameters(parsed, [value], {})
        assert render(resolve_query(bound, lab, lab_binder).tree) == f'SELECT {value} AS "x"'
    assert parsed.placeholders == ("1",)
    assert bound.fingerprint == parsed.fingerprint
