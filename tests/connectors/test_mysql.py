"""MariaDB fulfils the contract, and what only this engine can get wrong."""

from __future__ import annotations

import datetime as dt
import os
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pyarrow as pa
import pymysql
import pytest

from comity.errors import CancelledError, ComityError, SourceError
from connectors import servers
from connectors.mysql import MysqlConnector
from connectors.mysql_session import parse_address
from connectors.spi import Connector, Scan
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
    wait_until,
)
from tests.connectors.suite import ConnectorContract

UTC = dt.UTC
FAR = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
FIRST = dt.datetime(1, 1, 1)
LAST_TIMESTAMP = dt.datetime(2038, 1, 19, 3, 14, 7, 999999, tzinfo=UTC)
PASSWORD = "密码 p@ss/w?"


@dataclass
class MysqlSource(SqlSource):
    directory: Path = Path()

    def ask(self, sql: str) -> tuple[tuple[Any, ...], ...]:
        address = parse_address(servers.resolve_uri(self.uri, "mariadb"))
        connection = pymysql.connect(
            unix_socket=address.option("unix_socket"),
            user="root",
            database=address.database,
            charset="utf8mb4",
            autocommit=True,
            init_command="SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'",
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                rows: tuple[tuple[Any, ...], ...] = cursor.fetchall()
                return rows
        finally:
            connection.close()

    def execute(self, sql: str) -> None:
        self.ask(sql)

    def analyze(self, name: str) -> None:
        self.execute(f"ANALYZE TABLE {self.quote(name)}")

    def is_running(self, marker: str) -> bool:
        rows = self.ask("SELECT info FROM information_schema.processlist WHERE id <> CONNECTION_ID()")
        return any(marker in (info or "") for (info,) in rows)

    def restart(self) -> None:
        servers.start_mariadb(self.directory).stop()
        servers.start_mariadb(self.directory)


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MysqlSource]:
    try:
        server = servers.start_mariadb(tmp_path_factory.mktemp("mariadb"))
    except SourceError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    server.create_database("城市 contract")
    uri = f"embedded:{server.directory}?database=%E5%9F%8E%E5%B8%82%20contract"
    yield MysqlSource(uri, lambda name: f"`{name}`", server.directory)
    servers.start_mariadb(server.directory).stop()


