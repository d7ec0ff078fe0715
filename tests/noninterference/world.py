"""A federation of four departments, one on each engine, built twice: the worlds `left` and `right`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql

from connectors.servers import LocalServer, start_mariadb, start_postgresql
from tests.noninterference.rows import (
    BORN_MASKED,
    COLUMNS,
    ENGINES,
    FILTERS,
    SIDES,
    Row,
    Value,
    person_rows,
    visit_rows,
)

NAMES = {"postgresql": "pg", "mysql": "my", "sqlite": "sq", "duckdb": "du"}
"""The departments, by engine."""

PERSON_TYPES: Mapping[str, str] = {
    "id": "INTEGER",
    "town": "VARCHAR(20)",
    "name": "VARCHAR(40)",
    "phone": "VARCHAR(40)",
    "born": "DATE",
    "level": "VARCHAR(20)",
    "score": "INTEGER",
    "big": "BIGINT",
    "money": "DECIMAL(10,2)",
    "ok": "BOOLEAN",
    "secret": "VARCHAR(40)",
}
PLACES = {"postgresql": "public.", "duckdb": "main."}


def script(engine: str, seed: int, side: str) -> list[str]:
    """The statements that build one department's database in one world, indexes that tempt planners included."""
    found = []
    columns = ", ".join(f"{name} {PERSON_TYPES[name]}" for name in COLUMNS)
    for table in FILTERS:
        found.append(f"CREATE TABLE t_{table} ({columns})")
        found += _inserts(f"t_{table}", COLUMNS, person_rows(seed, engine, table).of(side), engine)
        if engine != "duckdb":
            found += [
                f"CREATE INDEX i_{table}_{c} ON t_{table} ({c})" for c in ("id", "score", "born", "level")
            ]
    found.append("CREATE TABLE t_visit (person VARCHAR(20), town VARCHAR(20), cost INTEGER)")
    found += _inserts("t_visit", ("person", "town", "cost"), visit_rows(seed, engine).of(side), engine)
    if engine == "mysql":
        return ["SET sql_mode = ''", *found]
    return [*found, "ANALYZE"] if engine != "duckdb" else found


def _inserts(table: str, columns: Sequence[str], rows: Sequence[Row], engine: str) -> list[str]:
    if not rows:
        return []
    lines = ", ".join(f"({', '.join(_constant(c, row[c], engine) for c in columns)})" for row in rows)
    return [f"INSERT INTO {table} VALUES {lines}"]


def _constant(column: str, value: Value, engine: str) -> str:
    if value is None:
        return "NULL"
    if column == "ok" and engine in {"postgresql", "duckdb"}:
        return "TRUE" if value else "FALSE"
    if isinstance(value, int) or column == "money":
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


# --- the federation's files ---------------------------------------------------------------------


def department_files(engine: str, uri: str) -> dict[str, Any]:
    """A department's files by path: every table of persons, and the visits."""
    tables: dict[str, Any] = {}
    files: dict[str, Any] = {}
    listed: dict[str, Any] = {
        name: {"from": name, "type": "VARCHAR" if kind.startswith("VARCHAR") else kind}
        for name, kind in PERSON_TYPES.items()
    }
    # Computed below the row filter: it fails on hidden rows.
    listed["rank"] = {"expr": "CAST(level AS INTEGER)", "type": "INTEGER"}
    del listed["secret"]
    for table, rows in FILTERS.items():
        name = f"person_{table}"
        physical = f"{PLACES.get(engine, '')}t_{table}"
        tables[name] = {"from": physical, "title": "人员", "sharing": "conditional", "columns": listed}
        shown: dict[str, Any] = {c: {"use": ["read"]} for c in listed}
        shown["name"], shown["phone"], shown["born"] = (
            {"mask": {"keep_first": 1}},
            {"mask": "phone"},
            {"mask": "year"},
        )
        if table not in BORN_MASKED:
            shown["born"] = {"use": ["read"]}
        files[f"policies/{name}.yaml"] = {
            "table": name,
            "grants": [
                _grant("seen", "analyst", shown, rows),
                _grant("all", "insider", {c: {"use": ["read"]} for c in listed}, None),
            ],
        }
    physical = f"{PLACES.get(engine, '')}t_visit"
    tables["visit"] = {
        "from": physical,
        "title": "就诊",
        "sharing": "conditional",
        "entity": "person",
        "columns": {
            "person": {"from": "person", "type": "VARCHAR"},
            "town": {"from": "town", "type": "VARCHAR"},
            "cost": {"from": "cost", "type": "INTEGER"},
        },
    }
    floored = _grant("counted", "analyst", {"town": {"use": ["group"]}, "cost": {"use": ["aggregate"]}}, None)
    floored["floor"] = {"entities": 3}
    files["policies/visit.yaml"] = {"table": "visit", "grants": [floored]}
    files["department.yaml"] = {
        "name": NAMES[engine],
        "title": NAMES[engine],
        "source": {"connector": engine, "uri": uri},
        "tables": tables,
    }
    return files


