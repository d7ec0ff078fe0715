"""Whether two answers are the same answer.

Rows compare as a multiset. Decimals, integers, text, dates and times compare exactly, floating point within
1e-9 relative. Where the question orders, the sequence of sort keys must be the same; rows that tie may stand
in any order, and at a LIMIT that cuts through a tie, any of the tied rows may be there.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlglot import exp, parse_one

RELATIVE = 1e-9
Row = tuple[Any, ...]


def compare(expected: pa.Table, actual: pa.Table, sql: str = "") -> list[str]:
    """What differs, in words; empty when the answers are the same. `sql` says whether and how to order."""
    if differences := shape_differences(expected, actual):
        return differences
    keys, limited = sort_keys(sql, expected.column_names) if sql else ([], False)
    wanted, found = table_rows(expected), table_rows(actual)
    if keys:
        for number, (one, other) in enumerate(zip(_keys(wanted, keys), _keys(found, keys), strict=True)):
            if not same_row(one, other):
                return [f"row {number + 1}: the sort key is {other}, expected {one}"]
    if keys and limited and wanted:
        # The rows that tie with the last one may have been cut off differently; their keys agree already.
        last = _keys(wanted[-1:], keys)[0]
        wanted = [
            row for row, key in zip(wanted, _keys(wanted, keys), strict=True) if not same_row(key, last)
        ]
        found = [row for row, key in zip(found, _keys(found, keys), strict=True) if not same_row(key, last)]
    return _multiset(wanted, found)


def sort_keys(sql: str, names: Sequence[str]) -> tuple[list[int], bool]:
    """Positions of the output columns that the outermost ORDER BY names, up to the first term that is not
    an output column; and whether there is a LIMIT.
    """
    tree = parse_one(sql, read="duckdb")
    order = tree.args.get("order")
    positions: list[int] = []
    lowered = [name.lower() for name in names]
    for term in order.expressions if order else ():
        key = term.this
        if isinstance(key, exp.Column) and not key.table and lowered.count(key.name.lower()) == 1:
            positions.append(lowered.index(key.name.lower()))
        elif isinstance(key, exp.Literal) and key.is_int and 1 <= int(key.name) <= len(names):
            positions.append(int(key.name) - 1)
        else:
            break
    return positions, tree.args.get("limit") is not None


def shape_differences(expected: pa.Table, actual: pa.Table) -> list[str]:
    """What differs in column names, Arrow types and the number of rows."""
    if expected.column_names != actual.column_names:
        return [f"columns are {actual.column_names}, expected {expected.column_names}"]
    for one, other in zip(expected.schema, actual.schema, strict=True):
        if _plain(one.type) != _plain(other.type):
            return [f"column {one.name} is {other.type}, expected {one.type}"]
    if expected.num_rows != actual.num_rows:
        return [f"{actual.num_rows} rows, expected {expected.num_rows}"]
    return []


def _plain(kind: Any) -> Any:
    """One name for Arrow's several layouts of text and bytes."""
    types: Any = pa.types
    if types.is_large_string(kind) or types.is_string_view(kind):
        return pa.string()
    if types.is_large_binary(kind) or types.is_binary_view(kind):
        return pa.binary()
    return kind


def table_rows(table: pa.Table) -> list[Row]:
    """The rows as tuples of Python values."""
    columns = [_values(column) for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Values as Python's, moments outside of the years 1 to 9999 as their number: no Python date is one of those."""
    try:
        values: list[Any] = column.to_pylist()
    except (OverflowError, ValueError):
        return [_value(value) for value in column]
    return values


def _value(value: Any) -> Any:
    try:
        return value.as_py()
    except (OverflowError, ValueError):
        return value.value


def _keys(rows: Sequence[Row], positions: Sequence[int]) -> list[Row]:
    return [tuple(row[position] for position in positions) for row in rows]


def _multiset(wanted: Sequence[Row], found: Sequence[Row]) -> list[str]:
    """Compares group by group: rows whose exact values agree form a group, in which floats are matched."""
    groups: dict[Row, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((wanted, found)):
        for row in rows:
            exact = tuple(None if isinstance(value, float) else _hashable(value) for value in row)
            floats = tuple(value for value in row if isinstance(value, float))
            groups[exact][side].append(floats)
    for exact, (one, other) in groups.items():
        if len(one) != len(other):
            return [f"{len(other)} rows like {exact}, expected {len(one)}"]
        missing = _unmatched(one, other)
        if missing is not None:
            return [f"no row like {exact} has {missing}"]
    return []


def _unmatched(wanted: Sequence[Row], found: Sequence[Row]) -> Row | None:
    """The first of `wanted` without a counterpart among `found`, each of which counts once."""
    left = sorted(found, key=_float_order)
    for row in sorted(wanted, key=_float_order):
        match = next((place for place, other in enumerate(left) if same_row(row, other)), None)
        if match is None:
            return row
        left.pop(match)
    return None


def _float_order(row: Row) -> Row:
    return tuple((math.isnan(value), value) for value in row)


def _hashable(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return repr(value)
    # In Python True == 1 and 1 == Decimal(1); the column's type has been compared already.
    return value


def same_row(one: Row, other: Row) -> bool:
    """Whether two rows agree: floats within `RELATIVE`, everything else exactly."""
    return len(one) == len(other) and all(map(_same, one, other))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=0.0)
    return bool(one == other)
