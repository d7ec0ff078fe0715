"""Text from a checked tree: the only way that SQL leaves this room.

What is generated is parsed again and must be the same tree, so a form that a generator loses or bends is an
error here and never a different question at a source.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from comity.errors import InternalError


def render(tree: exp.Expr, dialect: str = "duckdb") -> str:
    """SQL text for `tree` in a sqlglot dialect, every identifier quoted, no comments.

    Raises `InternalError` when the text does not parse back to the same question: in the canonical dialect
    the same tree, in another the same tables and columns, and a text that generates to itself again.
    """
    try:
        text = tree.sql(
            dialect=dialect, identify=True, comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE
        )
        again = sqlglot.parse_one(text, dialect=dialect)
    except SqlglotError as error:
        raise InternalError(f"a checked query has no text in the {dialect} dialect") from error
    if again == tree:
        return text
    if again.sql(dialect=dialect, identify=True, comments=False) != text or _names(again) != _names(tree):
        raise InternalError(f"a checked query changed on the way to text in the {dialect} dialect")
    return text


def _names(tree: exp.Expr) -> set[tuple[str, ...]]:
    """Every table and column named in the tree, by parts."""
    found: set[tuple[str, ...]] = set()
    for node in tree.walk():
        if isinstance(node, exp.Table):
            found.add(("table", node.catalog, node.db, node.name, node.alias))
        elif isinstance(node, exp.Column):
            found.add(("column", node.catalog, node.db, node.table, node.name))
    return found
