"""SQLite fulfils the contract, and what only this engine can get wrong."""

from __future__ import annotations

import datetime as dt
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest

from comity.errors import SourceError
from connectors.spi import Connector
from connectors.sqlite import SqliteConnector
from connectors.sqlite_tables import arrow_type
from tests.connectors.source import (
    BIG_NAME,
    BIG_ROWS,
    SECRET,
    RefusedValue,
    SqlSource,
    TypeCase,
    case,
    int64,
    read,
)
from tests.connectors.suite import ConnectorContract

UTC = dt.UTC
FAR = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
FIRST = dt.datetime(1, 1, 1)


class SqliteSource(SqlSource):
    def execute(self, sql: str) -> None:
        with closing(sqlite3.connect(self.uri)) as connection, connection:
            connection.execute(sql)


class TestSqlite(ConnectorContract):
    connector_class = SqliteConnector
    unreachable_uri = f"/nowhere/{SECRET}.sqlite"
    shows_running_queries = False
    slow_sql = "SELECT COUNT(*) AS MARKER FROM " + ", ".join(f"digits AS d{i}" for i in range(14))
    proofs: ClassVar[dict[str, str]] = {"supports_timestamptz": "SELECT '2026-01-01 08:00:00+08:00' AS t"}
    writes = (
        "INSERT INTO untouched VALUES (3)",
        "INSERT INTO untouched VALUES (3) RETURNING id",
        "WITH new AS (SELECT 3) INSERT INTO untouched SELECT * FROM new RETURNING id",
        "WITH new AS (SELECT 3 AS id) DELETE FROM untouched RETURNING id",
        "UPDATE untouched SET id = 9",
        "CREATE TABLE made (id BIGINT)",
        "CREATE TEMP TABLE made (id BIGINT)",
        "DROP TABLE untouched",
        "VACUUM",
        "VACUUM INTO '/tmp/comity-made'",
        "ATTACH '/tmp/comity-made' AS made",
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "SELECT * FROM pragma_query_only",
        "SELECT load_extension('made')",
        "BEGIN IMMEDIATE",
        "SAVEPOINT made",
        "ANALYZE",
        "REINDEX",
        "EXPLAIN SELECT id FROM untouched",
    )
    type_cases: ClassVar[tuple[TypeCase, ...]] = (
        case("integer", "INTEGER", pa.int64(), {str(-(2**63) + 1): -(2**63) + 1, str(2**63 - 1): 2**63 - 1}, "integer"),
        case("bigint", "UNSIGNED BIG INT", pa.int64(), {"7": 7}),
        case("boolean", "BOOLEAN", pa.bool_(), {"TRUE": True, "0": False}),
        case("real", "REAL", pa.float64(), {"0.1": 0.1, "-1.7976931348623157e308": -1.7976931348623157e308, "3": 3.0, "9e999": float("inf")}),
        case("double", "DOUBLE PRECISION", pa.float64(), {"5e-324": 5e-324}),
        case("numeric_loose", "NUMERIC", pa.float64(), {"1.5": 1.5, "2": 2.0}),
        case("decimal_money", "DECIMAL(15,2)", pa.decimal128(15, 2), {"9999999999999.99": Decimal("9999999999999.99"), "-0.01": Decimal("-0.01"), "0": Decimal(0), "12.00": Decimal(12), "'0.07'": Decimal("0.07"), "0.1 + 0.2": Decimal("0.30")}, "decimal(15,2)"),
        case("decimal_integer", "NUMERIC(38)", pa.decimal128(38, 0), {str(2**63 - 1): Decimal(2**63 - 1)}),
        case("decimal_large_integer", "DECIMAL(20,2)", pa.decimal128(20, 2), {"1000000000000000": Decimal(10**15), "0.5": Decimal("0.5"), str(2**53 + 1): Decimal(2**53 + 1)}),
        case("decimal_far_places", "DECIMAL(38,30)", pa.decimal128(38, 30), {"0.1": Decimal("0.1"), "-2": Decimal(-2)}),
        case("decimal_sums", "DECIMAL(18,2)", pa.decimal128(18, 2), {"0.1 + 0.2": Decimal("0.3"), "1e15 + 0.0": Decimal(10**15)}),
        case("decimal_places", "DECIMAL(20,15)", pa.decimal128(20, 15), {"0.123456789012345": Decimal("0.123456789012345")}),
        case("text", "TEXT", pa.string(), {"'登记 ''居民'' 👪'": "登记 '居民' 👪", "''": "", "12": "12", "1.50": "1.5"}, "text"),
        case("varchar", "VARCHAR(20)", pa.string(), {"'尾部空格  '": "尾部空格  "}, "varchar(20)"),
        case("collated", "TEXT COLLATE NOCASE", pa.string(), {"'x'": "x"}, "text collate nocase"),
        case("char", "NCHAR(6)", pa.string(), {"'男'": "男"}),
        case("json", "JSON", pa.string(), {"""'{"名": [1, null]}'""": '{"名": [1, null]}', "'17'": "17"}),
        case("undeclared", "", pa.string(), {"'x'": "x", "17": "17"}, "any"),
        case("blob", "BLOB", pa.binary(), {"x'00ff0a'": b"\x00\xff\n", "x''": b""}, "blob"),
        case("date", "DATE", pa.date32(), {"'0001-01-01'": dt.date(1, 1, 1), "'9999-12-31'": dt.date(9999, 12, 31), "'2024-02-29'": dt.date(2024, 2, 29)}),
        case("time", "TIME", pa.time64("us"), {"'00:00'": dt.time(0), "'23:59:59.999999'": dt.time(23, 59, 59, 999999)}),
        case("datetime", "DATETIME", pa.timestamp("us"), {"'0001-01-01'": FIRST, "'9999-12-31T23:59:59.999999'": FAR, "'0001-01-01 00:00'": FIRST}),
        case("timestamp", "TIMESTAMP", pa.timestamp("us"), {"'9999-12-31 23:59:59.999999'": FAR}),
        case("timestamptz", "TIMESTAMPTZ", pa.timestamp("us", "UTC"), {"'2026-07-01 08:00:00+08:00'": dt.datetime(2026, 7, 1, tzinfo=UTC), "'2026-07-01 00:00:00'": dt.datetime(2026, 7, 1, tzinfo=UTC), "'9999-12-31T23:59:59.999999Z'": FAR.replace(tzinfo=UTC), "'2026-07-01'": dt.datetime(2026, 7, 1, tzinfo=UTC)}),
    )  # fmt: skip
    refused_values: ClassVar[tuple[RefusedValue, ...]] = (
        RefusedValue("text_for_a_number", "'4321 元'", pa.int64()),
        RefusedValue("digits_for_a_number", "'4321'", pa.int64()),
        RefusedValue("number_too_large", "4321000000000", pa.int32()),
        RefusedValue("fraction_for_an_integer", "0.4321", pa.int64()),
        RefusedValue("fraction_too_long", "1.4321", pa.decimal128(10, 2)),
        RefusedValue("fraction_of_text_too_long", "'1.4321'", pa.decimal128(10, 2)),
        RefusedValue("decimal_too_large", "432100000", pa.decimal128(10, 2)),
        RefusedValue("decimal_of_sixteen_digits", "432143214321432.1", pa.decimal128(20, 4)),
        RefusedValue("decimal_of_fifty_digits", f"'{'4321' * 12}00'", pa.decimal128(38, 0)),
        RefusedValue("decimal_that_filling_overflows", f"'{'4321' * 8}.5'", pa.decimal128(38, 10)),
        RefusedValue("decimal_from_infinity", "9e999", pa.decimal128(38, 0)),
        RefusedValue("decimal_from_words", "'4321 元'", pa.decimal128(38, 0)),
        RefusedValue("decimal_from_bytes", "x'4321'", pa.decimal128(38, 0)),
        RefusedValue("double_for_a_float", "0.4321", pa.float32()),
        RefusedValue("text_for_a_double", "'4321'", pa.float64()),
        RefusedValue("large_integer_for_a_double", "9007199254740993", pa.float64()),
        RefusedValue("number_for_a_boolean", "4321", pa.bool_()),
        RefusedValue("fraction_for_text", "0.4321", pa.string()),
        RefusedValue("bytes_for_text", "x'34333231'", pa.string()),
        RefusedValue("bytes_that_are_no_text", "CAST(x'4321ff' AS TEXT)", pa.string()),
        RefusedValue("text_for_bytes", "'4321'", pa.binary()),
        RefusedValue("number_for_a_date", "4321", pa.date32()),
        RefusedValue("date_in_another_order", "'1.12.4321'", pa.date32()),
        RefusedValue("date_that_does_not_exist", "'4321-02-30'", pa.date32()),
        RefusedValue("time_of_day_lost", "'4321-01-01 04:32:10'", pa.date32()),
        RefusedValue("nanoseconds_lost", "'4321-01-01 04:32:10.1234567'", pa.timestamp("us")),
        RefusedValue("zone_lost", "'4321-01-01 04:32:10+08:00'", pa.timestamp("us")),
        RefusedValue("time_beyond_a_day", "'43:21:00'", pa.time64("us")),
    )  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, tmp_path_factory: pytest.TempPathFactory) -> SqliteSource:
        source = SqliteSource(str(tmp_path_factory.mktemp("sqlite") / "登记 #1?.sqlite"))
        source.create_table("digits", [("n", "INTEGER")], [[str(n)] for n in range(10)])
        return source

    @classmethod
    def create_big(cls, source: SqliteSource) -> None:  # type: ignore[override]
        source.execute("CREATE TABLE big (id INTEGER PRIMARY KEY, name TEXT)")
        with closing(sqlite3.connect(source.uri)) as connection, connection:
            rows = ((i, f"{BIG_NAME}{i}") for i in range(1, BIG_ROWS + 1))
            connection.executemany("INSERT INTO big VALUES (?, ?)", rows)
        source.analyze("big")


