"""Parameter values on the wire: Python values to `comity.v1.Value` and back.

===================  ====================  =============================================
Python               `Value`               note
===================  ====================  =============================================
None                 null_value
bool                 bool_value
int                  int_value             beyond 64 bits: decimal_value
float                double_value          NaN and infinities included
decimal.Decimal      decimal_value         digits, no exponent, at most 38
str                  string_value
bytes                bytes_value
datetime.date        date_value            ISO 8601
datetime, naive      timestamp_value       ISO 8601
datetime, aware      timestamptz_value     ISO 8601, in UTC
===================  ====================  =============================================

Everything else is refused with `SQL_PARAMETER`. No message carries the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from comity.errors import SqlError
from comity.v1 import query_pb2

ParameterValue = None | bool | int | float | Decimal | str | bytes | date | datetime
Parameters = Sequence[ParameterValue] | Mapping[str, ParameterValue]

_INT64 = range(-(2**63), 2**63)
_DIGITS = 38
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def encode_value(value: object) -> query_pb2.Value:
    """The wire form of one Python value; raises `SqlError` (`SQL_PARAMETER`) for a type it cannot carry."""
    match value:
        case None:
            return query_pb2.Value(null_value="NULL_VALUE")
        case bool():
            return query_pb2.Value(bool_value=value)
        case int():
            if value in _INT64:
                return query_pb2.Value(int_value=value)
            return query_pb2.Value(decimal_value=_digits(Decimal(int(value))))
        case float():
            return query_pb2.Value(double_value=value)
        case Decimal():
            return query_pb2.Value(decimal_value=_digits(value))
        case str():
            if any("\ud800" <= character <= "\udfff" for character in value):
                raise _refused("a text parameter is not valid Unicode")
            return query_pb2.Value(string_value=value)
        case bytes() | bytearray() | memoryview():
            return query_pb2.Value(bytes_value=bytes(value))
        case datetime():
            if value.utcoffset() is None:
                return query_pb2.Value(timestamp_value=value.replace(tzinfo=None).isoformat())
            return query_pb2.Value(timestamptz_value=value.astimezone(UTC).isoformat())
        case date():
            return query_pb2.Value(date_value=value.isoformat())
        case _:
            raise _refused(
                f"a parameter of type {type(value).__name__} cannot be sent",
                "Use None, bool, int, float, Decimal, str, bytes, date or datetime.",
            )


def decode_value(value: query_pb2.Value) -> ParameterValue:
    """The Python value of one wire value; raises `SqlError` (`SQL_PARAMETER`) when it is empty or malformed."""
    match value.WhichOneof("kind"):
        case "null_value":
            return None
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "decimal_value":
            return _decode_decimal(value.decimal_value)
        case "string_value":
            return value.string_value
        case "bytes_value":
            return value.bytes_value
        case "date_value":
            return _decode_date(value.date_value)
        case "timestamp_value":
            moment = _decode_datetime(value.timestamp_value)
            if moment.tzinfo is not None:
                raise _refused("a timestamp parameter carries a time zone", "Send it as timestamptz.")
            return moment
        case "timestamptz_value":
            moment = _decode_datetime(value.timestamptz_value)
            if moment.tzinfo is None:
                raise _refused("a timestamptz parameter carries no time zone", "Add Z or an offset: +08:00.")
            return moment.astimezone(UTC)
        case _:
            raise _refused("a parameter has no value", "Send null_value for NULL.")


def encode_parameters(parameters: Parameters | None) -> list[query_pb2.Parameter]:
    """The wire form of a sequence (for `?` and `$1`) or a mapping (for `$name`)."""
    if parameters is None:
        return []
    if isinstance(parameters, Mapping):
        return [query_pb2.Parameter(name=_name(n), value=encode_value(v)) for n, v in parameters.items()]
    if isinstance(parameters, str | bytes | bytearray) or not isinstance(parameters, Sequence):
        raise _refused("parameters are not a sequence or a mapping", "Pass a list, a tuple or a dict.")
    return [query_pb2.Parameter(value=encode_value(value)) for value in parameters]


def decode_parameters(
    parameters: Iterable[query_pb2.Parameter],
) -> tuple[tuple[ParameterValue, ...], dict[str, ParameterValue]]:
    """The positional and the named values of one request; a name given twice is refused."""
    positional: list[ParameterValue] = []
    named: dict[str, ParameterValue] = {}
    for parameter in parameters:
        value = decode_value(parameter.value)
        if not parameter.name:
            positional.append(value)
        elif parameter.name in named:
            raise _refused(f"the parameter ${parameter.name} is given twice")
        else:
            named[parameter.name] = value
    return tuple(positional), named


def _name(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise _refused("a parameter's name is empty or not a text")
    return name.removeprefix("$")


def _digits(value: Decimal) -> str:
    if not value.is_finite():
        raise _refused("a decimal parameter is not a finite number", "Send NaN and infinities as float.")
    _sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    # Counted before formatting, so that Decimal("1E+999999") costs nothing.
    if max(len(digits), len(digits) + exponent, -exponent) > _DIGITS:
        raise _refused(f"a number parameter has more than {_DIGITS} digits", "Round it, or send a float.")
    return format(value, "f")


def _decode_decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text) or sum(c.isdigit() for c in text) > _DIGITS + 1:
        raise _refused(f"a decimal parameter is not a number of at most {_DIGITS} digits")
    return Decimal(text)


def _decode_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _refused("a date parameter is not an ISO 8601 date", "Write it as 2026-01-31.") from None


def _decode_datetime(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _refused(
            "a timestamp parameter is not an ISO 8601 time", "Write it as 2026-01-31T12:30:00."
        ) from None


def _refused(message: str, hint: str | None = None) -> SqlError:
    return SqlError(message, code="SQL_PARAMETER", hint=hint)
