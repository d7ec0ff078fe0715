"""Making the city ready: in place, or as a copy whose departments follow the engines that there are."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from comity.errors import ConfigurationError
from examples.city.generate import CITY, HOMES, build, prepare
from gateway.configuration import load_federation
from policies.department import load_department
from tests.city.conftest import City

ON_MARIADB = [department for department, home in HOMES.items() if home.engine == "mariadb"]


def test_without_mariadb_its_departments_move_to_sqlite(tmp_path: Path) -> None:
    prepared = prepare(tmp_path / "city", 0.02, without_mariadb=True)
    assert list(prepared.moved) == ON_MARIADB
    federation = load_federation(prepared.directory)
    departments = {d.name: load_department(d, None) for d in federation.department_directories}
    assert {departments[name].source.connector for name in ON_MARIADB} == {"sqlite"}
    for name, home in HOMES.items():
        if name not in ON_MARIADB:
            assert home.source().split(": ", 2)[2].startswith(departments[name].source.connector)
    expected = build(0.02)["tax", "税款入库"]
    with sqlite3.connect(prepared.directory / "data" / "tax.sqlite") as connection:
        found = connection.execute('SELECT count(*), min("税额") FROM "税款入库"').fetchone()
    connection.close()
    assert found == (expected.num_rows, min(str(v) for v in expected["税额"].to_pylist()))


def test_the_examples_own_files_name_mariadb_so_it_cannot_be_left_out_in_place() -> None:
    with pytest.raises(ConfigurationError, match="name MariaDB") as raised:
        prepare(CITY, 0.02, without_mariadb=True)
    assert "--directory" in str(raised.value)


def test_under_ci_a_missing_mariadb_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("examples.city.generator.prepare.mariadb_is_installed", lambda: False)
    with pytest.raises(ConfigurationError) as raised:
        prepare(tmp_path / "city", 0.02)
    assert raised.value.code == "CONFIG_MISSING"
    assert not (tmp_path / "city").exists()


def test_every_department_knows_the_sizes_of_its_tables(city: City) -> None:
    """A refresh that fails is only logged, and the questions' plans are worse."""
    unknown = [
        f"{agent.name}.{table}"
        for agent in city.agents.values()
        for table in agent.department.tables
        if table not in agent.source_statistics.known
    ]
    assert unknown == []
