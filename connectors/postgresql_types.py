"""PostgreSQL's types: what a column is published as, and what the server must cast so that it arrives exactly."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.types as pat

from comity.errors import SourceError

LOOSE_DECIMAL = pa.decimal128(38, 10)
"""`numeric` without a precision. A value with more digits than this holds is refused, never rounded."""

_PLAIN = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "bytea": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "interval": pa.month_day_nano_interval(),
}
_TEXT_AS_SENT = frozenset({"text", "varchar", "name", "char", "json", "jsonb"})
"""What the driver hands over as the text wanted. `bpchar` is not among them: it comes padded with blanks."""


def arrow_type(name: str, typmod: int, *, is_array: bool) -> pa.DataType:
    """The type as which a column is published. `name` is the catalog's name of the base type, of the element
    for arrays; `typmod` its modifier.

    Whatever Arrow has no type for (uuid, enumerations, ranges, addresses, geometry) is published as
    the text that PostgreSQL writes for it.
    """
    if name == "numeric":
        scalar = _decimal(typmod)
    else:
        scalar = _PLAIN.get(name, pa.string())
    return pa.list_(scalar) if is_array else scalar


def _decimal(typmod: int) -> pa.DataType:
    if typmod < 0:
        return LOOSE_DECIMAL
    precision, scale = (typmod - 4) >> 16, (typmod - 4) & 0x7FF
    scale = (scale ^ 1024) - 1024  # eleven bits, signed: numeric(3, -2) counts in hundreds
    if scale < 0:
        precision, scale = precision - scale, 0
    if precision > 38:
        return pa.decimal128(38, min(scale, 19))
    return pa.decimal128(max(precision, scale), scale) if scale <= 38 else LOOSE_DECIMAL


@dataclass(frozen=True, slots=True)
class Shape:
    """How one statement is sent: as it is, or wrapped in the casts its columns need.

    `columns` is what the driver said of them. `numbers_as_text` are positions of decimals that come as text,
    `checks` the number of extra boolean columns, at the end, that must not be true.
    """

    sql: str
    columns: pa.Schema
    numbers_as_text: frozenset[int]
    casts: tuple[str, ...]
    checks: int


def shape_statement(sql: str, columns: pa.Schema, schema: pa.Schema) -> Shape:
    """Wraps `sql` where `columns`, as the driver would deliver them, are not yet what `schema` needs.

    The wrapper only projects. PostgreSQL keeps the order of an ordered subquery under a projection: such a
    subquery is not flattened, and has no partial paths that a Gather could mix.
    """
    casts = tuple(_cast(found, wanted.type) for found, wanted in zip(columns, schema, strict=True))
    lists = [
        i
        for i, (found, wanted) in enumerate(zip(columns, schema, strict=True))
        if _is_array(found, wanted.type)
    ]
    as_text = frozenset(
        i
        for i, (found, wanted) in enumerate(zip(columns, schema, strict=True))
        if _server_type(found).lstrip("_") == "numeric" and not pat.is_floating(_element(wanted.type))
    )
    if not any(casts) and not lists:
        return Shape(sql, columns, as_text, casts, 0)
    outputs = [f"c{i}{cast}" for i, cast in enumerate(casts)]
    # The driver strings the rows of a matrix together, so a second dimension has to be seen by the server.
    checks = [f"pg_catalog.array_ndims(c{i}) > 1" for i in lists]
    names = ", ".join(f"c{i}" for i in range(len(columns)))
    wrapped = f"SELECT {', '.join(outputs + checks)} FROM (\n{sql}\n) AS q({names})"
    return Shape(wrapped, columns, as_text, casts, len(checks))


def _cast(found: pa.Field, wanted: pa.DataType) -> str:
    if pat.is_struct(found.type) and not pat.is_string(wanted):
        raise SourceError("the source answers with a record where a value was asked for", code="SOURCE_TYPE")
    name, suffix = _server_type(found), "[]" if _is_array(found, wanted) else ""
    name = name.removeprefix("_") if suffix else name
    if name == "numeric":
        # The server writes a decimal as text faster than the driver does, and Arrow reads it exactly.
        return f"::{'float8' if pat.is_floating(_element(wanted)) else 'text'}{suffix}"
    if pat.is_string(_element(wanted)) and name not in _PLAIN and name not in _TEXT_AS_SENT:
        return f"::text{suffix}"
    return ""


def _is_array(found: pa.Field, wanted: pa.DataType) -> bool:
    """Of a type made since it connected, the driver knows nothing; then what is wanted decides."""
    unknown = isinstance(found.type, pa.BaseExtensionType) and _server_type(found).startswith("unnamed<")
    return bool(pat.is_list(found.type) or (unknown and pat.is_list(wanted)))


def _server_type(field: pa.Field) -> str:
    return bytes((field.metadata or {}).get(b"POSTGRESQL:type", b"")).decode()


def _element(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pat.is_list(kind) else kind
