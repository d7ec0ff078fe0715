"""The federation of the towns, and their databases."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

from benchmarks.federation_files import open_policy, write_federation_file, write_yaml

COLUMNS = {"id": "BIGINT", "sex": "VARCHAR", "age": "BIGINT", "income": "BIGINT"}


def prepared(home: Path, towns: int, rows: int) -> Path:
    """The directory of so many towns of so many rows, made if it is not there."""
    directory = home / f"towns-{towns}-{rows}"
    prepare(directory, towns, rows)
    return directory


def prepare(directory: Path, towns: int, rows: int) -> None:
    """Writes the federation and its databases, unless they are there."""
    done = directory / "prepared"
    if done.exists():
        return
    write_federation_file(directory, "towns")
    text = (directory / "federation.yaml").read_text(encoding="utf-8")
    union = "tables:\n  city.resident: {union: 'town_*.resident', member_column: town}\n"
    (directory / "federation.yaml").write_text(text + union, encoding="utf-8")
    for number in range(towns):
        name = f"town_{number:03}"
        home = directory / "departments" / name
        write_yaml(
            home / "department.yaml",
            {
                "name": name,
                "title": name,
                "source": {"connector": "sqlite", "uri": "town.sqlite"},
                "tables": {
                    "resident": {
                        "from": "resident",
                        "sharing": "unconditional",
                        "grade": "general",
                        "columns": {column: {"type": kind} for column, kind in COLUMNS.items()},
                    }
                },
            },
        )
        write_yaml(home / "policies" / "resident.yaml", open_policy("resident", COLUMNS))
        _fill(home / "town.sqlite", number, rows)
    done.write_text("", encoding="utf-8")


def _fill(path: Path, town: int, rows: int) -> None:
    chance = random.Random(town)
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE resident (id INTEGER PRIMARY KEY, sex TEXT, age INTEGER, income INTEGER)"
        )
        connection.executemany(
            "INSERT INTO resident VALUES (?, ?, ?, ?)",
            (
                (
                    town * 1_000_000 + number,
                    chance.choice(("女", "男")),
                    chance.randint(0, 99),
                    chance.randint(0, 50_000),
                )
                for number in range(rows)
            ),
        )
    connection.close()
