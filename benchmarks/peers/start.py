"""Starts the peers on the databases of a prepared tpch-three directory."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import Peer, PeerError
from benchmarks.peers.places import JARS, install, is_installed, python_of
from benchmarks.peers.places import PEERS as ENVIRONMENTS
from benchmarks.tpch.tables import DEPARTMENTS
from connectors.servers import start_mariadb, start_postgresql

PROGRAMS = Path(__file__).parent
SCANNERS = "DuckDB's scanners"
SPARK = "Spark with JDBC"
FETCHED_ROWS = "10000"
"""Rows that a JDBC driver fetches at once; without it PostgreSQL's holds a whole table in memory."""


def start_scanners(data: Path) -> Peer:
    """DuckDB 1.5.5 with its scanners. Raises `PeerError` with the reason why it is absent."""
    return Peer(SCANNERS, _command("duckdb", "duckdb_scanners.py"), {"attach": _attachments(data)})


def start_spark(data: Path) -> Peer:
    """Spark on this machine's processors, with JDBC catalogs. Raises `PeerError` with the reason why it is absent."""
    if shutil.which("java") is None:
        raise PeerError("Java is not installed")
    command = _command("spark", "spark_jdbc.py")
    cache = (ENVIRONMENTS / "spark" / "ivy").resolve()
    start = {"attach": _catalogs(data.resolve()), "jars": JARS, "cache": str(cache)}
    return Peer(SPARK, command, start, dialect="spark")


def _command(name: str, program: str) -> list[str]:
    """What starts a peer's program, whose environment is made when it is not there."""
    if not is_installed(name) and install(name) != 0:
        raise PeerError(f"its packages could not be installed: python -m benchmarks.peers {name}")
    return [str(python_of(name)), str(PROGRAMS / program)]


def _catalogs(data: Path) -> list[dict[str, Any]]:
    postgresql = start_postgresql(data / "postgresql").endpoint
    mariadb = start_mariadb(data / "mariadb").endpoint
    through = "org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg"
    socket = f"{postgresql.socket}/.s.PGSQL.{postgresql.port}"
    places = {
        "sales": (
            f"jdbc:postgresql://localhost/sales?user=postgres&socketFactory={through}&socketFactoryArg={socket}",
            "org.postgresql.Driver",
            "public",
        ),
        "crm": (f"jdbc:mysql://127.0.0.1:{mariadb.port}/crm?user=root", "org.mariadb.jdbc.Driver", "crm"),
        "supply": (f"jdbc:sqlite:{data / 'supply.sqlite'}", "org.sqlite.JDBC", ""),
    }
    tables = {department.name: [table.name for table in department.tables] for department in DEPARTMENTS}
    return [
        {
            "name": name,
            "url": url,
            "driver": driver,
            "namespace": namespace,
            "tables": tables[name],
            "options": {"fetchsize": FETCHED_ROWS},
        }
        for name, (url, driver, namespace) in places.items()
    ]


def _attachments(data: Path) -> list[dict[str, Any]]:
    postgresql = start_postgresql(data / "postgresql").endpoint
    mariadb = start_mariadb(data / "mariadb").endpoint
    return [
        {
            "name": "sales",
            "type": "postgres",
            "target": f"host={postgresql.socket} port={postgresql.port} dbname=sales user=postgres",
            "schema": "public",
        },
        {
            "name": "crm",
            "type": "mysql",
            "target": f"socket={mariadb.socket} user=root database=crm",
            "schema": "crm",
        },
        {"name": "supply", "type": "sqlite", "target": str(data / "supply.sqlite"), "schema": "main"},
    ]


PEERS: dict[str, tuple[str, Callable[[Path], Peer]]] = {
    "duckdb": (SCANNERS, start_scanners),
    "spark": (SPARK, start_spark),
}
"""By name on the command line: the title, and what starts it."""

ABSENT = {
    "PostgreSQL with postgres_fdw and mysql_fdw": "Debian has no sqlite_fdw, so one of the three departments stays unread",
}
"""Peers that are never run here, and why; every report says so."""
