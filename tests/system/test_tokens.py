"""Tokens join departments on every engine, through a real gateway, inside one purpose and nowhere else.

Four departments on four engines write the same four citizen numbers each in its own way; `abroad` has a key of
its own.
"""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
import pymysql
import pytest

from comity.client import Connection, connect
from comity.errors import ComityError
from connectors.servers import start_mariadb, start_postgresql
from gateway.embedded import serve
from gateway.server import Server
from tests.policies.token_reference import reference_token

OURS, THEIRS = (hashlib.sha256(name).hexdigest() for name in (b"ours", b"theirs"))
PERSONS = ["11010519491231002X", "440305199003074218", "440305198512317711", "440305197707070013"]
ENGINES = {"lite": "sqlite", "duck": "duckdb", "post": "postgresql", "maria": "mysql", "abroad": "sqlite"}
OUR_DEPARTMENTS = [name for name in ENGINES if name != "abroad"]

FEDERATION = """\
name: linked
listen: 127.0.0.1:0
identity: {tokens: identity.yaml}
purposes: {statistics: {title: 统计}, review: {title: 核查}}
departments: departments/*
tables:
  whole.people: {union: "[lpm]*.people", member_column: department}
"""

IDENTITY = "tokens: {analyst: {subject: li.wei, department: bureau, roles: [analyst]}}\n"

DEPARTMENT = """\
name: NAME
source: {connector: CONNECTOR, uri: "URI"}
tokens: {key: file:token.key}
tables:
  people:
    from: TABLE
    columns:
      person_id: {from: no, type: VARCHAR, element: person.citizen_number, grade: core}
      amount: {type: INTEGER}
"""

POLICY = """\
table: people
grants:
  - id: linking
    reason: 关联协议 2026-05
    principals: {roles: [analyst]}
    purposes: [statistics, review]
    columns:
      person_id: {mask: token}
      amount: {use: [read]}
"""


def written(number: str, way: str) -> str:
    """One department's way to write a citizen number; the first person's is old enough for 15 digits."""
    match way:
        case "lite":
            return number.lower() + " "
        case "duck":
            return "".join(chr(ord(char) + 0xFEE0) for char in number)
        case "post":
            return number[:6] + number[8:17] if number[6:8] == "19" else number
        case "maria":
            return f"{number[:6]}-{number[6:14]}-{number[14:]}"
    return number


def rows(name: str) -> list[tuple[str | None, int]]:
    """Four persons, the first one twice; a number of nobody, written alike in all departments; nothing."""
    numbers = [written(number, name) for number in PERSONS]
    return [(number, 10 + i) for i, number in enumerate([*numbers, numbers[0], "不详", None])]


@dataclass(frozen=True, slots=True)
class Linked:
    server: Server
    directory: Path

    def connect(self, purpose: str = "statistics") -> Connection:
        return connect(self.server.address, token="analyst", purpose=purpose)

    def ask(self, sql: str, purpose: str = "statistics") -> list[tuple[object, ...]]:
        with self.connect(purpose) as connection:
            table = connection.query(sql).to_arrow()
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.fixture(scope="module")
def linked() -> Iterator[Linked]:
    with tempfile.TemporaryDirectory(prefix="comity-") as place:
        directory = Path(place)
        (directory / "federation.yaml").write_text(FEDERATION, encoding="utf-8")
        (directory / "identity.yaml").write_text(IDENTITY, encoding="utf-8")
        postgresql, mariadb = start_postgresql(directory / "pg"), start_mariadb(directory / "maria")
        uris = {
            "lite": "lite.sqlite",
            "abroad": "abroad.sqlite",
            "duck": "duck.duckdb",
            "post": f"embedded:{directory}/pg?database=post",
            "maria": f"embedded:{directory}/maria?database=maria",
        }
        for name, connector in ENGINES.items():
            home = directory / "departments" / name
            (home / "policies").mkdir(parents=True)
            text = DEPARTMENT.replace("NAME", name).replace("CONNECTOR", connector).replace("URI", uris[name])
            text = text.replace("TABLE", "public.people" if name == "post" else "people")
            (home / "department.yaml").write_text(text, encoding="utf-8")
            (home / "policies/people.yaml").write_text(POLICY, encoding="utf-8")
            (home / "token.key").write_text(THEIRS if name == "abroad" else OURS, encoding="utf-8")
        for name in ("lite", "abroad"):
            with sqlite3.connect(directory / "departments" / name / f"{name}.sqlite") as connection:
                connection.execute("CREATE TABLE people (no TEXT, amount INTEGER)")
                connection.executemany("INSERT INTO people VALUES (?, ?)", rows(name))
            connection.close()
        with duckdb.connect(str(directory / "departments/duck/duck.duckdb")) as duck:
            duck.execute("CREATE TABLE people (no VARCHAR, amount INTEGER)")
            duck.executemany("INSERT INTO people VALUES (?, ?)", rows("duck"))
        postgresql.create_database("post")
        with psycopg.connect(postgresql.uri("post")) as post, post.cursor() as cursor:
            cursor.execute("CREATE TABLE people (no text, amount int)")
            cursor.executemany("INSERT INTO people VALUES (%s, %s)", rows("post"))
        mariadb.create_database("maria")
        maria = pymysql.connect(
            unix_socket=mariadb.endpoint.socket,
            user="root",
            charset="utf8mb4",
            database="maria",
            autocommit=True,
        )
        with maria.cursor() as statements:
            statements.execute("CREATE TABLE people (no varchar(40), amount int)")
            statements.executemany("INSERT INTO people VALUES (%s, %s)", rows("maria"))
        maria.close()
        try:
            with serve(directory) as server:
                yield Linked(server, directory)
        finally:
            postgresql.stop()
            mariadb.stop()


