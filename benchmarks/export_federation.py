"""One PostgreSQL table of a million rows, published as it is: what streaming is measured on."""

from __future__ import annotations

from pathlib import Path

import psycopg

from benchmarks.federation_files import open_policy, write_federation_file, write_yaml
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
            columns = ", ".join(f"({value})::{kind} AS {name}" for name, (_, kind, value) in COLUMNS.items())
            connection.execute(
                f"CREATE TABLE {TABLE} AS SELECT {columns} FROM generate_series(1, {ROWS}) AS series (n)"
            )
            connection.execute(f"ALTER TABLE {TABLE} ADD PRIMARY KEY (id)")
            connection.execute(f"VACUUM (ANALYZE) {TABLE}")
    _write(directory)
    return server


def _write(directory: Path) -> None:
    home = directory / "departments" / "weather"
    uri = f"embedded:../../data/postgresql?database={DATABASE}"
    columns = {name: {"type": kind} for name, (kind, _, _) in COLUMNS.items()}
    write_federation_file(directory, "export")
    write_yaml(
        home / "department.yaml",
        {
            "name": "weather",
            "source": {"connector": "postgresql", "uri": uri},
            "tables": {TABLE: {"from": f"public.{TABLE}", "columns": columns}},
        },
    )
    write_yaml(home / "policies" / f"{TABLE}.yaml", open_policy(TABLE, COLUMNS))
