"""Text to a checked tree: one SELECT, or one scalar expression of a policy."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from comity.errors import SqlError
from sql.allowed import check_allowed
from sql.allowed_functions import is_aggregate_call
from sql.canonical_form import canonical_form, has_other_spelling
from sql.edits import Edit
from sql.fingerprint import fingerprint_of, normalize_tokens
from sql.lexical import DIALECT, read_tokens
from sql.limits import DEFAULT_LIMITS, TextLimits
from sql.places import error_at, place_at


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """One question, syntactically checked; its names are not yet looked up.

    `placeholders` are the distinct placeholders in order, `1`, `2`… for `?` and `$1`. `normalized` is the text
    with literals replaced by `?`, and `fingerprint` 16 hex digits over it. `bindings` are the edits that put the
    values of parameters in place of their placeholders in `text`; `forms` say of each parameter what its value is but
    for its literal: its sign and type.
    """

    text: str
    tree: exp.Query
    placeholders: tuple[str, ...]
    fingerprint: str
    normalized: str
    bindings: tuple[Edit, ...] = ()
    forms: tuple[str, ...] = ()


def parse_query(text: str, limits: TextLimits = DEFAULT_LIMITS) -> ParsedQuery:
    """Parses one SELECT and checks it against the allow-lists. Raises `SqlError` with line and column."""
    tokens = read_tokens(text, limits)
    tree, respelled = _parse(text, tokens)
    if not isinstance(tree, exp.Query) or (
        isinstance(tree, exp.Subquery) and not isinstance(tree.this, exp.Query)
    ):
        raise error_at(text, tree, "SQL_NOT_A_QUERY", "only SELECT is answered")
    check_allowed(tree, text)
    canonical_form(respelled)
    normalized = normalize_tokens(tokens)
    return ParsedQuery(text, tree, _placeholder_names(text, tokens), fingerprint_of(normalized), normalized)


def parse_expression(text: str) -> exp.Expr:
    """Parses one scalar expression over columns, as policies and mappings write them.

    `principal.x` parses as a column of the table `principal`. Subqueries, aggregates, windows, placeholders and
    the present time are refused. Raises `SqlError`, with line and column.
    """
    prefix = "SELECT "
    try:
        tokens = read_tokens(prefix + text, DEFAULT_LIMITS)
        query, respelled = _parse(prefix + text, tokens)
        if (
            not isinstance(query, exp.Select)
            or len(query.expressions) != 1
            or isinstance(query.expressions[0], (exp.Alias, exp.Star))
            or any(value for key, value in query.args.items() if key != "expressions")
        ):
            raise error_at(prefix + text, len(prefix), "SQL_SYNTAX", "one expression is expected")
        check_allowed(query, prefix + text, trusted=True)
        _check_scalar(query.expressions[0], prefix + text)
        canonical_form(respelled)
    except SqlError as error:
        if error.line == 1 and error.column:
            error.column = max(1, error.column - len(prefix))
        raise
    expression: exp.Expr = query.expressions[0].pop()
    return expression


def _check_scalar(expression: exp.Expr, text: str) -> None:
    for node in expression.walk():
        if isinstance(node, (exp.Query, exp.Window, exp.Placeholder, exp.Star)) or is_aggregate_call(node):
            what = "a subquery" if isinstance(node, exp.Query) else "an aggregate, window, placeholder or *"
            raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", f"{what} is not allowed in this expression")
        if _is_present(node):
            raise error_at(text, node, "SQL_FUNCTION_REFUSED", "the present time is not available here")


PRESENT = (exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp)
PRESENT_NAMES = frozenset({"now", "get_current_timestamp", "transaction_timestamp"})


def names_the_present(tree: exp.Expr) -> bool:
    """Whether a question asks for today or now, so that nothing of it may be kept for later."""
    return any(_is_present(node) for node in tree.walk())


def _is_present(node: exp.Expr) -> bool:
    return isinstance(node, PRESENT) or (
        isinstance(node, exp.Anonymous) and node.name.lower() in PRESENT_NAMES
    )


def _parse(text: str, tokens: list[Token]) -> tuple[exp.Expr | None, list[exp.Expr]]:
    """The tree, and those of its nodes that have another spelling."""
    try:
        trees: list[exp.Expr | None] = DIALECT.parser().parse(tokens, text)
    except ParseError as error:
        raise _syntax_error(text, tokens, error) from None
    except RecursionError:
        raise error_at(text, 0, "SQL_TOO_DEEP", "the text is nested too deeply") from None
    except (SqlglotError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        # A parser that trips over its own feet has not understood the text either.
        raise error_at(text, 0, "SQL_SYNTAX", "the text is not valid SQL") from None
    if len(trees) != 1:
        raise error_at(text, 0, "SQL_MULTIPLE_STATEMENTS", "only one statement is allowed")
    tree = trees[0]
    respelled: list[exp.Expr] = []
    if tree is not None:
        places = {n.text: d.start for d, n in pairwise(tokens) if d.token_type == TokenType.PARAMETER}
        for node in tree.walk():
            if isinstance(node, exp.Placeholder):
                node.meta["start"] = places.get(str(node.this))
            if node._meta is not None:  # noqa: SLF001  (`meta` would make an empty one)
                node._meta = _SharedMeta(node._meta)  # noqa: SLF001
            if has_other_spelling(node):
                respelled.append(node)
    return tree, respelled


class _SharedMeta(dict[str, Any]):
    """Where a node stands in the text, shared by all copies of it: copying it would cost more than the node."""

    def __deepcopy__(self, memo: object) -> _SharedMeta:
        return self


def _syntax_error(text: str, tokens: list[Token], error: ParseError) -> SqlError:
    """The parser's complaint in plain words; it names the word it stumbled over, never a literal's content."""
    first = error.errors[0] if error.errors else {}
    line, end = first.get("line"), first.get("col")
    token = next((t for t in tokens if t.line == line and t.col == end), tokens[-1])
    line_number, column = place_at(text, token.start)
    word = "a literal" if token.token_type in {TokenType.STRING, TokenType.NUMBER} else repr(token.text)
    if token is tokens[-1] and str(first.get("description", "")).startswith("Expect"):
        return SqlError(f"the text ends too early, after {word}", line=line_number, column=column)
    return SqlError(f"the text cannot be understood near {word}", line=line_number, column=column)


def _placeholder_names(text: str, tokens: list[Token]) -> tuple[str, ...]:
    """The distinct names of placeholders, in order and in lower case; one kind of placeholder only."""
    found = [(dollar, name) for dollar, name in pairwise(tokens) if dollar.token_type == TokenType.PARAMETER]
    kinds = {(dollar.text, name.token_type) for dollar, name in found}
    if len(kinds) > 1:
        raise error_at(
            text, found[0][0].start, "SQL_PARAMETER", "use one kind of placeholder: ?, $1 or $name"
        )
    return tuple(dict.fromkeys(name.text.lower() for _, name in found))
