"""Physical tables as the departments keep them: names, types, keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

_FIXED: Mapping[str, pa.DataType] = {
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "smallint": pa.int16(),
    "boolean": pa.bool_(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "text": pa.string(),
}
_SIZED = re.compile(r"(varchar|decimal)\((\d+)(?:,(\d+))?\)")


def arrow_type(native: str) -> pa.DataType:
    """The Arrow type of a column declared as `native`, for example `decimal(12,2)`."""
    if native in _FIXED:
        return _FIXED[native]
    sized = _SIZED.fullmatch(native)
    if sized is None:
        raise ValueError(f"no such column type: {native}")
    if sized[1] == "varchar":
        return pa.string()
    return pa.decimal128(int(sized[2]), int(sized[3] or 0))


@dataclass(frozen=True, slots=True)
class Shape:
    """A physical table: its department, its name there, its primary key, and its columns' declared types.

    The declared types and the key travel in the Arrow schema's metadata, so that loading needs no more than
    the tables themselves.
    """

    department: str
    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]

    def schema(self) -> pa.Schema:
        fields = [
            pa.field(name, arrow_type(native), nullable=name not in self.key, metadata={"native": native})
            for name, native in self.columns.items()
        ]
        return pa.schema(fields, metadata={"primary_key": ",".join(self.key)})

    def table(self, rows: Iterable[Sequence[Any]]) -> pa.Table:
        """The Arrow table of `rows`, each a sequence in column order."""
        schema = self.schema()
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
        return pa.Table.from_arrays(arrays, schema=schema)


def native_types(table: pa.Table) -> dict[str, str]:
    """The declared type of each column."""
    return {field.name: field.metadata[b"native"].decode() for field in table.schema}


def primary_key(table: pa.Table) -> tuple[str, ...]:
    return tuple(table.schema.metadata[b"primary_key"].decode().split(","))
