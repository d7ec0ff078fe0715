"""The small catalog of these tests, its rows, and the readers of the files under `data`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sql.catalog import Catalog, Column, Table

DATA = Path(__file__).parent / "data"
_CASE = re.compile(r"-- (?P<code>[A-Z_]+)(?: (?P<line>\d+):(?P<column>\d+))?(?: +(?P<says>.+))?")

TABLES = {
    ("h", "t"): "a INTEGER, b INTEGER, c VARCHAR",
    ("k", "u"): "a INTEGER, d INTEGER",
    ("k", "v"): "a INTEGER, e INTEGER",
    ("k", "w"): "b INTEGER, f INTEGER",
    ("k", "t"): "a INTEGER, z INTEGER",
    ("医保", "参保人"): "证件号 VARCHAR, 姓名 VARCHAR, 街道 VARCHAR, 缴费 DECIMAL(10,2), 年龄 INTEGER",
}
ROWS = """
INSERT INTO h.t VALUES (1, 10, 'x'), (2, 20, 'y'), (2, 30, 'x'), (NULL, 40, NULL);
INSERT INTO k.u VALUES (1, 100), (3, 300), (NULL, 500);
INSERT INTO k.v VALUES (1, 7), (2, 8), (3, 9);
INSERT INTO k.w VALUES (10, 1), (99, 2);
INSERT INTO k.t VALUES (9, 9);
INSERT INTO 医保.参保人 VALUES ('1', '张三', '桂城', 10.50, 61), ('2', '李四', '大沥', NULL, 60),
                               ('3', NULL, '桂城', 0.05, 35), ('4', '张三丰', NULL, 7.20, NULL);
"""


def columns_of(listed: str) -> tuple[Column, ...]:
    return tuple(Column(*entry.split(" ", 1)) for entry in listed.split(", "))


def lab_catalog() -> Catalog:
    return Catalog(
        [Table(department, name, columns_of(listed)) for (department, name), listed in TABLES.items()], "1"
    )


def open_database() -> duckdb.DuckDBPyConnection:
    """One DuckDB with the tables and rows of the lab."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute("SET python_enable_replacements=false")
    for (department, name), listed in TABLES.items():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {department}")
        connection.execute(f"CREATE TABLE {department}.{name} ({listed})")
    connection.execute(ROWS)
    return connection


@dataclass(frozen=True)
class Refusal:
    """A question and how it must be refused. `says` must stand in the message or the hint."""

    text: str
    code: str
    place: tuple[int, int] | None
    says: str


def read_questions(name: str) -> list[str]:
    """The questions of a file with one on each line."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.removesuffix(";") for line in lines if line and not line.startswith("--")]


def read_pairs(name: str) -> Iterator[tuple[str, str]]:
    """Pairs of texts, each ended by `;`; lines that start with `--` are notes."""
    text = "\n".join(
        line for line in (DATA / name).read_text(encoding="utf-8").splitlines() if not line.startswith("--")
    )
    parts = [" ".join(part.split()) for part in text.split(";") if part.strip()]
    yield from zip(parts[::2], parts[1::2], strict=True)


def read_refusals(name: str) -> Iterator[Refusal]:
    """Questions, each under a line `-- CODE line:column words`; place and words may be missing.

    A question ends at the next such line. `\\x00` and `\\u3000` stand for the characters.
    """
    case: re.Match[str] | None = None
    lines: list[str] = []
    for line in [*(DATA / name).read_text(encoding="utf-8").splitlines(), "-- END"]:
        found = _CASE.fullmatch(line)
        if found is None:
            if not line.startswith("---"):
                lines.append(line)
            continue
        if case is not None:
            place = (int(case["line"]), int(case["column"])) if case["line"] else None
            text = re.sub(
                r"\\[xu]([0-9a-f]{2,4})", lambda m: chr(int(m[1], 16)), "\n".join(lines).strip("\n")
            )
            yield Refusal(text, case["code"], place, case["says"] or "")
        case, lines = found, []
