"""`conform_batch`: a driver's batch becomes one of exactly the requested schema, without loss or not at all."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from comity.errors import SourceError
from connectors.exact_numbers import decimals_from_text
from connectors.spi import OUTPUT

DATE_LIMIT = 2_147_400_000
"""Days from 1970. Beyond it stand the infinities, as DuckDB writes them and as PostgreSQL's driver wraps them."""
TIMESTAMP_LIMIT = 9_222_000_000_000_000_000
"""The same in microseconds: about the year 294200."""
DAY_MICROSECONDS = 86_400_000_000
ANY_INTEGER = pa.decimal128(20, 0)
WIDE_DIGITS = 76


def conform_batch(
    batch: pa.RecordBatch, schema: pa.Schema, numbers_as_text: frozenset[int] = frozenset()
) -> pa.RecordBatch:
    """`batch` as exactly `schema`, column by position.

    Numbers widen, or narrow where every value fits; text, times with a zone and times without stay what they
    are. Columns in `numbers_as_text` hold decimal numbers spelled as text. Raises `SOURCE_TYPE`, which names
    the column and the types and no value.
    """
    check_column_count(batch.num_columns, schema)
    if batch.schema.equals(schema) and not any(map(_needs_look, schema)):
        return batch
    columns = [
        _conform_column(column, field, index in numbers_as_text)
        for index, (column, field) in enumerate(zip(batch.columns, schema, strict=True))
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def check_column_count(found: int, schema: pa.Schema) -> None:
    if found != len(schema):
        raise SourceError(
            f"the source answered with {found} columns where {len(schema)} were asked for", code="SOURCE_TYPE"
        )


def _needs_look(field: pa.Field) -> bool:
    return (
        not field.nullable
        or pat.is_temporal(field.type)
        or pat.is_nested(field.type)
        or pat.is_decimal(field.type)
    )


def _conform_column(column: pa.Array, field: pa.Field, number_as_text: bool) -> pa.Array:
    if column.null_count and not field.nullable:
        raise SourceError(f"column {field.name!r} has a NULL where none may be", code="SOURCE_TYPE")
    try:
        converted = _convert(column, field.type, number_as_text)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OverflowError):
        converted = None
    if converted is None or not _is_deliverable(converted):
        raise SourceError(
            f"column {field.name!r} holds a value that does not fit its type {field.type}",
            code="SOURCE_TYPE",
            metadata={OUTPUT: field.name},
            hint=f"the source delivers {column.type}; publish the column with a type that holds all its values",
        )
    return converted


def _convert(column: pa.Array, target: pa.DataType, number_as_text: bool) -> pa.Array | None:
    """`column` as `target`, or None where the pair of types has no exact meaning."""
    source = column.type
    if isinstance(source, pa.BaseExtensionType):
        column = column.storage
        source = column.type
    if pat.is_list(target) and (pat.is_list(source) or pat.is_large_list(source)):
        return _convert_list(column, target, number_as_text)
    if source.equals(target):
        return column
    if pat.is_null(source):
        return pa.nulls(len(column), target)
    if number_as_text:
        return _parse_numbers(column, target)
    if pat.is_integer(source) or pat.is_boolean(source):
        return _convert_integer(column, target)
    if pat.is_floating(source):
        return _cast_reversibly(column, target) if _is_number(target) else None
    if pat.is_decimal(source):
        return _convert_decimal(column, target)
    if pat.is_date(source) or (pat.is_timestamp(source) and source.tz is None):
        naive = pat.is_date(target) or (pat.is_timestamp(target) and target.tz is None)
        return _cast_reversibly(column, target) if naive else None
    same_kind = (
        (pat.is_timestamp(source) and pat.is_timestamp(target) and target.tz is not None)
        or (pat.is_time(source) and pat.is_time(target))
        or (_is_text(source) and pat.is_string(target))
        or (_is_bytes(source) and pat.is_binary(target))
    )
    return column.cast(target) if same_kind else None


