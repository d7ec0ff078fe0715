"""The example city at a tenth of its size: its rows, the oracle over them, and a real gateway on real engines."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest

from agent.agent import Agent
from comity.client import Connection, connect
from connectors.servers import start_mariadb, start_postgresql
from examples.city.generate import CITY, build, prepare
from gateway.embedded import serve
from tests.oracle.oracle import Oracle

SCALE = 0.1
Rows = dict[tuple[str, str], pa.Table]


@dataclass(frozen=True, slots=True)
class City:
    """A gateway over the city's departments; one connection per caller."""

    address: str
    directory: Path
    agents: Mapping[str, Agent]
    connections: dict[str, Connection] = field(default_factory=dict)

    def connect(self, token: str) -> Connection:
        if token not in self.connections:
            self.connections[token] = connect(self.address, token=token)
        return self.connections[token]


@pytest.fixture(scope="session")
def city_rows() -> Rows:
    return build(SCALE)


@pytest.fixture(scope="session")
def oracle(city_rows: Rows) -> Iterator[Oracle]:
    oracle = Oracle(CITY, city_rows)
    yield oracle
    oracle.close()


@pytest.fixture(scope="session")
def city_directory() -> Iterator[Path]:
    """The city with its data in PostgreSQL, MariaDB (SQLite where there is none, but not under CI), SQLite and DuckDB."""
    # Not under pytest's own directory: PostgreSQL, run as root, has an account of its own.
    home = Path(tempfile.mkdtemp(prefix="comity-city-"))
    prepared = prepare(home / "city", SCALE)
    yield prepared.directory
    start_postgresql(prepared.directory / "data/postgresql").stop()
    if not prepared.moved:
        start_mariadb(prepared.directory / "data/mariadb").stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def city(city_directory: Path) -> Iterator[City]:
    with serve(city_directory) as server:
        server.gateway.statistics.refresh()
        city = City(server.address, city_directory, server.gateway.agents)
        yield city
        for connection in city.connections.values():
            connection.close()
