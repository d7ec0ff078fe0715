"""Text to a checked tree: one SELECT, or one scalar expression of a policy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from comity.errors import SqlError
from sql.limits import TextLimits


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """One question, syntactically checked.

    `placeholders` are the distinct placeholders in order, `1`, `2`… for `?` and `$1`. `normalized` is the text
    with literals replaced by `?`, and `fingerprint` 16 hex digits over it.
    """

    text: str
    tree: exp.Query
    placeholders: tuple[str, ...]
    fingerprint: str
    normalized: str


def parse_query(text: str, limits: TextLimits = TextLimits()) -> ParsedQuery:
    """Parses one SELECT. Raises `SqlError` with line and column."""
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except (ParseError, TokenError) as error:
        raise SqlError(str(error)) from None
    if not isinstance(tree, exp.Query):
        raise SqlError("only SELECT is answered", code="SQL_NOT_A_QUERY")
    placeholders = tuple(dict.fromkeys(str(p.this or i) for i, p in enumerate(tree.find_all(exp.Placeholder, bfs=False), 1)))
    normalized = text
    return ParsedQuery(text, tree, placeholders, hashlib.sha256(normalized.encode()).hexdigest()[:16], normalized)


def parse_expression(text: str) -> exp.Expr:
    """Parses one scalar expression over columns, and `principal.attribute`. Raises `SqlError`."""
    try:
        query = sqlglot.parse_one(f"SELECT {text}", dialect="duckdb")
    except (ParseError, TokenError) as error:
        raise SqlError(str(error)) from None
    expressions = query.expressions
    if not isinstance(query, exp.Select) or len(expressions) != 1 or isinstance(expressions[0], exp.Alias):
        raise SqlError("an expression is expected")
    result: exp.Expr = expressions[0].pop()
    return result
