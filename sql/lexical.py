"""What is refused before parsing: raw text that two readers could read differently, and sizes that kill a parser.

The text is read twice: by a small expression of our own that only tells literals, quoted names, comments
and the rest apart, and by the parser's tokenizer. Nothing here decides what a query means.
"""

from __future__ import annotations

import re

from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from comity.errors import SqlError
from sql.limits import TextLimits
from sql.places import error_at

DIALECT = Dialect.get_or_raise("duckdb")
"""DuckDB's, made once: sqlglot makes a dialect anew each time it is called by its name."""

_SEGMENT = re.compile(
    # An unclosed comment is one match to the end, or the search would start again at every character of it.
    r"""'[^']*+(?:''[^']*+)*+' | "[^"]*+(?:""[^"]*+)*+" | --[^\n]*+ | /\*.*?(?:\*/|\Z)""",
    re.DOTALL | re.VERBOSE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]|\r(?!\n)")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u2028\u2029]")
_CODE = re.compile(
    r"""
      (?P<quote>\$(?:[^\W\d]\w*)?\$)
    | (?P<unicode>\b[uU]&["'])
    | (?P<prefix>\b[eExXbBnNrR]'|\w")
    | (?P<number>(?<![\w$])\d[\d_]*[^\W\d_]\w*)
    | (?P<decimal>(?<![\w)\]"])\.\d)
    | (?P<placeholder>\?\w|\w\?|\?\?|\$(?!\w)|\w\$)
    | (?P<character>[^\w \t\r\n()\[\],.;:+\-*/%<>=!|&~^?$"'])
    """,
    re.VERBOSE,
)
_PLACEHOLDER = re.compile(r"\$\w+|\?")
_EXPONENT = re.compile(r"\d[\d_]*[eE](?:\d+|[+-]\d+(?![\w.]))")

_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.CASE}
_CLOSES = {
    TokenType.R_PAREN: TokenType.L_PAREN,
    TokenType.R_BRACKET: TokenType.L_BRACKET,
    TokenType.END: TokenType.CASE,
}
# After the name of a type the parser tries twice what a bracket may mean, and again inside it.
_TYPES = frozenset(DIALECT.parser_class.TYPE_TOKENS) - {TokenType.UNION, TokenType.NULL, TokenType.INTERVAL}
_TYPED_DEPTH = 8
_PREFIX = {TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE}
_POSTFIX = {
    TokenType.DCOLON,
    TokenType.BETWEEN,
    TokenType.IN,
    TokenType.IS,
    TokenType.LIKE,
    TokenType.ILIKE,
    TokenType.GLOB,
    TokenType.ESCAPE,
    TokenType.COLLATE,
    TokenType.DOT,
}
_CONNECTORS = {TokenType.AND, TokenType.OR}
_COMBINING = {TokenType.JOIN, TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT}
_LINKS = {
    TokenType.PLUS,
    TokenType.DASH,
    TokenType.STAR,
    TokenType.SLASH,
    TokenType.DIV,
    TokenType.MOD,
    TokenType.DPIPE,
    TokenType.PIPE,
    TokenType.AMP,
    TokenType.CARET,
    TokenType.DSTAR,
    TokenType.EQ,
    TokenType.NEQ,
    TokenType.LT,
    TokenType.LTE,
    TokenType.GT,
    TokenType.GTE,
}
_BREAKS = {
    TokenType.COMMA,
    TokenType.SELECT,
    TokenType.FROM,
    TokenType.WHERE,
    TokenType.GROUP_BY,
    TokenType.HAVING,
    TokenType.ORDER_BY,
    TokenType.WHEN,
    TokenType.THEN,
    TokenType.ELSE,
}
_STARTS = {TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.VALUES, TokenType.TABLE}


