"""The databases that every random federation asks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.servers import start_mariadb, start_postgresql
from tests.properties.places import raw_database, sources
from tests.properties.world import World


@dataclass(frozen=True)
class Ground:
    """What worlds stand on."""

    home: Path
    raw: duckdb.DuckDBPyConnection
    sources: dict[tuple[str, str], str]

    @contextmanager
    def world(
        self, seed: int, *, partial: float = 0.0, keys: float = 0.0, plain: bool = False
    ) -> Iterator[World]:
        """The federation of a seed, while the context lasts.

        `partial` is the share of columns without read, `keys` the share of departments that receive a table's join
        keys; `plain` shows every table as it is.
        """
        directory = self.home / f"world-{seed}"
        world = World(seed, directory, self.raw, self.sources, partial=partial, keys=keys, plain=plain)
        try:
            yield world
        finally:
            world.close()
            shutil.rmtree(directory)


@contextmanager
def open_ground() -> Iterator[Ground]:
    """Starts PostgreSQL and MariaDB, and fills all engines."""
    # Not under pytest's own directory: PostgreSQL, run as root, has an account of its own.
    home = Path(tempfile.mkdtemp(prefix="comity-properties-"))
    postgresql = start_postgresql(home / "postgresql")
    mariadb = start_mariadb(home / "mariadb")
    raw = raw_database()
    try:
        yield Ground(home, raw, sources(raw, home, postgresql, mariadb))
    finally:
        raw.close()
        postgresql.stop()
        mariadb.stop()
        shutil.rmtree(home, ignore_errors=True)
