"""Asks one question and writes its answer."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

from comity.errors import ComityError
from comity.shell.interrupts import Interrupts, watch_interrupts
from comity.shell.narration import Narrator
from comity.shell.outputs import BINARY, Format, make_writer, open_output, screen_view
from comity.shell.progress import ProgressDisplay
from comity.values import Parameters

if TYPE_CHECKING:
    from comity.client import Connection
    from comity.result import Result
    from comity.shell.formats import Writer

PARTIAL = 5
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask."""

    sql: str
    parameters: Parameters | None = None
    purpose: str | None = None
    allow_partial: bool = False


@dataclass(frozen=True, slots=True)
class Presentation:
    """How to show the answer. `output` None is standard output; sizes None suit the output, 0 is no limit.

    `progress` None shows it live on a terminal and not at all elsewhere. `quiet` leaves only errors.
    """

    format: Format = Format.TABLE
    output: Path | None = None
    max_width: int | None = None
    max_rows: int | None = None
    quiet: bool = False
    progress: bool | None = None
    timings: bool = False


def ask(connection: Connection, question: Question, how: Presentation) -> int:
    """Writes the answer to `how.output` and the narration to stderr; returns the exit status.

    Whatever happens, no query is left running, and a file appears only when the answer is complete.
    """
    narrator = Narrator(sys.stderr, quiet=how.quiet)
    display = _make_display(how)
    begun = time.monotonic()
    interrupted = False
    try:
        with (
            watch_interrupts() as interrupts,
            open_output(how.output, binary=how.format in BINARY) as stream,
        ):
            try:
                writer, result = _run(connection, question, how, stream, display, interrupts)
            finally:
                interrupted = interrupts.pressed
    except (ComityError, KeyboardInterrupt) as error:
        display.stop()
        if interrupted or not isinstance(error, ComityError):
            sys.stderr.write("cancelled\n")
            return INTERRUPTED
        narrator.error(error, question.sql)
        return error.exit_status
    except BrokenPipeError:
        # The reader (head, less) had enough; at exit Python would flush into the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    display.stop()
    summary = result.summary
    assert summary is not None
    for notice in result.notices:
        narrator.notice(notice)
    narrator.summary(
        summary, time.monotonic() - begun, hidden_rows=writer.hidden_rows, clipped=writer.clipped
    )
    if how.timings:
        narrator.say("; ".join(f"{stage} {seconds:.3f} s" for stage, seconds in summary.timings.items()))
    return PARTIAL if summary.partial else 0


def _run(
    connection: Connection,
    question: Question,
    how: Presentation,
    stream: TextIO | BinaryIO,
    display: ProgressDisplay,
    interrupts: Interrupts,
) -> tuple[Writer, Result]:
    """Copies the answer into a writer on `stream`, and ends the writer well only when the answer ended well."""
    terminal = how.output is None and stream.isatty()
    if terminal:
        stream = cast("TextIO", _AfterProgress(cast("TextIO", stream), display))
    view = screen_view(terminal=terminal, max_width=how.max_width, max_rows=how.max_rows)
    writer = make_writer(how.format, stream, view, output=how.output)
    with connection.query(
        question.sql,
        question.parameters,
        purpose=question.purpose,
        allow_partial=question.allow_partial,
        on_progress=display.update,
    ) as result:
        interrupts.cancel = result.cancel
        try:
            writer.begin(result.schema)
            for batch in result:
                writer.write(batch)
        except BaseException:
            writer.abandon()
            raise
        writer.end()
        return writer, result


def _make_display(how: Presentation) -> ProgressDisplay:
    live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    wanted = (live and not how.quiet) if how.progress is None else how.progress
    return ProgressDisplay(sys.stderr, live=live, shown=wanted)


class _AfterProgress:
    """A terminal's stdout that takes the live progress lines away before the first row."""

    def __init__(self, out: TextIO, display: ProgressDisplay) -> None:
        self._out = out
        self._display = display

    def write(self, text: str) -> int:
        self._display.stop()
        return self._out.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        self._display.stop()
        self._out.writelines(lines)

    def flush(self) -> None:
        self._out.flush()
