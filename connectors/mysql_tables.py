"""What a MySQL or MariaDB database holds, from its information_schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from connectors.mysql_session import MysqlSession
from connectors.spi import PhysicalColumn, PhysicalTable, TableName

_TABLES = """
SELECT table_schema, table_name, table_rows FROM information_schema.tables
WHERE table_type IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') AND {wanted} ORDER BY table_schema, table_name
"""
_COLUMNS = """
SELECT table_schema, table_name, column_name, data_type, column_type, numeric_precision, numeric_scale,
       is_nullable, collation_name
FROM information_schema.columns WHERE {wanted} ORDER BY table_schema, table_name, ordinal_position
"""
_KEYS = """
SELECT table_schema, table_name, column_name FROM information_schema.key_column_usage
WHERE constraint_name = 'PRIMARY' AND {wanted} ORDER BY table_schema, table_name, ordinal_position
"""
_TYPES: Mapping[str, pa.DataType] = {
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "mediumint": pa.int32(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "tinyint unsigned": pa.int16(),
    "smallint unsigned": pa.int32(),
    "mediumint unsigned": pa.int32(),
    "int unsigned": pa.int64(),
    "bigint unsigned": pa.decimal128(20, 0),
    "year": pa.int16(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "datetime": pa.timestamp("us"),
    "timestamp": pa.timestamp("us", "UTC"),
}
_BYTES = ("binary", "blob", "geometry", "point", "linestring", "polygon", "collection", "vector")


def describe_tables(
    session: MysqlSession, tables: Sequence[TableName] | None, *, tinyint1: pa.DataType
) -> tuple[PhysicalTable, ...]:
    """The named tables, or all of the session's database; `tinyint1` is what TINYINT(1) is delivered as.

    A name has one part, or two with the database first, and is given back as it was asked for.
    """
    ((database, folds_case),) = session.ask("SELECT DATABASE(), @@lower_case_table_names")
    names: dict[tuple[str, ...], TableName] = {}
    for name in tables or ():
        if len(name) in (1, 2):
            places = (database, *name)[-2:]
            names[tuple(map(str.lower, places)) if folds_case else places] = tuple(name)
    if tables is not None and not names:
        return ()
    wanted, values = "table_schema = %s", [database]
    if tables is not None:
        wanted = f"(table_schema, table_name) IN ({', '.join(['(%s, %s)'] * len(names))})"
        values = [part for place in names for part in place]

    columns: dict[tuple[str, str], list[PhysicalColumn]] = {}
    for schema, table, *facts in session.ask(_COLUMNS.format(wanted=wanted), values):
        columns.setdefault((schema, table), []).append(_column(facts, tinyint1))
    keys: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in session.ask(_KEYS.format(wanted=wanted), values):
        keys.setdefault((schema, table), []).append(column)

    found: dict[TableName, PhysicalTable] = {}
    for schema, table, rows in session.ask(_TABLES.format(wanted=wanted), values):
        # The catalog compares names regardless of case, which the server may not.
        place = (schema.lower(), table.lower()) if folds_case else (schema, table)
        asked: TableName | None = names.get(place) if tables is not None else (table,)
        if asked is not None and (schema, table) in columns:
            found[asked] = PhysicalTable(
                asked,
                tuple(columns[schema, table]),
                tuple(keys.get((schema, table), ())),
                None if rows is None else int(rows),
            )
    if tables is None:
        return tuple(found.values())
    return tuple(found[name] for name in dict.fromkeys(map(tuple, tables)) if name in found)


def _column(facts: Sequence[Any], tinyint1: pa.DataType) -> PhysicalColumn:
    name, data_type, column_type, precision, scale, nullable, collation = facts
    native = f"{column_type} collate {collation}" if collation else column_type
    kind = _arrow_type(data_type.lower(), column_type.lower(), precision, scale, tinyint1)
    return PhysicalColumn(name, kind, native, nullable == "YES")


def _arrow_type(
    data_type: str, column_type: str, precision: int | None, scale: int | None, tinyint1: pa.DataType
) -> pa.DataType:
    """The Arrow type that holds every value of the column exactly; text where there is no other."""
    if column_type.startswith("tinyint(1)") and "unsigned" not in column_type:
        return tinyint1
    if data_type == "bit":
        if precision == 1:
            return pa.bool_()
        return pa.int64() if (precision or 64) < 64 else pa.decimal128(20, 0)
    if data_type == "decimal" and precision is not None and precision <= 38:
        return pa.decimal128(precision, scale or 0)
    if data_type.endswith(_BYTES):
        return pa.binary()
    unsigned = " unsigned" if "unsigned" in column_type and "int" in data_type else ""
    return _TYPES.get(data_type + unsigned, pa.string())
