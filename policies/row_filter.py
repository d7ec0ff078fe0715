"""Row filters: a condition over a table's own columns and `principal.<attribute>`, bound to one caller.

`principal.subject`, `principal.department` and `principal.roles` are the caller's own; every other name is an
attribute. A list stands in the parentheses of IN: `town_code IN (principal.town_codes)`. When an attribute that the
filter names is unset or an empty list, or a list stands where one value is needed, no row passes, wherever
in the condition it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from comity.errors import SqlError
from policies.expressions import attributes_in, columns_in, match_name, parse_scalar, place_columns, type_of
from policies.principal import AttributeValue, Principal

_BARE_LIST = re.compile(r"(?i)\bIN\s+principal\b")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ)


def check_row_filter(text: str) -> None:
    """Checks what needs no caller and no types. Raises `SqlError`."""
    if _BARE_LIST.search(text):
        raise SqlError("a list stands in parentheses: IN (principal.<attribute>)")
    tree = parse_scalar(text)
    for column in columns_in(tree):
        if len(column.parts) != 1:
            message = f"`{column.sql()}`: write a column's name alone, or principal.<attribute>"
            raise SqlError(message, code="SQL_COLUMN_UNKNOWN")


def check_filter_type(text: str, types: Mapping[str, str]) -> None:
    """Checks that the filter is a condition; nothing while the type of a column in it is not known.

    An attribute's type is not known before somebody asks, so that it stands as NULL here.
    Raises `SqlError` (`SQL_TYPE`).
    """
    tree = exp.Paren(this=parse_scalar(text))
    if any(match_name(c.name, types) is None for c in columns_in(tree)):
        return
    for attribute in list(attributes_in(tree)):
        attribute.replace(exp.null())
    found = type_of(tree, types)
    if found != "BOOLEAN":
        raise SqlError(f"a row filter is true or false, and this is {found}", code="SQL_TYPE")


def filter_columns(text: str, known: Mapping[str, object]) -> frozenset[str]:
    """The columns that the filter reads, spelled as in `known`. Raises `SqlError` for others."""
    found = set()
    for column in columns_in(parse_scalar(text)):
        name = match_name(column.name, known)
        if name is None:
            raise SqlError(f"there is no column `{column.name}` here", code="SQL_COLUMN_UNKNOWN")
        found.add(name)
    return frozenset(found)


def bind_row_filter(text: str, principal: Principal, types: Mapping[str, str], relation: str) -> exp.Expr:
    """The filter as a condition over `relation`, with the caller's attributes as literals.

    `types` gives the canonical type of every column that may stand in it. Raises `SqlError`.
    """
    tree = place_columns(parse_scalar(text), types, relation)
    root = exp.Paren(this=tree)
    for attribute in list(attributes_in(tree)):
        values = _values(attribute.name, principal)
        membership = attribute.parent
        textual = _beside_text(attribute, types)
        if isinstance(membership, exp.In) and attribute.arg_key == "expressions":
            if not values:
                return exp.false()
            literals = [_literal(v, textual=textual) for v in values]
            kept = [e for e in membership.expressions if e is not attribute]
            membership.set("expressions", kept + literals)
        elif len(values) != 1 or isinstance(_raw(attribute.name, principal), tuple):
            return exp.false()
        else:
            attribute.replace(_literal(values[0], textual=textual))
    return root


def _raw(name: str, principal: Principal) -> AttributeValue | None:
    match name.lower():
        case "subject":
            return principal.subject
        case "department":
            return principal.department
        case "roles":
            return tuple(sorted(principal.roles))
    return principal.attributes.get(name)


def _values(name: str, principal: Principal) -> tuple[str | int | bool, ...]:
    """The values of an attribute; none when it is unset or holds what no database compares alike."""
    value = _raw(name, principal)
    if value is None:
        return ()
    values = value if isinstance(value, tuple) else (value,)
    if any(isinstance(v, str) and (not v or not v.isprintable()) for v in values):
        return ()
    return values


def _beside_text(attribute: exp.Column, types: Mapping[str, str]) -> bool:
    """Whether the attribute is compared with a text column, so that a number must be compared as text.

    Otherwise the column would be cast to a number, which fails on rows that hold none.
    """
    parent = attribute.parent
    others: list[exp.Expr] = []
    if isinstance(parent, exp.In):
        others = [parent.this]
    elif isinstance(parent, _COMPARISONS):
        others = [parent.left, parent.right]
    return any(isinstance(o, exp.Column) and types.get(o.name) == "VARCHAR" for o in others)


def _literal(value: str | int | bool, *, textual: bool) -> exp.Expr:
    if isinstance(value, str):
        return exp.Literal.string(value)
    if textual:
        return exp.Literal.string(str(value).lower())
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))
