"""Families of types, as far as it matters whether values of two types meet without a conversion that can fail."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

from sqlglot import exp

_INTEGERS = {
    exp.DType.TINYINT: 3,
    exp.DType.UTINYINT: 3,
    exp.DType.SMALLINT: 5,
    exp.DType.USMALLINT: 5,
    exp.DType.INT: 10,
    exp.DType.UINT: 10,
    exp.DType.BIGINT: 19,
    exp.DType.UBIGINT: 20,
    exp.DType.INT128: 39,
}
RANK = {
    kind: rank
    for rank, kind in enumerate(
        (exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT, exp.DType.INT128)
    )
}
_FLOATS = {exp.DType.DOUBLE, exp.DType.FLOAT}
TEXTS = {exp.DType.TEXT, exp.DType.VARCHAR}
_STAMPS = {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ}
WIDEST = 38

Kind = tuple[str, int, int]
"""A family of types, and for numbers the digits before and after the point."""


def kind_of_value(node: exp.Expr | None) -> Kind | None:
    """The family of a value's type; None for one that is not known."""
    while isinstance(node, (exp.Paren, exp.Alias, exp.Any, exp.All)):
        node = node.this
    if type(node) is exp.Column:
        return kind_of_type(node.type) if node.type is not None else None
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
        node = node.this
    if isinstance(node, exp.Literal):
        return _literal_kind(node)
    if isinstance(node, exp.Null):
        return ("null", 0, 0)
    if isinstance(node, exp.Boolean):
        return ("BOOLEAN", 0, 0)
    if (
        type(node) is exp.Cast
        and node.args["to"].this is exp.DType.DATE
        and isinstance(node.this, exp.Literal)
    ):
        return ("day", 0, 0) if converts(str(node.this.this), exp.DType.DATE) else ("DATE", 0, 0)
    if isinstance(node, exp.Query):
        outputs = node.selects
        return kind_of_value(outputs[0]) if len(outputs) == 1 else None
    if isinstance(node, _LIKE_ITS_ARGUMENT):
        kind = kind_of_value(node.this)
        return (kind[0], kind[1] + 1, kind[2]) if kind is not None else None
    if isinstance(node, _WHOLE):
        return ("exact", 19, 0)
    return kind_of_type(node.type) if node is not None and node.type is not None else None


_LIKE_ITS_ARGUMENT = (exp.IntDiv, exp.Floor, exp.Ceil, exp.Round, exp.Abs)
"""Calls whose result is a number like their argument, at most one digit longer."""
_WHOLE = (exp.DayOfMonth, exp.WeekOfYear, exp.DayOfWeek, exp.DayOfWeekIso, exp.Ascii, exp.Unicode, exp.Sign)


def _literal_kind(node: exp.Literal) -> Kind:
    if node.is_string:
        return ("literal", 0, 0)
    text = str(node.this).replace("_", "")
    if "e" in text.lower():
        return ("float", 0, 0)
    whole, _, fraction = text.partition(".")
    return ("exact", len(whole.lstrip("0")), len(fraction))


def kind_of_type(data_type: exp.DataType) -> Kind | None:
    kind = data_type.this
    if kind in _INTEGERS:
        return ("exact", _INTEGERS[kind], 0)
    if kind is exp.DType.DECIMAL:
        width, scale = _parts(data_type)
        return ("exact", width - scale, scale)
    if kind in _FLOATS:
        return ("float", 0, 0)
    if kind in TEXTS:
        return ("text", 0, 0)
    if kind in _STAMPS:
        return ("TIMESTAMP", 0, 0)
    if kind is exp.DType.UNKNOWN or data_type.expressions:
        return None
    return (kind.value, 0, 0)


def _parts(data_type: exp.DataType) -> tuple[int, int]:
    """Width and scale of a DECIMAL."""
    numbers = [int(part.this.this) for part in data_type.expressions]
    return (numbers[0], numbers[1] if len(numbers) > 1 else 0) if numbers else (18, 3)


def comparable(kinds: list[Kind | None]) -> bool:
    """True when values of these kinds meet without a conversion that can fail.

    >>> comparable([("exact", 10, 0), ("exact", 2, 2)]), comparable([("DATE", 0, 0), ("TIMESTAMP", 0, 0)])
    (True, False)
    """
    if None in kinds:
        return False
    # A string that stands in the question is converted once, whatever the rows hold.
    known = [kind for kind in kinds if kind is not None and kind[0] not in {"null", "literal"}]
    families = {kind[0] for kind in known}
    if "day" in families:
        # A date that stands in the question converts to a timestamp; a timestamp's column stays as it is.
        return families <= {"day", "DATE"} or families <= {"day", "TIMESTAMP"}
    if families <= {"exact"}:
        whole = max((kind[1] for kind in known), default=0)
        scale = max((kind[2] for kind in known), default=0)
        return scale == 0 or whole + scale <= WIDEST
    return len(families) == 1 or families <= {"exact", "float"}


def wider(kinds: Iterable[Kind | None]) -> Kind | None:
    """The family that several kinds become together; None where they do not go together."""
    listed = list(kinds)
    if not comparable(listed):
        return None
    known = [kind for kind in listed if kind is not None]
    families = [kind[0] for kind in known if kind[0] not in {"null", "literal"}]
    family = "float" if "float" in families else (families or ["text"])[0]
    family = "DATE" if family == "day" else family
    return (family, max(kind[1] for kind in known), max(kind[2] for kind in known))


def converts(text: str, kind: exp.DType) -> bool:
    """True when a string in the question is certain to convert."""
    try:
        if kind is exp.DType.DATE:
            return len(text) == 10 and bool(dt.date.fromisoformat(text))
        if kind in _STAMPS or kind is exp.DType.TIMESTAMPTZ:
            return len(text) >= 10 and bool(dt.datetime.fromisoformat(text))
    except ValueError:
        return False
    if kind in TEXTS:
        return True
    if kind in RANK:
        return re.fullmatch(r"-?\d{1,9}", text) is not None and (
            RANK[kind] >= 2 or len(text.lstrip("-")) <= 2
        )
    return kind is exp.DType.DOUBLE and re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text) is not None