@pytest.fixture
def source(tmp_path: Path) -> SqliteSource:
    return SqliteSource(str(tmp_path / "town.sqlite"))


@pytest.fixture
def connector(source: SqliteSource) -> Iterator[Connector]:
    connector = SqliteConnector.open(source.uri, connections=2)
    yield connector
    connector.close()


def test_values_of_several_kinds_in_one_column_are_all_exact_or_refused(
    source: SqliteSource, connector: Connector
) -> None:
    kinds = [["'3.25'"], ["1"], ["2.5"], ["NULL"], [str(2**53 + 1)], ["4e2"]]
    source.create_table("mixed", [("v", "BLOB")], [*kinds, *[["1"]] * 5000])
    schema = pa.schema([("v", pa.decimal128(20, 2))])
    rows = read(connector.scan("SELECT v FROM mixed", schema))["v"].to_pylist()
    assert rows[:6] == [Decimal("3.25"), 1, Decimal("2.5"), None, 2**53 + 1, 400]
    source.execute("INSERT INTO mixed VALUES ('4321 元')")
    with pytest.raises(SourceError, match="'v'") as caught:
        read(connector.scan("SELECT v FROM mixed", schema))
    assert caught.value.code == "SOURCE_TYPE"
    assert "4321" not in str(caught.value)


