"""Decimals read from text are the decimals that the text writes, whichever way they are read."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.exact_numbers import decimals_from_text

MONEY = pa.decimal128(15, 2)
LONG = pa.decimal128(38, 4)


def written(places: int, digits: int) -> st.SearchStrategy[str | None]:
    """Decimals of at most so many digits and places as PostgreSQL and MySQL write them, and NULL."""
    most = 10**digits - 1
    units = st.integers(-most, most) | st.integers(-200, 200)
    return st.none() | st.builds(in_places, units, st.integers(0, places))


def in_places(units: int, places: int) -> str:
    """So many units of the last place: `in_places(-1205, 2)` is `-12.05`."""
    digits = str(abs(units)).rjust(places + 1, "0")
    point = len(digits) - places
    sign = "-" if units < 0 else ""
    return f"{sign}{digits[:point]}.{digits[point:]}" if places else f"{sign}{digits}"


@given(texts=st.lists(written(2, 13), max_size=6), skipped=st.integers(0, 2))
@settings(max_examples=300, deadline=None)
def test_short_numbers_are_read_exactly(texts: list[str | None], skipped: int) -> None:
    column = pa.array(texts, pa.string()).slice(min(skipped, len(texts)))
    found = decimals_from_text(column, MONEY)
    found.validate(full=True)
    assert found.type == MONEY
    assert found.to_pylist() == [None if t is None else Decimal(t) for t in column.to_pylist()]


@given(texts=st.lists(written(4, 30), max_size=6))
@settings(max_examples=300, deadline=None)
def test_long_numbers_are_read_exactly(texts: list[str | None]) -> None:
    found = decimals_from_text(pa.array(texts, pa.string()), LONG)
    assert found.to_pylist() == [None if t is None else Decimal(t) for t in texts]


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740.99",  # 15 digits
        "9007199254740993",  # 16, and no double of its own
        "-900719925474099.3",
        "999999999999999",
        "-999999999999999.9",
        "0.000",
        "-0.00",
    ],
)
def test_numbers_at_the_end_of_what_doubles_hold_are_read_exactly(text: str) -> None:
    assert decimals_from_text(pa.array([text, "1.5"]), LONG).to_pylist() == [Decimal(text), Decimal("1.5")]


@pytest.mark.parametrize(
    "text", ["1.005", "0.001", "12345678901234", "NaN", "Infinity", "-Infinity", "", "x"]
)
def test_what_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(pa.ArrowInvalid):
        decimals_from_text(pa.array([text, "1.50"]), MONEY)