class TestMysql(ConnectorContract):
    connector_class = MysqlConnector
    unreachable_uri = f"mysql://someone:{SECRET}@127.0.0.1:1/nowhere"
    quote = "`"
    slow_sql = "SELECT COUNT(*) AS MARKER FROM seq_1_to_1000000 AS a, seq_1_to_1000000 AS b"
    proofs: ClassVar[dict[str, str]] = {"supports_timestamptz": "SELECT FROM_UNIXTIME(1767225600) AS t"}
    writes = (
        "INSERT INTO untouched VALUES (3)",
        "INSERT INTO untouched VALUES (3) RETURNING id",
        "REPLACE INTO untouched VALUES (3) RETURNING id",
        "DELETE FROM untouched RETURNING id",
        "UPDATE untouched SET id = 9",
        "TRUNCATE untouched",
        "CREATE TABLE made (id BIGINT)",
        "CREATE TEMPORARY TABLE made (id BIGINT)",
        "CREATE TABLE made AS SELECT id FROM untouched",
        "DROP TABLE untouched",
        "SELECT id FROM untouched INTO OUTFILE '/tmp/comity-contract'",
        "SELECT 1 INTO @made",
        "SELECT id FROM untouched FOR UPDATE",
        "SELECT NEXTVAL(counter) AS id",
        "(SELECT NEXTVAL(counter) AS id)",
        "SET SESSION TRANSACTION READ WRITE",
        "START TRANSACTION READ WRITE",
        "LOCK TABLES untouched WRITE",
        "ANALYZE TABLE untouched",
        "SHOW TABLES",
        "BEGIN NOT ATOMIC INSERT INTO untouched VALUES (3); END",
    )
    type_cases: ClassVar[tuple[TypeCase, ...]] = (
        case("boolean", "BOOLEAN", pa.bool_(), {"TRUE": True, "FALSE": False}, "tinyint(1)"),
        case("bit1", "BIT(1)", pa.bool_(), {"b'1'": True, "b'0'": False}, "bit(1)"),
        case("bit63", "BIT(63)", pa.int64(), {"b'0'": 0, f"b'{'1' * 63}'": 2**63 - 1, "b'100000000'": 256}),
        case("bit64", "BIT(64)", pa.decimal128(20, 0), {f"b'{'1' * 64}'": Decimal(2**64 - 1), "b'1'": Decimal(1)}),
        case("tinyint", "TINYINT", pa.int8(), {"-128": -128, "127": 127}),
        case("tinyint_unsigned", "TINYINT UNSIGNED", pa.int16(), {"255": 255, "0": 0}),
        case("smallint", "SMALLINT", pa.int16(), {"-32768": -(2**15), "32767": 2**15 - 1}),
        case("smallint_unsigned", "SMALLINT UNSIGNED", pa.int32(), {"65535": 65535}),
        case("mediumint", "MEDIUMINT", pa.int32(), {"-8388608": -(2**23), "8388607": 2**23 - 1}),
        case("mediumint_unsigned", "MEDIUMINT UNSIGNED", pa.int32(), {"16777215": 2**24 - 1}),
        case("int", "INTEGER", pa.int32(), {"-2147483648": -(2**31), "2147483647": 2**31 - 1}),
        case("int_unsigned", "INT UNSIGNED", pa.int64(), {"4294967295": 2**32 - 1}),
        case("int_zerofill", "INT(9) ZEROFILL", pa.int64(), {"7": 7}, "int(9) unsigned zerofill"),
        case("bigint", "BIGINT", pa.int64(), {str(-(2**63)): -(2**63), str(2**63 - 1): 2**63 - 1}),
        case("bigint_unsigned", "BIGINT UNSIGNED", pa.decimal128(20, 0), {str(2**64 - 1): Decimal(2**64 - 1), "0": Decimal(0)}),
        case("year", "YEAR", pa.int16(), {"1901": 1901, "2155": 2155, "0": 0}),
        case("float", "FLOAT", pa.float32(), {"1.5": 1.5, "-3.4e38": -3.3999999521443642e38}),
        case("double", "DOUBLE", pa.float64(), {"0.1": 0.1, "-1.7976931348623157e308": -1.7976931348623157e308, "5e-324": 5e-324, "0": 0.0}),
        case("decimal_money", "DECIMAL(15,2)", pa.decimal128(15, 2), {"9999999999999.99": Decimal("9999999999999.99"), "-0.01": Decimal("-0.01"), "0": Decimal(0)}, "decimal(15,2)"),
        case("decimal_widest", "DECIMAL(38,10)", pa.decimal128(38, 10), {"-9999999999999999999999999999.9999999999": Decimal("-9999999999999999999999999999.9999999999"), "0.0000000001": Decimal("0.0000000001")}),
        case("decimal_integer", "DECIMAL(38)", pa.decimal128(38, 0), {"9" * 38: Decimal("9" * 38), "-" + "9" * 38: Decimal("-" + "9" * 38)}),
        case("decimal_places", "DECIMAL(38,38)", pa.decimal128(38, 38), {f"-0.{'9' * 38}": Decimal(f"-0.{'9' * 38}")}),
        case("decimal_beyond_arrow", "DECIMAL(65,2)", pa.string(), {f"-{'9' * 63}.99": f"-{'9' * 63}.99"}),
        case("varchar", "VARCHAR(40) CHARACTER SET utf8mb4", pa.string(), {"'登记 ''居民'' 👪'": "登记 '居民' 👪", "''": "", "'尾部空格  '": "尾部空格  ", r"'a\nb\t\\'": "a\nb\t\\"}, "varchar(40) collate utf8mb4_general_ci"),
        case("varchar_binary", "VARCHAR(9) COLLATE utf8mb4_bin", pa.string(), {"'x'": "x"}, "varchar(9) collate utf8mb4_bin"),
        case("varchar_gbk", "VARCHAR(9) CHARACTER SET gbk", pa.string(), {"'狮山'": "狮山"}, "varchar(9) collate gbk_chinese_ci"),
        case("char", "CHAR(6)", pa.string(), {"'男'": "男", "' a '": " a"}),
        case("text", "LONGTEXT", pa.string(), {f"REPEAT('长', {n})": "长" * n for n in (0, 1, 83, 84, 21845, 21846, 100000)}),
        case("text_lengths", "TEXT", pa.string(), {f"REPEAT('x', {n})": "x" * n for n in (4, 5, 12, 13, 250, 251, 252, 253, 254, 255, 256, 65535)}),
        case("enum", "ENUM('好','坏')", pa.string(), {"'好'": "好", "'坏'": "坏"}),
        case("set", "SET('好','坏')", pa.string(), {"'好,坏'": "好,坏", "''": ""}),
        case("json", "JSON", pa.string(), {"""'{"名": [1, null]}'""": '{"名": [1, null]}', "'null'": "null"}),
        case("uuid", "UUID", pa.string(), {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}),
        case("inet6", "INET6", pa.string(), {"'::1'": "::1"}),
        case("blob", "BLOB", pa.binary(), {"x'00ff0a'": b"\x00\xff\n", "''": b"", "'文'": "文".encode()}, "blob"),
        case("varbinary", "VARBINARY(20)", pa.binary(), {"x'00'": b"\x00", "x'000102030405060708090a0b0c'": bytes(range(13))}),
        case("binary", "BINARY(3)", pa.binary(), {"'a'": b"a\x00\x00"}),
        case("point", "POINT", pa.binary(), {"POINT(1, 2)": bytes.fromhex("000000000101000000000000000000f03f0000000000000040")}),
        case("date", "DATE", pa.date32(), {"'0001-01-01'": dt.date(1, 1, 1), "'9999-12-31'": dt.date(9999, 12, 31), "'1970-01-01'": dt.date(1970, 1, 1), "'2024-02-29'": dt.date(2024, 2, 29), "'1900-02-28'": dt.date(1900, 2, 28)}),
        case("time", "TIME(6)", pa.time64("us"), {"'00:00'": dt.time(0), "'23:59:59.999999'": dt.time(23, 59, 59, 999999), "'01:02:03'": dt.time(1, 2, 3)}),
        case("datetime", "DATETIME(6)", pa.timestamp("us"), {"'0001-01-01'": FIRST, "'9999-12-31 23:59:59.999999'": FAR, "'2026-07-01 08:00:01'": dt.datetime(2026, 7, 1, 8, 0, 1)}, "datetime(6)"),
        case("timestamp", "TIMESTAMP(6) NULL", pa.timestamp("us", "UTC"), {"'2026-07-01 08:00'": dt.datetime(2026, 7, 1, 8, tzinfo=UTC), "'2038-01-19 03:14:07.999999'": LAST_TIMESTAMP}),
    )  # fmt: skip
    refused_values: ClassVar[tuple[RefusedValue, ...]] = (
        RefusedValue("text_for_a_number", "'4321 元'", pa.int64()),
        RefusedValue("digits_for_a_number", "'4321'", pa.int64()),
        RefusedValue("number_too_large", "4321000000000", pa.int32()),
        RefusedValue("unsigned_too_large", "CAST(18446744073709504321 AS UNSIGNED)", pa.int64()),
        RefusedValue("fraction_for_an_integer", "0.4321", pa.int64()),
        RefusedValue("fraction_too_long", "1.4321", pa.decimal128(10, 2)),
        RefusedValue("decimal_too_large", "432100000", pa.decimal128(10, 2)),
        RefusedValue("decimal_of_fifty_digits", f"{'4321' * 12}00", pa.decimal128(38, 0)),
        RefusedValue("decimal_of_forty_digits", f"{'4321' * 10}", pa.decimal128(38, 0)),
        RefusedValue("decimal_of_fifty_digits_for_an_integer", f"{'4321' * 12}00", pa.int64()),
        RefusedValue("decimal_that_filling_overflows", f"{'4321' * 8}.5", pa.decimal128(38, 10)),
        RefusedValue("double_for_a_float", "0.4321e0", pa.float32()),
        RefusedValue("double_for_a_decimal", "1.4321e0", pa.decimal128(10, 2)),
        RefusedValue("large_integer_for_a_double", "9007199254740993", pa.float64()),
        RefusedValue("number_for_a_boolean", "4321", pa.bool_()),
        RefusedValue("number_for_text", "4321", pa.string()),
        RefusedValue("bytes_that_are_no_text", "x'4321ff'", pa.string()),
        RefusedValue("text_for_bytes", "'4321'", pa.binary()),
        RefusedValue("time_beyond_a_day", "CAST('43:21:00' AS TIME)", pa.time64("us")),
        RefusedValue("time_beyond_many_days", "CAST('432:10:00' AS TIME)", pa.time64("us")),
        RefusedValue("time_below_zero", "CAST('-04:32:10' AS TIME)", pa.time64("us")),
        RefusedValue("time_of_day_lost", "CAST('2026-01-01 04:32:10' AS DATETIME)", pa.date32()),
        RefusedValue("zone_lost", "(SELECT at FROM moments)", pa.timestamp("us")),
    )  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, mariadb: MysqlSource) -> MysqlSource:
        mariadb.execute("CREATE SEQUENCE counter")
        mariadb.execute("CREATE TABLE moments (at TIMESTAMP NULL)")
        mariadb.execute("INSERT INTO moments VALUES (FROM_UNIXTIME(4321))")
        return mariadb

    @classmethod
    def create_big(cls, source: MysqlSource) -> None:  # type: ignore[override]
        source.execute("CREATE TABLE big (id BIGINT PRIMARY KEY, name TEXT)")
        source.execute(f"INSERT INTO big SELECT seq, CONCAT('{BIG_NAME}', seq) FROM seq_1_to_{BIG_ROWS}")
        source.analyze("big")


