"""A small federation on real engines, and a real gateway in front of it.

Three departments: `north` (SQLite), `south` (DuckDB) and `centre` (PostgreSQL), each with a register of
persons; `centre` also has a large table. `shared.person` is federated over north and south.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
import pytest

from audit.reader import AuditReader, Record
from comity.client import Connection, connect
from connectors.servers import start_postgresql
from gateway.embedded import serve
from gateway.server import Server

FILES = Path(__file__).parent / "federation"
LARGE_ROWS = 200_000


def write_north(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE t_person (bh INTEGER PRIMARY KEY, xm TEXT, zbm TEXT, ye DECIMAL(12,2))"
        )
        rows = [(i, f"张{i}", "N1" if i % 2 else "N2", i * 10) for i in range(1, 21)]
        connection.executemany("INSERT INTO t_person VALUES (?, ?, ?, ?)", rows)
    connection.close()


def write_south(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            'CREATE TABLE "人员" ("编号" INTEGER PRIMARY KEY, "姓名" VARCHAR, "片区" VARCHAR, "余额" DECIMAL(12,2))'
        )
        connection.execute(
            "INSERT INTO \"人员\" SELECT i, '李' || i, CASE WHEN i % 3 = 0 THEN 'S1' ELSE 'S2' END, i * 1.5 "
            "FROM range(1, 31) AS r(i)"
        )


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Path]:
    """A data directory with the database `centre`; its server runs while the session does.

    Not under pytest's own folder, which another session makes private while this one runs: as root the server
    runs under another account.
    """
    place = tempfile.TemporaryDirectory(prefix="comity-")
    directory = Path(place.name) / "data"
    server = start_postgresql(directory)
    server.create_database("centre")
    with psycopg.connect(server.uri("centre")) as connection:
        connection.execute(
            "CREATE TABLE t_person (id int PRIMARY KEY, name text, area text, balance numeric(12,2))"
        )
        connection.execute(
            "INSERT INTO t_person SELECT i, '王' || i, 'C' || i % 4, i * 2.25 FROM generate_series(1, 40) i"
        )
        connection.execute("CREATE TABLE t_large (id int PRIMARY KEY, word text, amount numeric(12,2))")
        connection.execute(
            f"INSERT INTO t_large SELECT i, 'word ' || i % 97, i / 100.0 FROM generate_series(1, {LARGE_ROWS}) i"
        )
    yield directory
    server.stop()
    place.cleanup()


@pytest.fixture
def federation(tmp_path: Path, postgresql: Path) -> Path:
    """A fresh copy of the federation's files and its small databases."""
    directory = tmp_path / "federation"
    shutil.copytree(FILES, directory)
    (directory / "data").mkdir()
    write_north(directory / "data/north.sqlite")
    write_south(directory / "data/south.duckdb")
    centre = directory / "departments/centre/department.yaml"
    centre.write_text(centre.read_text("utf-8").replace("POSTGRESQL", str(postgresql)), "utf-8")
    return directory


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that answers."""

    server: Server
    directory: Path

    def connect(self, token: str = "analyst", purpose: str | None = "statistics") -> Connection:
        return connect(self.server.address, token=token, purpose=purpose)

    def records(self, query_id: str | None = None) -> list[Record]:
        """What the audit log holds now, in order: all of it, or one question's."""
        found = AuditReader(self.directory / "audit").records()
        return [record for record in found if query_id is None or record.query_id == query_id]


@contextmanager
def running(directory: Path) -> Iterator[Running]:
    with serve(directory) as server:
        yield Running(server, directory)


@pytest.fixture
def start() -> Callable[[Path], AbstractContextManager[Running]]:
    """Starts a gateway on a federation's directory."""
    return running


@pytest.fixture
def gateway(federation: Path) -> Iterator[Running]:
    with running(federation) as found:
        yield found
