"""What a hostile gateway sends of columns that may be used, and not read: the agent finds the uses itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from agent.agent import Agent, open_agent
from comity.errors import PolicyError
from policies.port import FragmentRequest
from policies.principal import Principal
from sql.binder import Binder
from sql.catalog import Fragment, TableUse
from sql.engine import EnginePool

FILES = Path(__file__).parent / "uses_department"
ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
STUDY = {"patients": "study", "visits": "with-benefit"}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    place = tmp_path_factory.mktemp("uses")
    shutil.copytree(FILES, place / "department")
    with duckdb.connect(str(place / "health.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE patients (person_id VARCHAR, name VARCHAR, town VARCHAR, diagnosis VARCHAR, cost INTEGER)"
        )
        connection.execute(
            "INSERT INTO patients SELECT i, '张三' || i, 'T' || i % 2, 'E1' || i % 3, i * 10 FROM range(9) AS r(i)"
        )
        connection.execute("CREATE TABLE visits (person_id VARCHAR, fee INTEGER)")
        connection.execute("INSERT INTO visits SELECT i, i FROM range(9) AS r(i)")
    engines = EnginePool(memory="256MB", threads=1, spares=1)
    opened = open_agent(place / "department", {}, engines, today=lambda: date(2026, 6, 1))
    yield opened
    opened.close()
    engines.close()


def run(
    agent: Agent,
    sql: str,
    principal: Principal = ANALYST,
    grants: dict[str, str] | None = None,
    tables: tuple[TableUse, ...] = (),
) -> list[tuple[object, ...]]:
    """The rows of a fragment. Its types are asked of the agent's own binder, as a gateway would know them."""
    binder = Binder(agent.describe().tables)
    try:
        schema: pa.Schema = binder.schema_of(sql)
    finally:
        binder.close()
    fragment = Fragment("fragment_1", "health", sql, schema, tables=tables)
    request = FragmentRequest("q", principal, "work", fragment, 10.0, STUDY if grants is None else grants)
    batches = list(agent.run(request))
    return sorted(tuple(row.values()) for batch in batches for row in batch.to_pylist())


FROM = 'FROM "health"."patients" AS "p"'

STOLEN = {
    "a column for aggregates, as it is": f"SELECT p.cost AS c {FROM}",
    "inside an expression": f"SELECT p.cost + 1 AS c {FROM}",
    "by a function that gives out a value": f"SELECT max(p.cost) AS c {FROM}",
    "by a function that is not granted": f"SELECT count(p.cost) AS c {FROM}",
    "as an order": f"SELECT p.town AS c {FROM} ORDER BY p.cost",
    "as a condition": f"SELECT p.town AS c {FROM} WHERE p.cost > 50",
    "as a condition of a CASE": f"SELECT CASE WHEN p.cost > 50 THEN p.town END AS c {FROM}",
    "as a condition of an aggregate": f"SELECT sum(p.cost) FILTER (WHERE p.cost > 50) AS c {FROM}",
    "as a window": f"SELECT sum(p.cost) OVER (PARTITION BY p.town) AS c {FROM}",
    "in groups of one person": f"SELECT p.person_id AS i, sum(p.cost) AS c {FROM} GROUP BY p.person_id",
    "in a WITH": f"WITH x AS (SELECT p.cost AS c {FROM}) SELECT x.c AS c FROM x AS x",
    "in a subquery": f"SELECT q.c AS c FROM (SELECT p.cost AS c {FROM}) AS q",
    "in one side of a UNION": f"SELECT 1 AS c UNION ALL SELECT p.cost AS c {FROM}",
    "in a list": f"SELECT array_agg(p.cost) AS c {FROM}",
    "a column for groups, computed": f"SELECT p.diagnosis || '' AS c {FROM}",
    "through what it is compared with": f"SELECT p.diagnosis > 'E11' AS c {FROM}",
    "a join key, computed": f"SELECT substr(p.person_id, 1, 6) AS c {FROM}",
    "a join key, counted": f"SELECT count(DISTINCT p.person_id) AS c {FROM}",
    "a join key, searched by its beginning": f"SELECT p.town AS c {FROM} WHERE p.person_id LIKE '1%'",
    "a join key, in a range": f"SELECT p.town AS c {FROM} WHERE p.person_id BETWEEN '1' AND '5'",
    "a join key, tried too often": f"SELECT p.town AS c {FROM} WHERE p.person_id IN ('1', '2', '3')",
    "a join key, tried with a list as a relation": (
        f"SELECT p.town AS c {FROM} JOIN (VALUES ('1'), ('2'), ('3')) AS v(i) ON p.person_id = v.i"
    ),
    "a join key, joined with another table of the department": (
        f"SELECT p.town AS c {FROM} JOIN health.visits AS v ON v.person_id = p.person_id"
    ),
    "an error that tells a value": f"SELECT p.town AS c {FROM} WHERE CAST(p.diagnosis AS INTEGER) > 1",
    "rows that were to be joined": "SELECT sum(v.fee) AS c FROM health.visits AS v",
    "the number of rows that were to be joined": "SELECT count(*) AS c FROM health.visits AS v",
}


