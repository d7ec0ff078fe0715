"""What PostgreSQL's connector does beyond the contract: sessions, accounts, catalogs, a server that goes away."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from comity.errors import SourceError
from connectors.postgresql import PostgresqlConnector
from connectors.servers import LocalServer, start_postgresql
from tests.connectors.source import SECRET, int64, read


@pytest.fixture(scope="module")
def server(module_server_directory: Path) -> Iterator[LocalServer]:
    server = start_postgresql(module_server_directory)
    server.create_database("sessions")
    execute(server, "CREATE TABLE t (id bigint)", "INSERT INTO t VALUES (1), (2)")
    yield server
    start_postgresql(module_server_directory).stop()


@pytest.fixture
def connector(server: LocalServer) -> Iterator[PostgresqlConnector]:
    connector = PostgresqlConnector.open(server.uri("sessions"), connections=1)
    yield connector
    connector.close()


def execute(server: LocalServer, *statements: str) -> None:
    with psycopg.connect(server.uri("sessions"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def texts(connector: PostgresqlConnector, sql: str) -> list[object]:
    table = read(connector.scan(sql, pa.schema([pa.field("v", pa.string())])))
    return [row["v"] for row in table.to_pylist()]


def test_sessions_are_read_only_in_utc_and_find_nothing_unqualified(connector: PostgresqlConnector) -> None:
    names = (
        "default_transaction_read_only",
        "TimeZone",
        "search_path",
        "application_name",
        "statement_timeout",
    )
    settings = [texts(connector, f"SELECT current_setting('{name}')") for name in names]
    assert settings == [["on"], ["UTC"], ["pg_catalog"], ["comity"], ["0"]]
    with pytest.raises(SourceError):
        texts(connector, "SELECT id::text FROM t")


def test_the_deadline_becomes_the_statement_timeout(connector: PostgresqlConnector) -> None:
    schema = pa.schema([pa.field("v", pa.string())])
    scan = connector.scan("SELECT current_setting('statement_timeout')", schema, deadline=60)
    (value,) = read(scan)["v"].to_pylist()
    assert value in {"1min", *(f"{n}ms" for n in range(50_000, 60_000))}


def test_a_statement_cannot_change_the_session_of_the_next(
    server: LocalServer, connector: PostgresqlConnector
) -> None:
    for name, value in (
        ("default_transaction_read_only", "off"),
        ("search_path", "public"),
        ("TimeZone", "PRC"),
    ):
        texts(connector, f"SELECT set_config('{name}', '{value}', false)")
    texts(connector, "SELECT pg_advisory_lock(4321)::text")
    with pytest.raises(SourceError) as caught:
        list(connector.scan("INSERT INTO public.t VALUES (3) RETURNING id", int64("id")))
    assert caught.value.metadata["sqlstate"] == "25006"
    assert texts(connector, "SELECT current_setting('search_path') || current_setting('TimeZone')") == [
        "pg_catalogUTC"
    ]
    assert texts(connector, "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'") == ["0"]


def test_the_accounts_own_limits_and_rights_hold(server: LocalServer) -> None:
    execute(
        server,
        "DROP OWNED BY clerk" if _exists(server, "clerk") else "CREATE ROLE clerk LOGIN",
        "ALTER ROLE clerk SET statement_timeout = '300ms'",
        "DROP TABLE IF EXISTS secret, shown",
        "CREATE TABLE secret (id bigint)",
        "CREATE TABLE shown (id bigint, hidden bigint)",
        "GRANT SELECT (id) ON shown TO clerk",
    )
    connector = PostgresqlConnector.open(server.uri("sessions").replace("postgres@", "clerk@"))
    described = connector.describe()
    assert [(t.name, [c.name for c in t.columns]) for t in described] == [(("public", "shown"), ["id"])]
    with pytest.raises(SourceError) as refused:
        list(connector.scan("SELECT hidden FROM public.shown", int64("hidden")))
    assert refused.value.metadata["sqlstate"] == "42501"
    for deadline in (None, 600.0):
        with pytest.raises(SourceError) as slow:
            list(
                connector.scan(
                    "SELECT count(*) FROM generate_series(1, 1000000000000)", int64("n"), deadline=deadline
                )
            )
        assert slow.value.code == "SOURCE_TIMEOUT"
    connector.close()


def _exists(server: LocalServer, role: str) -> bool:
    with psycopg.connect(server.uri("sessions")) as connection:
        return connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None


@pytest.mark.parametrize(
    "expression", ["1 / (i - 400)", "('第4321号' || i)::int8", "ln(i - 5)::int8", "i * 2^40"]
)
def test_a_value_that_cannot_be_computed_is_not_shown(
    connector: PostgresqlConnector, expression: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read(connector.scan(f"SELECT ({expression})::int4 FROM generate_series(1, 500) AS i", int64("n")))
    assert caught.value.code == "SOURCE_VALUE"
    assert "4321" not in str(caught.value)


def test_parameters_of_every_kind(connector: PostgresqlConnector) -> None:
    moment = dt.datetime(2026, 7, 1, 8, 0, 0, 5, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    values = [True, 7, 1.5, Decimal("12.34"), "王 'x'", b"\x00\xff", dt.date(2026, 7, 1), moment]
    kinds = [pa.bool_(), pa.int64(), pa.float64(), pa.decimal128(9, 2), pa.string(), pa.binary(), pa.date32()]
    schema = pa.schema(
        [pa.field(f"p{i}", kind) for i, kind in enumerate([*kinds, pa.timestamp("us", "UTC")])]
    )
    sql = "SELECT $1::bool, $2::int8, $3::float8, $4::numeric, $5::text, $6::bytea, $7::date, $8::timestamptz"
    (row,) = read(connector.scan(sql, schema, parameters=values)).to_pylist()
    assert list(row.values()) == values
    nothing = read(connector.scan("SELECT $1::int8", int64("n"), parameters=[None]))
    assert nothing["n"].to_pylist() == [None]


def test_partitioned_tables_views_and_domains_are_described(
    server: LocalServer, connector: PostgresqlConnector
) -> None:
    execute(
        server,
        "DROP TABLE IF EXISTS parts CASCADE",
        "DROP DOMAIN IF EXISTS code",
        "CREATE DOMAIN code AS varchar(6) NOT NULL",
        "CREATE TABLE parts (年 int, c code, gone int, n numeric(9,2)[], PRIMARY KEY (年)) PARTITION BY RANGE (年)",
        "ALTER TABLE parts DROP COLUMN gone",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (600)",
        "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (600) TO (2000)",
        "INSERT INTO parts SELECT i, 'x', NULL FROM generate_series(1, 1000) AS i",
        "ANALYZE parts_1",
        "ANALYZE parts_2",
        "CREATE VIEW seen AS SELECT 年, c FROM parts",
        "CREATE MATERIALIZED VIEW kept AS SELECT 年 FROM parts",
    )
    names = [("public", name) for name in ("parts", "seen", "kept", "parts_1")]
    parts, seen, kept, first = connector.describe(names)
    assert parts.row_estimate == 1000
    assert (seen.row_estimate, kept.row_estimate) == (None, None), "never analysed"
    assert first.row_estimate == 599
    assert parts.primary_key == ("年",)
    assert [(c.name, c.native_type, c.nullable) for c in parts.columns] == [
        ("年", "integer", False),
        ("c", "character varying(6)", False),
        ("n", "numeric(9,2)[]", True),
    ]
    assert parts.columns[2].type == pa.list_(pa.decimal128(9, 2))
    everything = {table.name for table in connector.describe()}
    assert set(names[:3]) <= everything
    assert not {("public", "parts_1"), ("public", "parts_2")} & everything


def test_a_table_that_changes_between_scans_never_gives_wrong_values(
    server: LocalServer, connector: PostgresqlConnector
) -> None:
    execute(server, "DROP TABLE IF EXISTS changing", "CREATE TABLE changing (v varchar(9))")
    execute(server, "INSERT INTO changing VALUES ('x')")
    sql, schema = "SELECT v FROM public.changing", pa.schema([pa.field("v", pa.string())])
    assert texts(connector, sql) == ["x"]
    execute(server, "ALTER TABLE changing ALTER v TYPE char(9)")
    with pytest.raises(SourceError):
        read(connector.scan(sql, schema))
    assert texts(connector, sql) == ["x"], "without the blanks of char(9)"


def test_a_new_enumeration_is_read_by_a_connector_that_is_open(
    server: LocalServer, connector: PostgresqlConnector
) -> None:
    assert texts(connector, "SELECT 'open'") == ["open"]
    execute(server, "DROP TYPE IF EXISTS grade CASCADE", "CREATE TYPE grade AS ENUM ('核心', '一般')")
    assert texts(connector, "SELECT '核心'::public.grade") == ["核心"]
    lists = pa.schema([pa.field("v", pa.list_(pa.string()))])
    found = read(connector.scan("SELECT '{一般,NULL}'::public.grade[]", lists))
    assert found["v"].to_pylist() == [["一般", None]]


def test_many_threads_share_few_connections(server: LocalServer) -> None:
    connector = PostgresqlConnector.open(server.uri("sessions"), connections=3)
    counts: list[int] = []

    def ask(number: int) -> None:
        for _ in range(5):
            sql = f"SELECT i FROM generate_series(1, {number * 100}) AS i"
            counts.append(read(connector.scan(sql, int64("i"), deadline=60)).num_rows)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(1, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == sorted(number * 100 for number in range(1, 13) for _ in range(5))
    with psycopg.connect(server.uri("sessions")) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'comity'"
        ).fetchone()
    assert row is not None
    assert row[0] <= 3
    connector.close()


def test_a_dead_server_is_unavailable_until_it_is_back(
    server: LocalServer, connector: PostgresqlConnector
) -> None:
    assert texts(connector, "SELECT 'up'") == ["up"]
    running = start_postgresql(server.directory)
    stream = connector.scan("SELECT i FROM generate_series(1, 10000000) AS i", int64("i"), batch_rows=1000)
    next(stream)
    running.stop()
    with pytest.raises(SourceError) as broken:
        list(stream)
    assert broken.value.code == "SOURCE_UNAVAILABLE"
    for ask in (connector.describe, connector.probe, lambda: texts(connector, "SELECT 'x'")):
        with pytest.raises(SourceError) as caught:
            ask()
        assert caught.value.code == "SOURCE_UNAVAILABLE"
    start_postgresql(server.directory)
    assert texts(connector, "SELECT 'up'") == ["up"]


@pytest.mark.parametrize(
    "uri",
    [f"postgresql://a:{SECRET}@[", f"host=x {SECRET}", "embedded:relative?database=x", "embedded:/tmp/x"],
)
def test_a_malformed_uri_is_unavailable_and_not_shown(uri: str) -> None:
    connector = PostgresqlConnector.open(uri)
    assert SECRET not in connector.compute_context()
    with pytest.raises(SourceError) as caught:
        connector.describe()
    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert SECRET not in str(caught.value)


def test_a_database_that_does_not_exist_is_unavailable(server: LocalServer) -> None:
    with pytest.raises(SourceError) as caught:
        PostgresqlConnector.open(server.uri("no_such")).probe()
    assert caught.value.code == "SOURCE_UNAVAILABLE"


def test_a_subquery_of_several_rows_is_the_question_s_own_doing(connector: PostgresqlConnector) -> None:
    with pytest.raises(SourceError) as caught:
        read(connector.scan("SELECT (SELECT i FROM generate_series(1, 2) AS i)", int64("n")))
    assert caught.value.code == "SOURCE_VALUE"
    assert "more than one row" in str(caught.value)
