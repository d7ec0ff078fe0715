"""Tokens are computed by the agent, in its own engine, for one question, under one department's key."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from agent.agent import Agent, open_agent
from comity.errors import CancelledError, ComityError, SqlError
from policies.port import FragmentRequest
from policies.principal import Principal
from sql.catalog import Fragment
from sql.engine import EnginePool
from tests.policies.token_reference import reference_token

KEYS = {name: hashlib.sha256(name.encode()).digest() for name in ("ours", "theirs")}
ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
NUMBERS = [
    "11010519491231002X",
    "110105491231002",
    "１１０１０５１９４９１２３１００２ｘ",
    " 11010519491231002x",
    None,
    "不详",
    "",
]
TEXTS = pa.schema([pa.field("v", pa.string())])

DEPARTMENT = """\
name: {name}
source: {{connector: duckdb, uri: {name}.duckdb}}
tokens: {{key: "${{TOKEN_KEY}}", algorithm: {algorithm}}}
tables:
  person:
    columns:
      id: {{type: INTEGER}}
      number: {{type: VARCHAR, element: person.citizen_number}}
      phone: {{type: VARCHAR, element: person.phone}}
"""

POLICY = """\
table: person
grants:
  - id: linking
    reason: 关联协议
    principals: {roles: [analyst]}
    purposes: [statistics, review]
    columns:
      id: {use: [read]}
      number: {mask: token}
      phone: {mask: {token: text}}