@pytest.mark.parametrize("sql", STOLEN.values(), ids=STOLEN.keys())
def test_a_fragment_that_uses_a_column_beyond_its_grant_is_refused(agent: Agent, sql: str) -> None:
    with pytest.raises(PolicyError):
        run(agent, sql)


@pytest.mark.parametrize("sql", STOLEN.values(), ids=STOLEN.keys())
def test_what_the_gateway_claims_about_uses_is_not_believed(agent: Agent, sql: str) -> None:
    claimed = (TableUse("health", "patients", frozenset()), TableUse("health", "visits", frozenset()))
    with pytest.raises(PolicyError):
        run(agent, sql, tables=claimed)


def test_keys_cross_as_they_are_and_aggregates_in_place_of_values(agent: Agent) -> None:
    assert run(agent, f"SELECT p.person_id AS i, p.town AS t {FROM} WHERE p.diagnosis = 'E11'") == [
        ("1", "T1"),
        ("4", "T0"),
        ("7", "T1"),
    ]
    assert run(agent, f"SELECT p.diagnosis AS d, sum(p.cost) AS s {FROM} GROUP BY p.diagnosis") == [
        ("E10", 90),
        ("E11", 120),
        ("E12", 150),
    ]
    assert (
        len(
            run(
                agent, "SELECT v.person_id AS i, sum(v.fee) AS s FROM health.visits AS v GROUP BY v.person_id"
            )
        )
        == 9
    )


def test_crossing_raw_is_a_grants_own_word(agent: Agent) -> None:
    sql = f"SELECT p.cost AS c {FROM}"
    assert len(run(agent, sql, grants={"patients": "raw"})) == 9
    with pytest.raises(PolicyError, match="may not leave health value by value"):
        run(agent, sql, grants={"patients": "study"})
    with pytest.raises(PolicyError):
        run(agent, sql, grants={"patients": "no such grant"})


def test_uses_of_two_grants_are_not_combined_by_sending_two_parts(agent: Agent) -> None:
    with pytest.raises(PolicyError):
        run(
            agent,
            f"SELECT p.diagnosis AS d, sum(p.cost) AS s {FROM} GROUP BY p.diagnosis",
            grants={"patients": "raw"},
        )


def test_the_principals_ceiling_holds_at_the_agent(agent: Agent) -> None:
    sql = f"SELECT p.town AS t {FROM} WHERE p.diagnosis = 'E11'"
    assert len(run(agent, sql)) == 3
    with pytest.raises(PolicyError, match="graded core, and nothing above important may reach you"):
        run(agent, sql, replace(ANALYST, ceiling="important"))
