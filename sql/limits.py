"""How large and how deep a question may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextLimits:
    """Caps that are checked before anything recursive sees the text.

    `bytes` counts UTF-8. `depth` is the deepest nesting of brackets, CASE and prefix operators together.
    `list_length` is the most items between two brackets, `chain` the most operators of one kind in a row (AND
    and OR, arithmetic, joins and set operations of one block), and `postfix` the same for those that a
    parser recurses on (casts, BETWEEN, IN, subscripts).
    """

    bytes: int = 262_144
    tokens: int = 20_000
    depth: int = 100
    list_length: int = 20_000
    chain: int = 500
    postfix: int = 100


DEFAULT_LIMITS = TextLimits()
IDENTIFIER_BYTES = 63
"""The longest identifier: what every engine we know keeps whole (PostgreSQL cuts longer ones)."""
EXPANDED_SIZE = 4_000_000
"""How much text, roughly in characters, names that stand for expressions may expand to."""
LONGEST_FILL = 10_000
"""The most characters that repeat(), lpad() and rpad() may be asked for."""
MOST_OUTPUTS = 2_000
"""The most columns that one block returns; stars inside each other double them."""
MOST_LATERALS = 30
"""The most derived tables in one question that use items beside them; DuckDB binds many of them slowly."""
MOST_GROUPING_SETS = 256
"""The most grouping sets of one block, CUBE and ROLLUP written out: each is an aggregation of its own."""
