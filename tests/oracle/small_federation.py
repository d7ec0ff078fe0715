"""The rows of the federation in `federation/`: few enough to work answers out by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.oracle.views import Rows

FEDERATION = Path(__file__).parent / "federation"
Record = dict[str, Any]
PATIENTS: list[Record] = [
    {"bh": 1, "xm": "张伟", "xb": "1", "csrq": "1950-05-06", "fy": Decimal("150.00")},
    {"bh": 2, "xm": "欧阳小红", "xb": "2", "csrq": "1950-12-31", "fy": Decimal("99.99")},
    {"bh": 3, "xm": None, "xb": "9", "csrq": None, "fy": None},
]
BENEFITS: list[Record] = [
    {"bh": 1, "pq": "east", "je": Decimal("10.50"), "xm": "张伟"},
    {"bh": 2, "pq": "west", "je": Decimal("20.25"), "xm": "李娜"},
    {"bh": 3, "pq": "east", "je": Decimal("0.01"), "xm": None},
    {"bh": 4, "pq": None, "je": Decimal("7.00"), "xm": "王五"},
]
EAST: list[Record] = [{"xh": 1, "xm": "张伟", "lb": "1"}, {"xh": 2, "xm": "李娜", "lb": "2"}]
WEST: list[Record] = [{"序号": 1, "姓名": "王五", "类别": "外来"}]
_TYPES = {
    "bh": ("INTEGER", pa.int32()),
    "xh": ("INTEGER", pa.int32()),
    "序号": ("INTEGER", pa.int32()),
    "je": ("DECIMAL(10,2)", pa.decimal128(10, 2)),
    "fy": ("DECIMAL(10,2)", pa.decimal128(10, 2)),
}
_TEXT = ("TEXT", pa.string())


def federation_rows() -> Rows:
    """(department, physical table) → its rows."""
    return {
        ("clinic", "t_hz"): _table(PATIENTS),
        ("bureau", "t_dy"): _table(BENEFITS),
        ("town_east", "t_czrk"): _table(EAST),
        ("town_west", "常住人口"): _table(WEST),
    }


def write_databases(directory: Path) -> None:
    """Writes each department's rows where its `source:` in a copy of the federation says."""
    for (department, table), rows in federation_rows().items():
        columns = ", ".join(f'"{name}" {_TYPES.get(name, _TEXT)[0]}' for name in rows.column_names)
        marks = ", ".join("?" * rows.num_columns)
        connection = sqlite3.connect(directory / "departments" / department / f"{department}.sqlite")
        with connection:
            connection.execute(f'CREATE TABLE "{table}" ({columns})')
            connection.executemany(
                f'INSERT INTO "{table}" VALUES ({marks})',
                [[_stored(value) for value in row.values()] for row in rows.to_pylist()],
            )
        connection.close()


def _table(rows: Sequence[Record]) -> pa.Table:
    return pa.Table.from_pylist(
        list(rows), pa.schema([(name, _TYPES.get(name, _TEXT)[1]) for name in rows[0]])
    )


def _stored(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
