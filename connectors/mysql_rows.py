"""Row packets of the MySQL binary protocol to Arrow, a column of all rows at a time.

Every row of a buffer is at some place in its bytes; a column is read from all those places at once with numpy,
and what it took moves the places on. That does the work of a parser in C at a speed near it, with every value
exact: integers and doubles are copied, decimals arrive as text, dates in parts. Shapes: a buffer holds n rows,
and every array named here has n elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pymysql.constants import FIELD_TYPE

from comity.errors import SourceError
from connectors.conform_batch import conform_batch
from connectors.exact_numbers import decimals_from_text
from connectors.mysql_protocol import RowPackets, WireColumn
from connectors.spi import OUTPUT

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_INTEGERS = {
    FIELD_TYPE.TINY: "i1",
    FIELD_TYPE.SHORT: "i2",
    FIELD_TYPE.YEAR: "i2",
    FIELD_TYPE.INT24: "i4",
    FIELD_TYPE.LONG: "i4",
    FIELD_TYPE.LONGLONG: "i8",
}
_FLOATS = {FIELD_TYPE.FLOAT: "f4", FIELD_TYPE.DOUBLE: "f8"}
_DATES = {FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE}
_MOMENTS = {FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP}
_DECIMALS = {FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL}
_DAY_US = 86_400_000_000
_kinds: Any = pa.types


def read_rows(packets: RowPackets, columns: Sequence[WireColumn], schema: pa.Schema) -> pa.RecordBatch:
    """The rows as one batch of exactly `schema`, by position."""
    rows = _Rows(packets, len(columns))
    arrays = [
        rows.column(index, column, field)
        for index, (column, field) in enumerate(zip(columns, schema, strict=True))
    ]
    if not np.array_equal(rows.places, rows.ends):
        raise SourceError("the database sent a malformed row")
    return conform_batch(pa.RecordBatch.from_arrays(arrays, schema.names), schema)


class _Rows:
    """The rows of one buffer and the place in each that is to be read next."""

    def __init__(self, packets: RowPackets, columns: int) -> None:
        self._buffer = packets.buffer
        self._bytes = self._strided("u1")
        # A row is four bytes of header, a zero byte, a bitmap of its NULLs that starts at bit 2, and the other values.
        edges = np.frombuffer(packets.edges, np.int64)
        self.ends = edges[1:]
        self._bitmaps = edges[:-1] + 5
        self.places = self._bitmaps + (columns + 9) // 8
        self._count = len(self.places)

    def column(self, index: int, column: WireColumn, field: pa.Field) -> Any:
        """The column's values as the Arrow type nearest to the wire; `field` says what they are wanted for."""
        bit = index + 2
        nulls = (self._bytes[self._bitmaps + (bit >> 3)] >> np.uint8(bit & 7) & 1).astype(np.bool_)
        absent = nulls if nulls.any() else None
        code = column.type_code
        if code in _INTEGERS or code in _FLOATS:
            return self._fixed(_INTEGERS.get(code) or _FLOATS[code], absent, unsigned=column.unsigned)
        if code in _DATES:
            return self._dates(absent, field)
        if code in _MOMENTS:
            wants_zone = _kinds.is_timestamp(field.type) and field.type.tz is not None
            # Expressions over TIMESTAMP come as DATETIME, in the session's time zone, which is UTC.
            return self._moments(absent, field, is_zoned=code == FIELD_TYPE.TIMESTAMP or wants_zone)
        if code == FIELD_TYPE.TIME:
            return self._times(absent, field)
        if code == FIELD_TYPE.NULL:
            return pa.nulls(self._count)
        starts, lengths = self._spans(absent)
        if code == FIELD_TYPE.BIT:
            return self._bits(starts, lengths, absent)
        values = self._slices(starts, lengths, absent)
        if code in _DECIMALS:
            return _decimals(values.cast(pa.string()), column, field)
        is_bytes = code == FIELD_TYPE.GEOMETRY or (column.is_bytes and code != FIELD_TYPE.JSON)
        if is_bytes and not _kinds.is_string(field.type):
            return values.cast(pa.binary())
        try:
            return values.cast(pa.string())
        except pa.ArrowInvalid:
            raise _misfit(field, "text that is not UTF-8") from None

    def _strided(self, kind: str) -> npt.NDArray[Any]:
        """The buffer as values of `kind` that start at every byte."""
        dtype = np.dtype(kind).newbyteorder("<")
        count = len(self._buffer) - dtype.itemsize + 1
        return np.ndarray((count,), dtype, self._buffer, strides=(1,))

    def _advance(self, widths: Ints | int, absent: Mask | None) -> None:
        self.places = self.places + (widths if absent is None else np.where(absent, 0, widths))

    def _fixed(self, kind: str, absent: Mask | None, *, unsigned: bool) -> Any:
        if unsigned and kind in _INTEGERS.values():
            kind = kind.replace("i", "u")
        values = self._strided(kind)[self.places]
        self._advance(values.itemsize, absent)
        return _array(pa.from_numpy_dtype(values.dtype), values, absent)

    def _spans(self, absent: Mask | None) -> tuple[Ints, Ints]:
        """Where each value's content starts, and its length: one byte, or a marker and 2, 3 or 8 bytes."""
        lengths = self._bytes[self.places].astype(np.int64)
        if absent is not None:
            lengths[absent] = 0
        heads: Ints | int = 1
        if lengths.size and lengths.max() > 250:
            heads, markers = np.ones_like(lengths), lengths.copy()
            for marker, kind, width in ((252, "u2", 2), (253, "u4", 3), (254, "i8", 8)):
                long = np.flatnonzero(markers == marker)
                read = self._strided(kind)[self.places[long] + 1].astype(np.int64)
                lengths[long] = read & 0xFFFFFF if width == 3 else read
                heads[long] += width
        starts = self.places + heads
        self._advance(heads + lengths, absent)
        if (lengths < 0).any() or (self.places > len(self._buffer)).any():
            raise SourceError("the database sent a malformed row")
        return starts, lengths

    def _slices(self, starts: Ints, lengths: Ints, absent: Mask | None) -> Any:
        """Views of the buffer's bytes, as Arrow lays them out: up to 12 bytes within, else a prefix and a place."""
        words, long = self._strided("u4"), lengths > 12
        starts = np.minimum(starts, len(words) - 9)
        views = np.empty((self._count, 4), np.uint32)
        views[:, 0] = lengths
        views[:, 1] = words[starts]
        views[:, 2] = np.where(long, 0, words[starts + 4])
        views[:, 3] = np.where(long, starts, words[starts + 8])
        buffers = [_validity(absent), pa.py_buffer(views), pa.py_buffer(self._buffer)]
        return pa.Array.from_buffers(pa.binary_view(), self._count, buffers)

    def _bits(self, starts: Ints, lengths: Ints, absent: Mask | None) -> Any:
        """BIT(n): up to 8 bytes, the highest first."""
        values = np.zeros(self._count, np.uint64)
        for byte in range(min(int(lengths.max()), 8)):
            here = byte < lengths
            values[here] = values[here] << np.uint64(8) | self._bytes[starts[here] + byte]
        return _array(pa.uint64(), values, absent)

    def _dates(self, absent: Mask | None, field: pa.Field) -> Any:
        days = self._days(absent, field).astype(np.int32)
        self._advance(self._lengths(absent) + 1, absent)
        return _array(pa.date32(), days, absent)

    def _moments(self, absent: Mask | None, field: pa.Field, *, is_zoned: bool) -> Any:
        lengths = self._lengths(absent)
        moments = self._days(absent, field) * _DAY_US + self._clock(lengths, self.places + 5, 7, 11)
        self._advance(lengths + 1, absent)
        return _array(pa.timestamp("us", "UTC" if is_zoned else None), moments, absent)

    def _days(self, absent: Mask | None, field: pa.Field) -> Ints:
        """Days from 1970; on the wire a length of 4, 7 or 11, then year, month, day, clock, microseconds."""
        at = self.places
        years = self._strided("u2")[at + 1].astype(np.int64)
        months, days = (self._bytes[at + i].astype(np.int64) for i in (3, 4))
        missing = self._bytes[at] == 0
        if absent is not None:
            years[absent], months[absent], days[absent], missing[absent] = 1970, 1, 1, False
        wrong = missing | (months < 1) | (months > 12) | (days < 1) | (days > 31)
        first = ((years - 1970) * 12 + months - 1).view("M8[M]")
        start = first.astype("M8[D]").view(np.int64)
        late = np.flatnonzero(days > 28)
        in_month = (first[late] + 1).astype("M8[D]").view(np.int64) - start[late]
        if wrong.any() or (days[late] > in_month).any():
            raise _misfit(field, "a date that does not exist, such as 0000-00-00")
        return start + days - 1

    def _times(self, absent: Mask | None, field: pa.Field) -> Any:
        """TIME: a length of 0, 8 or 12, then a sign, days, clock, microseconds."""
        lengths, at = self._lengths(absent), self.places
        beyond = (self._bytes[at + 1] != 0) | (self._strided("u4")[at + 2] != 0)
        if (beyond & (lengths > 0)).any():
            raise _misfit(field, "a time below zero or beyond a day")
        times = self._clock(lengths, at + 6, 8, 12)
        self._advance(lengths + 1, absent)
        return _array(pa.time64("us"), times, absent)

    def _lengths(self, absent: Mask | None) -> Ints:
        lengths = self._bytes[self.places].astype(np.int64)
        if absent is not None:
            lengths[absent] = 0
        return lengths

    def _clock(self, lengths: Ints, at: Ints, seconds_length: int, micros_length: int) -> Ints:
        """Microseconds since midnight; parts that a value's length leaves out are zero."""
        hours, minutes, seconds = (self._bytes[at + i].astype(np.int64) for i in range(3))
        micros = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000
        if (lengths < seconds_length).any():
            micros = np.where(lengths >= seconds_length, micros, 0)
        if (lengths >= micros_length).any():
            micros += np.where(lengths >= micros_length, self._strided("u4")[at + 3], 0)
        return micros


