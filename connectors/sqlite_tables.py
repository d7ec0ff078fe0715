"""What a SQLite database holds, by its declarations: a column's values need not follow them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import apsw
import pyarrow as pa

from connectors.spi import PhysicalColumn, PhysicalTable, TableName

_DECLARED = re.compile(r"\s*([^()]*?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*", re.DOTALL)
_KEY_INFO = re.compile(r"k\(\d+,(.*)\)")
_TYPES: Mapping[str, pa.DataType] = {
    "BOOL": pa.bool_(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "DATETIME": pa.timestamp("us"),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP WITHOUT TIME ZONE": pa.timestamp("us"),
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
    "DECIMAL": pa.float64(),
    "NUMERIC": pa.float64(),
}
_CONTAINED = (
    ("INT", pa.int64()),
    ("CHAR", pa.string()),
    ("CLOB", pa.string()),
    ("TEXT", pa.string()),
    ("BLOB", pa.binary()),
    ("REAL", pa.float64()),
    ("FLOA", pa.float64()),
    ("DOUB", pa.float64()),
)
"""SQLite's own rules for a declared type's affinity, in their order."""


def describe_tables(
    connection: apsw.Connection, tables: Sequence[TableName] | None
) -> tuple[PhysicalTable, ...]:
    """The named tables and views, or all. Names are compared as SQLite does, regardless of ASCII case."""
    listed = connection.execute("PRAGMA main.table_list").fetchall()
    kinds = {
        str(name): (kind, bool(without_rowid))
        for schema, name, kind, _, without_rowid, _ in listed
        if schema == "main" and kind in ("table", "view", "virtual") and not str(name).startswith("sqlite_")
    }
    estimates = row_estimates(connection)
    if tables is None:
        wanted = {name: (name,) for name in sorted(kinds)}
    else:
        wanted = {}
        folded = {_fold(name): name for name in kinds}
        for asked in map(tuple, tables):
            if len(asked) == 1 and _fold(asked[0]) in folded:
                wanted[folded[_fold(asked[0])]] = asked
    return tuple(
        _describe(
            connection,
            name,
            asked,
            estimates.get(name),
            is_view=kinds[name][0] == "view",
            keyed=kinds[name][1],
        )
        for name, asked in wanted.items()
    )


def _describe(
    connection: apsw.Connection, name: str, asked: TableName, rows: int | None, *, is_view: bool, keyed: bool
) -> PhysicalTable:
    facts: list[Any] = connection.execute(f"PRAGMA main.table_xinfo({quoted(name)})").fetchall()
    # 1 marks the hidden columns of virtual tables; 2 and 3 are computed columns.
    facts = [fact for fact in facts if fact[6] != 1]
    key = [str(fact[1]) for fact in sorted(facts, key=lambda fact: fact[5]) if fact[5]]
    collations = _collations(connection, name, [str(fact[1]) for fact in facts], is_view=is_view)
    columns = []
    for (_, column, declared, not_null, _, key_place, _), collation in zip(facts, collations, strict=True):
        kind = arrow_type(declared or "")
        is_rowid = len(key) == 1 and bool(key_place) and str(declared).upper() == "INTEGER"
        native = str(declared or "any").lower()
        if collation != "binary" and pa.types.is_string(kind):
            native = f"{native} collate {collation}"
        # Other primary keys may hold NULL here, by an old mistake that SQLite keeps.
        columns.append(
            PhysicalColumn(str(column), kind, native, not (not_null or is_rowid or (keyed and key_place)))
        )
    return PhysicalTable(asked, tuple(columns), tuple(key), None if is_view else rows)


def arrow_type(declared: str) -> pa.DataType:
    """The Arrow type for a declaration; text for one that says nothing."""
    match = _DECLARED.fullmatch(declared.upper())
    if match is None:
        return pa.string()
    name, precision, scale = " ".join(match[1].split()), match[2], match[3]
    if name in ("DECIMAL", "NUMERIC") and precision is not None and 0 < int(precision) <= 38:
        return pa.decimal128(int(precision), min(int(scale or 0), int(precision)))
    if name in _TYPES:
        return _TYPES[name]
    return next((kind for part, kind in _CONTAINED if part in name), pa.string())


def _collations(connection: apsw.Connection, name: str, columns: list[str], *, is_view: bool) -> list[str]:
    """Each column's collation, in lower case. A view's are read off the plan of comparing all its columns."""
    if not is_view:
        return [str(connection.column_metadata("main", name, column)[1]).lower() for column in columns]
    everything = f"SELECT * FROM main.{quoted(name)}"
    plan: list[Any] = connection.execute(f"EXPLAIN {everything} UNION {everything}").fetchall()
    for step in plan:
        found = _KEY_INFO.fullmatch(str(step[5]))
        if found is not None:
            names = found[1].split(",")[: len(columns)]
            if len(names) == len(columns):
                return ["binary" if n == "B" else n.removeprefix("-").lower() for n in names]
    return ["unknown"] * len(columns)


def row_estimates(connection: apsw.Connection) -> dict[str, int]:
    """Rows by table, as the last ANALYZE found them: the first number of each index's statistics."""
    try:
        statistics = connection.execute("SELECT tbl, stat FROM main.sqlite_stat1").fetchall()
    except apsw.SQLError:
        return {}
    found: dict[str, int] = {}
    for table, statistic in statistics:
        first = str(statistic).split(" ")[0]
        if first.isdigit():
            found[str(table)] = max(int(first), found.get(str(table), 0))
    return found


def rows_read(connection: apsw.Connection, sql: str) -> list[int]:
    """About how many rows each table that a statement names has, once for each time that it is named."""
    found: list[int] = []
    for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
        times = sql.count(quoted(str(name)))
        if times:
            try:
                ((last,),) = connection.execute(f"SELECT max(rowid) FROM main.{quoted(str(name))}").fetchall()
            except apsw.SQLError:
                last = row_estimates(connection).get(str(name), 0)
            found += [int(last or 0)] * times
    return found


def _fold(name: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in name)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
