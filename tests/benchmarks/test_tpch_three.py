"""TPC-H over three departments, at a size that takes seconds: the data is the same everywhere, and exact."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest

from benchmarks.planning import plan_once
from benchmarks.tpch.check import check
from benchmarks.tpch.prepare import ORACLE, PreparationError, prepare
from benchmarks.tpch.tables import DEPARTMENTS, TpchTable, query_texts
from connectors.servers import start_mariadb, start_postgresql
from gateway.assembly import open_gateway
from gateway.configuration import load_federation
from gateway.stages import FederatedPlan
from policies.department import load_department
from policies.rehearse import rehearse
from policies.stage import Sandbox

SCALE = 0.01  # below, the generator repeats keys of partsupp


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if not any(shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") for name in ("mariadbd", "mysqld")):
        assert "CI" not in os.environ, "MariaDB must be installed under CI"
        pytest.skip("MariaDB is not installed")
    path = tmp_path_factory.mktemp("tpch") / "three"
    prepare(path, SCALE)
    yield path
    start_postgresql(path / "data" / "postgresql").stop()
    start_mariadb(path / "data" / "mariadb").stop()


def expected_rows(directory: Path, department: str, table: TpchTable) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(directory / ORACLE), read_only=True) as oracle:
        order = ", ".join(table.primary_key)
        return oracle.execute(f"SELECT * FROM {department}.{table.name} ORDER BY {order}").fetchall()


def test_postgresql_holds_the_same_rows(directory: Path) -> None:
    server = start_postgresql(directory / "data" / "postgresql")
    with psycopg.connect(server.uri("sales")) as connection:
        for table in DEPARTMENTS[0].tables:
            order = ", ".join(table.primary_key)
            found = connection.execute(f"SELECT * FROM {table.name} ORDER BY {order}").fetchall()
            assert found == expected_rows(directory, "sales", table)


def test_mariadb_holds_the_same_rows(directory: Path) -> None:
    server = start_mariadb(directory / "data" / "mariadb")
    connection = pymysql.connect(unix_socket=server.endpoint.socket, user="root", database="crm")
    try:
        for table in DEPARTMENTS[1].tables:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {table.name} ORDER BY {', '.join(table.primary_key)}")
                assert list(cursor.fetchall()) == expected_rows(directory, "crm", table)
    finally:
        connection.close()


def test_sqlite_holds_the_same_rows(directory: Path) -> None:
    connection = sqlite3.connect(directory / "data" / "supply.sqlite")
    try:
        for table in DEPARTMENTS[2].tables:
            cents = [place for place, kind in enumerate(table.columns.values()) if kind.startswith("DECIMAL")]
            found = connection.execute(f"SELECT * FROM {table.name} ORDER BY {', '.join(table.primary_key)}")
            exact = [
                tuple(Decimal(str(value)) if place in cents else value for place, value in enumerate(row))
                for row in found
            ]
            assert exact == expected_rows(directory, "supply", table)
    finally:
        connection.close()


def test_the_oracle_answers_all_22_queries(directory: Path) -> None:
    texts = query_texts()
    assert list(texts) == [f"q{number:02d}" for number in range(1, 23)]
    with duckdb.connect(str(directory / ORACLE), read_only=True) as oracle:
        oracle.execute("SET search_path = 'sales,crm,supply'")
        for text in texts.values():
            oracle.sql(text).fetchall()


def test_the_federation_and_its_policies_are_valid_and_tested(directory: Path) -> None:
    federation = load_federation(directory)
    with Sandbox() as sandbox:
        for home in federation.department_directories:
            department = load_department(home, {})
            assert set(department.policies) == set(department.tables)
            for table in department.tables:
                path = home / "policies" / f"{table}_test.yaml"
                rehearsal = rehearse(department, path, sandbox, today=date(2026, 11, 22))
                assert rehearsal.passed, rehearsal


def test_all_22_answers_over_grpc_equal_the_oracle_under_both_settings(directory: Path) -> None:
    results = list(check(directory, ("exposure", "time"), peers=(), only=(), runs=1))
    assert [result.name for result in results] == list(query_texts())
    sides = {(result.name, title): side for result in results for title, side in result.sides.items()}
    assert {place: side.problem for place, side in sides.items() if side.problem} == {}
    assert {title for _, title in sides} == {"prefer exposure", "prefer time"}
    assert all(side.fragments for side in sides.values())
    # At this size a few queries have no rows.
    assert sum(side.rows > 0 and side.bytes > 0 for side in sides.values()) > 36


def test_planning_measures_the_real_pipeline(directory: Path) -> None:
    gateway = open_gateway(directory)
    try:
        plan = plan_once(gateway)(query_texts()["q06"])
    finally:
        gateway.close()
    assert isinstance(plan, FederatedPlan)
    assert [planned.fragment.department for planned in plan.fragments] == ["sales"]


def test_a_prepared_directory_is_left_as_it_is(directory: Path) -> None:
    assert prepare(directory, SCALE) == 0.0


def test_a_directory_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(PreparationError, match="name another"):
        prepare(tmp_path, SCALE)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
