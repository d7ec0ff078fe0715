"""Large tables of PostgreSQL are read in parts: every row once, as of one moment, and all parts stop together."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from psycopg.rows import dict_row

from comity.errors import CancelledError, ComityError, SourceError
from connectors.postgresql import PostgresqlConnector
from connectors.postgresql_parts import LEAST_BLOCKS, RANGES_PER_PART, find_divisible
from connectors.servers import LocalServer, start_postgresql
from tests.connectors.source import int64, read, wait_until

ROWS = 120_000
LARGE = 'SELECT "id", "paid" FROM "public"."large"'
SCHEMA = pa.schema([pa.field("id", pa.int64()), pa.field("paid", pa.decimal128(12, 2))])
PARTS = 3


@pytest.fixture(scope="module")
def server(module_server_directory: Path) -> Iterator[LocalServer]:
    server = start_postgresql(module_server_directory)
    server.create_database("parts")
    execute(
        server,
        # A row takes a quarter of a block, so that few rows make a large table.
        "CREATE TABLE large (id bigint, paid numeric(12,2), filler text)",
        "ALTER TABLE large ALTER filler SET STORAGE PLAIN",
        f"INSERT INTO large SELECT n, n / 100.0, repeat('x', 1900) FROM generate_series(1, {ROWS}) AS n",
        "CREATE UNIQUE INDEX ON large (id)",
        "ANALYZE large",
        "CREATE TABLE small AS SELECT id FROM large WHERE id < 10",
        "CREATE VIEW seen AS SELECT id, paid FROM large WHERE id > 10",
        "CREATE TABLE split (id bigint) PARTITION BY HASH (id)",
        "CREATE TABLE split_0 PARTITION OF split FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        "CREATE TABLE parent (id bigint, filler text)",
        "CREATE TABLE child () INHERITS (parent)",
        "INSERT INTO split SELECT id FROM large",
        "ANALYZE",
    )
    yield server
    start_postgresql(module_server_directory).stop()


@pytest.fixture
def connector(server: LocalServer) -> Iterator[PostgresqlConnector]:
    connector = PostgresqlConnector.open(server.uri("parts"), connections=PARTS + 1)
    connector.parts = PARTS
    yield connector
    connector.close()


def execute(server: LocalServer, *statements: str) -> None:
    with psycopg.connect(server.uri("parts"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def ask(server: LocalServer, sql: str) -> list[dict[str, Any]]:
    with psycopg.connect(server.uri("parts"), autocommit=True, row_factory=dict_row) as connection:
        rows = connection.execute(sql.encode()).fetchall()
        # The connector's driver hands JSON over as text.
        return [
            {name: json.dumps(value) if isinstance(value, list) else value for name, value in row.items()}
            for row in rows
        ]


def sessions(server: LocalServer, condition: str) -> int:
    sql = f"SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'comity' AND {condition}"
    return int(ask(server, sql)[0]["n"])


def is_divided(server: LocalServer, sql: str) -> bool:
    try:
        return find_divisible(sql, lambda question: ask(server, question)) is not None
    except psycopg.errors.SyntaxError:
        return False  # as the connector takes it


def test_every_row_arrives_once_over_several_connections(
    server: LocalServer, connector: PostgresqlConnector
) -> None:
    scan = connector.scan(LARGE, SCHEMA)
    first = next(iter(scan))
    assert sessions(server, "xact_start IS NOT NULL AND state <> 'idle'") == PARTS
    rows = pa.Table.from_batches([first, *scan])
    scan.close()
    assert sorted(rows["id"].to_pylist()) == list(range(1, ROWS + 1))
    assert pc.sum(rows["paid"]).as_py() == Decimal(ROWS * (ROWS + 1) // 2) / 100


def test_a_writer_in_the_middle_changes_nothing_of_the_answer(
    server: LocalServer, connector: PostgresqlConnector
) -> None:
    execute(server, "CREATE TABLE written (LIKE large)", "ALTER TABLE written ALTER filler SET STORAGE PLAIN")
    execute(server, "INSERT INTO written SELECT * FROM large", "ANALYZE written")
    sql = 'SELECT "id", "paid" FROM "public"."written"'
    assert is_divided(server, sql)
    for change in (
        "UPDATE written SET paid = -1 WHERE id % 2 = 0",
        "DELETE FROM written WHERE id % 3 = 0",
        f"INSERT INTO written SELECT id + {ROWS}, 0, filler FROM large WHERE id <= 20000",
    ):
        (before,) = ask(server, "SELECT count(*) AS n, sum(id) AS ids, sum(paid) AS paid FROM written")
        scan = connector.scan(sql, SCHEMA)
        first = next(iter(scan))
        execute(server, change, "VACUUM written")
        rows = pa.Table.from_batches([first, *scan])
        found = {"n": rows.num_rows, "ids": pc.sum(rows["id"]).as_py(), "paid": pc.sum(rows["paid"]).as_py()}
        assert found == before
        assert len(pc.unique(rows["id"])) == rows.num_rows
    assert read(connector.scan(sql, SCHEMA)).num_rows > 0


def test_the_condition_of_the_statement_holds_in_every_part(connector: PostgresqlConnector) -> None:
    sql = f'SELECT q."id", q."paid" * 2 FROM ({LARGE} AS l WHERE "filler" LIKE \'x%\' OFFSET 0) AS q WHERE q."id" % 7 = 0'
    rows = read(connector.scan(sql, SCHEMA))
    assert sorted(rows["id"].to_pylist()) == list(range(7, ROWS + 1, 7))
    assert pc.sum(rows["paid"]).as_py() == Decimal(2 * sum(range(7, ROWS + 1, 7))) / 100


@pytest.mark.parametrize(
    "sql",
    [
        LARGE,
        f"{LARGE} AS l WHERE paid > 5",
        f'SELECT q."id" FROM ({LARGE} AS l WHERE paid > 5 OFFSET 0) AS q',
        f"SELECT q.c0::text FROM ({LARGE}) AS q (c0, c1)",
    ],
)
def test_one_large_table_read_through_is_read_in_parts(server: LocalServer, sql: str) -> None:
    assert is_divided(server, sql)


@pytest.mark.parametrize(
    "sql",
    [
        f"{LARGE} ORDER BY id",
        f"{LARGE} LIMIT 100000",
        f"{LARGE} WHERE id = 5",
        f"{LARGE} TABLESAMPLE SYSTEM (50)",
        f"{LARGE} WHERE paid > (SELECT max(id) FROM public.small)",
        'SELECT count(*) FROM "public"."large"',
        'SELECT DISTINCT id FROM "public"."large"',
        'SELECT row_number() OVER () FROM "public"."large"',
        'SELECT generate_series(1, 2), id FROM "public"."large"',
        'SELECT a.id FROM "public"."large" AS a JOIN "public"."large" AS b ON a.id = b.id',
        f"{LARGE} UNION ALL {LARGE}",
        f"WITH w AS MATERIALIZED ({LARGE}) SELECT id FROM w",
        'SELECT "id" FROM "public"."small"',
        'SELECT "id" FROM "public"."seen"',
        'SELECT "id" FROM "public"."split"',
        'SELECT "id" FROM "public"."parent"',
        "SELECT id FROM public.large",
        'SELECT \'"public"."large"\', id FROM public.large',
        'SELECT "oid" FROM "pg_catalog"."pg_class"',
        "SELECT 1",
    ],
)
def test_anything_else_is_read_as_it_is(server: LocalServer, sql: str) -> None:
    assert not is_divided(server, sql)


def test_a_table_with_row_security_is_read_as_it_is(server: LocalServer) -> None:
    assert is_divided(server, LARGE)
    execute(server, "ALTER TABLE large ENABLE ROW LEVEL SECURITY")
    try:
        assert not is_divided(server, LARGE)
    finally:
        execute(server, "ALTER TABLE large DISABLE ROW LEVEL SECURITY")


def test_parts_cover_every_block_and_what_grows_beyond_them(server: LocalServer) -> None:
    divisible = find_divisible(LARGE, lambda question: ask(server, question))
    assert divisible is not None
    statements = divisible.statements(LEAST_BLOCKS * 100, PARTS)
    assert len(statements) == PARTS * RANGES_PER_PART
    assert sum(len(ask(server, sql)) for sql in divisible.statements(LEAST_BLOCKS * 2, PARTS)) == ROWS
    assert "ctid <" not in statements[-1]


def test_cancel_stops_all_parts_in_the_database(server: LocalServer, connector: PostgresqlConnector) -> None:
    sql = f"{LARGE} WHERE pg_sleep(0.05) IS NOT NULL"
    assert is_divided(server, sql)
    scan = connector.scan(sql, SCHEMA)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            list(scan)
        except ComityError as error:
            raised.append(error)

    reading = threading.Thread(target=run)
    reading.start()
    wait_until(lambda: sessions(server, "state = 'active' AND query LIKE '%pg_sleep%'") == PARTS)
    scan.cancel()
    reading.join()
    assert [type(error) for error in raised] == [CancelledError]
    wait_until(lambda: sessions(server, "xact_start IS NOT NULL") == 0)
    assert read(connector.scan(LARGE, SCHEMA)).num_rows == ROWS


def test_a_deadline_stops_all_parts(server: LocalServer, connector: PostgresqlConnector) -> None:
    sql = f"{LARGE} WHERE pg_sleep(0.05) IS NOT NULL"
    with pytest.raises(SourceError) as caught:
        read(connector.scan(sql, SCHEMA, deadline=2.0))
    assert caught.value.code == "SOURCE_TIMEOUT"
    wait_until(lambda: sessions(server, "xact_start IS NOT NULL") == 0)


def test_closing_in_the_middle_frees_every_connection(
    server: LocalServer, connector: PostgresqlConnector
) -> None:
    for _ in range(3):
        scan = connector.scan(LARGE, SCHEMA)
        assert next(iter(scan)).num_rows
        scan.close()
        wait_until(lambda: sessions(server, "xact_start IS NOT NULL") == 0)
    assert read(connector.scan(LARGE, SCHEMA)).num_rows == ROWS


def test_an_error_in_one_part_is_the_scans_error_and_stops_the_others(
    server: LocalServer, connector: PostgresqlConnector
) -> None:
    sql = f'SELECT "id", 1 / ("id" - {ROWS // 2}) FROM "public"."large"'
    assert is_divided(server, sql)
    with pytest.raises(SourceError) as caught:
        read(connector.scan(sql, int64("id", "n")))
    assert caught.value.code == "SOURCE_VALUE"
    wait_until(lambda: sessions(server, "xact_start IS NOT NULL") == 0)


def test_a_value_that_does_not_fit_in_one_part_is_refused(connector: PostgresqlConnector) -> None:
    sql = f'SELECT "id", CASE "id" WHEN {ROWS - 1} THEN \'NaN\' ELSE "paid" END FROM "public"."large"'
    with pytest.raises(SourceError) as caught:
        read(connector.scan(sql, SCHEMA))
    assert caught.value.code == "SOURCE_TYPE"


def test_a_scan_that_nobody_reads_holds_few_batches_of_each_part(connector: PostgresqlConnector) -> None:
    scan = connector.scan(
        'SELECT "filler" FROM "public"."large"', pa.schema([("filler", pa.string())]), batch_rows=1000
    )
    before = pa.total_allocated_bytes()
    assert next(iter(scan)).num_rows
    time.sleep(0.5)
    assert pa.total_allocated_bytes() - before < 64 * 2**20
    scan.close()


def test_sessions_come_back_as_they_were(server: LocalServer, connector: PostgresqlConnector) -> None:
    for _ in range(3):
        assert read(connector.scan(LARGE, SCHEMA)).num_rows == ROWS
        assert sessions(server, "xact_start IS NOT NULL") == 0
    assert sessions(server, "true") <= PARTS
    text = pa.schema([pa.field("v", pa.string())])
    scan = connector.scan("SELECT current_setting('transaction_isolation')", text)
    assert read(scan)["v"].to_pylist() == ["read committed"]


def test_parts_take_no_connection_for_which_somebody_may_wait(server: LocalServer) -> None:
    connector = PostgresqlConnector.open(server.uri("parts"), connections=2)
    connector.parts = PARTS
    scan = connector.scan(LARGE, SCHEMA)
    assert next(iter(scan)).num_rows
    assert read(connector.scan('SELECT "id" FROM "public"."small"', int64("id"))).num_rows == 9
    scan.close()
    connector.close()


def test_a_table_that_somebody_changes_is_waited_for_in_one_piece(
    server: LocalServer, connector: PostgresqlConnector
) -> None:
    assert read(connector.scan(LARGE, SCHEMA)).num_rows == ROWS  # it is known to be divisible now
    rows: list[int] = []
    with psycopg.connect(server.uri("parts")) as changing:
        changing.execute("LOCK TABLE large IN ACCESS EXCLUSIVE MODE")
        reading = threading.Thread(target=lambda: rows.append(read(connector.scan(LARGE, SCHEMA)).num_rows))
        reading.start()
        wait_until(lambda: sessions(server, "wait_event_type = 'Lock' AND query LIKE '%paid%'") == 1)
        assert sessions(server, "xact_start IS NOT NULL AND query LIKE '%SNAPSHOT%'") == 0
        changing.rollback()
        reading.join()
    assert rows == [ROWS]


def test_an_ordered_scan_keeps_its_order(connector: PostgresqlConnector) -> None:
    rows = read(connector.scan(f"{LARGE} ORDER BY id DESC", SCHEMA, ordered=True))
    assert rows["id"].to_pylist() == list(range(ROWS, 0, -1))
