"""Loads all departments' tables into their engines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from connectors.servers import LocalServer, start_mariadb, start_postgresql

from .homes import HOMES, Home
from .load_files import load_duckdb, load_folder, load_sqlite
from .load_servers import load_mariadb, load_postgresql


def load(
    tables: Mapping[tuple[str, str], pa.Table], directory: Path, homes: Mapping[str, Home] = HOMES
) -> None:
    """Loads `tables`, as `build` gives them, under the data directory `directory`, each database anew.

    Servers are started as needed and stop with this process. Raises `SourceError` when one does not start.
    """
    directory.mkdir(parents=True, exist_ok=True)
    of_department: dict[str, dict[str, pa.Table]] = {}
    for (department, name), table in tables.items():
        of_department.setdefault(department, {})[name] = table
    servers: dict[str, LocalServer] = {}
    for department, its_tables in of_department.items():
        home = homes[department]
        if home.engine == "postgresql":
            if "postgresql" not in servers:
                servers["postgresql"] = start_postgresql(directory / "postgresql")
            load_postgresql(servers["postgresql"], home.name, its_tables)
        elif home.engine == "mariadb":
            if "mariadb" not in servers:
                servers["mariadb"] = start_mariadb(directory / "mariadb")
            load_mariadb(servers["mariadb"], home.name, its_tables)
        elif home.engine == "sqlite":
            load_sqlite(directory / home.name, its_tables)
        elif home.engine == "duckdb":
            load_duckdb(directory / home.name, its_tables)
        else:
            load_folder(directory / home.name, its_tables)