@pytest.fixture
def connector(mariadb: MysqlSource) -> Iterator[Connector]:
    connector = MysqlConnector.open(mariadb.uri, connections=2)
    yield connector
    connector.close()


def one(connector: Connector, expression: str, kind: pa.DataType, *parameters: object) -> object:
    scan = connector.scan(f"SELECT {expression} AS v", pa.schema([("v", kind)]), parameters=parameters)
    return read(scan)["v"][0].as_py()


def test_rows_of_many_columns_and_nulls_arrive_as_the_text_protocol_has_them(
    mariadb: MysqlSource, connector: Connector
) -> None:
    dice = random.Random(7)
    makers: dict[str, Callable[[], object]] = {
        "BIGINT": lambda: dice.randrange(-(2**63), 2**63),
        "DOUBLE": lambda: dice.uniform(-1e9, 1e9),
        "DECIMAL(20,4)": lambda: Decimal(dice.randrange(-(10**20) + 1, 10**20)).scaleb(-4),
        "VARCHAR(400)": lambda: "'" + dice.choice("登x👪") * dice.choice([0, 1, 3, 4, 5, 12, 13, 83, 84, 300]) + "'",
        "DATE": lambda: f"'{dt.date.fromordinal(dice.randrange(1, 3652059))}'",
        "DATETIME(6)": lambda: f"'2026-01-01 00:00:00.{dice.randrange(10**6):06}'" if dice.random() < 0.5 else "'2026-02-03'",
        "TIME(6)": lambda: f"'01:02:03.{dice.randrange(10**6):06}'" if dice.random() < 0.5 else "'00:00'",
        "BIT(20)": lambda: f"b'{dice.randrange(2**20):b}'",
        "TINYINT": lambda: dice.randrange(-128, 128),
    }  # fmt: skip
    declarations = [(f"c{i}_{n}", kind) for n in range(3) for i, kind in enumerate(makers)]
    mariadb.execute(
        f"CREATE TABLE wide (id INT, {', '.join(f'{name} {kind}' for name, kind in declarations)})"
    )
    for first in range(0, 3000, 500):
        rows = [
            ", ".join(
                [
                    str(i),
                    *("NULL" if dice.random() < 0.3 else str(makers[kind]()) for _, kind in declarations),
                ]
            )
            for i in range(first, first + 500)
        ]
        mariadb.execute(f"INSERT INTO wide VALUES {', '.join(f'({row})' for row in rows)}")

    (table,) = connector.describe([("wide",)])
    schema = pa.schema([(column.name, column.type) for column in table.columns])
    arrived = read(connector.scan("SELECT * FROM wide ORDER BY id", schema, batch_rows=700, ordered=True))
    columns = list(zip(*mariadb.ask("SELECT * FROM wide ORDER BY id"), strict=True))
    for column, values in zip(table.columns, columns, strict=True):
        expected: list[object] = list(values)
        if column.native_type.startswith("bit"):
            expected = [None if v is None else int.from_bytes(v) for v in values]
        if column.native_type.startswith("time"):
            expected = [None if v is None else (FIRST + v).time() for v in values]
        assert arrived[column.name].to_pylist() == expected, column.name


