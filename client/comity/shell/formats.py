"""Answers written in one of eight formats, batch by batch as they arrive.

`table`, `vertical` and `markdown` are for people: control characters are escaped. The others are for
programs and change nothing. Only `table` and `markdown` hold rows back, the first 1000, to measure columns.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, TextIO

import pyarrow as pa

from comity.shell.cells import column_jsons, column_texts, is_number, is_plain, unique_names
from comity.shell.tables import BOX, MARKDOWN, NULL, Layout, display_width, lay_out, pad, printable

MEASURED_ROWS = 1000

# What RFC 4180 must quote, and blanks at the ends, which readers strip.
_QUOTED = re.compile(r'[,"\n\r]|^\s|\s\Z')


class Writer(Protocol):
    """Writes one answer: `begin`, batches, then `end` when it is complete or `abandon` when it failed.

    `hidden_rows` were read and not shown; `clipped` says that some values or columns were cut to the width.
    """

    @property
    def hidden_rows(self) -> int: ...

    @property
    def clipped(self) -> bool: ...

    def begin(self, schema: pa.Schema) -> None: ...

    def write(self, batch: pa.RecordBatch) -> None: ...

    def end(self) -> None: ...

    def abandon(self) -> None: ...


@dataclass(frozen=True, slots=True)
class View:
    """What a person's screen can take: its width, the rows worth showing, how NULL is drawn. None: no limit."""

    max_width: int | None = None
    max_rows: int | None = None
    null: str = NULL


class _Whole:
    """Everything is written. Text needs no closing: what is cut off shows."""

    @property
    def hidden_rows(self) -> int:
        return 0

    @property
    def clipped(self) -> bool:
        return False

    def abandon(self) -> None:
        """Leaves what was written as it is."""


class _Limited(_Whole):
    """Counts rows and passes on those within `max_rows`."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.rows = 0

    @property
    def hidden_rows(self) -> int:
        return max(self.rows - self.view.max_rows, 0) if self.view.max_rows is not None else 0

    def visible(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        before = self.rows
        self.rows += batch.num_rows
        if self.view.max_rows is None:
            return batch
        return batch.slice(0, max(self.view.max_rows - before, 0))


class TableWriter(_Limited):
    """An aligned table. Columns are measured on the first rows; a wider value later on pushes its line out."""

    def __init__(self, out: TextIO, view: View, *, markdown: bool = False) -> None:
        super().__init__(view)
        self._out = out
        self._style = MARKDOWN if markdown else BOX
        self._waiting: list[Sequence[str | None]] = []
        self._right: list[bool] = []
        self._names: list[str] = []
        self._layout: Layout | None = None

    @property
    def clipped(self) -> bool:
        return self._layout is not None and self._layout.clipped

    def begin(self, schema: pa.Schema) -> None:
        self._names = list(schema.names)
        self._right = [is_number(field.type) for field in schema]

    def write(self, batch: pa.RecordBatch) -> None:
        shown = self.visible(batch)
        rows = list(zip(*(column_texts(column) for column in shown.columns), strict=True))
        if self._layout is not None:
            self._put(rows)
            return
        self._waiting += rows
        if len(self._waiting) >= MEASURED_ROWS:
            self._start()

    def end(self) -> None:
        if self._layout is None:
            self._start()

    def _start(self) -> None:
        self._layout = lay_out(
            self._names,
            self._waiting,
            self._right,
            max_width=self.view.max_width,
            style=self._style,
            null=self.view.null,
        )
        self._out.writelines(f"{line}\n" for line in self._layout.header())
        self._put(self._waiting)
        self._waiting = []

    def _put(self, rows: Sequence[Sequence[str | None]]) -> None:
        layout = self._layout
        assert layout is not None
        self._out.writelines(f"{layout.row(row)}\n" for row in rows)


class VerticalWriter(_Limited):
    """One line per value, for rows wider than the screen."""

    def __init__(self, out: TextIO, view: View) -> None:
        super().__init__(view)
        self._out = out
        self._labels: list[str] = []

    def begin(self, schema: pa.Schema) -> None:
        names = [printable(name) for name in schema.names]
        width = max(map(display_width, names), default=0)
        self._labels = [pad(name, width) for name in names]

    def write(self, batch: pa.RecordBatch) -> None:
        number = self.rows
        shown = self.visible(batch)
        for row in zip(*(column_texts(column) for column in shown.columns), strict=True):
            number += 1
            self._out.write(f"── row {number} ──\n")
            for label, cell in zip(self._labels, row, strict=True):
                text = self.view.null if cell is None else f'"{cell}"' if cell == NULL else printable(cell)
                self._out.write(f"{label} │ {text}".rstrip() + "\n")

    def end(self) -> None:
        self._out.flush()


class CsvWriter(_Whole):
    """RFC 4180 with line feeds. NULL is empty; an empty text is quoted."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self, schema: pa.Schema) -> None:
        self._out.write(",".join(map(_csv_field, schema.names)) + "\n")

    def write(self, batch: pa.RecordBatch) -> None:
        columns = [_csv_column(column) for column in batch.columns]
        self._out.writelines(",".join(row) + "\n" for row in zip(*columns, strict=True))

    def end(self) -> None:
        self._out.flush()


