"""Join keys that come with a fragment: what they find, what is refused, and what the agent says of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from agent.agent import Agent, open_agent
from comity.errors import LimitError, PolicyError, SqlError
from policies.department import load_department
from policies.port import MOST_KEY_BYTES, MOST_KEYS, FragmentRequest, KeySet, KeysReceived, Receipt
from policies.principal import Principal
from sql.catalog import Fragment
from sql.engine import EnginePool

CIVIL = ("civil", "benefit", "person_id")
TAX = ("tax", "income", "person_id")
IN = 'IN (SELECT "key" FROM "_keys"."keys_1")'
FROM = 'FROM "health"."patient" AS "p"'

DEPARTMENT = """\
name: health
source: {connector: duckdb, uri: health.duckdb}
state: kept/
tables:
  patient:
    entity: id
    columns:
      id: {type: INTEGER}
      number: {type: VARCHAR}
      town: {type: VARCHAR}
      cost: {type: INTEGER}
"""

COLUMNS = """\
    columns:
      id: {use: [join, group]}
      number: {use: [join, match]}
      town: {use: [read]}
      cost: {use: [aggregate]}
"""


def grant(role: str, rest: str = "", columns: str = COLUMNS) -> str:
    head = (
        f"  - id: {role}\n    reason: 共享协议\n    principals: {{roles: [{role}]}}\n    purposes: [work]\n"
    )
    return f"{head}{columns}{rest}"


POLICY = "table: patient\ngrants:\n" + "".join(
    (
        grant("plain"),
        grant("paired", "    joins: {allowed: {id: [civil.benefit.person_id]}}\n"),
        grant("blocked", "    joins: {blocked: {id: [tax.*.*]}}\n"),
        grant("limited", "    limits: {rows: 100}\n"),
        grant("counted", "    limits: {matches: 2}\n"),
        grant("hidden", "    rows: \"town = 'T0'\"\n"),
        grant("floored", "    floor: {entities: 5}\n"),
        grant("reader", columns="    columns:\n      id: {use: [read]}\n      cost: {use: [read]}\n"),
        grant(
            "masked", columns="    columns:\n      id: {use: [join]}\n      number: {mask: {keep_last: 1}}\n"
        ),
    )
)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    place = tmp_path_factory.mktemp("keys")
    (place / "policies").mkdir()
    (place / "department.yaml").write_text(DEPARTMENT, encoding="utf-8")
    (place / "policies/patient.yaml").write_text(POLICY, encoding="utf-8")
    with duckdb.connect(str(place / "health.duckdb"), config={"temp_directory": ""}) as connection:
        connection.execute(
            "CREATE TABLE patient AS SELECT i::INTEGER AS id, 'n' || i AS number, 'T' || i % 2 AS town, "
            "(i * 10)::INTEGER AS cost FROM range(1000) r(i)"
        )
    engines = EnginePool(memory="256MB", threads=1, spares=1)
    opened = open_agent(place, {}, engines, today=lambda: date(2026, 6, 1))
    yield opened
    opened.close()
    engines.close()


@pytest.fixture(scope="module")
def sqlite_agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """The same rows in SQLite, which computes less: fragments finish beside it."""
    place = tmp_path_factory.mktemp("sqlite-keys")
    (place / "policies").mkdir()
    text = DEPARTMENT.replace("duckdb", "sqlite").replace("INTEGER", "BIGINT")
    text = text.replace("cost: {type: BIGINT}", 'cost: {type: "DECIMAL(12,2)"}')
    (place / "department.yaml").write_text(text, encoding="utf-8")
    every = "    columns:\n" + "".join(
        f"      {n}: {{use: [read]}}\n" for n in ("id", "number", "town", "cost")
    )
    policy = f"table: patient\ngrants:\n{grant('open', columns=every)}"
    (place / "policies/patient.yaml").write_text(policy, encoding="utf-8")
    with closing(sqlite3.connect(place / "health.sqlite")) as connection:
        connection.execute("CREATE TABLE patient (id INTEGER, number TEXT, town TEXT, cost DECIMAL(12,2))")
        rows = [(i, f"n{i}", f"T{i % 2}", i * 10) for i in range(1000)]
        connection.executemany("INSERT INTO patient VALUES (?, ?, ?, ?)", rows)
        connection.commit()
    engines = EnginePool(memory="256MB", threads=1, spares=1)
    opened = open_agent(place, {}, engines, today=lambda: date(2026, 6, 1))
    yield opened
    opened.close()
    engines.close()


def keys(*values: object, source: tuple[str, str, str] = CIVIL, name: str = "keys_1") -> KeySet:
    return KeySet(name, source, pa.array(list(values)))


def run(
    agent: Agent, sql: str, schema: dict[str, pa.DataType], *sets: KeySet, role: str = "plain"
) -> tuple[list[tuple[object, ...]], Receipt]:
    fragment = Fragment("f1", "health", sql, pa.schema(list(schema.items())))
    principal = Principal("li.wei", "bureau", frozenset({role}))
    execution = agent.run(FragmentRequest(role, principal, "work", fragment, 60.0, {}, sets))
    batches = list(execution)
    rows = sorted(tuple(row.values()) for batch in batches for row in batch.to_pylist())
    return rows, execution.receipt()


IDS = {"id": pa.int32()}
TOWNS = {"id": pa.int32(), "town": pa.string()}
SUM = {"s": pa.decimal128(38, 0)}
BY_ID = f'SELECT "p"."id" AS "id", "p"."town" AS "town" {FROM} WHERE "p"."id" {IN}'


def test_keys_find_their_rows_and_the_receipt_counts_them(agent: Agent) -> None:
    rows, receipt = run(agent, BY_ID, TOWNS, keys(3, 4, 10**12))
    assert rows == [(3, "T1"), (4, "T0")]
    assert receipt.keys == (KeysReceived("keys_1", CIVIL, 3),)
    assert (receipt.mode, receipt.source_rows) == ("native", 2)


def test_keys_leave_out_the_rows_that_have_one(agent: Agent) -> None:
    sql = f'SELECT "p"."id" AS "id" {FROM} WHERE NOT "p"."id" {IN} AND "p"."town" = \'T0\''
    rows, _ = run(agent, sql, IDS, keys(*range(10, 1000)))
    assert rows == [(0,), (2,), (4,), (6,), (8,)]


def test_no_keys_find_nothing(agent: Agent) -> None:
    assert run(agent, BY_ID, TOWNS, KeySet("keys_1", CIVIL, pa.array([], pa.int64())))[0] == []


def test_groups_by_the_key_are_found_by_keys(agent: Agent) -> None:
    sql = f'SELECT "p"."id" AS "id", SUM("p"."cost") AS "s" {FROM} WHERE "p"."id" {IN} GROUP BY "p"."id"'
    assert run(agent, sql, IDS | SUM, keys(7))[0] == [(7, 70)]


def test_two_key_sets_stand_side_by_side(agent: Agent) -> None:
    sql = (
        f'SELECT "p"."id" AS "id", "p"."number" AS "number" {FROM} WHERE "p"."id" {IN} '
        'AND "p"."number" IN (SELECT "key" FROM "_keys"."keys_2")'
    )
    sets = keys(1, 2, 3), keys("n2", "n3", "N1", "n3 ", name="keys_2")
    rows, receipt = run(agent, sql, IDS | {"number": pa.string()}, *sets)
    assert rows == [(2, "n2"), (3, "n3")]
    assert [(found.name, found.count) for found in receipt.keys] == [("keys_1", 3), ("keys_2", 4)]


def test_hostile_keys_are_values_and_nothing_else(agent: Agent) -> None:
    sql = f'SELECT "p"."number" AS "number" {FROM} WHERE "p"."number" {IN}'
    tricks = ["')) OR 1=1 --", '"]', "\\", "n1\0", "n1 ", "N1", "\ufeffn1", "n\u200b1", "x" * 100_000, ""]
    assert run(agent, sql, {"number": pa.string()}, keys(*tricks))[0] == []
    assert run(agent, sql, {"number": pa.string()}, keys(*tricks, "n1"))[0] == [("n1",)]


BESIDE = {
    "one table": f"""SELECT "p"."id" AS "id", regexp_extract("p"."number", '[0-9]+') AS "number" {FROM}
        WHERE "p"."id" {IN} AND regexp_matches("p"."number", '[357]')""",
    "two sets": f"""SELECT "p"."id" AS "id", regexp_extract("p"."number", '[0-9]+') AS "number" {FROM}
        WHERE ("p"."id" {IN} OR "p"."id" IN (SELECT "key" FROM "_keys"."keys_2"))
            AND regexp_matches("p"."number", '[357]')""",
    "two tables": f"""SELECT "p"."id" AS "id", "q"."number" AS "number" {FROM}
        JOIN "health"."patient" AS "q" ON regexp_replace("q"."number", 'n', '') = CAST("p"."id" AS VARCHAR)
        WHERE "p"."id" {IN} AND "q"."id" {IN}""",
    "groups": f"""SELECT "p"."id" AS "id", regexp_extract("p"."number", '[0-9]+') AS "number" {FROM}
        WHERE "p"."id" {IN} GROUP BY "p"."id", "p"."number" """,
}


@pytest.mark.parametrize("sql", BESIDE.values(), ids=BESIDE.keys())
def test_what_finishes_beside_the_database_reads_only_the_rows_that_keys_find(
    sql: str, sqlite_agent: Agent
) -> None:
    schema = {"id": pa.int64(), "number": pa.string()}
    sets = (keys(5, 7, -1), keys(-2, name="keys_2"))
    rows, receipt = run(sqlite_agent, sql, schema, *sets, role="open")
    assert [row[0] for row in rows] == [5, 7]
    assert receipt.mode == "local"
    assert receipt.source_rows == (4 if "JOIN" in sql else 2)


def test_keys_of_a_type_that_the_database_does_not_compare_are_found_beside_it(sqlite_agent: Agent) -> None:
    sql = f'SELECT "p"."id" AS "id", "p"."cost" AS "cost" {FROM} WHERE "p"."cost" {IN}'
    schema = {"id": pa.int64(), "cost": pa.decimal128(12, 2)}
    wanted = keys(Decimal("20.00"), Decimal("30.01"))
    rows, receipt = run(sqlite_agent, sql, schema, wanted, role="open")
    assert (rows, receipt.mode) == ([(2, Decimal("20.00"))], "local")


def test_a_masked_column_is_compared_as_it_is_shown(agent: Agent) -> None:
    sql = f'SELECT "p"."number" AS "number", COUNT(*) AS "n" {FROM} WHERE "p"."number" {IN} GROUP BY "p"."number"'
    schema = {"number": pa.string(), "n": pa.int64()}
    assert run(agent, sql, schema, keys("*7", "n7"), role="masked")[0] == [("*7", 1)]


def test_row_filters_hold_over_keys(agent: Agent) -> None:
    assert run(agent, BY_ID, TOWNS, keys(3, 4), role="hidden")[0] == [(4, "T0")]


# --- what a hostile gateway may not do ---------------------------------------------------------------


PICKED = {
    "the sum of one person's": f'SELECT SUM("p"."cost") AS "s" {FROM} WHERE "p"."id" {IN}',
    "the same under a condition of HAVING": (
        f'SELECT SUM("p"."cost") AS "s" {FROM} WHERE "p"."id" {IN} HAVING COUNT(*) > 0'
    ),
    "of those without a key": f'SELECT SUM("p"."cost") AS "s" {FROM} WHERE NOT "p"."id" {IN}',
    "inside FILTER": f'SELECT SUM("p"."cost") FILTER (WHERE "p"."id" {IN}) AS "s" {FROM}',
    "in a derived table that drops the key": (
        f'SELECT SUM("d"."c") AS "s" FROM (SELECT "p"."id" AS "i", "p"."cost" AS "c" {FROM} '
        f'WHERE "p"."id" {IN}) AS "d"'
    ),
}


@pytest.mark.parametrize("sql", PICKED.values(), ids=PICKED.keys())
def test_keys_may_not_pick_people_for_an_aggregate(agent: Agent, sql: str) -> None:
    with pytest.raises(PolicyError, match="may not be compared with chosen values"):
        run(agent, sql, SUM, keys(7))


def test_whoever_may_filter_by_constants_may_do_so_by_keys(agent: Agent) -> None:
    assert run(agent, PICKED["the sum of one person's"], SUM, keys(7), role="reader")[0] == [(70,)]


def test_under_a_limit_on_rows_keys_choose_which_leave(agent: Agent) -> None:
    with pytest.raises(PolicyError, match="may not be compared with chosen values"):
        run(agent, BY_ID, TOWNS, keys(3), role="limited")
    number = f'SELECT "p"."number" AS "number" {FROM} WHERE "p"."number" {IN}'
    assert run(agent, number, {"number": pa.string()}, keys("n3"), role="limited")[0] == [("n3",)]


def test_under_a_floor_keys_are_chosen_values(agent: Agent) -> None:
    by_town = f'SELECT "p"."town" AS "town", COUNT(*) AS "n" {FROM} WHERE "p"."{{}}" {IN} GROUP BY "p"."town"'
    schema = {"town": pa.string(), "n": pa.int64()}
    with pytest.raises(PolicyError, match="may not be compared with chosen values"):
        run(agent, by_town.format("id"), schema, keys(*range(100)), role="floored")
    found = [f"n{number}" for number in range(9)]
    assert run(agent, by_town.format("number"), schema, keys(*found), role="floored")[0] == [("T0", 5)]
    with pytest.raises(PolicyError):
        run(agent, BY_ID, TOWNS, keys(3), role="floored")


def test_keys_that_pick_are_counted_as_matches(agent: Agent) -> None:
    sql = f'SELECT COUNT(*) AS "n" {FROM} WHERE "p"."number" {IN}'
    schema = {"n": pa.int64()}
    with pytest.raises(PolicyError, match="tries 3 values"):
        run(agent, sql, schema, keys("n1", "n2", "n3"), role="counted")
    assert run(agent, sql, schema, keys("n1", "n2"), role="counted")[0] == [(2,)]
    with pytest.raises(LimitError) as caught:
        run(agent, sql, schema, keys("n4"), role="counted")
    assert caught.value.code == "LIMIT_MATCHES"


def test_join_rules_hold_for_the_source_of_keys(agent: Agent) -> None:
    assert run(agent, BY_ID, TOWNS, keys(3), role="paired")[0] == [(3, "T1")]
    with pytest.raises(PolicyError, match=r"may not be joined with tax\.income\.person_id"):
        run(agent, BY_ID, TOWNS, keys(3, source=TAX), role="paired")
    assert run(agent, BY_ID, TOWNS, keys(3), role="blocked")[0] == [(3, "T1")]
    with pytest.raises(PolicyError, match=r"may not be joined with tax\.income\.person_id"):
        run(agent, BY_ID, TOWNS, keys(3, source=TAX), role="blocked")


def test_a_column_without_join_is_not_compared_with_keys(agent: Agent) -> None:
    with pytest.raises(PolicyError, match="not for join"):
        run(agent, f'SELECT COUNT(*) AS "n" {FROM} WHERE "p"."cost" {IN}', {"n": pa.int64()}, keys(10))


OTHERWISE = {
    "read as a table": 'SELECT "k"."key" AS "key" FROM "_keys"."keys_1" AS "k"',
    "counted": 'SELECT COUNT(*) AS "n" FROM "_keys"."keys_1"',
    "joined": f'SELECT "p"."id" AS "id" {FROM} JOIN "_keys"."keys_1" AS "k" ON "p"."id" = "k"."key"',
    "shown": f'SELECT "p"."id" {IN} AS "found" {FROM}',
    "correlated": (
        f'SELECT "p"."id" AS "id" {FROM} WHERE EXISTS (SELECT 1 FROM "_keys"."keys_1" AS "k" '
        'WHERE "k"."key" = "p"."id")'
    ),
    "cut": f'SELECT "p"."id" AS "id" {FROM} WHERE "p"."id" IN (SELECT "key" FROM "_keys"."keys_1" LIMIT 1)',
    "computed": f'SELECT "p"."id" AS "id" {FROM} WHERE "p"."id" IN (SELECT "key" + 1 FROM "_keys"."keys_1")',
    "by something computed": f'SELECT "p"."id" AS "id" {FROM} WHERE "p"."id" + 1 {IN}',
    "in a WITH": (
        f'WITH w AS (SELECT "key" FROM "_keys"."keys_1") SELECT "p"."id" AS "id" {FROM} '
        'WHERE "p"."id" IN (SELECT "key" FROM w)'
    ),
    "by ANY": f'SELECT "p"."id" AS "id" {FROM} WHERE "p"."id" = ANY (SELECT "key" FROM "_keys"."keys_1")',
    "by a semi-join": f'SELECT "p"."id" AS "id" {FROM} SEMI JOIN "_keys"."keys_1" AS "k" ON "p"."id" = "k"."key"',
}


@pytest.mark.parametrize("sql", OTHERWISE.values(), ids=OTHERWISE.keys())
def test_key_sets_are_read_in_one_form_only(agent: Agent, sql: str) -> None:
    with pytest.raises(SqlError, match="join keys stand only as a condition"):
        run(agent, sql, IDS, keys(1))


def test_a_key_set_that_did_not_come_does_not_exist(agent: Agent) -> None:
    for sets in ((), (keys(1, name="keys_2"),)):
        with pytest.raises(SqlError) as caught:
            run(agent, BY_ID, TOWNS, *sets)
        assert caught.value.code == "SQL_TABLE_UNKNOWN"


MALFORMED = {
    "NULL among them": KeySet("keys_1", CIVIL, pa.array([1, None])),
    "a key twice": KeySet("keys_1", CIVIL, pa.array([1, 2, 1])),
    "lists": KeySet("keys_1", CIVIL, pa.array([[1]])),
    "a dictionary": KeySet("keys_1", CIVIL, pa.array(["a"]).dictionary_encode()),
    "large texts": KeySet("keys_1", CIVIL, pa.array(["a"], pa.large_string())),
    "text that is none": KeySet(
        "keys_1",
        CIVIL,
        pa.Array.from_buffers(
            pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")]
        ),
    ),
    "an array in pieces": KeySet("keys_1", CIVIL, pa.chunked_array([[1]])),
    "a name of its own": KeySet("patient", CIVIL, pa.array([1])),
    "a source without a column": KeySet("keys_1", ("civil", "benefit"), pa.array([1])),  # type: ignore[arg-type]  # as a hostile gateway might
    "a source of no name": KeySet("keys_1", ("civil", "", "id"), pa.array([1])),
    "a source with a line break": KeySet("keys_1", ("civil", "benefit", "a\nb"), pa.array([1])),
}


@pytest.mark.parametrize("malformed", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_keys_are_refused(agent: Agent, malformed: KeySet) -> None:
    with pytest.raises(SqlError) as caught:
        run(agent, BY_ID, TOWNS, malformed)
    assert caught.value.code == "KEYS_INVALID"


def test_two_key_sets_of_one_name_are_refused(agent: Agent) -> None:
    with pytest.raises(SqlError) as caught:
        run(agent, BY_ID, TOWNS, keys(1), keys(2))
    assert caught.value.code == "KEYS_INVALID"


def test_keys_have_a_most(agent: Agent) -> None:
    too_many = KeySet("keys_1", CIVIL, pa.array(range(MOST_KEYS + 1)))
    too_long = KeySet("keys_1", CIVIL, pa.array(["x" * (MOST_KEY_BYTES + 1)]))
    for sent in (too_many, too_long):
        with pytest.raises(LimitError) as caught:
            run(agent, BY_ID, TOWNS, sent)
        assert caught.value.code == "LIMIT_KEYS"
    rows, _ = run(agent, BY_ID, TOWNS, KeySet("keys_1", CIVIL, pa.array(range(999, 999 + MOST_KEYS))))
    assert rows == [(999, "T1")]


def test_no_department_has_the_name_of_keys(tmp_path: Path) -> None:
    (tmp_path / "department.yaml").write_text(DEPARTMENT.replace("health", "_KEYS", 1), encoding="utf-8")
    with pytest.raises(Exception, match="is what fragments call join keys"):
        load_department(tmp_path, {})
