"""What the command says about an answer, on stderr: errors with their place, notices, the summary."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from comity.errors import CODES, ComityError
from comity.shell.tables import clip, display_width, printable

if TYPE_CHECKING:
    from comity.answers import Coverage, Notice, Summary

_RED, _YELLOW, _DIM, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
_SOURCE_WIDTH = 100


class Narrator:
    """Writes sentences about an answer to `out`; with `quiet` only errors."""

    def __init__(self, out: TextIO, *, quiet: bool = False) -> None:
        self._out = out
        self._quiet = quiet
        self._color = out.isatty() and not os.environ.get("NO_COLOR")

    def say(self, text: str) -> None:
        if not self._quiet:
            self._out.write(f"{text}\n")

    def error(self, error: ComityError, sql: str | None = None) -> None:
        """The error with its code, the line of SQL it is about with a caret, and its hint."""
        named = error.department is None or error.department in error.message
        where = "" if named else f"{error.department}: "
        message = _lines(f"{where}{error.message}", indent="  ")
        self._out.write(
            f"{self._painted('error:', _RED)} {message} {self._painted(f'[{error.code}]', _DIM)}\n"
        )
        if sql is not None and error.line is not None:
            self._out.writelines(f"{line}\n" for line in mark_place(sql, error.line, error.column or 1))
        if error.hint:
            self._out.write(f"  hint: {_lines(error.hint, indent='        ')}\n")

    def notice(self, notice: Notice) -> None:
        where = f"{notice.department}: " if notice.department else ""
        self.say(f"{self._painted('note:', _YELLOW)} {printable(where + notice.message)} [{notice.code}]")

    def summary(
        self, summary: Summary, seconds: float, *, hidden_rows: int = 0, clipped: bool = False
    ) -> None:
        """One line: rows, time, and what left each department; before it, what the screen left out."""
        if hidden_rows:
            shown = summary.rows - hidden_rows
            self.say(
                f"showing the first {shown:,} of {summary.rows:,} rows: --max-rows 0 shows all, -o FILE keeps them"
            )
        if clipped:
            self.say(
                "some values or columns are cut to the width: --max-width 0 or --format vertical shows all"
            )
        for part in summary.coverage:
            if not part.complete:
                title = CODES[part.reason].title if part.reason in CODES else "no reason given"
                self.say(
                    f"{self._painted('partial:', _YELLOW)} {part.department} is missing, {title} [{part.reason}]"
                )
        self.say(self._painted(summary_line(summary, seconds), _DIM))

    def _painted(self, text: str, color: str) -> str:
        return f"{color}{text}{_PLAIN}" if self._color else text


def summary_line(summary: Summary, seconds: float) -> str:
    """`4 rows in 0.12 s; health sent 4 rows (1.2 kB), tax sent 1 row (20 B); audit record 7`.

    Before the audit record stands how many small groups were left out, if that may be told.
    """
    parts = [f"{summary.rows:,} {'row' if summary.rows == 1 else 'rows'} in {seconds:.2f} s"]
    sent = [_sent(part) for part in summary.coverage if part.complete]
    if sent:
        parts.append(", ".join(sent))
    if summary.suppressed_groups:
        groups = "group" if summary.suppressed_groups == 1 else "groups"
        parts.append(f"{summary.suppressed_groups:,} small {groups} left out")
    parts.append(f"audit record {summary.audit_leaf_index}")
    return "; ".join(parts)


def mark_place(sql: str, line: int, column: int) -> list[str]:
    """The line of SQL with a caret under `column` (1-based, in characters), whatever the characters' widths.

    A long line is cut around the place. Nothing when the line does not exist.
    """
    lines = sql.split("\n")
    if not 1 <= line <= len(lines):
        return []
    text = lines[line - 1].rstrip("\r")
    before = printable(text[: column - 1].replace("\t", "    "))
    after = printable(text[column - 1 :].replace("\t", "    "))
    lead = ""
    while display_width(before) > _SOURCE_WIDTH * 2 // 3:
        before, lead = before[1:], "…"
    shown = clip(after, max(_SOURCE_WIDTH - display_width(lead + before), 1))
    label = f"  {line} | "
    blanks = " " * display_width(label + lead + before)
    return [f"{label}{lead}{before}{shown}", f"{blanks}^"]


def byte_text(count: int) -> str:
    """A size in decimal units: `999 B`, `1.2 kB`, `3.4 GB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _sent(part: Coverage) -> str:
    rows = f"{part.rows:,} {'row' if part.rows == 1 else 'rows'}"
    return f"{part.department} sent {rows} ({byte_text(part.bytes)})"


def _lines(text: str, indent: str) -> str:
    """A message of several lines, each made printable and indented after the first."""
    return f"\n{indent}".join(printable(line) for line in text.splitlines())
