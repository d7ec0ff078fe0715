"""One PostgreSQL table of a million rows, published as it is: what streaming is measured on."""

from __future__ import annotations

from pathlib import Path

import psycopg
import yaml

from benchmarks.tpch.federation import PURPOSE, TOKEN
from connectors.servers import LocalServer, start_postgresql

ROWS = 1_000_000
DATABASE = "measurements"
TABLE = "readings"
COLUMNS = {
    "id": ("BIGINT", "bigint", "n"),
    "station": ("INTEGER", "integer", "n % 1000"),
    "place": ("VARCHAR", "varchar", "'站点 ' || n % 1000"),
    "code": ("VARCHAR", "varchar", "md5(n::text)"),
    "taken_on": ("DATE", "date", "date '2020-01-01' + (n % 2000)"),
    "taken_at": ("TIMESTAMP", "timestamp", "timestamp '2020-01-01' + n * interval '1 second'"),
    "value": ("DOUBLE", "double precision", "sqrt(n)"),
    "valid": ("BOOLEAN", "boolean", "n % 7 <> 0"),
    "amount": ("DECIMAL(15,2)", "numeric(15,2)", "(n % 1000000) / 100.0"),
}


def default_directory() -> Path:
    return Path("build") / "benchmarks" / "export"


def prepare(directory: Path) -> LocalServer:
    """Fills the database unless it is full, writes the federation, and returns the running server."""
    server = start_postgresql(directory.resolve() / "data" / "postgresql")
    server.create_database(DATABASE)
    with psycopg.connect(server.uri(DATABASE), autocommit=True) as connection:
        known = connection.execute("SELECT to_regclass(%s)", [TABLE]).fetchone()
        if known is None or known[0] is None:
            columns = ", ".join(f"{value}::{kind} AS {name}" for name, (_, kind, value) in COLUMNS.items())
            connection.execute(
                f"CREATE TABLE {TABLE} AS SELECT {columns} FROM generate_series(1, {ROWS}) AS series (n)"
            )
            connection.execute(f"ALTER TABLE {TABLE} ADD PRIMARY KEY (id)")
            connection.execute(f"VACUUM (ANALYZE) {TABLE}")
    _write(directory)
    return server


def _write(directory: Path) -> None:
    home = directory / "departments" / "weather"
    analyst = {"subject": "bench", "department": "benchmarks", "roles": ["analyst"]}
    grant = {
        "id": "benchmark",
        "reason": "Invented data, for measuring",
        "principals": {"roles": ["analyst"]},
        "purposes": [PURPOSE],
        "columns": {name: {"use": ["read"]} for name in COLUMNS},
    }
    files: dict[Path, object] = {
        directory / "federation.yaml": {
            "name": "export",
            "identity": {"tokens": "identity.yaml"},
            "purposes": {PURPOSE: {"title": "Benchmark"}},
        },
        directory / "identity.yaml": {"tokens": {TOKEN: analyst}},
        home / "department.yaml": {
            "name": "weather",
            "source": {
                "connector": "postgresql",
                "uri": f"embedded:../../data/postgresql?database={DATABASE}",
            },
            "tables": {
                TABLE: {
                    "from": f"public.{TABLE}",
                    "columns": {name: {"type": kind} for name, (kind, _, _) in COLUMNS.items()},
                }
            },
        },
        home / "policies" / f"{TABLE}.yaml": {"table": TABLE, "grants": [grant]},
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