class JsonWriter(_Whole):
    """JSON objects: in one array, or with `lines` one per line."""

    def __init__(self, out: TextIO, *, lines: bool) -> None:
        self._out = out
        self._lines = lines
        self._keys: list[str] = []
        self._first = True

    def begin(self, schema: pa.Schema) -> None:
        self._keys = column_jsons(pa.array(unique_names(schema.names), pa.string()))
        if not self._lines:
            self._out.write("[")

    def write(self, batch: pa.RecordBatch) -> None:
        for row in zip(*(column_jsons(column) for column in batch.columns), strict=True):
            pairs = ", ".join(f"{key}: {value}" for key, value in zip(self._keys, row, strict=True))
            if self._lines:
                self._out.write(f"{{{pairs}}}\n")
            else:
                self._out.write(f"{'' if self._first else ','}\n  {{{pairs}}}")
                self._first = False

    def end(self) -> None:
        if not self._lines:
            self._out.write("]\n" if self._first else "\n]\n")
        self._out.flush()


class _Sink(io.RawIOBase):
    """A stream that can be shut: pyarrow closes its writers even after a failure, and a footer written then
    would make half an answer look whole.
    """

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        self._out = out
        self.shut = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if not self.shut:
            self._out.write(data)
        return len(data)


class _Binary(_Whole):
    """An Arrow writer on a sink."""

    def __init__(self, out: BinaryIO) -> None:
        self._sink = _Sink(out)
        self._writer: Any = None

    def end(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        self._sink.shut = True
        if self._writer is not None:
            self._writer.close()


class ArrowWriter(_Binary):
    """Arrow IPC: the file format, or the stream format, which can be read while it is written."""

    def __init__(self, out: BinaryIO, *, stream: bool) -> None:
        super().__init__(out)
        self._make = pa.ipc.new_stream if stream else pa.ipc.new_file

    def begin(self, schema: pa.Schema) -> None:
        self._writer = self._make(self._sink, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)


class ParquetWriter(_Binary):
    """Parquet with zstd. Small batches are gathered, since each write makes a row group."""

    _GROUP_ROWS = 100_000

    def __init__(self, out: BinaryIO) -> None:
        super().__init__(out)
        self._names: list[str] = []
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0

    def begin(self, schema: pa.Schema) -> None:
        from pyarrow import parquet

        self._names = unique_names(schema.names)
        fields = [field.with_name(name) for field, name in zip(schema, self._names, strict=True)]
        self._writer = parquet.ParquetWriter(self._sink, pa.schema(fields), compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        if self._waiting_rows >= self._GROUP_ROWS:
            self._flush()

    def end(self) -> None:
        self._flush()
        super().end()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting)
            self._writer.write_table(table.rename_columns(self._names))
        self._waiting, self._waiting_rows = [], 0


def _csv_column(column: pa.Array) -> list[str]:
    texts = column_texts(column)
    if is_plain(column.type):
        return [text or "" for text in texts]
    return [_csv_field(text) for text in texts]


def _csv_field(text: str | None) -> str:
    if text is None:
        return ""
    if not text or _QUOTED.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
