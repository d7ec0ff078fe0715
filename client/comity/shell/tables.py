r"""Tables of text aligned by what a terminal shows: a Chinese character is two columns wide.

>>> print("\n".join(format_table(["姓名", "n"], [["王小明", "7"], ["Li", None]], right=[False, True])))
 姓名   │    n
────────┼──────
 王小明 │    7
 Li     │ NULL
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wcwidth import wcswidth, wcwidth

NULL = "NULL"
_ELLIPSIS = "…"
_NARROWEST = 6
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Characters that reorder or split the line they stand in.
_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Style:
    """How a table is drawn: what stands before, between and after cells, and under the header."""

    left: str
    between: str
    right: str
    rule: str
    rule_left: str
    rule_between: str
    rule_right: str
    align_rule: bool = False


BOX = Style(" ", " │ ", "", "─", "─", "─┼─", "─")
MARKDOWN = Style("| ", " | ", " |", "-", "| ", " | ", " |", align_rule=True)


def display_width(text: str) -> int:
    """The columns that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    width = wcswidth(text)
    return width if width >= 0 else sum(max(wcwidth(character), 0) for character in text)


def printable(text: str) -> str:
    """`text` with control characters escaped, so that data cannot move the cursor or reorder the line."""
    if text.isprintable() and (text.isascii() or _BIDI.isdisjoint(text)):
        return text
    return "".join(_escape(character) for character in text)


def clip(text: str, width: int) -> str:
    """`text`, cut to `width` columns with an ellipsis when it is wider."""
    if display_width(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += max(wcwidth(character), 0)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept) + _ELLIPSIS


def pad(text: str, width: int, *, right: bool = False) -> str:
    """`text` filled with blanks to `width` columns, on the left when `right`."""
    blanks = " " * (width - display_width(text))
    return blanks + text if right else text + blanks


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one table with their widths.

    `shown` are the indexes of columns that fit; None stands for those left out. `clipped` says that some
    values are, or may be, cut.
    """

    names: tuple[str, ...]
    right: tuple[bool, ...]
    widths: tuple[int, ...]
    shown: tuple[int | None, ...]
    clipped: bool
    style: Style = BOX
    null: str = NULL

    def header(self) -> list[str]:
        """The header line and the rule under it."""
        rules = []
        for index in self.shown:
            width = 1 if index is None else self.widths[index]
            rule = self.style.rule * width
            if self.style.align_rule and index is not None and self.right[index]:
                rule = rule[:-1] + ":"
            rules.append(rule)
        line = self.style.rule_between.join(rules)
        return [self._line(list(self.names)), f"{self.style.rule_left}{line}{self.style.rule_right}"]

    def row(self, cells: Sequence[str | None]) -> str:
        """One line. None is NULL; a text that reads NULL is quoted to tell them apart."""
        return self._line(list(cells))

    def _line(self, cells: list[str | None]) -> str:
        parts = []
        for index in self.shown:
            if index is None:
                parts.append(_ELLIPSIS)
                continue
            cell, width = cells[index], self.widths[index]
            if cell is None:
                text = pad(NULL, width, right=self.right[index]).replace(NULL, self.null)
            else:
                text = _cell_text(cell, self.style)
                if self.clipped:
                    text = clip(text, width)
                text = pad(text, width, right=self.right[index])
            parts.append(text)
        line = f"{self.style.left}{self.style.between.join(parts)}{self.style.right}"
        return line if self.style.right else line.rstrip()


def lay_out(
    names: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    right: Sequence[bool],
    *,
    max_width: int | None = None,
    style: Style = BOX,
    null: str = NULL,
) -> Layout:
    """Measures `rows` and fits the table into `max_width` columns: wide columns are cut first, then the
    middle ones left out. `null` is how NULL is drawn, escape sequences included; it is measured as 4.
    """
    least = 3 if style.align_rule else 1
    widths = [max(display_width(_cell_text(name, style)), least) for name in names]
    for row in rows:
        for index, cell in enumerate(row):
            width = len(NULL) if cell is None else display_width(_cell_text(cell, style))
            widths[index] = max(widths[index], width)
    frame = max(display_width(style.left + style.right), display_width(style.rule_left + style.rule_right))
    gap = display_width(style.between)
    shown: list[int | None] = list(range(len(names)))
    clipped = False
    if max_width is not None:
        room = max_width - frame
        clipped = _shrink(widths, room - gap * (len(widths) - 1))
        shown = _fit(widths, room, gap)
    return Layout(
        names=tuple(names),
        right=tuple(right),
        widths=tuple(widths),
        shown=tuple(shown),
        clipped=clipped or None in shown,
        style=style,
        null=null,
    )


def format_table(
    names: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    *,
    right: Sequence[bool] | None = None,
    max_width: int | None = None,
    style: Style = BOX,
) -> list[str]:
    """The lines of a whole table."""
    layout = lay_out(names, rows, right or [False] * len(names), max_width=max_width, style=style)
    return [*layout.header(), *(layout.row(row) for row in rows)]


def _shrink(widths: list[int], room: int) -> bool:
    """Lowers the widest columns together until they fit into `room`; True when any was lowered."""
    if sum(widths) <= room:
        return False
    ceiling = max(widths)
    while ceiling > _NARROWEST and sum(min(width, ceiling) for width in widths) > room:
        ceiling -= 1
    widths[:] = [min(width, ceiling) for width in widths]
    return True


def _fit(widths: list[int], room: int, gap: int) -> list[int | None]:
    """The columns that fit into `room`, taken from both ends, with None where some are left out."""
    if sum(widths) + gap * (len(widths) - 1) <= room:
        return list(range(len(widths)))
    used = 1
    first: list[int] = []
    last: list[int] = []
    for turn in range(len(widths)):
        index = len(first) if turn % 2 == 0 else len(widths) - 1 - len(last)
        used += widths[index] + gap
        if used > room and first:
            break
        (first if turn % 2 == 0 else last).append(index)
    return [*first, None, *reversed(last)]


def _cell_text(cell: str, style: Style) -> str:
    text = printable(cell)
    if style.align_rule:
        text = text.replace("\\", "\\\\").replace("|", "\\|") if "|" in text else text
    return f'"{text}"' if text == NULL else text


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character in _BIDI or unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs"):
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return character


def wrap(text: str, width: int | None, *, hanging: int = 0) -> list[str]:
    """`text` in lines of at most `width` columns, broken at blanks, the later ones indented by `hanging`.

    A word that is wider than a line, as Chinese text often is, is broken anywhere.

    >>> wrap("filter, group, aggregate", 14)
    ['filter, group,', 'aggregate']
    >>> wrap("民政与卫健数据共享协议", 10, hanging=2)
    ['民政与卫健', '  数据共享', '  协议']
    """
    if width is None or display_width(text) <= width:
        return [text]
    lines, line = [], ""
    for word in re.findall(r"\s*\S+", text):
        if display_width(line + word) > width and line.strip():
            lines.append(line)
            line = " " * hanging
        for character in word if line.strip() or not lines else word.lstrip():
            if display_width(line + character) > width and line.strip():
                lines.append(line)
                line = " " * hanging
            line += character
    return [*lines, line]