"""


def make(
    directory: Path, engines: EnginePool, name: str, key: str, algorithm: str = "hmac-sha256", rows: int = 0
) -> Agent:
    (directory / name / "policies").mkdir(parents=True)
    text = DEPARTMENT.format(name=name, algorithm=algorithm)
    (directory / name / "department.yaml").write_text(text, encoding="utf-8")
    (directory / name / "policies/person.yaml").write_text(POLICY, encoding="utf-8")
    with duckdb.connect(str(directory / name / f"{name}.duckdb")) as connection:
        connection.execute("CREATE TABLE person (id INTEGER, number VARCHAR, phone VARCHAR)")
        connection.executemany(
            "INSERT INTO person VALUES (?, ?, ?)", [[i, n, f"140{i:08d}"] for i, n in enumerate(NUMBERS)]
        )
        connection.execute(f"INSERT INTO person SELECT 100 + i, 'x' || i, 'y' FROM range({rows}) r(i)")
    environ = {"TOKEN_KEY": KEYS[key].hex()}
    return open_agent(directory / name, environ, engines, today=lambda: date(2026, 11, 1))


@pytest.fixture(scope="module")
def engines() -> Iterator[EnginePool]:
    pool = EnginePool(memory="256MB", threads=1, spares=2)
    yield pool
    pool.close()


@pytest.fixture
def agents(tmp_path: Path, engines: EnginePool) -> Iterator[dict[str, Agent]]:
    found = {
        "north": make(tmp_path, engines, "north", "ours"),
        "south": make(tmp_path, engines, "south", "ours"),
        "abroad": make(tmp_path, engines, "abroad", "theirs"),
    }
    yield found
    for agent in found.values():
        agent.close()


def run(agent: Agent, sql: str, schema: pa.Schema = TEXTS, purpose: str = "statistics") -> list[object]:
    fragment = Fragment("fragment_1", agent.name, sql, schema)
    execution = agent.run(FragmentRequest("q1", ANALYST, purpose, fragment, 30.0))
    rows = pa.Table.from_batches(list(execution), schema).column(0).to_pylist()
    receipt = execution.receipt()
    for key in KEYS.values():
        assert key.hex() not in repr(receipt)
    return list(rows)


def numbers(agent: Agent, purpose: str = "statistics") -> list[object]:
    return run(
        agent,
        f"SELECT p.number AS v FROM {agent.name}.person AS p WHERE p.id < 100 ORDER BY p.id",
        purpose=purpose,
    )


def test_a_masked_column_shows_tokens_of_normalised_numbers(agents: dict[str, Agent]) -> None:
    def token(value: str) -> str:
        return reference_token("sha256", KEYS["ours"], "statistics", "citizen_number", value)

    citizen = token("11010519491231002X")
    assert numbers(agents["north"]) == [citizen, citizen, citizen, citizen, None, token("不详"), token("")]


def test_tokens_join_departments_of_one_key_in_one_purpose_and_nothing_else(agents: dict[str, Agent]) -> None:
    ours = numbers(agents["north"])
    assert numbers(agents["south"]) == ours
    others = (
        numbers(agents["abroad"]) + numbers(agents["north"], "review") + numbers(agents["abroad"], "review")
    )
    assert not {v for v in ours if v} & {v for v in others if v}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT DISTINCT p.number AS v FROM {d}.person AS p", 4),
        ("SELECT p.number AS v FROM {d}.person AS p GROUP BY p.number", 4),
        ("SELECT CAST(count(DISTINCT p.number) AS VARCHAR) AS v FROM {d}.person AS p", ["3"]),
        (
            "SELECT CAST(count(*) AS VARCHAR) AS v FROM {d}.person AS p JOIN {d}.person AS q ON p.number = q.number",
            ["18"],
        ),
        (
            """SELECT CAST(count(*) AS VARCHAR) AS v FROM {d}.person AS p
            WHERE p.number IN (SELECT q.number FROM {d}.person AS q WHERE q.id = 1)""",
            ["4"],
        ),
        (
            """WITH t AS (SELECT p.number AS n FROM {d}.person AS p)
            SELECT CAST(count(*) AS VARCHAR) AS v FROM t JOIN t AS u ON t.n = u.n""",
            ["18"],
        ),
        (
            "SELECT CAST(count(*) AS VARCHAR) AS v FROM {d}.person AS p WHERE p.number = '11010519491231002X'",
            ["0"],
        ),
        ("SELECT CAST(min(length(p.number)) AS VARCHAR) AS v FROM {d}.person AS p", ["26"]),
        ("SELECT CAST(count(*) AS VARCHAR) AS v FROM {d}.person AS p WHERE p.phone = '14000000001'", ["0"]),
    ],
)
def test_questions_see_tokens_and_never_numbers(
    agents: dict[str, Agent], sql: str, expected: int | list[str]
) -> None:
    found = run(agents["north"], sql.format(d="north"))
    assert len(found) == expected if isinstance(expected, int) else found == expected


def test_the_fragment_runs_beside_the_database_and_says_why(agents: dict[str, Agent]) -> None:
    fragment = Fragment("fragment_1", "north", "SELECT p.number AS v FROM north.person AS p", TEXTS)
    execution = agents["north"].run(FragmentRequest("q1", ANALYST, "statistics", fragment, 30.0))
    assert sum(batch.num_rows for batch in execution) == len(NUMBERS)
    assert execution.receipt().mode == "local"
    assert "comity_token" in execution.receipt().mode_reason


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT comity_token('11010519491231002X', 'citizen_number') AS v FROM north.person AS p",
        "SELECT p.number AS v FROM north.person AS p WHERE p.number = comity_token('1', 'citizen_number')",
        "SELECT COMITY_TOKEN(p.phone, 'citizen_number') AS v FROM north.person AS p",
        'SELECT "main"."comity_token"(p.phone, \'text\') AS v FROM north.person AS p',
        "SELECT p.phone.comity_token('text') AS v FROM north.person AS p",
        "SELECT v FROM (SELECT comity_token('a', 'text') AS v) AS t",
        "SELECT list_transform([p.phone], x -> comity_token(x, 'text'))[1] AS v FROM north.person AS p",
    ],
)
def test_no_fragment_can_call_the_function(agents: dict[str, Agent], sql: str) -> None:
    with pytest.raises(SqlError):
        run(agents["north"], sql)


def test_an_engine_keeps_nothing_of_the_lease_before(agents: dict[str, Agent]) -> None:
    pool = agents["north"].engines
    for _ in range(4):
        numbers(agents["north"])
        with pool.lease() as engine, pytest.raises(SqlError):
            engine.query("SELECT comity_token('a', 'text')").read_all()
        numbers(agents["abroad"])


def test_departments_and_purposes_that_share_engines_at_the_same_time_share_no_key(
    agents: dict[str, Agent],
) -> None:
    expected = {
        (name, purpose): numbers(agent, purpose)
        for name, agent in agents.items()
        for purpose in ("statistics", "review")
    }
    tasks = [pair for pair in expected for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda pair: numbers(agents[pair[0]], pair[1]), tasks))
    assert all(rows == expected[pair] for pair, rows in zip(tasks, found, strict=True))


def test_cancelling_stops_the_computation(tmp_path: Path, engines: EnginePool) -> None:
    agent = make(tmp_path, engines, "large", "ours", rows=600_000)
    # Each row's token is the same function of another value, so that none is remembered.
    sql = "SELECT CAST(count(DISTINCT p.number) AS VARCHAR) AS v FROM large.person AS p"
    fragment = Fragment("fragment_1", "large", sql, TEXTS)
    execution = agent.run(FragmentRequest("q1", ANALYST, "statistics", fragment, 60.0))
    canceller = threading.Timer(0.3, execution.cancel)
    canceller.start()
    with pytest.raises(CancelledError):
        list(execution)
    canceller.join()
    assert len(numbers(agent)) == len(NUMBERS)
    agent.close()


def test_an_error_shows_neither_key_nor_value(agents: dict[str, Agent]) -> None:
    sql = "SELECT CAST(CAST(p.number AS INTEGER) AS VARCHAR) AS v FROM north.person AS p"
    with pytest.raises(ComityError) as caught:
        run(agents["north"], sql)
    text = f"{caught.value} {caught.value.hint} {caught.value.metadata}"
    for part in (
        *(key.hex() for key in KEYS.values()),
        "11010519491231002",
        *(str(v) for v in numbers(agents["north"]) if v),
    ):
        assert part not in text
