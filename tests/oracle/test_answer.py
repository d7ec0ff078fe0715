"""When two answers are the same answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.oracle.answer import differences, ordered, unordered


def table(**columns: Any) -> pa.Table:
    return pa.table(columns)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (table(a=[1, 2, 2]), table(a=[2, 1, 2])),
        (table(a=["甲", None]), table(a=[None, "甲"])),
        (table(a=[1.0, 2.0]), table(a=[2.0 * (1 + 1e-10), 1.0 - 1e-10])),
        (table(a=[float("nan")]), table(a=[float("nan")])),
        (table(a=[[1, 2], None]), table(a=[None, [1, 2]])),
        (table(a=["x"]), table(a=pa.array(["x"], pa.large_string()))),
        (table(a=pa.array([], pa.int64())), table(a=pa.array([], pa.int64()))),
    ],
)
def test_rows_agree_as_a_multiset(one: pa.Table, other: pa.Table) -> None:
    assert differences(unordered(one), other) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (table(a=[1, 2, 2]), table(a=[1, 1, 2])),
        (table(a=[1]), table(a=[1, 1])),
        (table(a=[1]), table(b=[1])),
        (table(a=[1], b=[1]), table(b=[1], a=[1])),
        (table(a=[1]), table(a=[1.0])),
        (table(a=[1]), table(a=pa.array([1], pa.int32()))),
        (table(a=[Decimal("1.0")]), table(a=[Decimal("1.00")])),
        (table(a=["x"]), table(a=["x "])),
        (table(a=["x"]), table(a=["X"])),
        (table(a=["x"]), table(a=[None])),
        (table(a=[1.0, 1.0]), table(a=[1.0, 1.0 + 1e-8])),
        (table(a=[[1, 2]]), table(a=[[2, 1]])),
    ],
)
def test_values_names_types_and_counts_matter(one: pa.Table, other: pa.Table) -> None:
    assert differences(unordered(one), other) != []


def test_floats_match_within_their_own_rows() -> None:
    expected = table(name=["甲", "乙"], value=[1.0, 2.0])
    assert differences(unordered(expected), table(name=["甲", "乙"], value=[2.0, 1.0])) != []


def test_an_order_holds_between_blocks_of_ties_and_not_within_them() -> None:
    pool = table(a=["x", "y", "z"], key=[1, 1, 2])
    answer = ordered(pool.select(["a"]), pool, [1])
    assert differences(answer, table(a=["y", "x", "z"])) == []
    assert differences(answer, table(a=["x", "z", "y"])) != []


def test_a_cut_through_ties_may_leave_any_of_them() -> None:
    pool = table(a=["x", "y", "z"], key=[1, 2, 2])
    answer = ordered(table(a=["x", "y"]), pool, [1])
    assert differences(answer, table(a=["x", "z"])) == []
    assert differences(answer, table(a=["y", "z"])) != []
    second = ordered(table(a=["y"]), pool, [1], offset=1)
    assert differences(second, table(a=["z"])) == []
    assert differences(second, table(a=["x"])) != []


def test_a_difference_is_told_with_the_place_and_a_row_that_was_expected() -> None:
    pool = table(a=["x", "y"], key=[1, 2])
    (told,) = differences(ordered(pool.select(["a"]), pool, [1]), table(a=["x", "q"]))
    assert "('q',)" in told
    assert "rows 2 to 2" in told
    assert "('y',)" in told