def test_a_value_that_does_not_fit_is_found_after_many_that_do(
    source: SqliteSource, connector: Connector
) -> None:
    source.create_table("late", [("v", "BLOB")], [*[["1"]] * 9000, ["'x'"]])
    scan = iter(connector.scan("SELECT v FROM late", int64("v"), batch_rows=1000))
    assert sum(next(scan).num_rows for _ in range(9)) == 9000
    with pytest.raises(SourceError) as caught:
        next(scan)
    assert caught.value.code == "SOURCE_TYPE"


def test_large_values_arrive_and_huge_ones_are_refused(source: SqliteSource, connector: Connector) -> None:
    source.create_table("large", [("v", "BLOB")], [[f"zeroblob({n})"] for n in (5_000_000, 0, 20_000_000)])
    rows = read(connector.scan("SELECT v FROM large", pa.schema([("v", pa.binary())])))["v"].to_pylist()
    assert [len(value) for value in rows] == [5_000_000, 0, 20_000_000]
    source.execute(f"INSERT INTO large VALUES (zeroblob({300 * 1024 * 1024}))")
    with pytest.raises(SourceError) as caught:
        read(connector.scan("SELECT v FROM large", pa.schema([("v", pa.binary())])))
    assert caught.value.code == "SOURCE_UNSUPPORTED"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM sqlite_schema",
        "SELECT sql FROM sqlite_master",
        "SELECT tbl FROM sqlite_stat1",
        "SELECT name FROM pragma_table_info('t')",
        "SELECT name FROM dbstat",
        "SELECT count(*) FROM dbstat",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT count(*) FROM sqlite_stat1",
        "SELECT count(*) FROM pragma_table_info('t')",
        "SELECT value FROM json_tree('[1]')",
        "SELECT randomblob(9)",
        "SELECT id FROM t WHERE load_extension('x') IS NULL",
        "SELECT sqlite_compileoption_get(1)",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        'SELECT "nothing of this name" FROM t',
    ],
)
def test_only_the_tables_and_listed_functions_may_be_used(
    source: SqliteSource, connector: Connector, sql: str
) -> None:
    source.create_table("t", [("id", "INTEGER")], [["1"]])
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            read(connector.scan(sql, pa.schema([("v", pa.string())])))
        assert caught.value.code == "SOURCE_FAILED"
        # Describing asks what a scan may not; the next scan is guarded again.
        assert connector.describe()


