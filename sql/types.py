"""Canonical type names (DuckDB's own spelling), Arrow types and sqlglot types, and the way between them.

Arrow has no 128-bit integer: `HUGEINT` and `UHUGEINT` travel as `decimal128(38, 0)`, and come back from it as
`DECIMAL(38,0)`, which holds the same values. `JSON` and `UUID` are published as text. Scalar types and arrays
of them are data; structs, maps, unions and enums are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import pyarrow as pa
from sqlglot import exp

from comity.errors import SqlError
from sql.catalog import Column

_SCALARS: dict[str, pa.DataType] = {
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "HUGEINT": pa.decimal128(38, 0),
    "UTINYINT": pa.uint8(),
    "USMALLINT": pa.uint16(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "UHUGEINT": pa.decimal128(38, 0),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BLOB": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
    "TIMESTAMP_S": pa.timestamp("s"),
    "TIMESTAMP_MS": pa.timestamp("ms"),
    "TIMESTAMP_NS": pa.timestamp("ns"),
    "INTERVAL": pa.month_day_nano_interval(),
    "NULL": pa.null(),
}

_ALIASES = {
    "BOOL": "BOOLEAN",
    "INT1": "TINYINT",
    "INT2": "SMALLINT",
    "INT": "INTEGER",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "REAL": "FLOAT",
    "FLOAT4": "FLOAT",
    "FLOAT8": "DOUBLE",
    "DOUBLE PRECISION": "DOUBLE",
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
    "JSON": "VARCHAR",
    "UUID": "VARCHAR",
    "BYTEA": "BLOB",
    "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
    "DATETIME": "TIMESTAMP",
    "DECIMAL": "DECIMAL(18,3)",
    "NUMERIC": "DECIMAL(18,3)",
    '"NULL"': "NULL",
}

_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\s*\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\)")
_VARCHAR = re.compile(r"(?:VARCHAR|CHAR|BPCHAR)\s*\(\s*\d+\s*\)")
_LIST = re.compile(r"(.*)\[(\d*)\]", re.DOTALL)
_ARROW_NAMES = {arrow: name for name, arrow in reversed(_SCALARS.items()) if "HUGEINT" not in name}


@lru_cache(maxsize=4096)
def canonical_name(name: str) -> str:
    """The canonical spelling of a type name.

    >>> canonical_name("numeric(15, 2)"), canonical_name("timestamptz"), canonical_name("int[]")
    ('DECIMAL(15,2)', 'TIMESTAMP WITH TIME ZONE', 'INTEGER[]')

    Raises `SqlError` (`SQL_TYPE`) for a type that Comity does not carry.
    """
    text = " ".join(name.strip().upper().split())
    if (array := _LIST.fullmatch(text)) is not None:
        return f"{canonical_name(array[1])}[{array[2]}]"
    text = _ALIASES.get(text, text)
    if text in _SCALARS:
        return text
    if (decimal := _DECIMAL.fullmatch(text)) is not None:
        precision, scale = int(decimal[1]), int(decimal[2] or 0)
        if 1 <= precision <= 38 and scale <= precision:
            return f"DECIMAL({precision},{scale})"
    if _VARCHAR.fullmatch(text):
        return "VARCHAR"
    raise SqlError(f"the type {name.strip()} is not one that Comity carries", code="SQL_TYPE")


@lru_cache(maxsize=4096)
def arrow_type(canonical: str) -> pa.DataType:
    """The Arrow type in which values of a canonical type travel. Raises `SqlError` (`SQL_TYPE`)."""
    name = canonical_name(canonical)
    if (array := _LIST.fullmatch(name)) is not None:
        element = arrow_type(array[1])
        return pa.list_(element, int(array[2])) if array[2] else pa.list_(pa.field("l", element))
    if (decimal := _DECIMAL.fullmatch(name)) is not None:
        return pa.decimal128(int(decimal[1]), int(decimal[2] or 0))
    return _SCALARS[name]


def canonical_type(arrow: pa.DataType) -> str:
    """The canonical type of an Arrow type. Raises `SqlError` (`SQL_TYPE`) for one that Comity does not carry.

    >>> canonical_type(pa.timestamp("us", tz="Asia/Shanghai")), canonical_type(pa.large_string())
    ('TIMESTAMP WITH TIME ZONE', 'VARCHAR')
    """
    if (name := _ARROW_NAMES.get(arrow)) is not None:
        return name
    if pa.types.is_decimal(arrow) and arrow.precision <= 38 and 0 <= arrow.scale <= arrow.precision:
        return f"DECIMAL({arrow.precision},{arrow.scale})"
    if pa.types.is_large_string(arrow) or pa.types.is_string_view(arrow):
        return "VARCHAR"
    if (
        pa.types.is_large_binary(arrow)
        or pa.types.is_binary_view(arrow)
        or pa.types.is_fixed_size_binary(arrow)
    ):
        return "BLOB"
    if pa.types.is_timestamp(arrow) and arrow.tz is not None:
        return "TIMESTAMP WITH TIME ZONE"
    if pa.types.is_dictionary(arrow):
        return canonical_type(arrow.value_type)
    if pa.types.is_time(arrow):
        return "TIME"
    if pa.types.is_date(arrow):
        return "DATE"
    if pa.types.is_fixed_size_list(arrow):
        return f"{canonical_type(arrow.value_type)}[{arrow.list_size}]"
    if pa.types.is_list(arrow) or pa.types.is_large_list(arrow):
        return f"{canonical_type(arrow.value_type)}[]"
    raise SqlError(f"the Arrow type {arrow} is not one that Comity carries", code="SQL_TYPE")


@lru_cache(maxsize=4096)
def shared_type(canonical: str) -> exp.DataType:
    """The sqlglot type of a canonical type, one object for all: for `node.type`, never to stand in a tree."""
    return exp.DataType.build(canonical_name(canonical), dialect="duckdb")


def sqlglot_type(canonical: str) -> exp.DataType:
    """The sqlglot type of a canonical type; a new node each time, since nodes in a tree have one parent."""
    return shared_type(canonical).copy()


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """The Arrow schema of columns, all nullable, as published tables promise no more."""
    return pa.schema([pa.field(column.name, arrow_type(column.type)) for column in columns])
