"""The quick builders of columns give what the careful ones give, or leave the column to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import SourceError
from connectors.conform_batch import conform_batch
from connectors.sqlite_columns import build_batch, dates, decimals, integers, texts
from connectors.sqlite_values import build_column

KINDS = (pa.int64(), pa.string(), pa.date32(), pa.decimal128(15, 2), pa.decimal128(38, 30), pa.float64())
QUICK = {pa.int64(): integers, pa.string(): texts, pa.date32(): dates, pa.decimal128(15, 2): decimals}
PLAIN: dict[pa.DataType, list[Any]] = {
    pa.int64(): [-(2**63), 0, 2**63 - 1],
    pa.string(): ["", "登记 👪", "x" * 300],
    pa.date32(): ["0001-01-01", "2024-02-29", "9999-12-31"],
    pa.decimal128(15, 2): [0.07, -12, 9999999999999.99],
}
VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-1000, 1000),
    st.integers(-(10**6), 10**6).map(lambda cents: cents / 100),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    st.sampled_from(["2026-01-01", "2026-02-30", "1\x00", "\x00", "12.50", 2**53 + 1, 0.1 + 0.2, -0.0]),
    st.binary(max_size=3),
)


def carefully(values: Sequence[object], schema: pa.Schema) -> pa.RecordBatch:
    columns = [build_column(values, field) for field in schema]
    return conform_batch(pa.RecordBatch.from_arrays(columns, schema.names), schema)


@pytest.mark.parametrize("kind", QUICK, ids=str)
def test_a_plain_column_is_built_the_quick_way(kind: pa.DataType) -> None:
    column = QUICK[kind](PLAIN[kind], kind)
    column.validate(full=True)
    assert column.equals(carefully(PLAIN[kind], pa.schema([("x", kind)])).column(0))


@pytest.mark.parametrize(
    "values",
    [[0.1 + 0.2], [10**13], [2**53 + 1], [10.0**15], [float("inf")], [float("nan"), 1.0], [1.7e308], [1.005]],
    ids=repr,
)
def test_a_number_that_is_no_short_decimal_is_left_to_the_careful_way(values: list[float]) -> None:
    assert decimals(values, pa.decimal128(15, 2)) is None


def test_texts_with_zero_bytes_keep_them() -> None:
    rows: list[tuple[object, ...]] = [("a\x00b",), ("",), ("\x00",)]
    batch = build_batch(rows, pa.schema([("x", pa.string())]))
    assert batch.column(0).to_pylist() == ["a\x00b", "", "\x00"]


def test_decimals_of_either_sign_keep_their_last_places() -> None:
    cents = range(-12345, 12345, 7)
    rows: list[tuple[object, ...]] = [(c / 100,) for c in cents]
    batch = build_batch(rows, pa.schema([("x", pa.decimal128(15, 2))]))
    assert batch.column(0).to_pylist() == [Decimal(c).scaleb(-2) for c in cents]


@given(kind=st.sampled_from(KINDS), values=st.lists(VALUES, min_size=1, max_size=5))
@settings(max_examples=400, deadline=None)
def test_both_ways_accept_and_refuse_the_same_values(kind: pa.DataType, values: list[object]) -> None:
    schema = pa.schema([("x", kind)])
    quickly = outcome(lambda: build_batch([(value,) for value in values], schema))
    assert quickly == outcome(lambda: carefully(values, schema))


def outcome(build: Callable[[], pa.RecordBatch]) -> pa.RecordBatch | str:
    """The batch, or the code of the error."""
    try:
        batch = build()
    except SourceError as error:
        return error.code
    batch.validate(full=True)
    return batch
