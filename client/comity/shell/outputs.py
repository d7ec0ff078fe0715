"""Where an answer goes: standard output or a file, in the format asked for or told by the file's name."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

from comity.errors import ConfigurationError

if TYPE_CHECKING:
    from comity.shell.formats import View, Writer


class Format(StrEnum):
    """The formats of `--format`."""

    TABLE = "table"
    VERTICAL = "vertical"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    ARROW = "arrow"
    PARQUET = "parquet"


class PlanFormat(StrEnum):
    """The formats of `comity explain --format`."""

    TEXT = "text"
    TREE = "tree"
    JSON = "json"


BINARY = (Format.ARROW, Format.PARQUET)

_EXTENSIONS = {
    ".csv": Format.CSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".md": Format.MARKDOWN,
    ".arrow": Format.ARROW,
    ".arrows": Format.ARROW,
    ".feather": Format.ARROW,
    ".parquet": Format.PARQUET,
}

SCREEN_ROWS = 1000


def choose_format(asked: Format | None, output: Path | None) -> Format:
    """The format asked for, else the one the file's name tells, else `table`."""
    if asked is not None:
        return asked
    return _EXTENSIONS.get(output.suffix.lower(), Format.TABLE) if output is not None else Format.TABLE


def screen_view(*, terminal: bool, max_width: int | None, max_rows: int | None) -> View:
    """A terminal shows its own width and 1000 rows; a pipe or a file everything.

    `max_width` and `max_rows` override that; 0 is no limit.
    """
    from comity.shell.formats import View
    from comity.shell.tables import NULL

    if max_width is None:
        max_width = shutil.get_terminal_size().columns if terminal else 0
    if max_rows is None:
        max_rows = SCREEN_ROWS if terminal else 0
    dim = terminal and not os.environ.get("NO_COLOR")
    return View(max_width or None, max_rows or None, f"\x1b[2m{NULL}\x1b[0m" if dim else NULL)


def text_width(max_width: int | None) -> int | None:
    """The columns that text on standard output may take, None for no limit."""
    if max_width is None:
        max_width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    return max_width or None


@contextmanager
def open_output(output: Path | None, *, binary: bool) -> Iterator[TextIO | BinaryIO]:
    """The stream to write to. A file appears under its name only when the whole answer is in it."""
    if output is None:
        if binary and sys.stdout.isatty():
            raise ConfigurationError(
                "this format is not text", hint="Write it to a file with -o, or pipe it to a program."
            )
        stream: TextIO | BinaryIO = sys.stdout.buffer if binary else sys.stdout
        yield stream
        stream.flush()
        return
    # What is not a file (a pipe, /dev/null) cannot be replaced by one.
    whole = output.exists() and not output.is_file()
    target = output if whole else output.with_name(f"{output.name}.part")
    try:
        with target.open("wb") as file:
            if binary:
                yield file
            else:
                text = io.TextIOWrapper(file, encoding="utf-8", newline="")
                yield text
                text.flush()
                text.detach()
        if not whole:
            target.replace(output)
    except OSError as error:
        raise ConfigurationError(f"{output} cannot be written: {error.strerror or error}") from None
    finally:
        if not whole:
            target.unlink(missing_ok=True)


def make_writer(
    chosen: Format, stream: TextIO | BinaryIO, view: View, *, output: Path | None = None
) -> Writer:
    """The writer of one format on `stream`.

    Arrow to a file named other than `.arrows` is the IPC file format, otherwise the stream format.
    """
    from comity.shell import formats

    text, binary = cast("TextIO", stream), cast("BinaryIO", stream)
    match chosen:
        case Format.TABLE:
            return formats.TableWriter(text, view)
        case Format.MARKDOWN:
            return formats.TableWriter(text, view, markdown=True)
        case Format.VERTICAL:
            return formats.VerticalWriter(text, view)
        case Format.CSV:
            return formats.CsvWriter(text)
        case Format.JSON:
            return formats.JsonWriter(text, lines=False)
        case Format.JSONL:
            return formats.JsonWriter(text, lines=True)
        case Format.ARROW:
            return formats.ArrowWriter(binary, stream=output is None or output.suffix.lower() == ".arrows")
        case Format.PARQUET:
            return formats.ParquetWriter(binary)