def token(number: str, purpose: str = "statistics") -> str:
    return reference_token("sha256", bytes.fromhex(OURS), purpose, "citizen_number", number)


@pytest.mark.parametrize("name", OUR_DEPARTMENTS)
def test_every_engine_gives_the_token_of_the_number_and_not_of_its_writing(linked: Linked, name: str) -> None:
    found = linked.ask(f"SELECT person_id FROM {name}.people ORDER BY amount")
    expected = [*(token(number) for number in PERSONS), token(PERSONS[0]), token("不详"), None]
    assert [row[0] for row in found] == expected


@pytest.mark.parametrize(("left", "right"), list(itertools.combinations(OUR_DEPARTMENTS, 2)))
def test_two_departments_join_by_tokens(linked: Linked, left: str, right: str) -> None:
    found = linked.ask(
        f"SELECT a.person_id, count(*) AS n, sum(a.amount + b.amount) AS s FROM {left}.people a "
        f"JOIN {right}.people b ON a.person_id = b.person_id GROUP BY a.person_id"
    )
    expected = {(token(PERSONS[0]), 4, 96), (token("不详"), 1, 30)}
    expected |= {(token(number), 1, 20 + 2 * i) for i, number in enumerate(PERSONS) if i}
    assert {(person, n, int(str(s))) for person, n, s in found} == expected


def test_tokens_group_and_count_over_a_federated_table(linked: Linked) -> None:
    assert linked.ask("SELECT count(DISTINCT person_id) FROM whole.people") == [(5,)]
    found = linked.ask("SELECT person_id, count(*) FROM whole.people GROUP BY person_id HAVING count(*) > 3")
    expected = {(token(PERSONS[0]), 6), (None, 3), (token("不详"), 3), *((token(p), 3) for p in PERSONS[1:])}
    assert set(found) == {row for row in expected if row[1] > 3}


def test_tokens_answer_distinct_semi_joins_set_operations_and_comparisons(linked: Linked) -> None:
    questions = {
        "SELECT count(*) FROM (SELECT DISTINCT person_id FROM lite.people)": 6,
        "SELECT count(*) FROM lite.people a WHERE a.person_id IN (SELECT person_id FROM maria.people)": 6,
        "SELECT count(*) FROM duck.people a WHERE NOT EXISTS "
        "(SELECT 1 FROM post.people b WHERE b.person_id = a.person_id)": 1,
        "SELECT count(*) FROM (SELECT person_id FROM post.people INTERSECT SELECT person_id FROM maria.people)": 6,
        f"SELECT count(*) FROM post.people WHERE person_id = '{token(PERSONS[1])}'": 1,
        f"SELECT count(*) FROM post.people WHERE person_id = '{PERSONS[1]}'": 0,
        "SELECT count(*) FROM maria.people WHERE person_id LIKE '1%' OR length(person_id) <> 26": 0,
    }
    assert {sql: linked.ask(sql)[0][0] for sql in questions} == questions


def test_tokens_mean_nothing_under_another_purpose_or_key(linked: Linked) -> None:
    everything = "SELECT person_id FROM lite.people WHERE person_id IS NOT NULL"
    statistics, review = set(linked.ask(everything)), set(linked.ask(everything, "review"))
    assert len(statistics) == len(review) == 5
    assert not statistics & review
    assert review == {(token(value, "review"),) for value in [*PERSONS, "不详"]}
    join = "SELECT count(*) FROM lite.people a JOIN abroad.people b ON a.person_id = b.person_id"
    assert linked.ask(join) == [(0,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT comity_token('11010519491231002X', 'citizen_number')",
        "SELECT comity_token(person_id, 'citizen_number') FROM lite.people",
        "SELECT count(*) FROM lite.people WHERE person_id = comity_token('1', 'citizen_number')",
        "SELECT \"comity_token\"(a.person_id, 'text') FROM lite.people a JOIN duck.people b USING (person_id)",
    ],
)
def test_no_question_can_have_a_token_made(linked: Linked, sql: str) -> None:
    with pytest.raises(ComityError) as caught:
        linked.ask(sql)
    assert caught.value.code == "SQL_FUNCTION_REFUSED"


def test_the_record_and_the_plan_hold_neither_key_nor_number(linked: Linked) -> None:
    sql = "SELECT a.person_id FROM lite.people a JOIN post.people b ON a.person_id = b.person_id"
    linked.ask(sql)
    with linked.connect() as connection:
        plan = str(connection.explain(sql).json)
    audit = b"".join(path.read_bytes() for path in (linked.directory / "audit").iterdir() if path.is_file())
    assert audit
    # The first two numbers stand in questions above, and questions are recorded.
    for secret in (OURS, THEIRS, *PERSONS[2:]):
        assert secret not in plan
        assert secret.encode() not in audit
    assert bytes.fromhex(OURS) not in audit
