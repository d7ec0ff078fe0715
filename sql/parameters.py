"""Values for placeholders, substituted as typed literals before any name is looked up."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from comity.errors import SqlError
from sql.edits import Edit
from sql.lexical import has_control_characters, read_tokens
from sql.limits import DEFAULT_LIMITS
from sql.parse import ParsedQuery
from sql.places import error_at

ParameterValue = None | bool | int | float | Decimal | str | bytes | date | datetime

_WIDEST_INTEGER = 2**127

PARAMETER = "parameter"
"""The key under which a literal remembers the placeholder that it stands for."""


def bind_parameters(
    parsed: ParsedQuery, positional: Sequence[ParameterValue], named: Mapping[str, ParameterValue]
) -> ParsedQuery:
    """The same question with every placeholder replaced by its value.

    `positional` are the values of `?` and `$1` in order, `named` those of `$name`, whatever its case. Raises
    `SqlError` (`SQL_PARAMETER`) that names what is missing or unused; it never repeats a value.
    """
    values: dict[str, ParameterValue] = {str(number): value for number, value in enumerate(positional, 1)}
    values.update({name.lower(): value for name, value in named.items()})
    _check_names(parsed, values, len(positional))
    if not values:
        return parsed
    literals = {name: literal(value, f"${name}") for name, value in values.items()}
    for name, value in literals.items():
        if (part := _spelled(value)) is not None:
            part.meta[PARAMETER] = name
    tree = parsed.tree.copy()
    for node in list(tree.find_all(exp.Placeholder)):
        if isinstance(_outside_parentheses(node), (exp.Ordered, exp.Group, exp.Rollup, exp.Cube)):
            # There it would count as the position of an output.
            message = "a parameter cannot say what to order or group by"
            raise error_at(parsed.text, node, "SQL_PARAMETER", message)
        name = str(node.this).lower()
        node.replace(literals[name].copy())
    return dataclasses.replace(
        parsed,
        tree=tree,
        placeholders=(),
        bindings=_bindings(parsed.text, literals),
        forms=tuple(f"{name} {_form(value)}" for name, value in sorted(literals.items())),
    )


def _spelled(value: exp.Expr) -> exp.Literal | None:
    """The literal that a value is spelled with: not those of its type; None for NULL and booleans."""
    while not isinstance(value, exp.Literal):
        if not isinstance(value, (exp.Paren, exp.Neg, exp.Cast)):
            return None
        value = value.this
    return value


def _form(value: exp.Expr) -> str:
    """What a value is but for its literal: its sign and its type, and NULL and booleans whole."""
    form = value.copy()
    if (part := _spelled(form)) is not None:
        part.set("this", "?")
    return form.sql(dialect="duckdb")


def _outside_parentheses(node: exp.Expr) -> exp.Expr | None:
    parent = node.parent
    while isinstance(parent, (exp.Paren, exp.Tuple)):
        parent = parent.parent
    return parent


def _check_names(parsed: ParsedQuery, values: Mapping[str, ParameterValue], positional: int) -> None:
    missing = [name for name in parsed.placeholders if name not in values]
    unused = [name for name in values if name not in parsed.placeholders]
    if not missing and not unused:
        return
    if all(name.isdigit() for name in (*parsed.placeholders, *values)):
        message = f"the question has {len(parsed.placeholders)} placeholders and {positional} values"
    else:
        parts = []
        if missing:
            parts.append("no value for " + ", ".join(f"${name}" for name in missing))
        if unused:
            parts.append("no placeholder for the value of " + ", ".join(f"${name}" for name in unused))
        message = "; ".join(parts)
    raise SqlError(message, code="SQL_PARAMETER")


def _bindings(text: str, literals: Mapping[str, exp.Expr]) -> tuple[Edit, ...]:
    return tuple(
        Edit(dollar.start, dollar.end + 1, f"({literals[name.text.lower()].sql(dialect='duckdb')})")
        for dollar, name in pairwise(read_tokens(text, DEFAULT_LIMITS))
        if dollar.token_type == TokenType.PARAMETER
    )


def literal(value: ParameterValue, name: str = "the parameter") -> exp.Expr:
    """A value as a literal of its type. Raises `SqlError` (`SQL_PARAMETER`) for one that no literal holds."""
    match value:
        case None:
            return exp.Null()
        case bool():
            return exp.Boolean(this=value)
        case int():
            if abs(value) >= _WIDEST_INTEGER:
                raise SqlError(f"{name} is an integer of more than 128 bits", code="SQL_PARAMETER")
            number = exp.Literal(this=str(abs(value)), is_string=False)
            return number if value >= 0 else exp.Paren(this=exp.Neg(this=number))
        case float():
            return _cast("NaN" if math.isnan(value) else repr(value), "DOUBLE")
        case Decimal():
            return _decimal(value, name)
        case datetime():
            if value.tzinfo is None:
                return _cast(value.isoformat(" "), "TIMESTAMP")
            return _cast(value.astimezone(UTC).isoformat(" "), "TIMESTAMPTZ")
        case date():
            return _cast(value.isoformat(), "DATE")
        case bytes():
            return _cast("".join(f"\\x{byte:02X}" for byte in value), "BLOB")
        case str():
            if has_control_characters(value):
                raise SqlError(f"{name} holds a control character", code="SQL_PARAMETER")
            return exp.Literal(this=value, is_string=True)
    raise SqlError(f"{name} is of a type that no literal holds", code="SQL_PARAMETER")


def _decimal(value: Decimal, name: str) -> exp.Expr:
    if not value.is_finite():
        raise SqlError(f"{name} is not a finite decimal", code="SQL_PARAMETER")
    _, digits, exponent = value.as_tuple()
    scale = max(0, -int(exponent))
    precision = max(len(digits) + max(0, int(exponent)), scale, 1)
    if precision > 38:
        raise SqlError(f"{name} is a decimal of more than 38 digits", code="SQL_PARAMETER")
    return _cast(f"{value:f}", f"DECIMAL({precision}, {scale})")


def _cast(text: str, kind: str) -> exp.Expr:
    return exp.Cast(
        this=exp.Literal(this=text, is_string=True), to=exp.DataType.build(kind, dialect="duckdb")
    )
