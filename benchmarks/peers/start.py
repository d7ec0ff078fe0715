"""Starts the peers on the databases of a prepared tpch-three directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import Peer, PeerError
from benchmarks.peers.places import python_of
from connectors.servers import start_mariadb, start_postgresql

PROGRAMS = Path(__file__).parent
INSTALL = "not installed: python -m benchmarks.peers"
SCANNERS = "DuckDB's scanners"


def start_scanners(data: Path) -> Peer:
    """DuckDB 1.5.5 with its scanners. Raises `PeerError` with the reason why it is absent."""
    program = python_of("duckdb")
    if not program.exists():
        raise PeerError(f"{INSTALL} duckdb")
    command = [str(program), str(PROGRAMS / "duckdb_scanners.py")]
    return Peer(SCANNERS, command, {"attach": _attachments(data)})


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


PEERS: dict[str, tuple[str, Callable[[Path], Peer]]] = {"duckdb": (SCANNERS, start_scanners)}
"""By name on the command line: the title, and what starts it."""

ABSENT = {
    "PostgreSQL with postgres_fdw and mysql_fdw": "Debian has no sqlite_fdw, so one of the three departments stays unread",
    "Spark with JDBC": "this version does not set it up",
}
"""Peers that are never run here, and why; every report says so."""
