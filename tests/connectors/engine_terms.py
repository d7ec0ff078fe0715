"""How an engine spells what the contract asks for, and the tables that the contract's tests read."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import ClassVar

import pyarrow as pa
import pytest

from connectors.spi import Capabilities, Connector, TableName
from tests.connectors.source import RefusedValue, Source, TypeCase, int64


class EngineTerms:
    """What the contract needs to know of an engine; a subclass supplies it, and the fixture `source`."""

    connector_class: ClassVar[type[Connector]]
    capabilities: ClassVar[tuple[str, ...]] = tuple(f.name for f in fields(Capabilities))
    type_cases: ClassVar[Sequence[TypeCase]]
    refused_values: ClassVar[Sequence[RefusedValue]]
    """At least: text that is no number, a number too large, a fraction that would be rounded."""
    writes: ClassVar[Sequence[str]]
    """Statements that would change the table `untouched` or make a thing called `made`; all must be refused."""
    slow_sql: ClassVar[str]
    """A SELECT of one int64 that takes minutes, with the text MARKER in it as an alias."""
    proofs: ClassVar[dict[str, str]] = {}
    """The SQL that proves a capability, where the standard spelling is not the engine's."""
    unreachable_uri: ClassVar[str]
    """The URI of a database that cannot be reached, with SECRET as its password (or in its path)."""
    placeholder: ClassVar[str] = "?"
    quote: ClassVar[str] = '"'
    shows_running_queries: ClassVar[bool] = True
    """Whether `source.is_running` can tell; an engine inside this process cannot be asked."""
    memory_bound: ClassVar[int] = 64 * 2**20
    """Bytes by which this process may grow while it reads `big`, whose rows take 120 MB as Arrow."""
    has_row_estimates: ClassVar[bool] = True
    supports_primary_keys: ClassVar[bool] = True

    standard_proofs: ClassVar[dict[str, tuple[str, pa.Schema, list[tuple[object, ...]]]]] = {
        "supports_full_join": (
            "SELECT a.x, b.y FROM (SELECT 1 AS x) AS a FULL JOIN (SELECT 2 AS y) AS b ON a.x = b.y",
            int64("x", "y"),
            [(1, None), (None, 2)],
        ),
        "supports_grouping_sets": (
            "SELECT x, COUNT(*) FROM (SELECT 1 AS x UNION ALL SELECT 1 AS x) AS t GROUP BY GROUPING SETS ((x), ())",
            int64("x", "n"),
            [(1, 2), (None, 2)],
        ),
        "supports_distinct_on": (
            "SELECT DISTINCT ON (x) x, y FROM (SELECT 1 AS x, 2 AS y UNION ALL SELECT 1, 3) AS t ORDER BY x, y",
            int64("x", "y"),
            [(1, 2)],
        ),
        "supports_aggregate_filter": (
            "SELECT COUNT(*) FILTER (WHERE x > 1) FROM (SELECT 1 AS x UNION ALL SELECT 2 AS x) AS t",
            int64("n"),
            [(1,)],
        ),
        "supports_window": (
            "SELECT x, ROW_NUMBER() OVER (ORDER BY x DESC) FROM (SELECT 1 AS x UNION ALL SELECT 2 AS x) AS t",
            int64("x", "n"),
            [(1, 2), (2, 1)],
        ),
        "supports_null_order": (
            "SELECT x FROM (SELECT 1 AS x UNION ALL SELECT NULL) AS t ORDER BY x NULLS FIRST LIMIT 1",
            int64("x"),
            [(None,)],
        ),
        "supports_lateral": (
            "SELECT t.x, u.y FROM (SELECT 1 AS x) AS t CROSS JOIN LATERAL (SELECT t.x + 1 AS y) AS u",
            int64("x", "y"),
            [(1, 2)],
        ),
        "supports_arrays": (
            "SELECT ARRAY[1, 2] AS a",
            pa.schema([pa.field("a", pa.list_(pa.int64()))]),
            [([1, 2],)],
        ),
        "supports_timestamptz": (
            "SELECT CAST('2026-01-01 08:00:00+08' AS TIMESTAMPTZ) AS t",
            pa.schema([pa.field("t", pa.timestamp("us", "UTC"))]),
            [(pa.scalar("2026-01-01T00:00:00Z").cast(pa.timestamp("us", "UTC")).as_py(),)],
        ),
    }

    # What a subclass says or overrides -------------------------------------------------------------------

    @classmethod
    def table_name(cls, name: str) -> TableName:
        """The whole physical name of a table that `source.create_table` made."""
        return (name,)

    @classmethod
    def sql_name(cls, name: str) -> str:
        """The same in SQL."""
        return ".".join(cls.quoted(part) for part in cls.table_name(name))

    @classmethod
    def quoted(cls, name: str) -> str:
        return f"{cls.quote}{name}{cls.quote}"

    @classmethod
    def create_big(cls, source: Source) -> None:
        """Makes `big`: id 1 … BIG_ROWS as a 64-bit integer, name BIG_NAME followed by the id, as text."""
        raise NotImplementedError

    # Fixtures ----------------------------------------------------------------------------------------------

    @pytest.fixture
    def connector(self, source: Source) -> Iterator[Connector]:
        connector = self.connector_class.open(source.uri, connections=2)
        yield connector
        connector.close()

    @pytest.fixture(scope="class")
    @classmethod
    def people(cls, source: Source) -> str:
        """A table with Chinese names, a key of two columns in an order of its own, and NULLs."""
        source.create_table(
            "居民_登记",
            [("镇_街", "VARCHAR(20) NOT NULL"), ("编号", "BIGINT NOT NULL"), ("姓名", "VARCHAR(40)")],
            [["'大沥'", "2", "'王 ''小'' 明'"], ["'大沥'", "1", "NULL"], ["'狮山'", "1", "''"]],
            ["编号", "镇_街"],
        )
        return "居民_登记"

    @pytest.fixture(scope="class")
    @classmethod
    def untouched(cls, source: Source) -> str:
        source.create_table("untouched", [("id", "BIGINT")], [["1"], ["2"]])
        return "untouched"

    @pytest.fixture(scope="class")
    @classmethod
    def big(cls, source: Source) -> str:
        cls.create_big(source)
        return f"SELECT id, name FROM {cls.sql_name('big')}"

    big_schema: ClassVar[pa.Schema] = pa.schema([pa.field("id", pa.int64()), pa.field("name", pa.string())])

    def slow(self) -> tuple[str, str]:
        """A slow query and the marker in its text."""
        marker = f"marker_{time.monotonic_ns()}"
        return self.slow_sql.replace("MARKER", marker), marker
