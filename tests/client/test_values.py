"""Parameter values survive the wire, and what cannot be carried is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import SqlError
from comity.v1 import query_pb2
from comity.values import decode_parameters, decode_value, encode_parameters, encode_value

_DECIMALS = st.decimals(
    allow_nan=False, allow_infinity=False, places=6, min_value=-(10**30), max_value=10**30
)


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(min_value=-(2**63), max_value=2**63 - 1),
        st.floats(allow_nan=False),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.binary(),
        st.dates(),
        st.datetimes(),
        st.datetimes(timezones=st.just(UTC)),
        _DECIMALS,
    )
)
def test_a_value_survives_the_wire(value: object) -> None:
    sent = query_pb2.Value.FromString(encode_value(value).SerializeToString())
    received = decode_value(sent)
    assert received == value
    assert type(received) is type(value)


def test_true_is_a_boolean_not_a_number() -> None:
    assert encode_value(True).WhichOneof("kind") == "bool_value"


def test_an_integer_beyond_64_bits_travels_as_a_decimal() -> None:
    assert encode_value(2**63).decimal_value == "9223372036854775808"
    assert decode_value(encode_value(-(2**70))) == Decimal(-(2**70))


def test_a_decimal_is_written_without_an_exponent() -> None:
    assert encode_value(Decimal("1E+3")).decimal_value == "1000"
    assert encode_value(Decimal("1.50")).decimal_value == "1.50"
    assert encode_value(Decimal("1E-7")).decimal_value == "0.0000001"


def test_nan_and_infinity_are_floats() -> None:
    assert decode_value(encode_value(float("inf"))) == float("inf")


def test_an_aware_time_is_sent_in_utc() -> None:
    beijing = datetime(2026, 1, 2, 7, 30, tzinfo=timezone(timedelta(hours=8)))
    assert encode_value(beijing).timestamptz_value == "2026-01-01T23:30:00+00:00"
    assert decode_value(encode_value(beijing)) == beijing


@pytest.mark.parametrize(
    "value",
    [
        ...,
        [1],
        1j,
        timedelta(1),
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+999999"),
        Decimal("1E-999999"),
        10**38,
        "broken \ud800 text",
    ],
    ids=repr,
)
def test_what_cannot_be_carried_is_refused(value: object) -> None:
    with pytest.raises(SqlError) as caught:
        encode_value(value)
    assert caught.value.code == "SQL_PARAMETER"


@pytest.mark.parametrize(
    "value",
    [
        query_pb2.Value(),
        query_pb2.Value(decimal_value="1e400000000"),
        query_pb2.Value(decimal_value="NaN"),
        query_pb2.Value(decimal_value="٣"),
        query_pb2.Value(decimal_value="9" * 1000),
        query_pb2.Value(date_value="31.01.2026"),
        query_pb2.Value(timestamp_value="noon"),
        query_pb2.Value(timestamp_value="2026-01-01T00:00:00+08:00"),
        query_pb2.Value(timestamptz_value="2026-01-01T00:00:00"),
    ],
    ids=str,
)
def test_a_malformed_wire_value_is_refused_without_repeating_it(value: query_pb2.Value) -> None:
    with pytest.raises(SqlError) as caught:
        decode_value(value)
    assert caught.value.code == "SQL_PARAMETER"
    kind = value.WhichOneof("kind")
    assert not kind or getattr(value, kind) not in str(caught.value)


def test_parameters_are_positional_or_named() -> None:
    assert decode_parameters(encode_parameters([1, "二"])) == ((1, "二"), {})
    assert decode_parameters(encode_parameters({"town": "440605", "$since": date(2026, 1, 1)})) == (
        (),
        {"town": "440605", "since": date(2026, 1, 1)},
    )
    assert decode_parameters(encode_parameters(None)) == ((), {})


@pytest.mark.parametrize("parameters", ["ab", b"ab", 3, {"": 1}, {1: 1}], ids=repr)
def test_malformed_parameters_are_refused(parameters: object) -> None:
    with pytest.raises(SqlError) as caught:
        encode_parameters(parameters)  # type: ignore[arg-type]
    assert caught.value.code == "SQL_PARAMETER"


def test_a_name_given_twice_is_refused() -> None:
    twice = [query_pb2.Parameter(name="a", value=encode_value(n)) for n in (1, 2)]
    with pytest.raises(SqlError, match="twice"):
        decode_parameters(twice)
