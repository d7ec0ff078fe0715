"""Servers for tests of what runs in place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.servers import LocalServer, start_mariadb, start_postgresql


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    # Not under pytest's own directory: PostgreSQL, run as root, has an account of its own.
    directory = Path(tempfile.mkdtemp(prefix="comity-pushdown-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql(home: Path) -> Iterator[LocalServer]:
    server = start_postgresql(home / "postgresql")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb(home: Path) -> Iterator[LocalServer]:
    server = start_mariadb(home / "mariadb")
    yield server
    server.stop()
