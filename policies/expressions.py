"""SQL expressions in policy and department files: what they may name, and of what type they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from sqlglot import exp

from comity.errors import SqlError
from policies.type_oracle import evaluates
from sql.parse import parse_expression

PRINCIPAL = "principal"


@lru_cache(maxsize=4096)
def _parsed(text: str) -> exp.Expr:
    return without_positions(parse_expression(text))


def parse_scalar(text: str) -> exp.Expr:
    """One scalar expression; a tree of its own each time. Raises `SqlError`."""
    return _parsed(text).copy()


def without_positions(tree: exp.Expr) -> exp.Expr:
    """The tree without the places in its text, which make up most of the cost of copying it."""
    for node in tree.walk():
        node._meta = None  # noqa: SLF001  (the public property makes an empty dict of it)
    return tree


def columns_in(tree: exp.Expr) -> Iterator[exp.Column]:
    """Every reference that is not `principal.<attribute>`."""
    return (c for c in tree.find_all(exp.Column) if not _is_attribute(c))


def attributes_in(tree: exp.Expr) -> Iterator[exp.Column]:
    """The references to `principal.<attribute>`."""
    return (c for c in tree.find_all(exp.Column) if _is_attribute(c))


def _is_attribute(column: exp.Column) -> bool:
    return column.table.lower() == PRINCIPAL and len(column.parts) == 2


def match_name(name: str, known: Iterable[str]) -> str | None:
    """The spelling in `known` of a name, compared as DuckDB compares identifiers."""
    folded = name.lower()
    return next((k for k in known if k.lower() == folded), None)


def place_columns(tree: exp.Expr, known: Iterable[str], relation: str) -> exp.Expr:
    """The tree with every column spelled as in `known` and qualified by `relation`; names in it are checked.

    Raises `SqlError` (`SQL_COLUMN_UNKNOWN`) for a column that is not in `known` or is qualified.
    """
    names = tuple(known)
    for column in list(columns_in(tree)):
        if len(column.parts) != 1:
            message = f"`{'.'.join(p.name for p in column.parts)}`: write the column's name alone"
            raise SqlError(message, code="SQL_COLUMN_UNKNOWN", metadata={"column": column.name})
        name = match_name(column.name, names)
        if name is None:
            message = f"there is no column `{column.name}` here"
            raise SqlError(message, code="SQL_COLUMN_UNKNOWN", metadata={"column": column.name})
        column.set("this", exp.to_identifier(name, quoted=True))
        column.set("table", exp.to_identifier(relation, quoted=True))
    return tree


def type_of(tree: exp.Expr, types: Mapping[str, str]) -> str:
    """The canonical type of an unqualified expression over columns of these types. Raises `SqlError`."""
    named = {c.name.lower() for c in columns_in(tree)}
    used = tuple((name, kind) for name, kind in types.items() if name.lower() in named)
    return evaluates(tree.sql(dialect="duckdb", comments=False), used)
