"""DuckDB fulfils the contract: as a database file, and over folders of Parquet and CSV files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import duckdb
import pyarrow as pa
import pytest

from comity.errors import SourceError
from connectors.duckdb import DuckdbConnector
from tests.connectors.source import (
    BIG_NAME,
    BIG_ROWS,
    SECRET,
    RefusedValue,
    Source,
    SqlSource,
    case,
    int64,
    read,
)
from tests.connectors.suite import ConnectorContract

UTC = dt.UTC
FAR = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
FIRST = dt.datetime(1, 1, 1)
LEAST = -(10**38) + 1

SCALARS = (
    case("boolean", "BOOLEAN", pa.bool_(), {"true": True, "false": False}, "BOOLEAN"),
    case("tinyint", "TINYINT", pa.int8(), {"-128": -128, "127": 127}),
    case("smallint", "SMALLINT", pa.int16(), {"-32768": -(2**15), "32767": 2**15 - 1}),
    case("integer", "INTEGER", pa.int32(), {"-2147483648": -(2**31), "2147483647": 2**31 - 1}),
    case("bigint", "BIGINT", pa.int64(), {str(-(2**63)): -(2**63), str(2**63 - 1): 2**63 - 1}),
    case("utinyint", "UTINYINT", pa.uint8(), {"255": 255}),
    case("usmallint", "USMALLINT", pa.uint16(), {"65535": 65535}),
    case("uinteger", "UINTEGER", pa.uint32(), {"4294967295": 2**32 - 1}),
    case("ubigint", "UBIGINT", pa.uint64(), {str(2**64 - 1): 2**64 - 1}),
    case("float", "FLOAT", pa.float32(), {"1.5": 1.5, "'-Infinity'": float("-inf")}),
    case("double", "DOUBLE", pa.float64(), {"0.1": 0.1, "5e-324": 5e-324, "'Infinity'": float("inf")}),
    case("decimal", "DECIMAL(15,2)", pa.decimal128(15, 2), {"9999999999999.99": Decimal("9999999999999.99"), "-0.01": Decimal("-0.01")}, "DECIMAL(15,2)"),
    case("decimal_narrow", "DECIMAL(4,1)", pa.decimal128(4, 1), {"-999.9": Decimal("-999.9")}),
    case("decimal_widest", "DECIMAL(38,10)", pa.decimal128(38, 10), {"-9999999999999999999999999999.9999999999": Decimal("-9999999999999999999999999999.9999999999")}),
    case("varchar", "VARCHAR", pa.string(), {"'登记 ''居民'' 👪 '": "登记 '居民' 👪 ", "''": "", "repeat('长', 100000)": "长" * 100000}, "VARCHAR"),
    case("blob", "BLOB", pa.binary(), {"'\\x00\\xFF\\x0A'::BLOB": b"\x00\xff\n", "''::BLOB": b""}),
    case("date", "DATE", pa.date32(), {"'0001-01-01'": dt.date(1, 1, 1), "'9999-12-31'": dt.date(9999, 12, 31)}),
    case("time", "TIME", pa.time64("us"), {"'00:00'": dt.time(0), "'23:59:59.999999'": dt.time(23, 59, 59, 999999)}),
    case("timestamp", "TIMESTAMP", pa.timestamp("us"), {"'0001-01-01'": FIRST, "'9999-12-31 23:59:59.999999'": FAR}),
    case("timestamptz", "TIMESTAMPTZ", pa.timestamp("us", "UTC"), {"'2026-07-01 08:00+08'": dt.datetime(2026, 7, 1, tzinfo=UTC), "'9999-12-31 23:59:59.999999Z'": FAR.replace(tzinfo=UTC)}),
    case("int_list", "INTEGER[]", pa.list_(pa.int32()), {"[1, NULL, -3]": [1, None, -3], "[]": []}),
    case("text_list", "VARCHAR[]", pa.list_(pa.string()), {"['甲', NULL, 'a,b', '']": ["甲", None, "a,b", ""]}),
    case("decimal_list", "DECIMAL(5,2)[]", pa.list_(pa.decimal128(5, 2)), {"[1.5, NULL]": [Decimal("1.50"), None]}),
    case("uuid", "UUID", pa.string(), {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}),
    case("json", "JSON", pa.string(), {"""'{"名": [1, null]}'""": '{"名": [1, null]}'}),
)  # fmt: skip


class DuckdbContract(ConnectorContract):
    connector_class = DuckdbConnector
    placeholder = "$1"
    shows_running_queries = False
    slow_sql = "SELECT count(*) AS MARKER FROM range(1000000000000) AS a WHERE hash(a.range) = 1"  # a quarter of an hour
    unreachable_uri = f"/nowhere/{SECRET}.duckdb"
    refused_values: ClassVar[Sequence[RefusedValue]] = (
        RefusedValue("text_for_a_number", "'4321 元'", pa.int64()),
        RefusedValue("number_too_large", "4321000000000", pa.int32()),
        RefusedValue("fraction_for_an_integer", "0.4321", pa.int64()),
        RefusedValue("fraction_too_long", "1.4321::DECIMAL(9,4)", pa.decimal128(10, 2)),
        RefusedValue("decimal_too_large", "432100000::DECIMAL(12,1)", pa.decimal128(10, 2)),
        RefusedValue("double_for_a_float", "0.4321::DOUBLE", pa.float32()),
        RefusedValue("double_for_a_decimal", "1.4321::DOUBLE", pa.decimal128(10, 2)),
        RefusedValue("large_integer_for_a_double", "9007199254740993", pa.float64()),
        RefusedValue("hugeint_of_39_digits", f"1{'4321' * 9}43::HUGEINT", pa.decimal128(38, 0)),
        RefusedValue("uhugeint_of_39_digits", "340282366920938463463374607431768211455::UHUGEINT", pa.decimal128(38, 0)),
        RefusedValue("infinite_date", "'infinity'::DATE", pa.date32()),
        RefusedValue("infinite_timestamp", "'-infinity'::TIMESTAMP", pa.timestamp("us")),
        RefusedValue("infinite_timestamptz", "'infinity'::TIMESTAMPTZ", pa.timestamp("us", "UTC")),
        RefusedValue("nanoseconds_lost", "'2026-01-01 00:00:00.000004321'::TIMESTAMP_NS", pa.timestamp("us")),
        RefusedValue("midnight_at_the_days_end", "'24:00:00'::TIME", pa.time64("us")),
        RefusedValue("time_of_day_lost", "TIMESTAMP '2026-01-01 04:32:10'", pa.date32()),
        RefusedValue("zone_lost", "TIMESTAMPTZ '2026-01-01 00:00Z'", pa.timestamp("us")),
        RefusedValue("zone_made_up", "TIMESTAMP '2026-01-01'", pa.timestamp("us", "UTC")),
        RefusedValue("number_for_text", "4321", pa.string()),
        RefusedValue("struct_for_a_number", "{'a': 4321}", pa.int64()),
        RefusedValue("list_for_a_number", "[4321]", pa.int64()),
        RefusedValue("infinite_date_in_a_list", "['infinity'::DATE]", pa.list_(pa.date32())),
    )  # fmt: skip
    writes: ClassVar[Sequence[str]] = (
        "INSERT INTO untouched VALUES (3)",
        "WITH new AS (INSERT INTO untouched VALUES (3) RETURNING id) SELECT id FROM new",
        "UPDATE untouched SET id = 9",
        "DELETE FROM untouched",
        "CREATE TABLE made (id BIGINT)",
        "CREATE TEMP TABLE made (id BIGINT)",
        "CREATE TABLE memory.made (id BIGINT)",
        "CREATE VIEW made AS SELECT 1 AS id",
        "DROP TABLE untouched",
        "DROP VIEW untouched",
        "COPY untouched TO '/tmp/made.csv'",
        "ATTACH ':memory:' AS made",
        "USE memory",
        "SET threads = 1",
        "PRAGMA database_list",
        "INSTALL httpfs",
        "SELECT 1 AS id FROM read_text('/etc/hostname')",
        "SELECT 1 AS id FROM '/etc/hostname'",
        "SELECT id FROM made",
        "BEGIN",
    )

    def test_what_python_holds_is_no_table(self, connector: DuckdbConnector) -> None:
        made = pa.table({"id": [1]})
        assert made.num_rows == 1
        with pytest.raises(SourceError):
            list(connector.scan("SELECT id FROM made", int64("id")))

    def test_what_statistics_say_of_a_join_takes_no_rows_away(
        self, connector: DuckdbConnector, source: Source
    ) -> None:
        source.create_table("three", [("a", "INTEGER")], [["3"], ["8"], ["NULL"]])
        source.create_table("two", [("a", "INTEGER")], [["2"]])
        join = "SELECT 1 AS n FROM three p LEFT JOIN two q ON q.a = p.a AND q.a = 1"
        for text, expected in (
            (f"SELECT count(*) AS n FROM three WHERE EXISTS ({join})", 3),
            (f"SELECT count(*) AS n FROM ({join} LIMIT 1)", 1),
        ):
            assert read(connector.scan(text, int64("n"))).to_pylist() == [{"n": expected}]

    @pytest.mark.parametrize(
        "expression", ["CAST('第4321号' AS BIGINT)", "year(strptime('4321', '%Y-%m-%d'))", "ln(-4321)"]
    )
    def test_a_value_that_cannot_be_computed_is_not_shown(
        self, connector: DuckdbConnector, expression: str
    ) -> None:
        with pytest.raises(SourceError) as caught:
            list(connector.scan(f"SELECT CAST({expression} AS BIGINT) AS n FROM range(5)", int64("n")))
        assert caught.value.code == "SOURCE_VALUE"
        assert "4321" not in str(caught.value)

    def test_casts_around_an_ordered_query_keep_its_order(self, connector: DuckdbConnector) -> None:
        sql = "SELECT range::UHUGEINT AS n FROM range(300000) ORDER BY hash(range)"
        plain = "SELECT range AS n FROM range(300000) ORDER BY hash(range)"
        wrapped = read(connector.scan(sql, pa.schema([pa.field("n", pa.decimal128(38, 0))]), ordered=True))
        assert (
            wrapped["n"].cast(pa.int64()).equals(read(connector.scan(plain, int64("n"), ordered=True))["n"])
        )


@dataclass
class FileSource(SqlSource):
    def execute(self, sql: str) -> None:
        with duckdb.connect(self.uri) as connection:
            connection.execute(sql)

    def analyze(self, name: str) -> None:
        """DuckDB counts as it goes."""


class TestDuckdbFile(DuckdbContract):
    unknown_statistics = frozenset({"common"})
    type_cases = (
        *SCALARS,
        case("hugeint", "HUGEINT", pa.decimal128(38, 0), {"9" * 38: Decimal("9" * 38), str(LEAST): Decimal(LEAST)}),
        case("uhugeint", "UHUGEINT", pa.decimal128(38, 0), {"9" * 38: Decimal("9" * 38), "0": Decimal(0)}),
        case("uhugeint_list", "UHUGEINT[]", pa.list_(pa.decimal128(38, 0)), {f"[{'9' * 38}, NULL]": [Decimal("9" * 38), None]}),
        case("timestamp_s", "TIMESTAMP_S", pa.timestamp("s"), {"'2026-01-01 12:34:56'": dt.datetime(2026, 1, 1, 12, 34, 56)}),
        case("timestamp_ns", "TIMESTAMP_NS", pa.timestamp("ns"), {"'2026-01-01 00:00:00.123456'": dt.datetime(2026, 1, 1, 0, 0, 0, 123456)}),
        case("interval", "INTERVAL", pa.month_day_nano_interval(), {"INTERVAL '1 year 2 days 3 seconds'": pa.MonthDayNano([12, 2, 3_000_000_000])}),
        case("enum", "ENUM ('好', '坏')", pa.string(), {"'好'": "好", "'坏'": "坏"}, "ENUM('好', '坏')"),
        case("enum_list", "ENUM ('好', '坏')[]", pa.list_(pa.string()), {"['坏', NULL]": ["坏", None]}),
        case("array", "INTEGER[2]", pa.list_(pa.int32(), 2), {"[1, 2]": [1, 2]}, "INTEGER[2]"),
        case("list_of_lists", "INTEGER[][]", pa.list_(pa.list_(pa.int32())), {"[[1], [], NULL, [2, NULL]]": [[1], [], None, [2, None]]}),
        case("struct", "STRUCT(a INTEGER, b VARCHAR)", pa.string(), {"{'a': 1, 'b': '名'}": "{'a': 1, 'b': 名}"}),
        case("bit", "BIT", pa.string(), {"'101'": "101"}),
    )  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, tmp_path_factory: pytest.TempPathFactory) -> FileSource:
        source = FileSource(str(tmp_path_factory.mktemp("duckdb") / "城市 contract.duckdb"))
        source.execute("CHECKPOINT")
        return source

    @classmethod
    def create_big(cls, source: Source) -> None:
        source.execute(
            f"CREATE TABLE big AS SELECT range AS id, '{BIG_NAME}' || range AS name FROM range(1, {BIG_ROWS + 1})"
        )

    def test_tables_of_other_schemas_and_views_are_described_by_their_whole_name(
        self, source: Source, connector: DuckdbConnector
    ) -> None:
        source.execute("CREATE SCHEMA IF NOT EXISTS 其他; CREATE OR REPLACE TABLE 其他.t AS SELECT 1 AS a")
        source.execute("CREATE OR REPLACE VIEW v AS SELECT a, 'x' AS b FROM 其他.t")
        names = [("其他", "t"), ("v",), ("main", "v")]
        tables = connector.describe(names)
        assert [table.name for table in tables] == names
        assert [table.row_estimate for table in tables] == [1, None, None]
        assert {("其他", "t"), ("v",)} < {table.name for table in connector.describe()}
        assert read(connector.scan("SELECT a FROM 其他.t", int64("a"))).num_rows == 1

    def test_a_database_put_in_the_old_ones_place_is_read_by_the_next_scan(self, tmp_path: Path) -> None:
        path, new = tmp_path / "town.duckdb", tmp_path / "new.duckdb"
        connector = DuckdbConnector.open(f"duckdb://{path}")
        answers = []
        for rows in (200_000, 3):
            with duckdb.connect(new) as writer:
                writer.execute(f"CREATE TABLE t AS SELECT range AS id FROM range({rows})")
            new.replace(path)
            scan = connector.scan("SELECT id FROM t", int64("id"), batch_rows=1000)
            answers.append((scan, next(scan).num_rows))
        (old, first), (young, few) = answers
        assert first + sum(batch.num_rows for batch in old) == 200_000
        assert few + sum(batch.num_rows for batch in young) == 3
        connector.close()

    def test_a_file_that_is_no_database_is_unavailable(self, tmp_path: Path) -> None:
        path = tmp_path / f"{SECRET}.duckdb"
        path.write_text("4321 this is no database " * 1000)
        with pytest.raises(SourceError) as caught:
            DuckdbConnector.open(str(path)).describe()
        assert caught.value.code == "SOURCE_UNAVAILABLE"
        assert SECRET not in str(caught.value)


@dataclass
class FolderSource(SqlSource):
    """Makes its tables in a DuckDB in memory and writes each to a Parquet file."""

    def execute(self, sql: str) -> None:
        raise NotImplementedError

    def create_table(
        self,
        name: str,
        columns: Sequence[tuple[str, str]],
        rows: Sequence[Sequence[str]],
        primary_key: Sequence[str] = (),
    ) -> None:
        declared = ", ".join(f'"{column}" {declaration}' for column, declaration in columns)
        values = ", ".join(f"({', '.join(row)})" for row in rows)
        self.write(name, f'CREATE TABLE "{name}" ({declared}); INSERT INTO "{name}" VALUES {values}')

    def write(self, name: str, sql: str) -> None:
        with duckdb.connect() as connection:
            connection.execute(sql)
            connection.execute(f"COPY \"{name}\" TO '{self.uri}/{name}.parquet'")


class TestFolder(DuckdbContract):
    type_cases = SCALARS
    supports_primary_keys = False
    has_views = False
    unknown_statistics = frozenset({"common", "distinct_key"})
    memory_bound = 160 * 2**20  # two threads read ahead a row group each, whatever the file's size

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, tmp_path_factory: pytest.TempPathFactory) -> FolderSource:
        return FolderSource(str(tmp_path_factory.mktemp("城市 folder")))

    @classmethod
    def create_big(cls, source: Source) -> None:
        assert isinstance(source, FolderSource)
        source.write(
            "big",
            f"CREATE TABLE big AS SELECT range AS id, '{BIG_NAME}' || range AS name FROM range(1, {BIG_ROWS + 1})",
        )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[tuple[Path, DuckdbConnector]]:
    connector = DuckdbConnector.open(f"files:{tmp_path}")
    yield tmp_path, connector
    connector.close()


TEXTS = pa.schema([pa.field("代码", pa.string()), pa.field("名称", pa.string()), pa.field("数", pa.string())])


class TestCsv:
    def test_every_column_is_text_so_that_codes_keep_their_zeros(
        self, folder: tuple[Path, DuckdbConnector]
    ) -> None:
        path, connector = folder
        (path / "企业.csv").write_text('代码,名称,数\n0123,"甲, ""乙""\n丙",1.50\n,"",\n', encoding="utf-8")
        (table,) = connector.describe()
        assert table.name == ("企业",)
        assert [(c.name, c.type) for c in table.columns] == [(f.name, f.type) for f in TEXTS]
        assert read(connector.scan('SELECT * FROM "企业"', TEXTS)).to_pylist() == [
            {"代码": "0123", "名称": '甲, "乙"\n丙', "数": "1.50"},
            {"代码": None, "名称": "", "数": None},
        ]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_delimiters_are_found_out(self, folder: tuple[Path, DuckdbConnector], delimiter: str) -> None:
        path, connector = folder
        lines = [
            delimiter.join(row) for row in (("代码", "名称", "数"), ("01", "甲", "2"), ("02", "乙", "3"))
        ]
        (path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        assert read(connector.scan("SELECT * FROM t", TEXTS))["代码"].to_pylist() == ["01", "02"]

    def test_a_header_alone_is_an_empty_table(self, folder: tuple[Path, DuckdbConnector]) -> None:
        path, connector = folder
        (path / "t.csv").write_text("代码,名称,数\n", encoding="utf-8")
        assert read(connector.scan("SELECT * FROM t", TEXTS)).num_rows == 0
        assert connector.describe()[0].row_estimate == 0

    def test_estimates_come_from_the_size_of_the_file(self, folder: tuple[Path, DuckdbConnector]) -> None:
        path, connector = folder
        (path / "t.csv").write_text("a,b\n" + "".join(f"{i},x\n" for i in range(100_000)), encoding="utf-8")
        estimate = connector.describe([("t",)])[0].row_estimate
        assert estimate is not None
        assert 50_000 < estimate < 200_000

    def test_files_that_come_go_and_change_are_seen_by_the_next_scan(
        self, folder: tuple[Path, DuckdbConnector]
    ) -> None:
        path, connector = folder
        assert connector.describe() == ()
        for rows in (1, 2):
            (path / "t.csv").write_text("a\n" + "x\n" * rows, encoding="utf-8")
            schema = pa.schema([pa.field("a", pa.string())])
            assert read(connector.scan("SELECT a FROM t", schema)).num_rows == rows
        (path / "t.csv").unlink()
        with pytest.raises(SourceError):
            read(connector.scan("SELECT a FROM t", schema))

    def test_a_row_that_breaks_the_file_fails_and_is_not_shown(
        self, folder: tuple[Path, DuckdbConnector]
    ) -> None:
        path, connector = folder
        (path / "t.csv").write_text("a,b\n" + "x,y\n" * 30_000 + "1,4321,3,4\n", encoding="utf-8")
        schema = pa.schema([pa.field("a", pa.string()), pa.field("b", pa.string())])
        with pytest.raises(SourceError) as caught:
            read(connector.scan("SELECT a, b FROM t", schema))
        assert "4321" not in str(caught.value)

    def test_only_the_folders_own_files_are_readable(self, folder: tuple[Path, DuckdbConnector]) -> None:
        path, connector = folder
        (path / "t.csv").write_text("a\nx\n", encoding="utf-8")
        (path / "secret.txt").write_text("a\nx\n", encoding="utf-8")
        (path / ".hidden.csv").write_text("a\nx\n", encoding="utf-8")
        assert [table.name for table in connector.describe()] == [("t",)]
        schema = pa.schema([pa.field("a", pa.string())])
        for file in ("secret.txt", ".hidden.csv", "*.csv"):
            with pytest.raises(SourceError):
                read(connector.scan(f"SELECT a FROM read_csv('{path}/{file}')", schema))

    def test_two_files_for_one_table_are_refused(self, folder: tuple[Path, DuckdbConnector]) -> None:
        path, connector = folder
        (path / "t.csv").write_text("a\nx\n", encoding="utf-8")
        (path / "T.csv").write_text("a\nx\n", encoding="utf-8")
        with pytest.raises(SourceError) as caught:
            connector.describe()
        assert caught.value.code == "SOURCE_UNAVAILABLE"

    def test_a_file_that_cannot_be_read_leaves_the_others_readable(
        self, folder: tuple[Path, DuckdbConnector]
    ) -> None:
        path, connector = folder
        (path / "好.csv").write_text("\ufeffa\nx\n", encoding="utf-8")
        (path / "国标.csv").write_text("代码,名称\n4321,登记\n", encoding="gb18030")
        (path / "broken.parquet").write_bytes(b"PAR1 4321")
        (path / "empty.csv").write_bytes(b"")
        (table,) = connector.describe()
        assert (table.name, [column.name for column in table.columns]) == (("好",), ["a"])
        for name in ("国标", "broken", "empty"):
            with pytest.raises(SourceError) as caught:
                connector.describe([(name,)])
            assert name in str(caught.value)
            assert "4321" not in str(caught.value)
