"""Floors at the agent, on all four engines: what is shown, what is refused, what may be told of the rest."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pymysql
import pytest
import yaml

from agent.agent import Agent, open_agent
from agent.enforce import visible_catalog
from comity.errors import PolicyError
from connectors.servers import start_mariadb, start_postgresql
from policies.port import FragmentRequest, Receipt
from policies.principal import Principal
from sql.catalog import Fragment
from sql.engine import EnginePool
from sql.parse import parse_query
from sql.resolve import resolve_query
from tests.agent.floor_oracle import Question, shown

HERE = Path(__file__).parent
QUESTIONS: dict[str, Any] = yaml.safe_load((HERE / "floor_questions.yaml").read_text(encoding="utf-8"))
ENGINES = ("duckdb", "postgresql", "mysql", "sqlite")
ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
TODAY = date(2026, 11, 1)


def table_rows() -> dict[str, list[tuple[Any, ...]]]:
    """Some people with many visits, towns with few people, and visits of which nobody knows whose they are."""
    chance = random.Random(20261101)
    visits: list[tuple[Any, ...]] = []
    for number in range(140):
        town = chance.choice("AAAABBBBCCCCDEFG")
        person = f"{town}{chance.randrange(9 if town in 'ABC' else 3)}"
        known = None if chance.random() < 0.06 else person
        sex = None if number % 23 == 0 else "FM"[hash_of(person) % 2]
        visits.append((known, town, chance.randrange(3), sex, chance.randrange(1, 400)))
    visits += [("D1", "D", 1, "F", 5)] * 6 + [(None, "E", 1, None, 9)] * 8
    towns = [(code, "east" if code in "ABD" else "west") for code in "ABCDEFH"]
    stays = [(f"{town}{number}", number) for town in "ABCD" for number in range(6)]
    return {"visit": visits, "town": towns, "stay": stays}


def hash_of(text: str) -> int:
    return sum(map(ord, text))


COLUMNS = {
    "visit": "person VARCHAR(20), town VARCHAR(20), ward BIGINT, sex VARCHAR(20), cost BIGINT",
    "town": "code VARCHAR(20) PRIMARY KEY, region VARCHAR(20)",
    "stay": "person VARCHAR(20) PRIMARY KEY, days BIGINT",
}
ROWS = table_rows()


def script() -> str:
    """Statements that every engine takes."""
    parts = []
    for table, columns in COLUMNS.items():
        parts.append(f"CREATE TABLE {table} ({columns});")
        for row in ROWS[table]:
            values = ", ".join("NULL" if value is None else repr(value) for value in row)
            parts.append(f"INSERT INTO {table} VALUES ({values});")
    return "\n".join(parts)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    # Not under pytest's own directory: PostgreSQL, run as root, has an account of its own.
    directory = Path(tempfile.mkdtemp(prefix="comity-floors-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def engines() -> Iterator[EnginePool]:
    pool = EnginePool(memory="256MB", threads=1, spares=1)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def raw() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(script())
        yield connection


def open_source(kind: str, home: Path) -> Iterator[str]:
    """Loads the rows into one engine and yields its URI."""
    if kind == "duckdb":
        with duckdb.connect(str(home / "floors.duckdb")) as connection:
            connection.execute(script())
        yield str(home / "floors.duckdb")
    elif kind == "sqlite":
        # In a process of its own: another SQLite that closes the file would take the connector's locks away.
        load = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.stdin.read()); c.close()"
        file = home / "floors.db"
        subprocess.run([sys.executable, "-c", load, str(file)], input=script(), text=True, check=True)
        yield str(file)
    elif kind == "postgresql":
        server = start_postgresql(home / "postgresql")
        server.create_database("floors")
        with psycopg.connect(server.uri("floors"), autocommit=True) as database:
            database.execute(script().encode())
        yield server.uri("floors")
        server.stop()
    else:
        server = start_mariadb(home / "mariadb")
        server.create_database("floors")
        client = pymysql.connect(
            unix_socket=server.endpoint.socket, user="root", database="floors", autocommit=True
        )
        with client.cursor() as cursor:
            for statement in filter(None, script().split(";\n")):
                cursor.execute(statement)
        client.close()
        yield server.uri("floors")
        server.stop()


@pytest.fixture(scope="module", params=ENGINES)
def agent(request: pytest.FixtureRequest, home: Path, engines: EnginePool) -> Iterator[Agent]:
    kind = request.param
    directory = home / f"{kind}-department"
    shutil.copytree(HERE / "floor_department", directory)
    file = directory / "department.yaml"
    text = file.read_text(encoding="utf-8").replace("connector: duckdb", f"connector: {kind}")
    if kind == "postgresql":
        text = text.replace("from: ", "from: public.")
    file.write_text(text.replace("../state", f"../state-{kind}"), encoding="utf-8")
    source = open_source(kind, home)
    found = open_agent(directory, {"FLOORS_URI": next(source)}, engines, today=lambda: TODAY)
    yield found
    found.close()
    next(source, None)


def run(agent: Agent, sql: str, purpose: str = "statistics") -> tuple[pa.Table, Receipt]:
    catalog = visible_catalog(agent.publisher, ANALYST, purpose, TODAY)
    schema = resolve_query(parse_query(sql), catalog, agent.binder()).schema
    fragment = Fragment("fragment_1", "clinic", sql, schema)
    execution = agent.run(FragmentRequest("q1", ANALYST, purpose, fragment, 60.0))
    return pa.Table.from_batches(list(execution), schema), execution.receipt()


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize("case", QUESTIONS["answered"], ids=lambda case: case["sql"][:60])
def test_groups_on_enough_people_are_shown_and_no_others(
    agent: Agent, raw: duckdb.DuckDBPyConnection, case: dict[str, Any]
) -> None:
    rows = raw.sql(case["rows"]).to_arrow_table().to_pylist()
    floors = case.get("floors", {"person": 4})
    question = Question(case["levels"], case.get("parts", []), case["shows"], floors)
    expected, left_out = shown(rows, question)
    if "having" in case:
        place = next(p for p, show in enumerate(case["shows"]) if show == "count")
        expected = [row for row in expected if row[place] > case["having"]]
    table, receipt = run(agent, case["sql"], case.get("purpose", "statistics"))
    assert Counter(rows_of(table)) == Counter(expected)
    assert receipt.suppressed_groups == left_out
    assert receipt.source_rows == receipt.rows


# A refusal comes before any engine.
@pytest.mark.parametrize("agent", ["duckdb"], indirect=True)
@pytest.mark.parametrize("name", QUESTIONS["refused"])
def test_what_a_floor_cannot_be_kept_for_is_refused_with_a_place_and_a_way_out(
    agent: Agent, name: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        run(agent, QUESTIONS["refused"][name], "statistics")
    assert caught.value.code == "POLICY_DENIED"
    assert "at least 4" in caught.value.message
    assert caught.value.hint
    assert caught.value.line == 1


@pytest.mark.parametrize("agent", ["duckdb", "sqlite"], indirect=True)
def test_where_a_sum_under_a_floor_was_computed_is_not_told_if_a_small_group_could_decide_it(
    agent: Agent,
) -> None:
    _, sums = run(agent, "SELECT v.ward, sum(v.cost) AS n FROM clinic.visit AS v GROUP BY v.ward")
    _, counts = run(agent, "SELECT v.ward, count(*) AS n FROM clinic.visit AS v GROUP BY v.ward")
    assert sums.mode_withheld == (agent.connector.dialect == "sqlite")
    assert not counts.mode_withheld


def test_a_plain_group_runs_in_the_database(agent: Agent) -> None:
    _, receipt = run(agent, "SELECT v.ward, count(*) AS n FROM clinic.visit AS v GROUP BY v.ward")
    assert receipt.mode == "native", receipt.mode_reason


def test_a_small_group_can_make_nothing_fail(agent: Agent) -> None:
    # All towns with fewer than 20 visits have too few people.
    sql = (
        "SELECT v.town, CAST(max(v.town) || CASE WHEN count(*) < 20 THEN 'x' ELSE '' END AS VARCHAR) AS t, "
        "CAST(CASE WHEN count(*) < 20 THEN 'x' ELSE '1' END AS INTEGER) AS n "
        "FROM clinic.visit AS v GROUP BY v.town HAVING CAST(CASE WHEN count(*) < 20 THEN 'x' ELSE '1' END AS INTEGER) = 1"
    )
    table, _ = run(agent, sql)
    assert set(table["town"].to_pylist()) == {"A", "B", "C"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT g.town FROM ({groups}) AS g WHERE CAST({number} AS INTEGER) = 1",
        "SELECT CAST({number} AS INTEGER) AS i, count(*) AS n FROM ({groups}) AS g GROUP BY i",
        "SELECT g.town FROM ({groups}) AS g JOIN clinic.town AS t ON t.code = 'A' AND CAST({number} AS INTEGER) = 1",
        "SELECT t.code FROM clinic.town AS t WHERE t.code IN (SELECT g.town FROM ({groups}) AS g WHERE CAST({number} AS INTEGER) = 1)",
        "WITH g AS ({groups}) SELECT g.town FROM g WHERE CAST({number} AS INTEGER) = 1",
    ],
)
def test_nothing_around_a_block_fails_on_what_it_leaves_out(agent: Agent, sql: str) -> None:
    groups = "SELECT v.town, count(*) AS n FROM clinic.visit AS v GROUP BY v.town"
    number = "CASE WHEN g.town IN ('A', 'B', 'C') THEN '1' ELSE 'x' END"
    table, _ = run(agent, sql.format(groups=groups, number=number))
    assert set(table.column(0).to_pylist()) in ({"A", "B", "C"}, {1})


def test_whether_a_person_is_there_is_not_told(agent: Agent) -> None:
    """One person more or less among those who are too few changes neither rows nor the count of groups."""
    asked = "SELECT v.town, count(*) AS n FROM clinic.visit AS v WHERE v.cost = {cost} GROUP BY v.town"
    costs = {row[4] for row in ROWS["visit"]}
    single = next(cost for cost in sorted(costs) if [r[4] for r in ROWS["visit"]].count(cost) == 1)
    absent = next(cost for cost in range(1, 999) if cost not in costs)
    answers = [run(agent, asked.format(cost=cost)) for cost in (single, absent)]
    assert [(rows_of(table), receipt.suppressed_groups) for table, receipt in answers] == [([], 0)] * 2