def _grant(name: str, role: str, columns: Mapping[str, Any], rows: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": name,
        "reason": "数据共享协议",
        "principals": {"roles": [role]},
        "purposes": ["work"],
        "columns": dict(columns),
    }
    return found if rows is None else found | {"rows": rows}


FEDERATION = {
    "name": "pair",
    "listen": "127.0.0.1:0",
    "identity": {"tokens": "identity.yaml"},
    "purposes": {"work": {"title": "工作"}},
    "departments": "departments/*",
    "limits": {"concurrent_queries": 4, "query_seconds": 60},
}
IDENTITY = {
    "tokens": {
        "analyst": {
            "subject": "li.wei",
            "department": "pg",
            "roles": ["analyst"],
            "attributes": {"town": "east", "towns": ["east", "north", "centre"]},
        },
        "insider": {"subject": "he.jun", "department": "pg", "roles": ["insider"]},
    }
}


def write_federation(directory: Path, uris: Mapping[str, str]) -> None:
    for engine in ENGINES:
        home = directory / "departments" / NAMES[engine]
        for path, content in department_files(engine, uris[engine]).items():
            _write(home / path, content)
    _write(directory / "federation.yaml", FEDERATION)
    _write(directory / "identity.yaml", IDENTITY)


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8"
    )  # which YAML contains


# --- the databases ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Servers:
    """The two embedded servers that all worlds share, and a place for their files."""

    home: Path
    postgresql: LocalServer
    mariadb: LocalServer

    def build(self, seed: int, sides: Sequence[str] = SIDES) -> dict[str, Path]:
        """The federations of one seed, by side, with their databases."""
        found = {}
        for side in sides:
            directory = self.home / f"{side}_{seed}"
            directory.mkdir()
            write_federation(directory, self._databases(directory, f"{side}_{seed}", seed, side))
            found[side] = directory
        return found

    def _databases(self, directory: Path, name: str, seed: int, side: str) -> dict[str, str]:
        self.postgresql.create_database(name)
        with psycopg.connect(self.postgresql.uri(name), autocommit=True) as connection:
            for statement in script("postgresql", seed, side):
                connection.execute(statement.encode())
        self.mariadb.create_database(name)
        other = pymysql.connect(
            unix_socket=self.mariadb.endpoint.socket,
            user="root",
            charset="utf8mb4",
            database=name,
            autocommit=True,
        )
        with other.cursor() as cursor:
            for statement in script("mysql", seed, side):
                cursor.execute(statement)
        other.close()
        with duckdb.connect(str(directory / "du.duckdb")) as third:
            for statement in script("duckdb", seed, side):
                third.execute(statement)
        # In a process of its own: another SQLite that closes the file would take the connector's locks away.
        load = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.stdin.read()); c.close()"
        text = ";\n".join(script("sqlite", seed, side))
        subprocess.run(
            [sys.executable, "-c", load, str(directory / "sq.sqlite")], input=text, text=True, check=True
        )
        return {
            "postgresql": self.postgresql.uri(name),
            "mysql": self.mariadb.uri(name),
            "sqlite": str(directory / "sq.sqlite"),
            "duckdb": str(directory / "du.duckdb"),
        }


@contextmanager
def open_servers() -> Iterator[Servers]:
    # Not under pytest's own directory: PostgreSQL, run as root, has an account of its own.
    home = Path(tempfile.mkdtemp(prefix="comity-pair-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        postgresql = start_postgresql(home / "postgresql")
        stack.callback(postgresql.stop)
        mariadb = start_mariadb(home / "mariadb")
        stack.callback(mariadb.stop)
        yield Servers(home, postgresql, mariadb)
