"""Each engine says whether it would read a table through again for every row around a subquery."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import psycopg
import pymysql
import pytest

from connectors import servers
from connectors.mysql import MysqlConnector
from connectors.mysql_session import parse_address
from connectors.postgresql import PostgresqlConnector
from connectors.repeated_reading import mysql_repeats, postgresql_repeats
from connectors.spi import RepeatsSlowly
from connectors.sqlite import SqliteConnector

ROWS = 8000
SCRIPT = (
    "CREATE TABLE plain (id INTEGER NOT NULL, kind INTEGER, amount INTEGER)",
    "CREATE TABLE found (id INTEGER NOT NULL, kind INTEGER, amount INTEGER)",
    "CREATE INDEX found_by_id ON found (id)",
    "CREATE TABLE many (id INTEGER NOT NULL, kind INTEGER, amount INTEGER)",
    "CREATE TABLE few (id INTEGER NOT NULL, kind INTEGER, amount INTEGER)",
)
BY_LEAST = "SELECT p.id FROM {0} AS p WHERE p.amount = (SELECT min(q.amount) FROM {0} AS q WHERE {1})"
NAMED = {"postgresql": 'public."{}"', "mysql": "`{}`", "sqlite": '"{}"'}
"""How statements name tables."""


class Explains(Protocol):
    @property
    def name(self) -> str: ...

    def repeats_slowly(self, sql: str) -> bool: ...

    def close(self) -> None: ...


def values(table: str, rows: int) -> str:
    listed = ", ".join(f"({n}, {n % 7}, {n * 7919 % 10007})" for n in range(rows))
    return f"INSERT INTO {table} VALUES {listed}"


FILL = (values("plain", ROWS), values("found", ROWS), values("many", 2 * ROWS), values("few", 50))


@pytest.fixture(scope="module", params=["postgresql", "mysql", "sqlite"])
def source(request: pytest.FixtureRequest) -> Iterator[Explains]:
    # Not under pytest's own directory: PostgreSQL, run as root, has an account of its own.
    home = Path(tempfile.mkdtemp(prefix="comity-repeated-"))
    opened: Explains
    if request.param == "sqlite":
        with sqlite3.connect(home / "data.db") as connection:
            for statement in (*SCRIPT, *FILL, "ANALYZE"):
                connection.execute(statement)
        connection.close()
        opened = SqliteConnector.open(str(home / "data.db"))
        yield opened
        opened.close()
    elif request.param == "postgresql":
        server = servers.start_postgresql(home / "postgresql")
        server.create_database("repeated")
        with psycopg.connect(server.uri("repeated"), autocommit=True) as session:
            for statement in (*SCRIPT, *FILL, "ANALYZE"):
                session.execute(statement.encode())
        opened = PostgresqlConnector.open(server.uri("repeated"))
        yield opened
        opened.close()
        server.stop()
    else:
        server = servers.start_mariadb(home / "mariadb")
        server.create_database("repeated")
        address = parse_address(server.uri("repeated"))
        with (
            pymysql.connect(
                unix_socket=address.option("unix_socket"), user="root", database="repeated", autocommit=True
            ) as connected,
            connected.cursor() as cursor,
        ):
            for statement in (*SCRIPT, *FILL, "ANALYZE TABLE plain, found, many, few"):
                cursor.execute(statement)
        opened = MysqlConnector.open(server.uri("repeated"))
        yield opened
        opened.close()
        server.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize(
    ("sql", "repeats"),
    [
        (BY_LEAST.format("{plain}", "q.kind < p.kind"), True),
        (BY_LEAST.format("{found}", "q.id = p.id"), False),
        (BY_LEAST.format("{few}", "q.kind < p.kind"), False),
        ("SELECT p.id FROM {plain} AS p WHERE p.amount = (SELECT min(q.amount) FROM {plain} AS q)", False),
        (
            "SELECT p.id FROM {plain} AS p WHERE p.id IN (SELECT q.id FROM {found} AS q WHERE q.kind = 3)",
            False,
        ),
        ("SELECT p.id FROM nowhere AS p", False),
    ],
)
def test_a_source_says_what_it_would_read_again(source: Explains, sql: str, *, repeats: bool) -> None:
    names = {name: NAMED[source.name].format(name) for name in ("plain", "found", "few")}
    assert source.repeats_slowly(sql.format(**names)) == repeats


def test_a_source_says_what_it_would_join_row_by_row(source: Explains) -> None:
    sql = "SELECT count(*) AS n FROM {0} AS p CROSS JOIN {0} AS q WHERE abs(p.amount) = abs(q.amount)"
    by_index = "SELECT count(*) AS n FROM {0} AS p CROSS JOIN {0} AS q WHERE q.id = p.kind"
    assert isinstance(source, RepeatsSlowly)
    plain, found, few = (NAMED[source.name].format(name) for name in ("plain", "found", "few"))
    # PostgreSQL looks values up in a table of hashes.
    assert source.joins_row_by_row == (source.name != "postgresql")
    # MariaDB compares some ten times as fast as it answers subqueries.
    assert source.repeats_slowly(sql.format(plain)) == (source.name == "sqlite")
    assert (
        source.repeats_slowly(sql.format("many" if source.name == "mysql" else plain))
        == source.joins_row_by_row
    )
    assert not source.repeats_slowly(by_index.format(found))
    assert not source.repeats_slowly(sql.format(few))


def test_plans_of_another_kind_say_nothing() -> None:
    assert not mysql_repeats([("HashJoin_8", "1000000000.00", "root", "", "inner join")])
    assert not postgresql_repeats({"Node Type": "Streaming"})


def test_mysql_lists_two_more_columns() -> None:
    around = (1, "PRIMARY", "p", None, "ALL", None, None, None, None, 8000, 100.0, "")
    inside = (2, "DEPENDENT SUBQUERY", "q", None, "ALL", None, None, None, None, 8000, 10.0, "Using where")
    by_index = (2, "DEPENDENT SUBQUERY", "q", None, "ref", "by_id", "by_id", "4", "p.id", 8000, 10.0, None)
    by_blocks = (
        1,
        "PRIMARY",
        "q",
        None,
        "ALL",
        None,
        None,
        None,
        None,
        20000,
        10.0,
        "Using join buffer (flat, BNL join)",
    )
    assert mysql_repeats([around, inside])
    assert mysql_repeats([around, by_blocks])
    assert not mysql_repeats([around, (*by_blocks[:9], 200, 10.0, by_blocks[11])])
    assert not mysql_repeats([around, by_index])
    assert not mysql_repeats([around])
