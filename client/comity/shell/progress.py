"""How far each department has come: one live line each on a terminal, plain lines on request."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, TextIO

from comity.shell.narration import byte_text
from comity.shell.tables import clip, display_width, pad

if TYPE_CHECKING:
    from comity.answers import Progress

_REDRAW_SECONDS = 0.1


class ProgressDisplay:
    """Keeps one line per department below the cursor of `out`, redrawn at most ten times a second.

    Without `live`, each change of state is a line of its own. Unless `shown`, nothing is written.
    """

    def __init__(self, out: TextIO, *, live: bool, shown: bool = True) -> None:
        self._out = out
        self._live = live
        self._shown = shown
        self._departments: dict[str, Progress] = {}
        self._drawn = 0
        self._drawn_at = 0.0

    def update(self, progress: Progress) -> None:
        before = self._departments.get(progress.department)
        self._departments[progress.department] = progress
        changed = before is None or before.state != progress.state
        if not self._shown:
            return
        if not self._live:
            if changed:
                self._out.write(f"{progress_line(progress, 0)}\n")
                self._out.flush()
        elif changed or time.monotonic() - self._drawn_at > _REDRAW_SECONDS:
            self._draw()

    def stop(self) -> None:
        """Takes the live lines away and draws no more, so that other text can follow."""
        if self._live:
            self._shown = False
        if self._drawn:
            self._out.write(f"\x1b[{self._drawn}F\x1b[J")
            self._out.flush()
            self._drawn = 0

    def _draw(self) -> None:
        size = shutil.get_terminal_size()
        # A line that wraps, or scrolls off the top, could not be taken back.
        shown = list(self._departments.values())[-max(size.lines - 2, 1) :]
        width = max(display_width(progress.department) for progress in shown)
        lines = [clip(progress_line(progress, width), size.columns - 1) for progress in shown]
        back = f"\x1b[{self._drawn}F\x1b[J" if self._drawn else ""
        self._out.write(back + "".join(f"{line}\n" for line in lines))
        self._out.flush()
        self._drawn, self._drawn_at = len(lines), time.monotonic()


def progress_line(progress: Progress, width: int) -> str:
    """`health  1,234 rows  1.2 MB  0.8 s  streaming`, the name filled to `width` columns."""
    name = pad(progress.department, max(width, display_width(progress.department)))
    rows = f"{progress.rows:>12,} rows" if width else f"{progress.rows:,} rows"
    size = byte_text(progress.bytes)
    return f"{name}  {rows}  {size:>9}  {progress.elapsed_seconds:7.1f} s  {progress.state}"
