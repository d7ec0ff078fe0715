"""Values for placeholders, substituted as literals before anything is resolved."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlglot import exp

from comity.errors import SqlError
from sql.parse import ParsedQuery

ParameterValue = None | bool | int | float | Decimal | str | bytes | date | datetime


def bind_parameters(
    parsed: ParsedQuery, positional: Sequence[ParameterValue], named: Mapping[str, ParameterValue]
) -> ParsedQuery:
    """The same question with every placeholder replaced by a typed literal. Raises `SqlError` (`SQL_PARAMETER`)."""
    values: dict[str, ParameterValue] = {str(i): v for i, v in enumerate(positional, 1)}
    values.update({name.lower(): value for name, value in named.items()})
    missing = [p for p in parsed.placeholders if p.lower() not in values]
    unused = [v for v in values if v not in {p.lower() for p in parsed.placeholders}]
    if missing or unused:
        raise SqlError(f"missing {missing}, unused {unused}", code="SQL_PARAMETER")
    if not values:
        return parsed
    tree = parsed.tree.copy()
    for index, node in enumerate(tree.find_all(exp.Placeholder, bfs=False), 1):
        node.replace(literal(values[(str(node.this or index)).lower()]))
    return dataclasses.replace(parsed, tree=tree, placeholders=())


def literal(value: ParameterValue) -> exp.Expr:
    """A value as a typed literal."""
    if value is None:
        return exp.null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))
    if isinstance(value, float):
        text = "NaN" if math.isnan(value) else repr(value)
        return exp.cast(exp.Literal.string(text), "DOUBLE", dialect="duckdb")
    if isinstance(value, Decimal):
        scale = max(0, -int(value.as_tuple().exponent))
        precision = max(len(value.as_tuple().digits), scale, 1)
        return exp.cast(exp.Literal.string(f"{value:f}"), f"DECIMAL({precision},{scale})", dialect="duckdb")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return exp.cast(exp.Literal.string(value.isoformat(" ")), "TIMESTAMP", dialect="duckdb")
        return exp.cast(exp.Literal.string(value.astimezone(UTC).isoformat(" ")), "TIMESTAMPTZ", dialect="duckdb")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE", dialect="duckdb")
    if isinstance(value, bytes):
        return exp.cast(exp.Literal.string("".join(f"\\x{b:02X}" for b in value)), "BLOB", dialect="duckdb")
    return exp.Literal.string(value)
