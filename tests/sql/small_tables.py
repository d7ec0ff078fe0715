"""Six small tables in three places and a federated one, with NULLs, duplicates and untidy text."""

from __future__ import annotations

import random

import duckdb

from sql.catalog import Catalog, Column, Table

TABLES = {
    ("a", "person"): {"id": "INTEGER", "name": "VARCHAR", "town": "VARCHAR", "age": "INTEGER"},
    ("a", "visit"): {"person_id": "INTEGER", "day": "DATE", "cost": "DECIMAL(10,2)"},
    ("b", "firm"): {"id": "INTEGER", "name": "VARCHAR", "town": "VARCHAR", "owner": "INTEGER"},
    ("b", "permit"): {"firm_id": "INTEGER", "day": "DATE", "kind": "VARCHAR"},
    ("c", "town"): {"code": "VARCHAR", "name": "VARCHAR", "area": "DOUBLE"},
    ("c", "note"): {"person_id": "INTEGER", "firm_id": "INTEGER", "text": "VARCHAR"},
}
SETTLER = {"id": "INTEGER", "name": "VARCHAR", "town": "VARCHAR", "age": "INTEGER"}
"""`b.settler` is like `a.person`; `every.resident` is both, with the column `place`."""
MEMBERS = (("a", "person"), ("b", "settler"))


def catalog(*, federated: bool = False) -> Catalog:
    tables = [
        Table(d, n, tuple(Column(c, k) for c, k in columns.items())) for (d, n), columns in TABLES.items()
    ]
    if federated:
        settler = tuple(Column(name, kind) for name, kind in SETTLER.items())
        resident = (*settler, Column("place", "VARCHAR"))
        tables.append(Table("b", "settler", settler))
        tables.append(Table("every", "resident", resident, members=MEMBERS, member_column="place"))
    return Catalog(tables, "1")


def fill(
    connection: duckdb.DuckDBPyConnection, *, rows: int = 25, most: int = 30, federated: bool = False
) -> None:
    """Creates the tables with `rows` rows each and numbers from 1 to `most`, always the same ones."""
    rng = random.Random(7)
    tables = {**TABLES, ("b", "settler"): SETTLER} if federated else TABLES
    for (place, name), columns in tables.items():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {place}")
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"CREATE TABLE {place}.{name} ({listed})")
        values = [[_value(kind, column, most, rng) for column, kind in columns.items()] for _ in range(rows)]
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {place}.{name} VALUES ({marks})", values)
    if federated:
        arms = [
            f"SELECT id, name, town, age, '{place}' AS place FROM {place}.{name}" for place, name in MEMBERS
        ]
        connection.execute("CREATE SCHEMA every")
        connection.execute(f"CREATE VIEW every.resident AS {' UNION ALL '.join(arms)}")
    # A plain table name finds its only table, as it does in a catalog.
    connection.execute(f"SET search_path = 'a,b,c{',every' if federated else ''}'")


def _value(kind: str, column: str, most: int, rng: random.Random) -> object:
    if rng.random() < 0.15:
        return None
    if column in {"town", "code"}:
        return str(rng.randint(1, 5))
    return {
        "INTEGER": lambda: rng.randint(1, most),
        "VARCHAR": lambda: rng.choice(["张三", "李四", "x", "y", "Y ", ""]),
        "DATE": lambda: f"2026-01-{rng.randint(1, 28):02d}",
        "DECIMAL(10,2)": lambda: rng.randint(1, 5000) / 100,
        "DOUBLE": lambda: float(rng.randint(1, 5)),
    }[kind]()