def read_tokens(text: str, limits: TextLimits) -> list[Token]:
    """The tokens of one statement, without its closing semicolon. Raises `SqlError`, with line and column.

    A placeholder is two tokens, `$` and its name; `?` has its number for a name.
    """
    code = check_text(text, limits)
    places = {found.start(): found[0] for found in _PLACEHOLDER.finditer(code)}
    masked = text
    if places:
        # The tokenizer takes `$a+$` for a quote and `?::` for an operator, so it is shown plain words there.
        characters = list(text)
        for offset in places:
            characters[offset] = "_"
        masked = "".join(characters)
    try:
        tokens: list[Token] = DIALECT.tokenize(masked)
    except TokenError as error:
        raise error_at(text, error.start or 0, "SQL_SYNTAX", "the text cannot be read as SQL") from None
    if places:
        tokens = _with_placeholders(text, tokens, places)
    if tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise SqlError("there is no statement", code="SQL_EMPTY", line=1, column=1)
    if len(tokens) > limits.tokens:
        raise error_at(
            text,
            tokens[limits.tokens].start,
            "SQL_TOO_LARGE",
            f"the text has more than {limits.tokens} words",
        )
    _check_shape(text, tokens, limits)
    first = next((t for t in tokens if t.token_type != TokenType.L_PAREN), tokens[0])
    if first.token_type not in _STARTS:
        raise error_at(text, first.start, "SQL_NOT_A_QUERY", "only SELECT is answered")
    return tokens


def _with_placeholders(text: str, tokens: list[Token], places: dict[int, str]) -> list[Token]:
    result: list[Token] = []
    number = 0
    for token in tokens:
        word = places.get(token.start)
        if word is None or token.token_type in {TokenType.STRING, TokenType.IDENTIFIER}:
            result.append(token)
            continue
        if token.end - token.start + 1 != len(word):
            raise error_at(text, token.start, "SQL_SYNTAX", "a placeholder runs into another word")
        if word == "?":
            number += 1
            word = f"?{number}"
        kind = TokenType.NUMBER if word[1:].isdigit() else TokenType.VAR
        result.append(Token(TokenType.PARAMETER, word[0], token.line, token.col, token.start, token.end))
        result.append(Token(kind, word[1:], token.line, token.col, token.start, token.end))
    return result


def check_text(text: str, limits: TextLimits) -> str:
    """Refuses characters and forms that a reader could take for something else.

    Returns the text with the insides of literals, quoted names and comments blanked, at the same positions.
    """
    if len(text) > limits.bytes or len(text.encode("utf-8", "surrogatepass")) > limits.bytes:
        raise SqlError(
            f"the text is longer than {limits.bytes} bytes", code="SQL_TOO_LARGE", line=1, column=1
        )
    if (found := _CONTROL.search(text)) is not None:
        name = f"U+{ord(found[0]):04X}"
        raise _refused(text, found.start(), f"the control character {name} is not allowed in SQL text")
    code = _SEGMENT.sub(lambda segment: _checked_segment(text, segment), text)
    for unclosed in ("'", '"'):
        if code.count(unclosed) % 2:
            raise error_at(text, code.rfind(unclosed), "SQL_SYNTAX", f"{unclosed} is never closed")
    for found in _CODE.finditer(code):
        kind = found.lastgroup
        exponent = _EXPONENT.match(code, found.start()) if kind == "number" else None
        if exponent is not None and exponent.end() >= found.end():
            continue
        raise _refused(
            text, found.start(), _CODE_MESSAGES[kind or ""].format(text[found.start()], ord(found[0][0]))
        )
    return code


_CODE_MESSAGES = {
    "quote": "dollar quoting is not allowed; write a literal in single quotes",
    "unicode": 'the U&"…" form is not allowed; write the characters themselves',
    "prefix": "a letter before a quote is not allowed; write a plain literal or name, or pass a parameter",
    "number": "a number runs into a word",
    "decimal": "a number starts with a point; write 0.5 for .5",
    "placeholder": "a placeholder is ?, $1 or $name and stands alone",
    "character": "the character {0!r} (U+{1:04X}) is not allowed outside literals",
}


def _refused(text: str, offset: int, message: str) -> SqlError:
    return error_at(text, offset, "SQL_TEXT_REFUSED", message)


