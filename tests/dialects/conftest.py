"""The trap rows in a real PostgreSQL, MariaDB, SQLite and DuckDB, once per run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from connectors.servers import start_mariadb, start_postgresql
from tests.dialects import sources


@pytest.fixture(scope="session")
def oracle() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        sources.load_duckdb(connection)
        yield connection


@pytest.fixture(scope="session")
def server_home() -> Iterator[Path]:
    # Not under pytest's own directory: PostgreSQL, run as root, has an account of its own.
    directory = Path(tempfile.mkdtemp(prefix="comity-dialects-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server_home: Path) -> Iterator[sources.Source]:
    server = start_postgresql(server_home / "postgresql")
    yield sources.postgresql(server)
    server.stop()


@pytest.fixture(scope="session")
def mysql(server_home: Path) -> Iterator[sources.Source]:
    server = start_mariadb(server_home / "mariadb")
    yield sources.mariadb(server)
    server.stop()


@pytest.fixture
def source(request: pytest.FixtureRequest) -> sources.Source:
    """The engine that a test is parametrised with."""
    found: sources.Source = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def sqlite(server_home: Path) -> sources.Source:
    return sources.sqlite(server_home / "traps.db")
