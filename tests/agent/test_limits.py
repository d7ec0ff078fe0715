"""An agent holds a grant's limits: over fragments and restarts, and for guesses that find nothing too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from agent.agent import Agent, open_agent
from comity.errors import ComityError, LimitError
from policies.port import FragmentRequest
from policies.principal import Principal
from sql.catalog import Fragment
from sql.engine import EnginePool

DAY = date(2026, 11, 22)
LINKER = Principal("li.wei", "bureau", frozenset({"linker"}))
READER = Principal("zhao.min", "bureau", frozenset({"reader"}))
FREE = Principal("he.jun", "bureau", frozenset({"free"}))
COUNT = pa.schema([pa.field("n", pa.int64())])
IDS = pa.schema([pa.field("id", pa.int32())])

DEPARTMENT = """\
name: north
source: {connector: duckdb, uri: north.duckdb}
state: kept/
tables:
  person:
    columns:
      id: {type: INTEGER}
      number: {type: VARCHAR}
"""

POLICY = """\
table: person
grants:
  - id: linking
    reason: 比对协议
    principals: {roles: [linker]}
    purposes: [work]
    columns:
      number: {use: [match]}
    limits: {matches: 3, matches_per_day: 5}
  - id: reading
    reason: 抽查协议
    principals: {roles: [reader]}
    purposes: [work]
    columns:
      id: {use: [read]}
      number: {use: [filter, match]}
    limits: {rows: 50, rows_per_day: 80, bytes_per_day: 100000, matches: 1}
  - id: free
    reason: 开放协议
    principals: {roles: [free]}
    purposes: [work]
    columns:
      id: {use: [read]}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "department.yaml").write_text(DEPARTMENT, encoding="utf-8")
    (tmp_path / "policies/person.yaml").write_text(POLICY, encoding="utf-8")
    with duckdb.connect(str(tmp_path / "north.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE person AS SELECT i::INTEGER AS id, 'n' || i AS number FROM range(1000) r(i)"
        )
    return tmp_path


@pytest.fixture
def agent(directory: Path, engines: EnginePool) -> Iterator[Agent]:
    found = open_agent(directory, {}, engines, today=lambda: DAY)
    yield found
    found.close()


def ask(
    agent: Agent, sql: str, principal: Principal, query: str = "q1", schema: pa.Schema = COUNT
) -> list[int]:
    fragment = Fragment("fragment_1", "north", sql, schema)
    execution = agent.run(FragmentRequest(query, principal, "work", fragment, 30.0))
    return list(pa.Table.from_batches(list(execution), schema).column(0).to_pylist())


def matching(*numbers: str) -> str:
    listed = ", ".join(f"'{number}'" for number in numbers)
    return f"SELECT count(*) AS n FROM north.person AS p WHERE p.number IN ({listed})"


def code(agent: Agent, sql: str, principal: Principal, query: str = "q1", schema: pa.Schema = COUNT) -> str:
    with pytest.raises(LimitError) as caught:
        ask(agent, sql, principal, query, schema)
    return caught.value.code


def test_guesses_are_counted_whether_or_not_they_find_anything(agent: Agent) -> None:
    assert ask(agent, matching("n1", "nobody"), LINKER) == [1]
    assert code(agent, matching("nobody", "no one"), LINKER) == "LIMIT_MATCHES"
    assert ask(agent, matching("nobody"), LINKER) == [0]
    assert ask(agent, matching("n2", "n3"), LINKER, "q2") == [2]
    assert code(agent, matching("n4"), LINKER, "q3") == "LIMIT_MATCHES_PER_DAY"


@pytest.mark.parametrize(
    "condition",
    [
        "WHERE p.number IN ('a', 'b', 'c')",
        "WHERE p.number = 'a' OR p.number = 'b' OR 'c' = p.number",
        "WHERE p.number IN (SELECT v.x FROM (VALUES ('a'), ('b'), ('c')) AS v(x))",
        "JOIN (VALUES ('a'), ('b'), ('c')) AS v(x) ON p.number = v.x",
        "WHERE p.number = 'a' UNION ALL SELECT count(*) AS n FROM north.person AS q WHERE q.number IN ('b', 'c')",
    ],
)
def test_guesses_are_counted_in_every_form(agent: Agent, condition: str) -> None:
    ask(agent, f"SELECT count(*) AS n FROM north.person AS p {condition}", LINKER)
    assert agent.ledger.amount(f"day {DAY}", "person", "linking", "matches") == 3


def test_a_question_with_more_guesses_than_one_may_have_is_refused_and_costs_nothing(agent: Agent) -> None:
    with pytest.raises(ComityError) as caught:
        ask(agent, matching("a", "b", "c", "d"), LINKER)
    assert caught.value.code in {"POLICY_DENIED", "LIMIT_MATCHES"}
    assert agent.ledger.amount(f"day {DAY}", "person", "linking", "matches") == 0


def test_guesses_count_before_the_database_is_asked(directory: Path, engines: EnginePool) -> None:
    agent = open_agent(directory, {}, engines, today=lambda: DAY)
    ask(agent, matching("n1"), LINKER, "q0")
    (directory / "north.duckdb").unlink()
    agent.connector.close()
    for number in range(2):
        with pytest.raises(ComityError) as caught:
            ask(agent, matching("n1", "n2"), LINKER, f"q{number + 1}")
        assert not isinstance(caught.value, LimitError)
    assert code(agent, matching("n1"), LINKER, "q3") == "LIMIT_MATCHES_PER_DAY"
    agent.close()


def test_a_column_that_may_be_filtered_has_no_quota_of_matches(agent: Agent) -> None:
    sql = "SELECT p.id AS id FROM north.person AS p WHERE p.number IN ('n1', 'n2', 'n3')"
    assert sorted(ask(agent, sql, READER, schema=IDS)) == [1, 2, 3]


def test_rows_are_counted_over_questions_and_restarts(directory: Path, engines: EnginePool) -> None:
    sql = "SELECT p.id AS id FROM north.person AS p WHERE p.id < 40"
    for query in ("q1", "q2"):
        agent = open_agent(directory, {}, engines, today=lambda: DAY)
        assert len(ask(agent, sql, READER, query, IDS)) == 40
        agent.close()
    agent = open_agent(directory, {}, engines, today=lambda: DAY)
    assert code(agent, sql, READER, "q3", IDS) == "LIMIT_ROWS_PER_DAY"
    agent.close()
    tomorrow = open_agent(directory, {}, engines, today=lambda: date(2026, 11, 23))
    assert len(ask(tomorrow, sql, READER, "q4", IDS)) == 40
    assert code(tomorrow, sql, READER, "q4", IDS) == "LIMIT_RESULT_ROWS"
    tomorrow.close()
    assert (directory / "kept/ledger.sqlite").exists()


def test_an_answer_that_is_not_read_to_its_end_counts_what_was_read(agent: Agent) -> None:
    fragment = Fragment(
        "fragment_1", "north", "SELECT p.id AS id FROM north.person AS p WHERE p.id < 40", IDS
    )
    execution = agent.run(FragmentRequest("q1", READER, "work", fragment, 30.0))
    rows = next(iter(execution)).num_rows
    execution.close()
    assert agent.ledger.amount(f"day {DAY}", "person", "reading", "rows") == rows


def test_only_limited_grants_need_the_ledger(directory: Path, agent: Agent) -> None:
    (directory / "kept").write_text("no directory", encoding="utf-8")
    sql = "SELECT p.id AS id FROM north.person AS p WHERE p.id < 40"
    assert code(agent, sql, READER, schema=IDS) == "LIMIT_UNCOUNTED"
    assert code(agent, matching("n1"), LINKER) == "LIMIT_UNCOUNTED"
    assert len(ask(agent, sql, FREE, schema=IDS)) == 40