def _checked_segment(text: str, segment: re.Match[str]) -> str:
    """The segment with nothing in it that the rules for code could see; positions stay."""
    content, start = segment[0], segment.start()
    opening = content[0]
    if opening in "-/":
        if content.startswith(("/*!", "/*M!", "/*m!")):
            raise _refused(text, start, "a comment that some databases execute is not allowed")
        if opening == "/" and (len(content) < 4 or not content.endswith("*/")):
            raise error_at(text, start, "SQL_SYNTAX", "/* is never closed")
        if opening == "/" and "/*" in content[2:]:
            raise _refused(text, start + content.index("/*", 2), "comments cannot be nested")
        if (found := _DIRECTION.search(content)) is not None:
            raise _refused(
                text, start + found.start(), "invisible direction marks are not allowed in comments"
            )
        return " " * len(content)
    if opening == '"' and not content.isprintable():
        at = next(i for i, character in enumerate(content) if not character.isprintable())
        raise _refused(
            text, start + at, f"the character U+{ord(content[at]):04X} is not allowed in a quoted name"
        )
    return opening + " " * (len(content) - 2) + opening


class _Level:
    """What is open at one depth of brackets."""

    __slots__ = ("combined", "connected", "items", "links", "opened", "postfix", "prefix", "typed")

    def __init__(self, opened: Token | None, typed: int) -> None:
        self.opened = opened
        self.typed = typed
        self.items = self.connected = self.links = self.postfix = self.prefix = self.combined = 0


def _check_shape(text: str, tokens: list[Token], limits: TextLimits) -> None:
    """One statement, within the caps on depth, chains and lists."""
    levels = [_Level(None, 0)]
    level = levels[0]
    depth = 0
    previous: TokenType | None = None
    for token in tokens:
        kind = token.token_type
        if kind in _OPENING:
            if kind == TokenType.L_BRACKET:
                level.postfix += 1
            level = _Level(token, level.typed + (previous in _TYPES))
            levels.append(level)
            depth += 1
            if level.typed > _TYPED_DEPTH:
                raise error_at(text, token.start, "SQL_TOO_DEEP", "calls of types are nested too deeply")
        elif kind in _CLOSES:
            opened = level.opened.token_type if level.opened is not None else None
            if _CLOSES.get(kind) == opened:
                depth -= 1 + level.prefix
                levels.pop()
                level = levels[-1]
            elif kind != TokenType.END:
                raise error_at(text, token.start, "SQL_SYNTAX", f"{token.text} closes nothing that is open")
        elif kind == TokenType.SEMICOLON:
            raise error_at(text, token.start, "SQL_MULTIPLE_STATEMENTS", "only one statement is allowed")
        elif kind == TokenType.STRING and previous == TokenType.STRING:
            raise error_at(
                text, token.start, "SQL_TEXT_REFUSED", "literals that stand side by side are not joined"
            )
        elif kind in _BREAKS:
            depth -= level.prefix
            level.connected = level.links = level.postfix = level.prefix = 0
            if kind == TokenType.COMMA:
                level.items += 1
        elif kind in _COMBINING:
            level.combined += 1
        elif kind in _CONNECTORS:
            level.connected += 1
            level.links = level.postfix = 0
        if kind in _PREFIX and previous not in _OPERANDS:
            level.prefix += 1
            depth += 1
        elif kind in _LINKS:
            level.links += 1
            level.postfix = 0
        elif kind in _POSTFIX:
            level.postfix += 1
        previous = kind
        if depth > limits.depth:
            raise error_at(
                text, token.start, "SQL_TOO_DEEP", f"the text is nested deeper than {limits.depth}"
            )
        if level.items > limits.list_length:
            raise error_at(
                text, token.start, "SQL_TOO_LARGE", f"a list has more than {limits.list_length} items"
            )
        if max(level.links, level.connected, level.combined) > limits.chain or level.postfix > limits.postfix:
            raise error_at(text, token.start, "SQL_TOO_DEEP", "too many operators stand in a row")
    for level in levels[1:]:
        if level.opened is not None and level.opened.token_type != TokenType.CASE:
            raise error_at(text, level.opened.start, "SQL_SYNTAX", f"{level.opened.text} is never closed")


_OPERANDS = {
    TokenType.R_PAREN,
    TokenType.R_BRACKET,
    TokenType.END,
    TokenType.STRING,
    TokenType.NUMBER,
    TokenType.VAR,
    TokenType.IDENTIFIER,
    TokenType.PLACEHOLDER,
    TokenType.NULL,
    TokenType.TRUE,
    TokenType.FALSE,
}


def has_control_characters(text: str) -> bool:
    """True for text that could not stand in a literal of a question."""
    return _CONTROL.search(text) is not None
