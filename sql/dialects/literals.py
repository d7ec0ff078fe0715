"""Constants: numbers, text, booleans, NULL, dates, and what folds into one."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import isfinite, log10

from sqlglot import exp

from sql.dialects.dialect import Interval
from sql.dialects.kinds import (
    BOOLEAN,
    DATE,
    DOUBLE,
    MAX_WIDTH,
    NULL,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    Kind,
    decimal,
    integer_range,
    literal_integer,
    span_of,
)
from sql.dialects.scope import Context, Scope
from sql.dialects.source import NotNative
from sql.dialects.values import Constant, Scalar, Value
from sql.dialects.walk import scalar, translates

_INTEGER = re.compile(r"\d+")
_DECIMAL = re.compile(r"(\d*)\.(\d*)")
_DOUBLE = re.compile(r"(\d+\.?\d*|\.\d+)[eE][+-]?\d+")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(\.\d{1,6})?")
_UTC = re.compile(r"(.*)(?:\+00(?::00)?|Z)")
_COUNT = re.compile(r"-?\d{1,6}")
_UNITS = ("YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND")


def constant(context: Context, value: Scalar, kind: Kind, *, bare: bool = False) -> Value:
    """A constant of a kind, in the source's spelling."""
    known = Constant(value, bare)
    if value is None:
        return Value(context.dialect.null(kind), kind, known)
    if isinstance(value, str):
        return Value(context.text(value), kind, known, length=len(value))
    sql = context.dialect.literal(value, kind)
    if isinstance(value, (int, Decimal, float)) and not isinstance(value, bool):
        return Value(sql, kind, known, span=_magnitude(value), nonzero=value != 0)
    return Value(sql, kind, known)


def _magnitude(value: float | Decimal) -> float:
    size = abs(float(value))
    return abs(log10(size)) if size else 0.0


def in_kind(context: Context, value: Value, kind: Kind) -> Value:
    """A constant as another kind, when the literal rules of DuckDB give it that."""
    known = value.constant
    if known is None:
        raise NotNative("not a constant")
    found = known.value
    if isinstance(found, str) and kind.family != "text":
        return _text_as(context, found, kind)
    if kind.family == "double" and isinstance(found, (int, Decimal)):
        return constant(context, float(found), kind)
    if kind.family == "decimal" and isinstance(found, int):
        return constant(context, Decimal(found), kind)
    if kind.family == "timestamp" and isinstance(found, date) and not isinstance(found, datetime):
        return constant(context, datetime(found.year, found.month, found.day), kind)  # noqa: DTZ001 (TIMESTAMP has no zone)
    return constant(context, found, kind)


def fits(value: Value, kind: Kind) -> bool:
    """Whether a bare integer literal takes on this integer kind."""
    found = value.constant.value if value.constant else None
    low, high = integer_range(kind)
    return isinstance(found, int) and low <= found <= high


def is_bare(value: Value, family: str) -> bool:
    return value.constant is not None and value.constant.bare and value.family == family


@translates(exp.Paren)
def _paren(node: exp.Expr, scope: Scope) -> Value:
    return scalar(node.this, scope)


@translates(exp.Null)
def _null(_node: exp.Expr, scope: Scope) -> Value:
    return replace(constant(scope.context, None, literal_integer(0)), kind=NULL)


@translates(exp.Boolean)
def _boolean(node: exp.Expr, scope: Scope) -> Value:
    return constant(scope.context, bool(node.this), BOOLEAN)


@translates(exp.Literal)
def _literal(node: exp.Expr, scope: Scope) -> Value:
    text: str = node.this
    if node.args.get("is_string"):
        return constant(scope.context, text, VARCHAR, bare=True)
    return number(scope.context, text)


def number(context: Context, text: str) -> Value:
    """A number as DuckDB types its spelling: `0.05` is a DECIMAL(3,2), `5e-2` a DOUBLE."""
    if _INTEGER.fullmatch(text):
        value = int(text)
        return constant(context, value, literal_integer(value), bare=True)
    if found := _DECIMAL.fullmatch(text):
        whole, part = found[1], found[2]
        if 1 <= len(whole) + len(part) <= MAX_WIDTH and not (len(whole) > 1 and whole[0] == "0"):
            return constant(context, Decimal(text), decimal(len(whole) + len(part), len(part)))
    elif _DOUBLE.fullmatch(text) and isfinite(float(text)):
        return constant(context, float(text), DOUBLE)
    raise NotNative("a number in an unusual spelling")


def negated_constant(context: Context, value: Value) -> Value | None:
    """-value of a number that is constant; a literal stays one."""
    known = value.constant.value if value.constant else None
    if value.constant is None or isinstance(known, bool) or not isinstance(known, (int, Decimal, float)):
        return None
    kind = literal_integer(-known) if isinstance(known, int) and value.constant.bare else value.kind
    return constant(context, -known, kind, bare=value.constant.bare)


def parse_date(text: str) -> date:
    found = _DATE.fullmatch(text)
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise NotNative("a date literal in an unusual form")


def parse_timestamp(text: str) -> datetime:
    found = _TIMESTAMP.fullmatch(text)
    try:
        if found:
            return datetime.fromisoformat(f"{found[1]} {found[2]}{(found[3] or '.').ljust(7, '0')}")
        return datetime.fromisoformat(f"{parse_date(text)} 00:00:00")
    except ValueError:
        raise NotNative("a timestamp literal in an unusual form") from None


def _text_as(context: Context, text: str, kind: Kind) -> Value:
    """A text literal that takes on its neighbour's type, for the spellings that leave no doubt."""
    if kind is DATE:
        return constant(context, parse_date(text), kind)
    if kind is TIMESTAMP:
        return constant(context, parse_timestamp(text), kind)
    if kind is TIMESTAMPTZ and (found := _UTC.fullmatch(text)):
        return constant(context, parse_timestamp(found[1]), kind)
    if kind.family == "integer" and _COUNT.fullmatch(text):
        value = constant(context, int(text), kind)
        if fits(value, kind):
            return value
    raise NotNative(f"text read as {kind}")


def parse_interval(node: exp.Expr) -> Interval:
    """INTERVAL '3' MONTH and its like: one unit, a whole constant."""
    unit = node.args.get("unit")
    if not isinstance(node, exp.Interval) or not isinstance(node.this, exp.Literal):
        raise NotNative("an interval that is not constant")
    name = (unit.name if isinstance(unit, exp.Expr) else "").upper().removesuffix("S")
    if name not in _UNITS or not _COUNT.fullmatch(node.this.name):
        raise NotNative("an interval of an unusual form")
    return Interval(int(node.this.name), name)


def shift_constant(start: datetime, interval: Interval) -> datetime:
    """Months end at the last day there is, as in DuckDB: 31 January and a month is the end of February."""
    count, unit = interval.count, interval.unit
    try:
        if unit in {"YEAR", "MONTH"}:
            months = start.year * 12 + start.month - 1 + count * (12 if unit == "YEAR" else 1)
            year, month = months // 12, months % 12 + 1
            return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
        return start + count * timedelta(**{f"{unit.lower()}s": 1})
    except (ValueError, OverflowError):
        raise NotNative("a date beyond the years 1 to 9999") from None


def known_span(kind: Kind, span: float | None) -> float | None:
    """The tighter of what is known and what the type allows."""
    of_kind = span_of(kind)
    if span is None or of_kind is None:
        return span if of_kind is None else of_kind
    return min(span, of_kind)
