"""The place on its scale of a constant that a question is written with."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlglot import exp

from policies.statistics import Point

_EPOCH = date(1970, 1, 1).toordinal()
_DAYS = {"DAY": 1.0, "WEEK": 7.0, "MONTH": 30.44, "QUARTER": 91.31, "YEAR": 365.24, "HOUR": 1 / 24}
_TIMES = (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPNTZ)


def point_of(node: exp.Expr) -> Point | None:
    """The place of a constant expression, as `connectors.statistics` places values; None for any other.

    >>> from sqlglot import parse_one
    >>> point_of(parse_one("DATE '1970-01-31' - INTERVAL '2' DAY", dialect="duckdb"))
    28.0
    >>> point_of(parse_one("-0.5", dialect="duckdb")), point_of(parse_one("a + 1"))
    (-0.5, None)
    """
    if isinstance(node, exp.Literal):
        return str(node.this) if node.is_string else _number(str(node.this))
    if isinstance(node, exp.Paren):
        return point_of(node.this)
    if isinstance(node, exp.Boolean):
        return 1.0 if node.this else 0.0
    if isinstance(node, exp.Neg):
        value = point_of(node.this)
        return -value if isinstance(value, float) else None
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, (exp.Add, exp.Sub)):
        left, step = point_of(node.this), _interval(node.expression)
        right = point_of(node.expression) if step is None else step
        if isinstance(left, float) and isinstance(right, float):
            return left + right if isinstance(node, exp.Add) else left - right
    return None


def _cast(node: exp.Cast) -> Point | None:
    value, kind = point_of(node.this), node.to.this
    if isinstance(value, str) and kind in _TIMES:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
        return moment.toordinal() - _EPOCH + seconds / 86400
    if isinstance(value, str) and kind not in exp.DataType.TEXT_TYPES:
        return _number(value)
    return value


def _interval(node: exp.Expr) -> float | None:
    if not isinstance(node, exp.Interval):
        return None
    amount = _number(node.this.name) if isinstance(node.this, exp.Literal) else None
    unit = _DAYS.get(str(node.args.get("unit") or "").upper().removesuffix("S"))
    return amount * unit if amount is not None and unit is not None else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
