"""Rows of SQLite to Arrow at the speed of what most columns are: values of one kind, without a NULL.

Each builder takes a column that is exactly of its kind and gives None, or an error, for any other, which
`sqlite_values.build_column` then looks at value by value. What both take, both deliver as the same array.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pat

from connectors.conform_batch import conform_batch
from connectors.exact_numbers import short_decimals
from connectors.sqlite_values import build_column

Values = Sequence[Any]
_LONGEST_BYTES = 2**31 - 1
"""Where Arrow's texts end in 32 bits."""


def build_batch(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.RecordBatch:
    """At least one row, as a batch of exactly `schema`. Raises `SOURCE_TYPE`."""
    columns = [_build(*pair) for pair in zip(zip(*rows, strict=True), schema, strict=True)]
    batch = pa.RecordBatch.from_arrays(columns, schema.names)
    # Most batches conform as they are, and there are many.
    return batch if batch.schema.equals(schema) else conform_batch(batch, schema)


def _build(values: Values, field: pa.Field) -> Any:
    builder = _builder(field.type)
    if builder is not None:
        try:
            column = builder(values, field.type)
        except (TypeError, OverflowError, UnicodeError, pa.ArrowException):
            column = None
        if column is not None:
            return column
    return build_column(values, field)


def _builder(kind: pa.DataType) -> Callable[[Values, Any], Any] | None:
    if pat.is_int64(kind):
        return integers
    if pat.is_decimal128(kind):
        return decimals
    if pat.is_string(kind):
        return texts
    return dates if pat.is_date32(kind) else None


def integers(values: Values, kind: pa.DataType) -> Any:
    """An `array` takes integers and nothing else, not even a double that is one."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(array("q", values))])


def decimals(values: Values, kind: Any) -> Any:
    """Doubles and integers that stand for decimals of at most 15 digits.

    An integer beyond 2^53, which no double need be equal to, is a double of more than 15 digits here too.
    """
    return short_decimals(np.frombuffer(array("d", values)), kind)


def texts(values: Values, kind: pa.DataType) -> Any:
    """Texts, joined and measured together. One that holds a zero byte itself is not for here."""
    joined = "\0".join(values).encode()
    if len(joined) > _LONGEST_BYTES:
        return None
    zeros = np.flatnonzero(np.frombuffer(joined, np.uint8) == 0)
    if len(zeros) != len(values) - 1:
        return None
    offsets = np.zeros(len(values) + 1, np.int32)
    offsets[1:-1] = zeros - np.arange(len(zeros))
    offsets[-1] = len(joined) - len(zeros)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(joined.replace(b"\0", b""))]
    return pa.Array.from_buffers(kind, len(values), buffers)


def dates(values: Values, kind: pa.DataType) -> Any:
    found = texts(values, pa.string())
    return None if found is None else found.cast(kind)
