"""Whether what was typed is a whole statement, and which word the cursor stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PIECE = re.compile(
    r"""
    '(?:[^']|'')*'              # text
    | "(?:[^"]|"")*"            # quoted name
    | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$   # dollar-quoted text
    | --[^\n]*                  # comment to the end of the line
    | /\*.*?\*/                 # comment
    | [^'"$/;-]+
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_EXPLAIN = re.compile(
    r"((?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*EXPLAIN(?:\s+(ANALYZE|ANALYSE))?\s+)(?:\(\s*)*(?:SELECT|WITH|FROM|VALUES)\b",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile(r"[\w.]*\Z")


def is_whole(text: str) -> bool:
    r"""True when Enter should send `text`: it is blank, a backslash command, or ends in a semicolon.

    >>> is_whole("SELECT 1"), is_whole("SELECT 1;"), is_whole("SELECT ';"), is_whole(r"\d")
    (False, True, False, True)
    """
    stripped = text.strip()
    if not stripped or stripped.startswith("\\"):
        return True
    last = ""
    for match in _PIECE.finditer(text):
        piece = match.group()
        if piece in "'\"" or (piece == "/" and text.startswith("/*", match.start())):
            return False
        if piece.strip() and not piece.startswith(("--", "/*")):
            last = piece
    return last == ";"


def without_semicolon(text: str) -> str:
    """The statement alone, its places in the text unchanged."""
    return text.rstrip().removesuffix(";")


@dataclass(frozen=True, slots=True)
class Explained:
    """The question in an EXPLAIN statement, at the same places of its text, and whether it is to be run."""

    sql: str
    analyze: bool


def explained_statement(text: str) -> Explained | None:
    """What `EXPLAIN [ANALYZE] SELECT …` asks about; None for any other statement.

    >>> explained_statement("explain analyze SELECT 1")
    Explained(sql='                SELECT 1', analyze=True)
    >>> explained_statement("SELECT 1") is None
    True
    """
    match = _EXPLAIN.match(text)
    if match is None:
        return None
    lead = re.sub(r"[^\n]", " ", match.group(1))
    return Explained(lead + text[len(lead) :], match.group(2) is not None)


def word_before(text: str) -> str:
    """The name that ends at the end of `text`, dots included: `health.pa`."""
    match = _WORD.search(text)
    return match.group() if match else ""
