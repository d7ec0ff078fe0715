"""Text in columns that stay aligned when some of it is Chinese."""

from __future__ import annotations

from collections.abc import Sequence

from wcwidth import wcswidth, wcwidth


def display_width(text: str) -> int:
    """Cells that `text` takes in a terminal: two for a Chinese character."""
    return max(wcswidth(text), 0)


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` cells: padded, or cut with an ellipsis."""
    missing = width - display_width(text)
    if missing >= 0:
        return text + " " * missing
    kept, cells = "", 0
    for character in text:
        cells += max(wcwidth(character), 0)
        if cells > width - 1:
            break
        kept += character
    return fit(kept + "…", width) if display_width(kept) < width else kept


def printable(text: str) -> str:
    """`text` on one line, with what would move the cursor or recolour the terminal made visible."""
    spaced = " ".join(text.split())
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in spaced)


def align(header: Sequence[str], rows: Sequence[Sequence[str]], widest: int = 60) -> list[str]:
    """Lines of a table whose columns are as wide as their content, up to `widest` cells each."""
    shown = [[printable(cell) for cell in row] for row in (header, *rows)]
    widths = [min(max(map(display_width, cells)), widest) for cells in zip(*shown, strict=True)]
    lines = ["  ".join(map(fit, row, widths)).rstrip() for row in shown]
    return [lines[0], "  ".join("─" * width for width in widths), *lines[1:]]
