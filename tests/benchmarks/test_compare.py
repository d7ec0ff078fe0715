"""The comparison that every benchmark's answers go through."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.compare import compare, sort_keys


def table(**columns: list[Any]) -> pa.Table:
    return pa.table(columns)


def test_rows_without_an_order_are_a_multiset() -> None:
    assert compare(table(a=[1, 2, 2]), table(a=[2, 1, 2])) == []
    assert compare(table(a=[1, 2, 2]), table(a=[2, 1, 1])) != []


def test_a_different_number_of_rows_differs() -> None:
    assert compare(table(a=[1, 1]), table(a=[1])) == ["1 rows, expected 2"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (table(a=[1]), table(b=[1])),
        (table(a=[1]), table(a=[1.0])),
        (table(a=[Decimal("1.0")]), table(a=[Decimal("1.00")])),
        (table(a=["x"]), table(a=["x "])),
        (table(a=["x"]), table(a=["X"])),
        (table(a=[None, 1]), table(a=[1, 1])),
        (table(a=[Decimal("1.00")]), table(a=[Decimal("1.01")])),
    ],
)
def test_names_types_and_exact_values_count(one: pa.Table, other: pa.Table) -> None:
    assert compare(one, other) != []
    assert compare(other, one) != []


def test_text_in_another_arrow_layout_is_the_same() -> None:
    assert compare(table(a=["x"]), pa.table({"a": pa.array(["x"], pa.large_string())})) == []


@pytest.mark.parametrize("error", [1e-10, -1e-10])
def test_floats_agree_within_the_tolerance(error: float) -> None:
    assert compare(table(a=[1e6, 2.0]), table(a=[2.0 * (1 + error), 1e6])) == []


def test_floats_differ_beyond_it() -> None:
    assert compare(table(a=[1.0]), table(a=[1.0 + 1e-8])) != []
    assert compare(table(a=[0.0]), table(a=[1e-30])) != []


def test_nan_equals_nan_only() -> None:
    nan = float("nan")
    assert compare(table(a=[nan, 1.0]), table(a=[1.0, nan])) == []
    assert compare(table(a=[nan]), table(a=[1.0])) != []


def test_each_row_matches_once() -> None:
    assert compare(table(a=[1.0, 1.0]), table(a=[1.0, 1.0 + 1e-7])) != []


def test_an_order_must_be_kept() -> None:
    sql = "SELECT a, b FROM t ORDER BY a DESC"
    assert compare(table(a=[2, 1], b=[5, 6]), table(a=[2, 1], b=[5, 6]), sql) == []
    (difference,) = compare(table(a=[2, 1], b=[5, 6]), table(a=[1, 2], b=[6, 5]), sql)
    assert "row 1" in difference


def test_ties_may_stand_in_any_order() -> None:
    sql = "SELECT a, b FROM t ORDER BY a"
    assert compare(table(a=[1, 1], b=[5, 6]), table(a=[1, 1], b=[6, 5]), sql) == []
    assert compare(table(a=[1, 1], b=[5, 6]), table(a=[1, 1], b=[6, 6]), sql) != []


def test_a_limit_may_cut_a_tie_anywhere() -> None:
    sql = "SELECT a, b FROM t ORDER BY a LIMIT 2"
    assert compare(table(a=[1, 2], b=[5, 6]), table(a=[1, 2], b=[5, 7]), sql) == []
    assert compare(table(a=[1, 2], b=[5, 6]), table(a=[1, 2], b=[4, 6]), sql) != []


def test_sort_keys_are_output_columns_by_name_or_position() -> None:
    assert sort_keys("SELECT x, y FROM t ORDER BY y, 1 LIMIT 3", ["x", "y"]) == ([1, 0], True)
    assert sort_keys("SELECT x, y FROM t ORDER BY y, x + 1, x", ["x", "y"]) == ([1], False)
    assert sort_keys("WITH c AS (SELECT 1 ORDER BY 1) SELECT x FROM c", ["x"]) == ([], False)
    assert sort_keys("SELECT x FROM a UNION ALL SELECT x FROM b ORDER BY x", ["x"]) == ([0], False)
