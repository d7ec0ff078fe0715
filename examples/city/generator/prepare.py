"""Makes the example city ready to ask: its files, and its data loaded into real databases."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from comity.errors import ConfigurationError

from .build import SEED, build
from .homes import HOMES, Home, homes_without_mariadb, mariadb_is_installed
from .load import load

CITY = Path(__file__).resolve().parents[1]
"""The example's own directory."""
_FILES = ("federation.yaml", "identity.yaml", "tokens.key", "departments", "scenarios")
_SOURCE = re.compile(r"(?m)^source:.*$")
_MISSING = (
    "MariaDB is not installed (Debian/Ubuntu: apt-get install mariadb-server; macOS: brew install mariadb)"
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A federation directory with its data. `moved` are departments kept in SQLite for want of MariaDB."""

    directory: Path
    rows: int
    moved: tuple[str, ...]


def prepare(
    directory: Path, scale: float = 1.0, without_mariadb: bool | None = None, seed: int = SEED
) -> Prepared:
    """Writes the federation into `directory`, and its data into `directory/data`.

    `directory` may be the example's own, whose files then stay as they are. `without_mariadb` None asks the
    machine: where MariaDB is missing, one line on stdout says so and its departments move to SQLite; under
    CI=true a missing MariaDB is an error instead. Raises `ConfigurationError`, `SourceError`.
    """
    directory = directory.resolve()
    if without_mariadb is None:
        without_mariadb = not mariadb_is_installed()
        if without_mariadb and os.environ.get("CI") == "true":
            raise ConfigurationError(_MISSING, code="CONFIG_MISSING", hint="CI tests all four engines")
    homes = homes_without_mariadb() if without_mariadb else HOMES
    moved = tuple(department for department in homes if homes[department] != HOMES[department])
    if directory == CITY and moved:
        raise ConfigurationError(
            f"the example's own files name MariaDB, and it is not used: {', '.join(moved)}",
            code="CONFIG_REFERENCE",
            hint=f"{_MISSING}; or write a copy that reads them from SQLite: --directory DIR",
        )
    if moved and not mariadb_is_installed():
        print(f"{_MISSING}; kept in SQLite instead: {', '.join(moved)}", flush=True)
    if directory != CITY:
        _copy(directory, homes)
    tables = build(scale, seed)
    load(tables, directory / "data", homes)
    return Prepared(directory, sum(table.num_rows for table in tables.values()), moved)


def _copy(directory: Path, homes: Mapping[str, Home]) -> None:
    """Copies the federation's files; each department's `source:` follows its home."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        source, target = CITY / name, directory / name
        if source.is_dir():
            # What this copy has counted so far is not what another one has.
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("state"), dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)
    for department, home in homes.items():
        path = directory / "departments" / department / "department.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(_SOURCE.sub(home.source(), text), encoding="utf-8")
