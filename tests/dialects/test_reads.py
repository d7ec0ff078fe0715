"""Columns are read as the connector delivers them, whatever the engine's own type or the value's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pyarrow as pa
import pymysql
import pytest
import sqlglot
from sqlglot import exp

from agent.publication import source_column
from comity.errors import SourceError
from connectors.mysql import MysqlConnector
from connectors.postgresql import PostgresqlConnector
from connectors.servers import start_mariadb, start_postgresql
from connectors.spi import Connector
from connectors.sqlite import SqliteConnector
from sql.dialects import NotNative, render_native, render_scan
from sql.types import arrow_type


def native(
    connector: Connector, table: tuple[str, ...], sql: str, alias: str = "t"
) -> list[tuple[object, ...]]:
    """The answer of the database itself to `sql` over the table, which it calls `alias`."""
    (found,) = connector.describe([table])
    columns = {c.name: source_column(c) for c in found.columns}
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for place in tree.find_all(exp.Table):
        physical = exp.table_(table[-1], db=table[0] if len(table) > 1 else None, quoted=True)
        physical.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
        place.replace(physical)
    assert isinstance(tree, exp.Query)
    text = render_native(tree, connector.dialect, connector.probe().names(), {table: columns})
    types = {name: arrow_type(column.type) for name, column in columns.items()}
    outputs = [(e.alias, e.this.this if isinstance(e.this, exp.Min) else e.this) for e in tree.selects]
    schema = pa.schema(
        [(alias, types[read.name] if isinstance(read, exp.Column) else pa.int64()) for alias, read in outputs]
    )
    return [tuple(row.values()) for row in _rows(connector, text, schema)]


def scanned(connector: Connector, table: tuple[str, ...], column: str) -> list[tuple[object, ...]]:
    """What a plain scan of one column delivers."""
    (found,) = connector.describe([table])
    (kind,) = (c.type for c in found.columns if c.name == column)
    text = render_scan(table, [column], connector.dialect)
    return [tuple(row.values()) for row in _rows(connector, text, pa.schema([(column, kind)]))]


def _rows(connector: Connector, text: str, schema: pa.Schema) -> list[dict[str, object]]:
    scan = connector.scan(text, schema, deadline=60)
    try:
        return [row for batch in scan for row in batch.to_pylist()]
    finally:
        scan.close()


# --- SQLite: a value may be of any type ----------------------------------------------------------------------

VALUES = (
    "NULL", "0", "1", "2", "-5", "9223372036854775807", "9223372036854775808", "1.0", "1.5", "1e300", "'abc'",
    "''", "'12'", "'1.5'", "'true'", "x'00ff'", "x'61'", "'a' || char(0) || 'b'", "'2024-02-29'", "'2023-02-29'",
    "'2024-2-9'", "'20240229'", "'2024-02-29 10:00:00'", "'2024-02-29T10:00:00'", "' 2024-02-29'", "'2024-02'",
    "'0001-01-01'", "'9999-12-31'", "'10000-01-01'", "'-0044-03-15'", "'now'", "45351", "2460370.5",
)  # fmt: skip
DECLARATIONS = ("INTEGER", "BIGINT", "TEXT", "VARCHAR(20)", "REAL", "DOUBLE", "BOOLEAN", "DATE")


@pytest.fixture(scope="module")
def misfits(tmp_path_factory: pytest.TempPathFactory) -> SqliteConnector:
    """A table for each declaration and value, of one row."""
    file = tmp_path_factory.mktemp("sqlite") / "misfits.db"
    parts = []
    for i, declared in enumerate(DECLARATIONS):
        for j, value in enumerate(VALUES):
            parts.append(f"CREATE TABLE t_{i}_{j} (v {declared}); INSERT INTO t_{i}_{j} VALUES ({value});")
    load = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read()).close()"
    subprocess.run([sys.executable, "-c", load, str(file)], input="\n".join(parts), text=True, check=True)
    return SqliteConnector.open(str(file))


@pytest.mark.parametrize("value", range(len(VALUES)), ids=VALUES)
@pytest.mark.parametrize("declared", range(len(DECLARATIONS)), ids=DECLARATIONS)
def test_sqlite_refuses_natively_what_the_connector_refuses(
    misfits: SqliteConnector, declared: int, value: int
) -> None:
    table = (f"t_{declared}_{value}",)
    try:
        expected = scanned(misfits, table, "v")
    except SourceError:
        for sql in ("SELECT t.v AS v FROM t", "SELECT count(t.v) AS n FROM t WHERE t.v = t.v"):
            with pytest.raises(SourceError):
                native(misfits, table, sql)
        return
    assert native(misfits, table, "SELECT t.v AS v FROM t WHERE t.v = t.v OR t.v IS NULL") == expected
    assert native(misfits, table, "SELECT min(t.v) AS v FROM t") == expected


@pytest.fixture(scope="module")
def nul(tmp_path_factory: pytest.TempPathFactory) -> SqliteConnector:
    file = tmp_path_factory.mktemp("sqlite") / "nul.db"
    script = "CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('a' || char(0) || 'b'), ('a'), ('ab'), (NULL);"
    load = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read()).close()"
    subprocess.run([sys.executable, "-c", load, str(file)], input=script, text=True, check=True)
    return SqliteConnector.open(str(file))


def test_a_nul_character_counts_in_sqlite(nul: SqliteConnector) -> None:
    assert native(nul, ("t",), "SELECT t.v AS v FROM t WHERE t.v = 'a'") == [("a",)]
    assert native(nul, ("t",), "SELECT t.v AS v FROM t ORDER BY t.v") == [("a",), ("a\0b",), ("ab",), (None,)]

    assert native(nul, ("t",), "SELECT count(*) AS n FROM t WHERE t.v LIKE 'a%'") == [(3,)]
    assert native(nul, ("t",), "SELECT count(*) AS n FROM t WHERE t.v LIKE '%b%'") == [(2,)]
    assert native(nul, ("t",), "SELECT count(*) AS n FROM t WHERE starts_with(t.v, 'ab')") == [(1,)]


@pytest.mark.parametrize("condition", ["t.v LIKE '%b'", "left(t.v, 2) = 'ab'", "substring(t.v, 2) = 'b'"])
def test_sqlite_does_not_cut_a_text_at_a_nul_character(nul: SqliteConnector, condition: str) -> None:
    with pytest.raises(SourceError):
        native(nul, ("t",), f"SELECT count(*) AS n FROM t WHERE {condition}")


def test_sqlite_hands_on_what_it_cannot_compare(tmp_path: Path) -> None:
    file = tmp_path / "t.db"
    script = (
        "CREATE TABLE t (d DECIMAL(5,2), m TIMESTAMP, x); INSERT INTO t VALUES (1.10, '2024-01-01 00:00', 5);"
    )
    load = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read()).close()"
    subprocess.run([sys.executable, "-c", load, str(file)], input=script, text=True, check=True)
    connector = SqliteConnector.open(str(file))
    for column in ("d", "m", "x"):
        assert native(connector, ("t",), f"SELECT t.{column} AS v FROM t") == scanned(
            connector, ("t",), column
        )
        assert native(connector, ("t",), f"SELECT count(t.{column}) AS v FROM t") == [(1,)]
        with pytest.raises(NotNative):
            native(connector, ("t",), f"SELECT t.{column} AS v FROM t ORDER BY t.{column}")


# --- PostgreSQL ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgresql(server_home: Path) -> PostgresqlConnector:
    server = start_postgresql(server_home / "postgresql")
    server.create_database("reads")
    with psycopg.connect(server.uri("reads"), autocommit=True) as connection:
        connection.execute(
            "CREATE TYPE mood AS ENUM ('sad', 'ok', 'Happy'); CREATE DOMAIN short AS varchar(9);"
            'CREATE TABLE t (c char(4), p char(4) COLLATE "POSIX", n name, j json, b jsonb, u uuid, e mood,'
            ' k text COLLATE "POSIX", s short, r real, w numeric, m timestamp(3), i inet)'
        )
        connection.execute(
            "INSERT INTO t VALUES ('ab', 'ab', 'n', '{\"b\": 1,  \"a\": 2}', '{\"b\": 1, \"a\": 2}',"
            " 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'ok', 'x', 's', 0.1, 1.5, '2024-01-01 10:00', '10.0.0.1'),"
            " ('', ' ', '', 'null', '1', NULL, 'sad', 'X', ' ', 2, 1.25, NULL, NULL),"
            " (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
        )
    return PostgresqlConnector.open(server.uri("reads"))


@pytest.mark.parametrize("column", ["c", "p", "n", "j", "b", "u", "e", "k", "s", "r", "w", "m", "i"])
def test_postgresql_reads_every_type_as_the_connector_delivers_it(
    postgresql: PostgresqlConnector, column: str
) -> None:
    expected = scanned(postgresql, ("public", "t"), column)
    assert native(postgresql, ("public", "t"), f"SELECT t.{column} AS v FROM t") == expected


@pytest.mark.parametrize("column", ["c", "p", "n", "j", "b", "u", "e", "k", "s", "m", "i"])
def test_postgresql_compares_what_it_reads(postgresql: PostgresqlConnector, column: str) -> None:
    values = [row for row in scanned(postgresql, ("public", "t"), column) if row[0] is not None]
    table = ("public", "t")
    assert native(
        postgresql, table, f"SELECT t.{column} AS v FROM t WHERE t.{column} IS NOT NULL ORDER BY t.{column}"
    ) == sorted(values)
    grouped = native(
        postgresql, table, f"SELECT t.{column} AS v FROM t WHERE t.{column} = t.{column} GROUP BY t.{column}"
    )
    assert sorted(grouped) == sorted(values)


def test_postgresql_compares_columns_of_different_collations(postgresql: PostgresqlConnector) -> None:
    assert native(
        postgresql, ("public", "t"), "SELECT count(*) AS n FROM t WHERE t.k = t.p OR t.k > t.s"
    ) == [(2,)]


def test_postgresql_computes_no_date_on_rows_that_a_filter_hides(server_home: Path) -> None:
    server = start_postgresql(server_home / "postgresql")
    server.create_database("far")
    with psycopg.connect(server.uri("far"), autocommit=True) as connection:
        # The last day is beyond the last timestamp.
        connection.execute(
            "CREATE TABLE t (id int, d date); INSERT INTO t VALUES (1, '2024-01-01'), (2, '5874897-12-31')"
        )
    connector = PostgresqlConnector.open(server.uri("far"))
    # A planner tries cheap conditions first: the row filter is made the dearer one.
    rows = " OR ".join(f"x.id = {row}" for row in (1, *range(90, 99)))
    shown = f"(SELECT x.id AS id, x.d AS d FROM t AS x WHERE {rows}) AS q"
    sql = f"SELECT count(*) AS n FROM {shown} WHERE q.d + INTERVAL 1 DAY > TIMESTAMP '2000-01-01'"
    assert native(connector, ("public", "t"), sql, alias="x") == [(1,)]


@pytest.mark.parametrize("column", ["r", "w"])
def test_postgresql_does_not_compare_inexact_numbers(postgresql: PostgresqlConnector, column: str) -> None:
    with pytest.raises(NotNative, match="only handed on"):
        native(postgresql, ("public", "t"), f"SELECT t.{column} AS v FROM t WHERE t.{column} > 1")


# --- MariaDB -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mariadb(server_home: Path) -> MysqlConnector:
    server = start_mariadb(server_home / "mariadb")
    server.create_database("reads")
    connection = pymysql.connect(
        unix_socket=server.endpoint.socket, user="root", charset="utf8mb4", database="reads", autocommit=True
    )
    with connection.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        cursor.execute(
            "CREATE TABLE t (c char(4), l varchar(20) CHARACTER SET latin1, g varchar(20) CHARACTER SET gbk,"
            " b varchar(20) COLLATE utf8mb4_bin, n varchar(20) COLLATE utf8mb4_nopad_bin, x text, e enum('z', 'a', 'A'),"
            " u int unsigned, y year, t tinyint(1), f bit(1), r float, j json)"
        )
        cursor.execute(
            "INSERT INTO t VALUES ('ab ', 'é', '中', 'a ', 'a ', 'a', 'z', 4000000000, 2024, 1, 1, 0.1, '{\"a\": 1}'),"
            " ('AB', 'É', '文', 'a', 'a', 'A ', 'A', 0, 1999, 0, 0, 2, '1'),"
            " ('', '', '', '', '', '', 'a', 1, 2000, 0, 1, -1, 'null'),"
            " (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
        )
        cursor.execute("CREATE TABLE two (t tinyint(1))")
        cursor.execute("INSERT INTO two VALUES (2)")
        cursor.execute("CREATE TABLE z (id int, d date, m datetime)")
        cursor.execute(
            "INSERT INTO z VALUES (1, '2024-02-29', '2024-02-29 10:00:00'), (2, '0000-00-00', '2024-01-01'),"
            " (3, '2024-00-10', '2024-01-01'), (4, '2024-01-00', '2024-01-01'), (5, '2024-01-01', '0000-00-00'), (6, NULL, NULL)"
        )
    connection.close()
    return MysqlConnector.open(server.uri("reads"))


@pytest.mark.parametrize("column", ["c", "l", "g", "b", "n", "x", "e", "u", "y", "t", "f", "r", "j"])
def test_mariadb_reads_every_type_as_the_connector_delivers_it(mariadb: MysqlConnector, column: str) -> None:
    expected = scanned(mariadb, ("t",), column)
    assert native(mariadb, ("t",), f"SELECT t.{column} AS v FROM t") == expected


@pytest.mark.parametrize("column", ["c", "l", "g", "b", "n", "e", "t", "f"])
def test_mariadb_compares_what_it_reads(mariadb: MysqlConnector, column: str) -> None:
    values = {row for row in scanned(mariadb, ("t",), column) if row[0] is not None}
    ordered = native(
        mariadb, ("t",), f"SELECT DISTINCT t.{column} AS v FROM t WHERE t.{column} IS NOT NULL ORDER BY v"
    )
    assert ordered == sorted(values)


@pytest.mark.parametrize("column", ["x", "r", "j", "y"])
def test_mariadb_does_not_sort_what_it_would_cut(mariadb: MysqlConnector, column: str) -> None:
    with pytest.raises(NotNative):
        native(mariadb, ("t",), f"SELECT t.{column} AS v FROM t ORDER BY t.{column}")


def test_mariadb_refuses_a_truth_value_that_is_none(mariadb: MysqlConnector) -> None:
    for sql in ("SELECT t.t AS v FROM t", "SELECT count(*) AS n FROM t WHERE t.t"):
        with pytest.raises(SourceError):
            native(mariadb, ("two",), sql)
    with pytest.raises(SourceError):
        scanned(mariadb, ("two",), "t")


@pytest.mark.parametrize(("row", "column"), [(2, "d"), (3, "d"), (4, "d"), (5, "m")])
def test_mariadb_refuses_a_date_that_does_not_exist(mariadb: MysqlConnector, row: int, column: str) -> None:
    with pytest.raises(SourceError):
        native(mariadb, ("z",), f"SELECT count(t.{column}) AS n FROM t WHERE t.id = {row}")
    assert native(mariadb, ("z",), f"SELECT count(t.{column}) AS n FROM t WHERE t.id IN (1, 6)") == [(1,)]
