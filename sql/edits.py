"""Replacements in a text that remember where things were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Characters `start` to `end` (exclusive, 0-based) become `replacement`."""

    start: int
    end: int
    replacement: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with non-overlapping edits applied.

    >>> apply_edits("a = ?", [Edit(4, 5, "(1)")])
    'a = (1)'
    """
    parts: list[str] = []
    end = 0
    for edit in sorted(edits):
        parts += [text[end : edit.start], edit.replacement]
        end = edit.end
    parts.append(text[end:])
    return "".join(parts)


def original_offset(offset: int, edits: Iterable[Edit]) -> int:
    """The offset in the text before the edits of an offset in the text after them.

    >>> original_offset(9, [Edit(4, 5, "(1)")])
    7
    """
    shift = 0
    for edit in sorted(edits):
        if offset < edit.start + shift + len(edit.replacement):
            return min(offset - shift, edit.start)
        shift += len(edit.replacement) - (edit.end - edit.start)
    return offset - shift
