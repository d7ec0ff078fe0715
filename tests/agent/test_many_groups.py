"""Very many groups of a large table: in the order in which it lies, or beside the database, of rows read in parts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pytest
import yaml

from agent.agent import Agent, open_agent
from agent.sooner_beside import SLOW_GROUPS
from connectors.postgresql import PostgresqlConnector
from connectors.postgresql_parts import MANY_ROWS
from connectors.servers import LocalServer, start_postgresql
from policies.port import FragmentRequest, KeySet, Receipt
from policies.principal import Principal
from sql.catalog import Fragment
from sql.engine import EnginePool

ROWS = MANY_ROWS * 4 // 3
PEOPLE = 30_011
ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
COLUMNS = {"id": "BIGINT", "bill": "BIGINT", "person": "BIGINT", "kind": "INTEGER", "amount": "DECIMAL(12,2)"}
TABLES = {"line": {}, "own": {"rows": "kind < 1000"}}
BY_PERSON = (
    "SELECT l.person AS person, count(l.id) AS n, sum(l.amount) AS paid FROM north.{0} AS l "
    "WHERE l.kind <> 3 GROUP BY l.person"
)
PERSONS = pa.schema(
    [pa.field("person", pa.int64()), pa.field("n", pa.int64()), pa.field("paid", pa.decimal128(38, 2))]
)
LARGE_BILLS = "SELECT l.bill AS bill FROM north.{0} AS l GROUP BY l.bill HAVING sum(l.amount) > 2550"
BILLS = pa.schema([pa.field("bill", pa.int64())])


def rows() -> Iterator[tuple[int, int, int, Decimal]]:
    """As the database makes them."""
    for n in range(ROWS):
        yield n // 3, n * 7919 % PEOPLE, n % 7, Decimal(n % 1000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    server = start_postgresql(tmp_path_factory.mktemp("bills") / "postgresql")
    server.create_database("bills")
    with psycopg.connect(server.uri("bills"), autocommit=True) as connection:
        for statement in f"""
            CREATE TABLE line (id bigint PRIMARY KEY, bill bigint, person bigint, kind integer, amount numeric(12,2), filler text);
            INSERT INTO line SELECT n, n / 3, n::bigint * 7919 % {PEOPLE}, n % 7, n % 1000, repeat('x', 40)
                FROM generate_series(0, {ROWS - 1}) AS n;
            CREATE INDEX ON line (bill);
            CREATE INDEX ON line (person);
            -- In order, too, and with an index, but of few values, or of many against the order or of a part only.
            CREATE TABLE other AS SELECT bill / 1000 AS shelf, bill, bill AS back, bill AS part FROM line;
            CREATE INDEX ON other (shelf);
            CREATE INDEX ON other (back DESC);
            CREATE INDEX ON other (part) WHERE part > 5;
            ANALYZE
        """.split(";"):
            connection.execute(statement.encode())
    yield server
    server.stop()


@pytest.fixture(scope="module")
def north(server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    home = tmp_path_factory.mktemp("north")
    (home / "policies").mkdir()
    shown = {
        "from": "public.line",
        "sharing": "conditional",
        "grade": "general",
        "columns": {name: {"type": kind} for name, kind in COLUMNS.items()},
    }
    department = {
        "name": "north",
        "title": "north",
        "source": {"connector": "postgresql", "uri": "${BILLS_URI}"},
        "show_native_sql": {"departments": ["bureau"]},
        "tables": json.loads(json.dumps(dict.fromkeys(TABLES, shown))),
    }
    (home / "department.yaml").write_text(yaml.safe_dump(department), encoding="utf-8")
    for name, more in TABLES.items():
        grant = {
            "id": "work",
            "reason": "工作协议",
            "principals": {"roles": ["analyst"]},
            "purposes": ["work"],
            "columns": {
                column: {"use": ["read", "filter", "match", "aggregate", "group"]} for column in COLUMNS
            },
            **more,
        }
        policy = {"table": name, "grants": [grant]}
        (home / "policies" / f"{name}.yaml").write_text(
            yaml.safe_dump(policy, allow_unicode=True), encoding="utf-8"
        )
    engines = EnginePool(memory="256MB", threads=1, spares=1)
    agent = open_agent(home, {"BILLS_URI": server.uri("bills")}, engines)
    # One processor reads no table in parts.
    agent.publisher.connector.parts = 2  # type: ignore[attr-defined]  # PostgreSQL's has it
    yield agent
    agent.close()
    engines.close()


def ask(
    north: Agent, sql: str, schema: pa.Schema, keys: tuple[KeySet, ...] = ()
) -> tuple[list[tuple[Any, ...]], Receipt]:
    fragment = Fragment("f1", "north", sql, schema)
    execution = north.run(FragmentRequest("q1", ANALYST, "work", fragment, 60.0, {}, keys))
    found = [tuple(row.values()) for batch in execution for row in batch.to_pylist()]
    return sorted(found), execution.receipt()


def persons() -> list[tuple[int, int, Decimal]]:
    counts: Counter[int] = Counter()
    paid: dict[int, Decimal] = defaultdict(Decimal)
    for _, person, kind, amount in rows():
        if kind != 3:
            counts[person] += 1
            paid[person] += amount
    return sorted((person, n, paid[person]) for person, n in counts.items())


def large_bills() -> list[tuple[int]]:
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for bill, _, _, amount in rows():
        sums[bill] += amount
    return sorted((bill,) for bill, total in sums.items() if total > 2550)


def test_groups_that_one_process_would_make_are_made_beside(north: Agent) -> None:
    for _ in range(2):
        found, receipt = ask(north, BY_PERSON.format("line"), PERSONS)
        assert found == persons()
        assert (receipt.mode, receipt.mode_reason) == ("local", SLOW_GROUPS)
        (text,) = receipt.native_sql
        assert "GROUP BY" not in text
        assert '"id"' not in text, "the key that it counts is never NULL"
        assert receipt.source_rows == sum(n for _, n, _ in found), "its condition stays with the database"


def test_where_rows_are_hidden_their_number_does_not_decide(north: Agent) -> None:
    found, receipt = ask(north, BY_PERSON.format("own"), PERSONS)
    assert found == persons()
    assert receipt.mode == "native"


def test_few_groups_are_made_by_the_database(north: Agent) -> None:
    schema = pa.schema([pa.field("kind", pa.int32()), pa.field("n", pa.int64())])
    found, receipt = ask(
        north, "SELECT l.kind AS kind, count(*) AS n FROM north.line AS l GROUP BY l.kind", schema
    )
    assert [kind for kind, _ in found] == list(range(7))
    assert receipt.mode == "native"


def test_groups_of_a_table_that_lies_in_their_order_are_made_in_it(north: Agent, server: LocalServer) -> None:
    found, receipt = ask(north, LARGE_BILLS.format("line"), BILLS)
    assert found == large_bills()
    assert len(found) > 0
    assert receipt.mode == "native"
    (text,) = receipt.native_sql
    with psycopg.connect(server.uri("bills")) as connection:
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {text}".encode()))
    assert "GroupAggregate" in plan
    assert "Index" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT l.bill AS bill FROM north.line AS l WHERE l.person < 9 GROUP BY l.bill HAVING sum(l.amount) > 0",
        "SELECT l.person AS bill FROM north.line AS l GROUP BY l.person HAVING sum(l.amount) > 99999999",
        "SELECT l.bill AS bill FROM north.own AS l GROUP BY l.bill HAVING sum(l.amount) > 2550",
        "SELECT min(l.person) AS bill FROM north.line AS l GROUP BY l.bill, l.kind HAVING sum(l.amount) > 999",
        "SELECT l.bill + 1 AS bill FROM north.line AS l GROUP BY l.bill + 1 HAVING sum(l.amount) > 2550",
    ],
)
def test_other_groups_are_asked_for_as_they_are(north: Agent, sql: str) -> None:
    _, receipt = ask(north, sql, BILLS)
    assert all("ORDER BY" not in text for text in receipt.native_sql)


def test_only_an_index_in_the_order_of_very_many_values_says_so(server: LocalServer) -> None:
    connector = PostgresqlConnector.open(server.uri("bills"))
    tables = {table.name[-1]: table for table in connector.describe()}
    connector.close()
    marked = {name: [c.name for c in table.columns if c.clustered] for name, table in tables.items()}
    assert marked == {"line": ["id", "bill"], "other": []}


def test_a_text_that_does_not_run_is_no_answer(server: LocalServer) -> None:
    connector = PostgresqlConnector.open(server.uri("bills"))
    connector.parts = 2
    try:
        assert not connector.groups_slowly("SELECT nothing FROM nowhere GROUP BY nothing")
        slow = "SELECT person, count(*) FROM line GROUP BY person".replace("line", "public.line")
        assert connector.groups_slowly(slow)
        assert not connector.groups_slowly(f"{slow.replace('FROM', 'FROM public.other AS o, ')}")
        connector.parts = 1
        assert not connector.groups_slowly(slow)
    finally:
        connector.close()
