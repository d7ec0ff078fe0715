"""How physical columns become published ones: renamed, cast to the published type, decoded, computed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlglot import exp

from comity.errors import ConfigurationError, SqlError
from policies.expressions import match_name, parse_scalar, place_columns, type_of
from policies.published import OTHER_CODES, PublishedColumn
from sql.types import canonical_name, sqlglot_type


def published_type(column: PublishedColumn, physical_types: Mapping[str, str]) -> str:
    """The canonical type that questions see.

    Raises `ConfigurationError` (`CONFIG_REFERENCE`) when the physical table lacks a column it needs,
    `CONFIG_INVALID` when its expression cannot be typed.
    """
    if column.type is not None:
        return column.type
    if column.codes is not None:
        return "VARCHAR"
    if column.expr is not None:
        return _expression_type(column, column.expr, physical_types)
    return canonical_name(physical_types[_source(column, physical_types)])


def mapping_expression(column: PublishedColumn, physical_types: Mapping[str, str], relation: str) -> exp.Expr:
    """The published column's raw value as a DuckDB expression over `relation`, the physical table."""
    value: exp.Expr
    if column.expr is not None:
        found = _expression_type(column, column.expr, physical_types)
        value = place_columns(parse_scalar(column.expr), physical_types, relation)
    else:
        source = _source(column, physical_types)
        found = canonical_name(physical_types[source])
        value = exp.column(source, table=relation, quoted=True)
    if column.codes is not None:
        return _decode(_cast(value, found, "VARCHAR"), column.codes)
    return _cast(value, found, column.type or found)


def _cast(value: exp.Expr, found: str, wanted: str) -> exp.Expr:
    return value if found == wanted else exp.Cast(this=value, to=sqlglot_type(wanted))


def _decode(code: exp.Expr, codes: Mapping[str, str]) -> exp.Expr:
    """A CASE over the codes. A code that is not listed stays as it is, unless `*` says what it becomes.

    To lose it as NULL would be a wrong answer; NULL itself stays NULL.
    """
    decoded = exp.Case()
    for physical, published in codes.items():
        if physical != OTHER_CODES:
            equal = exp.EQ(this=code.copy(), expression=exp.Literal.string(physical))
            decoded = decoded.when(equal, exp.Literal.string(published), copy=False)
    if OTHER_CODES not in codes:
        return decoded.else_(code.copy(), copy=False)
    null = exp.Is(this=code.copy(), expression=exp.Null())
    decoded = decoded.when(null, exp.Null(), copy=False)
    return decoded.else_(exp.Literal.string(codes[OTHER_CODES]), copy=False)


def _source(column: PublishedColumn, physical_types: Mapping[str, str]) -> str:
    source = column.source or column.name
    name = source if source in physical_types else match_name(source, physical_types)
    if name is None:
        message = f"the published column {column.name} reads `{source}`, which the table does not have"
        raise ConfigurationError(message, code="CONFIG_REFERENCE")
    return name


def _expression_type(column: PublishedColumn, text: str, physical_types: Mapping[str, str]) -> str:
    return _typed(column.name, text, tuple(physical_types.items()))


@lru_cache(maxsize=1024)
def _typed(column: str, text: str, physical_types: tuple[tuple[str, str], ...]) -> str:
    types = dict(physical_types)
    try:
        place_columns(parse_scalar(text), types, "t")
        return type_of(parse_scalar(text), types)
    except SqlError as error:
        code = "CONFIG_REFERENCE" if error.code == "SQL_COLUMN_UNKNOWN" else "CONFIG_INVALID"
        message = f"the published column {column}, `expr`: {error.message}"
        raise ConfigurationError(message, code=code) from None