def test_a_list_of_constants_may_be_taken_apart(source: SqliteSource, connector: Connector) -> None:
    source.create_table("t", [("id", "INTEGER")], [["1"], ["2"], ["3"]])
    sql = """SELECT id FROM t WHERE id IN (SELECT "value" FROM json_each('[2,3,4]')) ORDER BY id"""
    assert read(connector.scan(sql, pa.schema([("id", pa.int64())]))).to_pylist() == [{"id": 2}, {"id": 3}]


def test_a_with_name_may_be_read_for_the_number_of_its_rows(
    source: SqliteSource, connector: Connector
) -> None:
    source.create_table("t", [("id", "INTEGER")], [["1"], ["2"]])
    sql = "WITH p AS (SELECT 1 AS one) SELECT count(*) AS n FROM t CROSS JOIN p"
    assert read(connector.scan(sql, pa.schema([("n", pa.int64())]))).to_pylist() == [{"n": 2}]


def test_views_computed_columns_and_full_text_tables_can_be_read(
    source: SqliteSource, connector: Connector
) -> None:
    source.create_table(
        "t", [("id", "INTEGER"), ("n", "TEXT COLLATE NOCASE"), ("twice", "INT AS (id * 2)")], [], ["id"]
    )
    source.execute("INSERT INTO t (id, n) VALUES (1, 'A')")
    source.execute("CREATE VIEW v AS SELECT n, id + 1 AS more, CAST(id AS REAL) AS r FROM t")
    source.execute("CREATE VIRTUAL TABLE f USING fts5 (body)")
    source.execute("INSERT INTO f VALUES ('登记 居民')")
    tables = {table.name[0]: table for table in connector.describe()}
    assert sorted(tables) == ["f", "t", "v"]
    assert tables["t"].primary_key == ("id",)
    assert [(c.name, c.native_type, c.nullable) for c in tables["t"].columns] == [
        ("id", "integer", False),
        ("n", "text collate nocase", True),
        ("twice", "int", True),
    ]
    assert [(c.native_type, c.type) for c in tables["v"].columns] == [
        ("text collate nocase", pa.string()),
        ("any", pa.string()),
        ("real", pa.float64()),
    ]
    for table in tables.values():
        schema = pa.schema([(column.name, column.type) for column in table.columns])
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        assert read(connector.scan(f'SELECT {names} FROM "{table.name[0]}"', schema)).num_rows == 1


def test_like_and_comparisons_tell_letters_apart(connector: Connector, source: SqliteSource) -> None:
    source.create_table("t", [("n", "TEXT")], [["'A'"], ["'a'"]])
    for condition in ("n LIKE 'a%'", "n = 'a'"):
        sql = f"SELECT COUNT(*) FROM t WHERE {condition}"
        assert read(connector.scan(sql, int64("n"))).to_pylist() == [{"n": 1}]