def _convert_list(column: pa.Array, target: pa.DataType, number_as_text: bool) -> pa.Array | None:
    values = _convert(column.flatten(), target.value_type, number_as_text)
    if values is None or not _is_deliverable(values):
        return None
    lengths = pc.fill_null(pc.list_value_length(column), 0).cast(pa.int32())
    ends = pc.cumulative_sum(lengths)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pa.ListArray.from_arrays(offsets, values, type=target, mask=column.is_null())


def _convert_integer(column: pa.Array, target: pa.DataType) -> pa.Array | None:
    if pat.is_boolean(target):
        flags = column.cast(target)
        return flags if flags.cast(column.type).equals(column) else None
    if pat.is_decimal(target):
        # Arrow asks for room for every int64 before it looks at the values.
        integers = column.cast(pa.int64()) if pat.is_boolean(column.type) else column
        return _convert_decimal(integers.cast(ANY_INTEGER), target)
    return column.cast(target) if _is_number(target) else None


def _convert_decimal(column: pa.Array, target: pa.DataType) -> pa.Array | None:
    if pat.is_decimal(target):
        # Scaled up in 128 bits, a decimal of too many digits silently becomes another one.
        return column.cast(pa.decimal256(WIDE_DIGITS, target.scale)).cast(target)
    return column.cast(target) if _is_number(target) else None


def _parse_numbers(column: pa.Array, target: pa.DataType) -> pa.Array | None:
    if pat.is_decimal128(target):
        return decimals_from_text(column, target)
    scale = target.scale if pat.is_decimal(target) else 0
    longest = pc.max(pc.binary_length(column)).as_py()
    if longest is not None and longest > WIDE_DIGITS - scale:
        return None  # more digits than fit may not reach Arrow's reading of decimals, which does not notice
    if pat.is_floating(target):
        return column.cast(target)
    return _convert_decimal(column.cast(pa.decimal256(WIDE_DIGITS, scale)), target)


def _cast_reversibly(column: pa.Array, target: pa.DataType) -> pa.Array | None:
    """A cast that Arrow would round, accepted where the way back gives the same values."""
    converted = column.cast(target)
    back = converted.cast(column.type)
    if pat.is_floating(column.type) and pat.is_floating(target):
        same = pc.or_(pc.equal(back, column), pc.and_(pc.is_nan(back), pc.is_nan(column)))
    else:
        same = pc.equal(back, column)
    return converted if pc.all(same, min_count=0).as_py() else None


def _is_deliverable(column: pa.Array) -> bool:
    """Whether dates and times are real ones (not infinite, not wrapped, not 24:00), and decimals have their digits."""
    kind = column.type
    low: int | Decimal
    high: int | Decimal
    if pat.is_date32(kind):
        low, high, storage = -DATE_LIMIT, DATE_LIMIT, pa.int32()
    elif pat.is_timestamp(kind):
        low, high, storage = -TIMESTAMP_LIMIT, TIMESTAMP_LIMIT, pa.int64()
    elif pat.is_time64(kind):
        low, high, storage = 0, DAY_MICROSECONDS - 1, pa.int64()
    elif pat.is_decimal128(kind) and kind.precision == 38:
        # DuckDB writes a HUGEINT of 39 digits as such a decimal.
        low, high, storage = _least(kind), -_least(kind), None
    else:
        return True
    extremes = pc.min_max(column if storage is None else column.view(storage)).as_py()
    return extremes["min"] is None or (low <= extremes["min"] and extremes["max"] <= high)


def _least(kind: pa.DataType) -> Decimal:
    return Decimal((1, (9,) * kind.precision, -kind.scale))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pat.is_integer(kind) or pat.is_floating(kind) or pat.is_decimal(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pat.is_string(kind) or pat.is_large_string(kind) or pat.is_string_view(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    binary = pat.is_binary(kind) or pat.is_large_binary(kind) or pat.is_binary_view(kind)
    return bool(binary or pat.is_fixed_size_binary(kind))
