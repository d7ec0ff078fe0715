"""Which engine keeps which department's tables, and where under `data/`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Engine = Literal["postgresql", "mariadb", "sqlite", "duckdb", "files"]


@dataclass(frozen=True, slots=True)
class Home:
    """A department's database: its engine, and the name of its database, file or folder."""

    engine: Engine
    name: str

    def source(self) -> str:
        """The `source:` line of its department.yaml, relative to the department's directory."""
        data = "../../data"
        if self.engine == "postgresql":
            return (
                f'source: {{connector: postgresql, uri: "embedded:{data}/postgresql?database={self.name}"}}'
            )
        if self.engine == "mariadb":
            return f'source: {{connector: mysql, uri: "embedded:{data}/mariadb?database={self.name}"}}'
        connector = "sqlite" if self.engine == "sqlite" else "duckdb"
        return f'source: {{connector: {connector}, uri: "{data}/{self.name}"}}'


HOMES: Mapping[str, Home] = {
    "public_security": Home("postgresql", "public_security"),
    "market_regulation": Home("postgresql", "market_regulation"),
    "health": Home("postgresql", "health"),
    "human_resources": Home("mariadb", "human_resources"),
    "tax": Home("mariadb", "tax"),
    "civil_affairs": Home("sqlite", "civil_affairs.sqlite"),
    "district_office": Home("sqlite", "district_office.sqlite"),
    "natural_resources": Home("duckdb", "natural_resources.duckdb"),
    "emergency": Home("files", "emergency"),
    "town_qingxi": Home("sqlite", "town_qingxi.sqlite"),
    "town_hekou": Home("sqlite", "town_hekou.sqlite"),
    "town_shiqiao": Home("duckdb", "town_shiqiao.duckdb"),
    "town_baisha": Home("duckdb", "town_baisha.duckdb"),
    "town_longtan": Home("postgresql", "town_longtan"),
    "town_jinpu": Home("mariadb", "town_jinpu"),
}


def homes_without_mariadb() -> Mapping[str, Home]:
    """The same, with a SQLite file for every department that MariaDB keeps."""
    return {
        department: Home("sqlite", f"{home.name}.sqlite") if home.engine == "mariadb" else home
        for department, home in HOMES.items()
    }


def mariadb_is_installed() -> bool:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/sbin"])
    return any(shutil.which(program, path=path) for program in ("mariadbd", "mysqld"))
