"""An agent enforces its own department's policy, whoever sends the fragment and however it was made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from agent.agent import Agent, absolute_source, open_agent
from comity.errors import ComityError, InternalError, LimitError
from policies.port import FragmentRequest
from policies.principal import Principal
from sql.catalog import Fragment
from sql.engine import EnginePool

FILES = Path(__file__).parent / "department"
ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
CLERK = Principal("zhao.min", "bureau", frozenset({"clerk"}), {"area": "A1"})
INTEGERS = pa.schema([pa.field("id", pa.int32())])


@pytest.fixture
def agent(tmp_path: Path, engines: EnginePool) -> Iterator[Agent]:
    directory = tmp_path / "department"
    shutil.copytree(FILES, directory)
    with duckdb.connect(str(tmp_path / "north.duckdb")) as connection:
        connection.execute("CREATE TABLE t_person (bh INTEGER, xm VARCHAR, zbm VARCHAR, sfzh VARCHAR)")
        connection.execute(
            "INSERT INTO t_person SELECT i, '张三' || i, 'A' || i % 2, '11010119900101000' || i FROM range(1, 9) AS r(i)"
        )
    found = open_agent(directory, {}, engines, today=lambda: date(2026, 11, 1))
    yield found
    found.close()


def run(
    agent: Agent,
    sql: str,
    schema: pa.Schema,
    principal: Principal = ANALYST,
    purpose: str = "work",
    grants: dict[str, str] | None = None,
) -> pa.Table:
    fragment = Fragment("fragment_1", "north", sql, schema)
    request = FragmentRequest("q1", principal, purpose, fragment, 10.0, grants or {})
    return pa.Table.from_batches(list(agent.run(request)), schema)


def test_a_fragment_is_answered_with_the_requested_schema(agent: Agent) -> None:
    table = run(agent, "SELECT p.id AS id FROM north.person AS p WHERE p.id < 3 ORDER BY p.id", INTEGERS)
    assert table.to_pydict() == {"id": [1, 2]}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT p.number AS id FROM north.person AS p",
        "SELECT p.sfzh AS id FROM north.person AS p",
        "SELECT t.bh AS id FROM main.t_person AS t",
        "SELECT bh AS id FROM t_person",
        "SELECT count(*) AS id FROM north.person AS p WHERE p.number LIKE '11%'",
        "SELECT p.id AS id FROM north.person AS p ORDER BY p.number",
        "SELECT p.id AS id FROM north.hidden AS p",
        "SELECT x.id AS id FROM south.person AS x",
        "SELECT p.id AS id FROM north.person AS p; SELECT 1",
        "COPY north.person TO 'x'",
        "SELECT id FROM read_csv('x')",
        "SELECT p AS id FROM north.person AS p",
        "SELECT row_to_json(p) AS id FROM north.person AS p",
        "SELECT p.id AS id FROM north.person AS p, (SELECT number AS n FROM north.person) AS q",
    ],
)
def test_a_hostile_gateway_gets_nothing_the_policy_does_not_give(agent: Agent, sql: str) -> None:
    with pytest.raises(ComityError):
        run(agent, sql, INTEGERS)


def test_a_purpose_without_a_grant_is_refused(agent: Agent) -> None:
    with pytest.raises(ComityError):
        run(agent, "SELECT p.id AS id FROM north.person AS p", INTEGERS, purpose="other")


def test_other_types_than_the_policy_gives_are_refused(agent: Agent) -> None:
    with pytest.raises(ComityError):
        run(agent, "SELECT p.id AS id FROM north.person AS p", pa.schema([pa.field("id", pa.string())]))


def test_masks_and_row_filters_are_the_agents_own(agent: Agent) -> None:
    texts = pa.schema([pa.field("name", pa.string())])
    masked = run(agent, "SELECT p.name AS name FROM north.person AS p", texts)["name"].to_pylist()
    assert len(masked) == 8
    assert all("三" not in name and "*" in name for name in masked)
    own = run(agent, "SELECT p.id AS id FROM north.person AS p ORDER BY p.id", INTEGERS, CLERK, "visit")
    assert own.to_pydict() == {"id": [1, 3, 5, 7]}
    nowhere = Principal("luo.tao", "bureau", frozenset({"clerk"}))
    assert run(agent, "SELECT p.id AS id FROM north.person AS p", INTEGERS, nowhere, "visit").num_rows == 0


def test_a_fragment_is_decided_by_the_grant_of_the_whole_question(agent: Agent) -> None:
    both = Principal("he.jun", "bureau", frozenset({"analyst", "clerk"}), {"area": "A1"})
    sql = "SELECT p.id AS id FROM north.person AS p"
    assert run(agent, sql, INTEGERS, both, "visit", {"person": "visit-all"}).num_rows == 8
    assert run(agent, sql, INTEGERS, both, "visit", {"person": "visit-own-area"}).num_rows == 4
    with pytest.raises(ComityError):
        run(agent, sql, INTEGERS, CLERK, "visit", {"person": "visit-all"})


def test_a_grants_row_limit_counts_over_all_fragments_of_a_question(agent: Agent) -> None:
    limited = Principal("wu.jing", "bureau", frozenset({"auditor"}))
    five = "SELECT p.id AS id FROM north.person AS p WHERE p.id <= 5"
    assert run(agent, five, INTEGERS, limited, "visit").num_rows == 5
    with pytest.raises(LimitError) as caught:
        run(agent, five, INTEGERS, limited, "visit")
    assert caught.value.code == "LIMIT_RESULT_ROWS"
    assert "visit-few" in str(caught.value)


def test_the_receipt_says_what_was_done(agent: Agent) -> None:
    fragment = Fragment("fragment_7", "north", "SELECT p.id AS id FROM north.person AS p", INTEGERS)
    execution = agent.run(FragmentRequest("q2", ANALYST, "work", fragment, 10.0))
    rows = sum(batch.num_rows for batch in execution)
    receipt = execution.receipt()
    assert (receipt.fragment_id, receipt.rows, rows) == ("fragment_7", 8, 8)
    assert receipt.mode in {"native", "local"}
    assert len(receipt.source_sql_digest) == 64
    assert receipt.policy_digests


def test_sources_are_relative_to_the_department() -> None:
    here = Path("/city/departments/tax")
    assert absolute_source("../../data/tax.sqlite", here) == "/city/data/tax.sqlite"
    assert absolute_source("mysql://reader@db/tax", here) == "mysql://reader@db/tax"
    assert (
        absolute_source("embedded:../../data/pg?database=tax", here) == "embedded:/city/data/pg?database=tax"
    )


def test_a_fragment_that_would_answer_with_other_types_is_not_begun(agent: Agent) -> None:
    texts = pa.schema([pa.field("id", pa.string())])
    fragment = Fragment("fragment_1", "north", "SELECT p.id AS id FROM north.person AS p", texts)
    with pytest.raises(InternalError, match="would answer with other types"):
        agent.run(FragmentRequest("q1", ANALYST, "work", fragment, 10.0, {}))