def _decimals(text: Any, column: WireColumn, field: pa.Field) -> Any:
    """Decimal text as what `field` wants, if that is a decimal, a float or text; else as decimals."""
    if _kinds.is_floating(field.type):
        return text.cast(field.type)
    if _kinds.is_string(field.type):
        return text
    target = field.type if _kinds.is_decimal(field.type) else pa.decimal128(38, min(column.scale, 38))
    try:
        decimals = decimals_from_text(text, target)
    except pa.ArrowInvalid:
        # Arrow's message shows the value.
        decimals = None
    if decimals is None:
        raise _misfit(field, "a decimal that would change")
    return decimals


def _misfit(field: pa.Field, what: str) -> SourceError:
    return SourceError(
        f"column {field.name!r} holds {what}, which does not fit its type {field.type}",
        code="SOURCE_TYPE",
        metadata={OUTPUT: field.name},
        hint="correct the data, or publish the column with another type",
    )


def _array(kind: pa.DataType, values: npt.NDArray[Any], absent: Mask | None) -> Any:
    return pa.Array.from_buffers(kind, len(values), [_validity(absent), pa.py_buffer(values)])


def _validity(absent: Mask | None) -> Any:
    return None if absent is None else pa.py_buffer(np.packbits(~absent, bitorder="little"))