def test_every_kind_of_parameter_compares_with_what_is_stored(
    source: SqliteSource, connector: Connector
) -> None:
    declared = [
        ("i", "INTEGER"),
        ("d", "DECIMAL(9,2)"),
        ("t", "TEXT"),
        ("b", "BLOB"),
        ("a", "DATE"),
        ("m", "TIMESTAMP"),
    ]
    stored = ["1", "12.5", "'甲'", "x'00'", "'2026-01-02'", "'2026-01-02 03:04:05'"]
    source.create_table("t", declared, [stored])
    values: list[object] = [True, Decimal("12.50"), "甲", b"\x00", dt.date(2026, 1, 2)]
    values.append(
        dt.datetime(2026, 1, 2, 11, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=8))).replace(tzinfo=None)
        - dt.timedelta(hours=8)
    )
    condition = " AND ".join(f"{name} = ?" for name, _ in declared)
    scan = connector.scan(f"SELECT COUNT(*) FROM t WHERE {condition}", int64("n"), parameters=values)
    assert read(scan).to_pylist() == [{"n": 1}]
    with pytest.raises(SourceError, match="placeholders"):
        read(connector.scan("SELECT i FROM t WHERE i = ?", int64("n"), parameters=[1, 2]))


def test_a_file_put_in_place_of_another_is_read_by_the_next_scan(
    source: SqliteSource, connector: Connector, tmp_path: Path
) -> None:
    source.create_table("t", [("id", "INTEGER")], [["1"]])
    assert read(connector.scan("SELECT id FROM t", int64("id"))).to_pylist() == [{"id": 1}]
    fresh = SqliteSource(str(tmp_path / "fresh.sqlite"))
    fresh.create_table("t", [("id", "INTEGER")], [["2"]])
    Path(fresh.uri).replace(source.uri)
    assert read(connector.scan("SELECT id FROM t", int64("id"))).to_pylist() == [{"id": 2}]


def test_a_missing_file_is_found_once_it_is_there(source: SqliteSource, connector: Connector) -> None:
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            read(connector.scan("SELECT id FROM t", int64("id")))
        assert caught.value.code == "SOURCE_UNAVAILABLE"
    source.create_table("t", [("id", "INTEGER")], [["1"]])
    assert read(connector.scan("SELECT id FROM t", int64("id"))).num_rows == 1
    Path(source.uri).unlink()
    with pytest.raises(SourceError) as caught:
        connector.describe()
    assert caught.value.code == "SOURCE_UNAVAILABLE"


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite").write_text("4321 " * 500)
    for path, words in ((tmp_path / "notes.sqlite", "no SQLite database"), (tmp_path, "cannot be read")):
        connector = SqliteConnector.open(str(path))
        with pytest.raises(SourceError, match=words) as caught:
            connector.probe()
        assert caught.value.code == "SOURCE_UNAVAILABLE"
        connector.close()


def test_a_scan_reads_one_state_while_others_write(source: SqliteSource, connector: Connector) -> None:
    source.execute("PRAGMA journal_mode = WAL")
    source.create_table("t", [("id", "INTEGER")], [["1"]] * 3000)
    scan = connector.scan("SELECT id FROM t", int64("id"), batch_rows=100)
    first = next(iter(scan))
    # Another process, as in life: this one's sqlite3 would take the connector's locks away with its own.
    write = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
    subprocess.run([sys.executable, "-c", write, source.uri, "INSERT INTO t SELECT id FROM t"], check=True)
    assert first.num_rows + sum(batch.num_rows for batch in scan) == 3000
    assert read(connector.scan("SELECT COUNT(*) FROM t", int64("n"))).to_pylist() == [{"n": 6000}]


def test_uris_with_a_scheme_name_the_same_file(source: SqliteSource) -> None:
    source.create_table("t", [("id", "INTEGER")], [["1"]])
    contexts = set()
    for uri in (source.uri, f"sqlite:{source.uri}", f"sqlite://{source.uri}", f"file:{source.uri}"):
        connector = SqliteConnector.open(uri)
        assert [table.name for table in connector.describe()] == [("t",)]
        contexts.add(connector.compute_context())
        connector.close()
    assert len(contexts) == 1


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("decimal ( 9 , 2 )", pa.decimal128(9, 2)),
        ("DECIMAL(50,2)", pa.float64()),
        ("numeric(5,9)", pa.decimal128(5, 5)),
        ("timestamp with  time zone", pa.timestamp("us", "UTC")),
        ("CHARINT", pa.int64()),
        ("MONEY", pa.string()),
        ("ENUM('a','b')", pa.string()),
        ("FLOAT(4)", pa.float64()),
    ],
)
def test_a_declared_type_is_read_as_sqlite_reads_it(declared: str, kind: pa.DataType) -> None:
    assert arrow_type(declared) == kind
