"""How large and how deep a question may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextLimits:
    """Caps that are checked before anything recursive sees the text.

    `bytes` counts UTF-8. `depth` is the deepest nesting of brackets, CASE, and prefix operators; `list_length`
    the most items of one bracket, or operands of one unbroken chain of operators.
    """

    bytes: int = 262_144
    tokens: int = 20_000
    depth: int = 100
    list_length: int = 20_000
