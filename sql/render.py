"""Text from a checked tree: the only way that SQL leaves this room.

What is generated is parsed again and must be the same tree, so a form that a generator loses or bends is an
error here and never a different question at a source.
"""

from __future__ import annotations

from collections import Counter

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from comity.errors import InternalError

CANONICAL = "duckdb"


def render(tree: exp.Expr, dialect: str = CANONICAL) -> str:
    """SQL text for `tree` in a sqlglot dialect, every identifier quoted, no comments.

    Raises `InternalError` when the text does not parse back to the same question. In the canonical dialect that
    is the same tree, or one with the same names and literals whose text is the same; in another dialect, one
    with the same names whose text is the same.
    """
    try:
        text = _generate(tree, dialect)
        again = sqlglot.parse_one(text, dialect=dialect)
        if again == tree:
            return text
        read = _generate(again, dialect)
        same = read == text or read == _generate(_untyped(tree), dialect)
        if same and _content(again, dialect) == _content(tree, dialect):
            return text
    except (SqlglotError, RecursionError) as error:
        raise InternalError(f"a checked query has no text in the {dialect} dialect") from error
    raise InternalError(f"a checked query changed on the way to text in the {dialect} dialect")


def _generate(tree: exp.Expr, dialect: str) -> str:
    return tree.sql(
        dialect=dialect, identify=True, comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE
    )


def _untyped(tree: exp.Expr) -> exp.Expr:
    """The tree as its text is read: without types, by which a generator may leave out a cast."""
    copy = tree.copy()
    for node in copy.walk():
        node.type = None
    return copy


def _content(tree: exp.Expr, dialect: str) -> Counter[tuple[object, ...]]:
    """What a tree names, and in the canonical dialect how often; there it also holds its literals."""
    found: Counter[tuple[object, ...]] = Counter()
    for node in tree.walk():
        if isinstance(node, exp.Table):
            found["table", node.catalog, node.db, node.name, node.alias] += 1
        elif isinstance(node, exp.Column):
            found["column", node.catalog, node.db, node.table, node.name] += 1
        elif isinstance(node, exp.Literal) and dialect == CANONICAL:
            found["literal", node.is_string, node.this] += 1
    return found if dialect == CANONICAL else Counter(dict.fromkeys(found, 1))
