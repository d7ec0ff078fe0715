"""Which literals of a question another value can stand for without anything else about its plan being different.

A literal may be read by whoever plans: it names a member, a position, a type's width, an output column. What is
lifted is what nobody but the rows' own database looks at: a value that a column of a published table is compared
with, in a condition. Another value must also be of the same class, which is as much as types and the checks for
failing conversions depend on.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from sql.catalog import Catalog
from sql.parameters import PARAMETER
from sql.parse import ParsedQuery
from sql.scopes import block_sources, is_cte_reference, source_alias
from sql.uses.families import converts

Slot: TypeAlias = int | str
"""A literal's number in the text, or a parameter's name."""

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Like, exp.ILike)
_CLAUSES = frozenset({"where", "joins", "having", "from_", "with_"})
"""Where a literal's value cannot end up in the name of an output."""
_NUMBERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"})
_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Value:
    """A literal as it stands in a text, unescaped."""

    is_string: bool
    text: str

    def sql(self) -> str:
        """The literal, spelled."""
        return "'" + self.text.replace("'", "''") + "'" if self.is_string else self.text


@dataclass(frozen=True, slots=True)
class Shape:
    """A question's text around its literals and what its parameters are but for theirs, and the literals: of its text
    by number, of parameters by name.
    """

    text: tuple[str, ...]
    values: Mapping[Slot, Value]

    @property
    def pattern(self) -> tuple[int, ...]:
        """For each literal the place of the first that equals it: equal conditions are planned once."""
        listed = list(self.values.values())
        return tuple(listed.index(value) for value in listed)


def shape_of(query: ParsedQuery) -> Shape:
    """Takes a question, its parameters bound, apart.

    >>> from sql.parse import parse_query
    >>> shape = shape_of(parse_query("SELECT a FROM s.t WHERE b = 'x' LIMIT 10"))
    >>> shape.text, [value.sql() for value in shape.values.values()]
    (('SELECT a FROM s.t WHERE b = ', ' LIMIT ', ''), ["'x'", '10'])
    """
    parts: list[str] = []
    values: dict[Slot, Value] = {}
    end = 0
    for number, (start, node) in enumerate(_placed(query.tree).items()):
        parts.append(query.text[end:start])
        values[number] = Value(bool(node.is_string), str(node.this))
        end = node.meta["end"] + 1
    parts.append(query.text[end:])
    for node in query.tree.find_all(exp.Literal):
        if PARAMETER in node.meta:
            values[str(node.meta[PARAMETER])] = Value(bool(node.is_string), str(node.this))
    # A parameter's value is the same text with another sign, or of another type.
    return Shape((*parts, *query.forms), values)


def _placed(tree: exp.Query) -> dict[int, exp.Literal]:
    """The literals of the text by where they start, in order."""
    found = {node.meta["start"]: node for node in tree.find_all(exp.Literal) if "start" in node.meta}
    return dict(sorted(found.items()))


def find_liftable(query: ParsedQuery, tree: exp.Query, catalog: Catalog) -> Mapping[Slot, str]:
    """The slots that other values may stand in, each with the family that values need: number, text or date.

    `tree` is the question resolved against `catalog`. A slot that stands in several places is lifted only where
    each of them allows it.
    """
    numbers = {start: number for number, start in enumerate(_placed(query.tree))}
    found: dict[Slot, str | None] = {}
    for node in tree.find_all(exp.Literal):
        slot: Slot | None = node.meta.get(PARAMETER, numbers.get(node.meta.get("start", -1)))
        if slot is None:
            continue
        family = _family_of(node, catalog)
        found[slot] = family if found.get(slot, family) == family else None
    return {slot: family for slot, family in found.items() if family is not None}


def class_of(value: Value, family: str) -> Hashable | None:
    """What two values must have in common to stand for each other; None for one that may not be lifted.

    >>> class_of(Value(False, "12"), "number") == class_of(Value(False, "99"), "number")
    True
    >>> class_of(Value(False, "12"), "number") == class_of(Value(False, "100"), "number")
    False
    """
    if family == "number":
        if value.is_string or not _PLAIN_NUMBER.fullmatch(value.text):
            return None
        whole, _, fraction = value.text.partition(".")
        width = 0 if fraction or int(whole) < 2**31 else 1 if int(whole) < 2**63 else 2
        return len(whole), len(fraction), width
    if not value.is_string:
        return None
    if family == "date":
        return "date" if converts(value.text, exp.DType.DATE) else None
    return "text"


def _family_of(node: exp.Literal, catalog: Catalog) -> str | None:
    """The family of the column that a literal is compared with, when nothing else looks at the literal."""
    value: exp.Expr = node
    while isinstance(value.parent, exp.Paren):
        value = value.parent
    cast = value.parent if isinstance(value.parent, exp.Cast) else None
    if cast is not None:
        if value is not node or cast.args["to"].this is not exp.DType.DATE:
            return None
        value = cast
        while isinstance(value.parent, (exp.Add, exp.Sub)) and isinstance(
            value.parent.expression, exp.Interval
        ):
            value = value.parent
    comparison = value.parent
    if not isinstance(comparison, _COMPARISONS) or not _is_in_condition(comparison):
        return None
    column = comparison.this if comparison.this is not value else comparison.args.get("expression")
    if not isinstance(column, exp.Column) or (
        value is comparison.this and not isinstance(comparison, exp.Binary)
    ):
        return None
    kind = _type_of(column, catalog)
    if kind == "DATE":
        return "date"
    if cast is not None or kind is None:
        return None
    return "text" if kind == "VARCHAR" else "number" if kind.partition("(")[0] in _NUMBERS else None


def _is_in_condition(node: exp.Expr) -> bool:
    """Whether a node is part of no output, grouping or order, of its own query or of one around it."""
    while node.parent is not None:
        if isinstance(node.parent, exp.Select) and node.arg_key not in _CLAUSES:
            return False
        node = node.parent
    return True


def _type_of(column: exp.Column, catalog: Catalog) -> str | None:
    """The type of a column of a published table; None for any other, and for one that names the member."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        for source, _ in block_sources(select):
            if source_alias(source) == column.table:
                return _published_type(source, column.name, catalog)
        select = select.find_ancestor(exp.Select)
    return None


def _published_type(source: exp.Expr, name: str, catalog: Catalog) -> str | None:
    if not isinstance(source, exp.Table) or is_cte_reference(source):
        return None
    table = catalog.find(source.db, source.name)
    if table is None or (table.member_column or "").lower() == name.lower():
        return None
    return next((column.type for column in table.columns if column.name == name), None)