def test_rows_larger_than_the_buffer_arrive_among_small_ones(connector: Connector) -> None:
    lengths = [10, 3_000_000, 0, 2_097_140, 16_000_000, 5, 2_097_152, 70_000]
    sql = " UNION ALL ".join(f"SELECT {i} AS i, REPEAT('x', {n}) AS v" for i, n in enumerate(lengths))
    table = read(connector.scan(sql, pa.schema([("i", pa.int64()), ("v", pa.string())])))
    assert [
        len(v) for _, v in sorted(zip(table["i"].to_pylist(), table["v"].to_pylist(), strict=True))
    ] == lengths


def test_a_row_of_more_than_16_mib_is_refused(connector: Connector) -> None:
    for length in (2**24 - 6, 2**24, 40_000_000):
        with pytest.raises(SourceError) as caught:
            one(connector, f"REPEAT('x', {length})", pa.string())
        assert caught.value.code == "SOURCE_UNSUPPORTED"
    assert one(connector, "1", pa.int64()) == 1


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT (SELECT 1 UNION ALL SELECT 4321)", "more than one row"),
        ("SELECT CAST(9223372036854775807 AS SIGNED) + CAST(4321 AS SIGNED)", "could not compute a value"),
    ],
)
def test_a_value_that_cannot_be_computed_is_the_question_s_own_doing(
    connector: Connector, sql: str, says: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read(connector.scan(sql, pa.schema([("n", pa.int64())])))
    assert caught.value.code == "SOURCE_VALUE"
    assert says in str(caught.value)
    assert "4321" not in str(caught.value)


def test_dates_that_do_not_exist_are_refused(mariadb: MysqlSource, connector: Connector) -> None:
    mariadb.execute("CREATE TABLE odd_dates (id INT, d DATE, m DATETIME)")
    odd = ["0000-00-00", "2026-00-00", "2026-01-00", "2026-02-31", "0000-00-01"]
    for i, day in enumerate(odd):
        mariadb.execute(f"INSERT INTO odd_dates VALUES ({i}, '{day}', '{day}')")
        for column, kind in (("d", pa.date32()), ("m", pa.timestamp("us")), ("m", pa.timestamp("us", "UTC"))):
            with pytest.raises(SourceError) as caught:
                read(
                    connector.scan(
                        f"SELECT {column} FROM odd_dates WHERE id = {i}", pa.schema([("日期", kind)])
                    )
                )
            assert caught.value.code == "SOURCE_TYPE"
            assert "日期" in str(caught.value)
            assert day not in str(caught.value).replace("such as 0000-00-00", "")


def test_every_kind_of_parameter_is_bound_as_what_it_is(connector: Connector) -> None:
    moment = dt.datetime(2026, 2, 28, 23, 59, 59, 123456)
    zoned = dt.datetime(2026, 3, 1, 7, 59, 59, 123456, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    long = "长" * 70_000
    values: list[tuple[object, pa.DataType, object]] = [
        (None, pa.int64(), None),
        (True, pa.bool_(), True),
        (-(2**63), pa.int64(), -(2**63)),
        (2**64, pa.decimal128(38, 0), Decimal(2**64)),
        (0.1, pa.float64(), 0.1),
        (Decimal("-12.50"), pa.decimal128(10, 2), Decimal("-12.50")),
        ("' OR 1=1 -- \\", pa.string(), "' OR 1=1 -- \\"),
        ("x" * 300, pa.string(), "x" * 300),
        (long, pa.string(), long),
        (b"\x00\xff'", pa.binary(), b"\x00\xff'"),
        (dt.date(2026, 2, 28), pa.date32(), dt.date(2026, 2, 28)),
        (moment, pa.timestamp("us"), moment),
        (zoned, pa.timestamp("us"), moment),
    ]
    for value, kind, expected in values:
        assert one(connector, "?", kind, value) == expected
    schema = pa.schema([(str(i), kind) for i, (_, kind, _) in enumerate(values)])
    marks = ", ".join("?" for _ in values)
    scan = connector.scan(f"SELECT {marks}", schema, parameters=[value for value, _, _ in values])
    assert list(read(scan).to_pylist()[0].values()) == [expected for _, _, expected in values]
    with pytest.raises(SourceError, match="2 placeholders"):
        one(connector, "? + ?", pa.int64(), 1)
    with pytest.raises(SourceError, match="type list"):
        one(connector, "?", pa.int64(), [1])


def test_sessions_are_read_only_in_utc_with_one_sql_mode(connector: Connector) -> None:
    assert one(connector, "@@tx_read_only", pa.bool_()) is True
    assert one(connector, "@@time_zone", pa.string()) == "+00:00"
    assert "PIPES_AS_CONCAT" not in str(one(connector, "@@sql_mode", pa.string()))
    assert one(connector, r"'a\nb'", pa.string()) == "a\nb"
    assert one(connector, "'a' = 'A'", pa.bool_()) is False
    assert one(connector, "'a' = 'a '", pa.bool_()) is False
    assert one(connector, "CAST(1 AS UNSIGNED) - 2", pa.int64()) == -1


class Reader(threading.Thread):
    """Reads a scan to its end in a thread of its own, and keeps what it raises."""

    def __init__(self, scan: Scan) -> None:
        super().__init__()
        self.raised: ComityError | None = None
        self._scan = scan
        self.start()

    def run(self) -> None:
        try:
            list(self._scan)
        except ComityError as error:
            self.raised = error


@pytest.mark.parametrize("how", ["KILL QUERY", "KILL"])
def test_a_query_stopped_by_the_administrator_fails_and_the_next_one_runs(
    mariadb: MysqlSource, connector: Connector, how: str
) -> None:
    reader = Reader(connector.scan(TestMysql.slow_sql.replace("MARKER", "stopped_here"), int64("n")))
    wait_until(lambda: mariadb.is_running("stopped_here"))
    ((session,),) = mariadb.ask(
        "SELECT id FROM information_schema.processlist"
        " WHERE info LIKE '%stopped_here%' AND id <> CONNECTION_ID()"
    )
    mariadb.execute(f"{how} {session}")
    reader.join()
    assert reader.raised is not None
    assert reader.raised.code in ("SOURCE_FAILED", "SOURCE_UNAVAILABLE")
    assert one(connector, "1", pa.int64()) == 1


def test_cancel_stops_the_query_even_when_every_connection_is_at_work(mariadb: MysqlSource) -> None:
    connector = MysqlConnector.open(mariadb.uri, connections=1)
    scan = connector.scan(TestMysql.slow_sql.replace("MARKER", "only_one"), int64("n"))
    reader = Reader(scan)
    wait_until(lambda: mariadb.is_running("only_one"))
    scan.cancel()
    reader.join()
    assert isinstance(reader.raised, CancelledError)
    wait_until(lambda: not mariadb.is_running("only_one"))
    assert one(connector, "1", pa.int64()) == 1
    connector.close()


def test_a_tinyint_of_codes_can_be_had_as_a_number(mariadb: MysqlSource) -> None:
    mariadb.execute("CREATE TABLE codes (code TINYINT(1), flag BIT(1))")
    mariadb.execute("INSERT INTO codes VALUES (7, b'1')")
    address = servers.resolve_uri(mariadb.uri, "mariadb")
    for uri, kind in ((address, pa.bool_()), (f"{address}&tinyint1=int8", pa.int8())):
        connector = MysqlConnector.open(uri)
        (table,) = connector.describe([("codes",)])
        assert [column.type for column in table.columns] == [kind, pa.bool_()]
        connector.close()
    connector = MysqlConnector.open(address)
    assert read(connector.scan("SELECT code FROM codes", pa.schema([("c", pa.int8())]))).to_pylist() == [
        {"c": 7}
    ]
    with pytest.raises(SourceError) as caught:
        read(connector.scan("SELECT code FROM codes", pa.schema([("c", pa.bool_())])))
    assert caught.value.code == "SOURCE_TYPE"
    connector.close()


def test_an_account_with_a_password_logs_in_over_tcp_and_sees_what_it_may(mariadb: MysqlSource) -> None:
    mariadb.execute("CREATE TABLE seen (id INT PRIMARY KEY, shown INT, hidden INT)")
    mariadb.execute("CREATE TABLE unseen (id INT)")
    mariadb.execute(f"CREATE USER reader@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
    mariadb.execute("GRANT SELECT (id, shown) ON seen TO reader@'127.0.0.1'")
    address = parse_address(servers.resolve_uri(mariadb.uri, "mariadb"))
    place = f"127.0.0.1:{address.port}/{quote(address.database)}"
    connector = MysqlConnector.open(f"mysql://reader:{quote(PASSWORD, safe='')}@{place}")
    tables = connector.describe()
    assert [(table.name, [column.name for column in table.columns]) for table in tables] == [
        (("seen",), ["id", "shown"])
    ]
    with pytest.raises(SourceError, match="may not read"):
        read(connector.scan("SELECT hidden FROM seen", int64("v")))
    connector.close()

    wrong = MysqlConnector.open(f"mysql://reader:{SECRET}@{place}")
    with pytest.raises(SourceError, match="refuses the account") as caught:
        wrong.probe()
    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert SECRET not in str(caught.value)
    assert "reader" not in str(caught.value)
    wrong.close()


def test_tls_is_had_when_it_is_required_or_there_is_no_connection(mariadb: MysqlSource) -> None:
    ((has_tls,),) = mariadb.ask("SELECT @@have_ssl")
    mariadb.execute("CREATE USER secure@'127.0.0.1'")
    mariadb.execute("GRANT SELECT ON *.* TO secure@'127.0.0.1'")
    address = parse_address(servers.resolve_uri(mariadb.uri, "mariadb"))
    uri = f"mysql://secure@127.0.0.1:{address.port}/{quote(address.database)}"
    cipher = (
        "(SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher')"
    )
    for mode in ("disabled", "preferred", "required", "verify"):
        connector = MysqlConnector.open(f"{uri}?ssl={mode}")
        if mode == "verify" or (mode == "required" and has_tls != "YES"):
            # No authority of this machine has signed the server's certificate, if there is one.
            with pytest.raises(SourceError) as caught:
                connector.probe()
            assert caught.value.code == "SOURCE_UNAVAILABLE"
        else:
            found = one(connector, cipher, pa.string())
            assert bool(found) == (mode != "disabled" and has_tls == "YES")
        connector.close()


def test_describe_knows_views_other_databases_and_collations(
    mariadb: MysqlSource, connector: Connector
) -> None:
    mariadb.execute("CREATE DATABASE elsewhere")
    mariadb.execute("CREATE TABLE elsewhere.t (id INT PRIMARY KEY, a VARCHAR(9) COLLATE utf8mb4_bin)")
    mariadb.execute("CREATE VIEW a_view AS SELECT id + 0.5 AS more, a FROM elsewhere.t")
    view, table = connector.describe([("a_view",), ("elsewhere", "t")])
    assert (view.row_estimate, view.primary_key) == (None, ())
    assert [column.type for column in view.columns] == [pa.decimal128(12, 1), pa.string()]
    assert table.name == ("elsewhere", "t")
    assert table.columns[1].native_type == "varchar(9) collate utf8mb4_bin"
    assert not connector.describe([("A_VIEW",), ("ELSEWHERE", "t"), ("t",)])
    mariadb.execute("DROP DATABASE elsewhere")


@pytest.mark.parametrize(
    "uri",
    [
        f"mysql://u:{SECRET}@h",
        f"mysql://u:{SECRET}@h:port/db",
        f"postgresql://u:{SECRET}@h/db",
        f"mysql://u:{SECRET}@h/db?local_infile=1",
        f"mysql://u:{SECRET}@h/db?ssl=maybe",
        f"mysql://u:{SECRET}@[h/db",
    ],
)
def test_a_malformed_uri_is_refused_without_its_secret(uri: str) -> None:
    connector = MysqlConnector.open(uri)
    assert SECRET not in connector.compute_context()
    for attempt in (connector.probe, connector.describe):
        with pytest.raises(SourceError, match="malformed") as caught:
            attempt()
        assert caught.value.code == "SOURCE_UNAVAILABLE"
        assert SECRET not in str(caught.value)
