"""The shape of a question: its words with literals set apart, for the record and for finding like questions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlglot.tokenizer_core import Token, TokenType

_LITERALS = {TokenType.STRING, TokenType.NUMBER}
_TIGHT_BEFORE = {",", ")", ".", "]", "::"}
_TIGHT_AFTER = {"(", ".", "[", "::"}


def normalize_tokens(tokens: Iterable[Token]) -> str:
    r"""The text in one line, keywords and plain names in lower case, every literal as `?`, lists of them as one.

    >>> from sql.lexical import DIALECT
    >>> normalize_tokens(DIALECT.tokenize("SELECT A  FROM t -- x\nWHERE b IN (1, 2,3) AND c = 'x'"))
    'select a from t where b in (?) and c = ?'
    """
    words: list[str] = []
    placeholder = False
    for token in tokens:
        kind = token.token_type
        if placeholder:
            word = token.text.lower() if words.pop() == "$" else "?"
            word = word if word == "?" else f"${word}"
            placeholder = False
        elif kind == TokenType.PARAMETER:
            placeholder = True
            word = token.text
        elif kind in _LITERALS:
            if len(words) > 1 and words[-1] == "," and words[-2] == "?":
                words.pop()
                continue
            word = "?"
        elif kind == TokenType.IDENTIFIER:
            word = '"' + token.text.replace('"', '""') + '"'
        else:
            word = token.text.lower()
        words.append(word)
    parts: list[str] = []
    previous = "("
    for word in words:
        if parts and word not in _TIGHT_BEFORE and previous not in _TIGHT_AFTER:
            parts.append(" ")
        parts.append(word)
        previous = word
    return "".join(parts)


def fingerprint_of(normalized: str) -> str:
    """16 hex digits that are equal for questions that differ in literals, blanks and comments only."""
    return hashlib.sha256(normalized.encode()).hexdigest()[:16]
