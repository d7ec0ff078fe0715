"""The contract that every connector passes against its real engine.

A subclass of `ConnectorContract` says how its engine spells things (class attributes) and supplies the
fixture `source`: a real database of its own. See docs/connectors/README.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import ClassVar

import psutil  # type: ignore[import-untyped, unused-ignore]
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from comity.errors import CancelledError, ComityError, SourceError
from connectors.spi import Capabilities, Connector, TableName
from tests.connectors.source import (
    BIG_NAME,
    BIG_ROWS,
    SECRET,
    RefusedValue,
    Source,
    TypeCase,
    int64,
    read,
    wait_until,
)


class ConnectorContract:
    """What every connector must do. The names of tests are the contract's sentences."""

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

    # Probe and describe --------------------------------------------------------------------------------------

    def test_it_is_a_connector(self, connector: Connector) -> None:
        assert isinstance(connector, Connector)
        assert connector.name
        assert connector.dialect in {"postgres", "mysql", "sqlite", "duckdb"}

    def test_probe_names_the_product_and_its_version(self, connector: Connector) -> None:
        report = connector.probe()
        assert report.product
        assert report.version[:1].isdigit()
        assert all(key and value for key, value in report.facts)

    def test_a_capability_is_there_exactly_when_probe_says_so(
        self, connector: Connector, capability: str
    ) -> None:
        claimed = capability in connector.probe().capabilities.names()
        if capability in {"supports_cancel", "supports_statement_timeout"}:
            assert claimed, (
                "the tests of cancelling and of deadlines prove it; an engine without it needs its own"
            )
            return
        sql, schema, rows = self.standard_proofs[capability]
        sql = self.proofs.get(capability, sql)
        if not claimed:
            with pytest.raises(SourceError):
                read(connector.scan(sql, schema))
            return
        answer = [tuple(row.values()) for row in read(connector.scan(sql, schema)).to_pylist()]
        assert sorted(answer, key=repr) == sorted(rows, key=repr)

    def test_compute_context_is_equal_for_the_same_source_and_holds_no_secret(
        self, connector: Connector, source: Source
    ) -> None:
        other = self.connector_class.open(source.uri)
        assert connector.compute_context() == other.compute_context()
        other.close()
        unreachable = self.connector_class.open(self.unreachable_uri)
        assert SECRET not in unreachable.compute_context()
        assert unreachable.compute_context() != connector.compute_context()
        unreachable.close()

    def test_describe_finds_types_keys_and_names_in_chinese(self, connector: Connector, people: str) -> None:
        (table,) = connector.describe([self.table_name(people)])
        assert table.name == self.table_name(people)
        assert [(c.name, c.type) for c in table.columns] == [
            ("镇_街", pa.string()),
            ("编号", pa.int64()),
            ("姓名", pa.string()),
        ]
        assert all(column.native_type for column in table.columns)
        if self.supports_primary_keys:
            assert table.primary_key == ("编号", "镇_街")
            assert [column.nullable for column in table.columns] == [False, False, True]

    def test_describe_without_names_lists_every_table_as_when_named(
        self, connector: Connector, people: str, untouched: str
    ) -> None:
        everything = {table.name: table for table in connector.describe()}
        named = connector.describe([self.table_name(people), self.table_name(untouched)])
        assert [everything[table.name] for table in named] == list(named)

    def test_describe_leaves_out_what_does_not_exist(self, connector: Connector, untouched: str) -> None:
        names = [self.table_name("no_such_table"), self.table_name(untouched), ("a", "b", "c", "d")]
        assert [table.name for table in connector.describe(names)] == [self.table_name(untouched)]

    def test_row_estimates_come_from_statistics(self, connector: Connector, big: str) -> None:
        (table,) = connector.describe([self.table_name("big")])
        if self.has_row_estimates:
            assert table.row_estimate is not None
            assert 0.5 * BIG_ROWS < table.row_estimate < 2 * BIG_ROWS
        else:
            assert table.row_estimate is None

    # Values ----------------------------------------------------------------------------------------------------

    def test_every_type_arrives_exactly(
        self, connector: Connector, source: Source, type_case: TypeCase
    ) -> None:
        rows = [[str(i), literal] for i, literal in enumerate(type_case.literals)]
        name = f"type_{type_case.id}"
        source.create_table(
            name, [("id", "INTEGER"), ("值", type_case.declaration)], [*rows, [str(len(rows)), "NULL"]]
        )
        (table,) = connector.describe([self.table_name(name)])
        column = table.columns[1]
        assert column.type == type_case.type
        if type_case.native_type is not None:
            assert column.native_type == type_case.native_type
        schema = pa.schema([pa.field("值", column.type)])
        expected = pa.table({"值": pa.array([*type_case.values, None], type_case.type)})
        sql = f"SELECT {self.quoted('值')} FROM {self.sql_name(name)} ORDER BY id"
        assert read(connector.scan(sql, schema, ordered=True)).equals(expected)
        unordered = read(connector.scan(sql, schema))
        assert sorted(unordered["值"].to_pylist(), key=repr) == sorted(expected["值"].to_pylist(), key=repr)

        nulls = f"SELECT {self.quoted('值')} FROM {self.sql_name(name)} WHERE {self.quoted('值')} IS NULL"
        assert read(connector.scan(nulls, schema)).equals(pa.table({"值": pa.nulls(1, type_case.type)}))
        empty = read(connector.scan(f"{sql.removesuffix(' ORDER BY id')} WHERE 1 = 0", schema))
        assert empty.num_rows == 0
        assert empty.schema.equals(schema)

    def test_a_value_that_does_not_fit_is_refused_without_being_shown(
        self, connector: Connector, refused_value: RefusedValue
    ) -> None:
        schema = pa.schema([pa.field("v", refused_value.type)])
        for ordered in (True, False):
            with pytest.raises(SourceError) as caught:
                read(connector.scan(f"SELECT {refused_value.expression} AS v", schema, ordered=ordered))
            assert caught.value.code == "SOURCE_TYPE"
            assert "4321" not in str(caught.value), "values to be refused hold 4321, which no message may"

    def test_values_are_widened_to_the_requested_types(self, connector: Connector, untouched: str) -> None:
        schema = pa.schema(
            [
                pa.field("a", pa.int64()),
                pa.field("b", pa.decimal128(38, 0)),
                pa.field("c", pa.float64()),
                pa.field("n", pa.int64()),
            ]
        )
        sql = f"SELECT MIN(id), SUM(id), AVG(id), COUNT(*) FROM {self.sql_name(untouched)}"
        assert read(connector.scan(sql, schema)).to_pylist() == [{"a": 1, "b": 3, "c": 1.5, "n": 2}]

    def test_columns_go_by_position_and_take_the_requested_names(
        self, connector: Connector, people: str
    ) -> None:
        schema = pa.schema([pa.field("同名", pa.string()), pa.field("同名", pa.string())])
        quoted = f"{self.quoted('姓名')}, {self.quoted('镇_街')}"
        sql = f"SELECT {quoted} FROM {self.sql_name(people)} WHERE {self.quoted('编号')} = 2"
        for ordered in (True, False):
            table = read(connector.scan(sql, schema, ordered=ordered))
            assert [column.to_pylist() for column in table.columns] == [["王 '小' 明"], ["大沥"]]

    def test_another_number_of_columns_is_refused(self, connector: Connector, untouched: str) -> None:
        for ordered in (True, False):
            for names in (("a",), ("a", "b", "c")):
                sql = f"SELECT id, id FROM {self.sql_name(untouched)}"
                with pytest.raises(SourceError) as caught:
                    read(connector.scan(sql, int64(*names), ordered=ordered))
                assert caught.value.code == "SOURCE_TYPE"

    def test_null_is_refused_where_the_schema_has_none(self, connector: Connector, people: str) -> None:
        schema = pa.schema([pa.field("v", pa.string(), nullable=False)])
        sql = f"SELECT {self.quoted('姓名')} FROM {self.sql_name(people)}"
        with pytest.raises(SourceError) as caught:
            read(connector.scan(sql, schema))
        assert caught.value.code == "SOURCE_TYPE"

    def test_the_order_of_rows_is_kept_when_it_matters(self, connector: Connector, big: str) -> None:
        sql = f"{big} ORDER BY id DESC LIMIT 200000"
        ids = read(connector.scan(sql, self.big_schema, ordered=True))["id"].to_pylist()
        assert ids == list(range(BIG_ROWS, BIG_ROWS - 200_000, -1))

    def test_parameters_are_bound(self, connector: Connector, untouched: str) -> None:
        sql = f"SELECT id FROM {self.sql_name(untouched)} WHERE id = {self.placeholder}"
        assert read(connector.scan(sql, int64("id"), parameters=[2])).to_pylist() == [{"id": 2}]

    # Streaming ---------------------------------------------------------------------------------------------------

    def test_a_million_rows_stream_in_bounded_batches(self, connector: Connector, big: str) -> None:
        process = psutil.Process()
        read(connector.scan(f"{big} WHERE id = 1", self.big_schema))  # connections and caches are open now
        before, rows, total, peak = process.memory_info().rss, 0, 0, 0
        scan = connector.scan(big, self.big_schema, batch_rows=20_000)
        for batch in scan:
            assert 0 < batch.num_rows <= 20_000
            assert batch.schema.equals(self.big_schema)
            rows += batch.num_rows
            total += pc.sum(batch.column(0)).as_py()
            assert batch.column(1)[0].as_py() == f"{BIG_NAME}{batch.column(0)[0]}"
            peak = max(peak, process.memory_info().rss - before)
        scan.close()
        assert rows == BIG_ROWS
        assert total == BIG_ROWS * (BIG_ROWS + 1) // 2
        assert peak < self.memory_bound

    def test_a_scan_that_nobody_reads_holds_few_batches(self, connector: Connector, big: str) -> None:
        process = psutil.Process()
        read(connector.scan(f"{big} WHERE id = 1", self.big_schema))
        before = process.memory_info().rss
        scan = connector.scan(big, self.big_schema, batch_rows=1000)
        first = next(iter(scan))
        time.sleep(0.5)
        assert first.num_rows <= 1000
        assert process.memory_info().rss - before < self.memory_bound
        scan.close()

    def test_scans_run_side_by_side_and_further_ones_wait_their_turn(
        self, connector: Connector, big: str
    ) -> None:
        scans = [connector.scan(big, self.big_schema) for _ in range(2)]
        iterators = [iter(scan) for scan in scans]
        for iterator in iterators:
            assert next(iterator).num_rows > 0
        answers: list[int] = []
        third = connector.scan(f"{big} WHERE id < 4", self.big_schema)
        waiting = threading.Thread(target=lambda: answers.append(read(third).num_rows))
        waiting.start()
        for scan in scans:
            scan.close()
        waiting.join()
        assert answers == [3]

    def test_waiting_for_a_connection_ends_at_the_deadline(self, connector: Connector, big: str) -> None:
        scans = [connector.scan(big, self.big_schema) for _ in range(2)]
        held = [next(iter(scan)) for scan in scans]
        assert held
        with pytest.raises(SourceError) as caught:
            read(connector.scan(big, self.big_schema, deadline=0.2))
        assert caught.value.code == "SOURCE_TIMEOUT"
        for scan in scans:
            scan.close()

    def test_a_scan_read_to_its_end_gives_its_connection_back(
        self, connector: Connector, untouched: str
    ) -> None:
        sql = f"SELECT id FROM {self.sql_name(untouched)}"
        unclosed = [connector.scan(sql, int64("id")) for _ in range(8)]
        assert [sum(batch.num_rows for batch in scan) for scan in unclosed] == [2] * 8

    def test_a_failed_scan_gives_its_connection_back(self, connector: Connector, untouched: str) -> None:
        for _ in range(5):
            with pytest.raises(SourceError):
                list(connector.scan("SELECT no_such_column_anywhere", int64("id")))
        assert read(connector.scan(f"SELECT id FROM {self.sql_name(untouched)}", int64("id"))).num_rows == 2

    # Stopping ------------------------------------------------------------------------------------------------------

    def test_cancel_stops_a_running_query_in_the_database(self, connector: Connector, source: Source) -> None:
        sql, marker = self.slow()
        scan = connector.scan(sql, int64("n"))
        raised: list[BaseException] = []

        def run() -> None:
            try:
                list(scan)
            except ComityError as error:
                raised.append(error)

        reading = threading.Thread(target=run)
        reading.start()
        if self.shows_running_queries:
            wait_until(lambda: source.is_running(marker))
        else:
            time.sleep(0.3)
        scan.cancel()
        reading.join()
        scan.close()
        assert [type(error) for error in raised] == [CancelledError]
        wait_until(lambda: not source.is_running(marker))

    def test_cancel_before_the_first_batch_runs_nothing(self, connector: Connector) -> None:
        scan = connector.scan(self.slow()[0], int64("n"))
        scan.cancel()
        with pytest.raises(CancelledError):
            list(scan)
        scan.close()

    def test_cancel_between_batches_ends_the_stream(
        self, connector: Connector, source: Source, big: str
    ) -> None:
        marker = f"marker_{time.monotonic_ns()}"
        scan = connector.scan(f"SELECT id, name FROM ({big}) AS {marker}", self.big_schema, batch_rows=1000)
        batches = iter(scan)
        next(batches)
        cancelling = threading.Thread(target=scan.cancel)
        cancelling.start()
        cancelling.join()
        with pytest.raises(CancelledError):
            list(batches)
        wait_until(lambda: not source.is_running(marker))
        scan.close()

    def test_closing_early_stops_the_query_and_twice_is_once(
        self, connector: Connector, source: Source, big: str
    ) -> None:
        marker = f"marker_{time.monotonic_ns()}"
        scan = connector.scan(f"SELECT id, name FROM ({big}) AS {marker}", self.big_schema, batch_rows=1000)
        next(iter(scan))
        scan.close()
        scan.close()
        scan.cancel()
        wait_until(lambda: not source.is_running(marker))
        for _ in range(4):
            assert read(connector.scan(f"{big} WHERE id < 3", self.big_schema)).num_rows == 2

    def test_the_deadline_stops_a_running_query(self, connector: Connector, source: Source) -> None:
        sql, marker = self.slow()
        with pytest.raises(SourceError) as caught:
            read(connector.scan(sql, int64("n"), deadline=0.3))
        assert caught.value.code == "SOURCE_TIMEOUT"
        wait_until(lambda: not source.is_running(marker))

    def test_the_deadline_holds_for_a_slow_reader(self, connector: Connector, big: str) -> None:
        scan = connector.scan(big, self.big_schema, batch_rows=1000, deadline=0.5)
        batches = iter(scan)
        next(batches)
        time.sleep(0.6)
        with pytest.raises(SourceError) as caught:
            list(batches)
        assert caught.value.code == "SOURCE_TIMEOUT"
        scan.close()

    def test_a_deadline_of_one_scan_is_not_the_next_ones(self, connector: Connector, untouched: str) -> None:
        sql = f"SELECT id FROM {self.sql_name(untouched)}"
        for deadline in (30.0, None, 0.5):
            assert read(connector.scan(sql, int64("id"), deadline=deadline)).num_rows == 2
        time.sleep(0.6)
        assert read(connector.scan(sql, int64("id"))).num_rows == 2

    # Refusing ------------------------------------------------------------------------------------------------------

    def test_writing_is_refused(self, connector: Connector, untouched: str, write: str) -> None:
        for ordered in (True, False):
            with pytest.raises(SourceError):
                list(connector.scan(write, int64("id"), ordered=ordered))
        names = {table.name for table in connector.describe()}
        assert self.table_name("made") not in names
        rows = read(connector.scan(f"SELECT id FROM {self.sql_name(untouched)}", int64("id")))
        assert sorted(rows["id"].to_pylist()) == [1, 2]

    def test_two_statements_are_refused(self, connector: Connector, untouched: str) -> None:
        one = f"SELECT id FROM {self.sql_name(untouched)}"
        for sql in (
            f"{one}; {one}",
            f"{one}) AS q; DROP TABLE {self.sql_name(untouched)}; SELECT id FROM ({one}",
        ):
            for ordered in (True, False):
                with pytest.raises(SourceError):
                    list(connector.scan(sql, int64("id"), ordered=ordered))
        assert read(connector.scan(one, int64("id"))).num_rows == 2

    @pytest.mark.parametrize(
        "part", ["FROM no_such_table", ", no_such_column FROM TABLE", "FROM TABLE WHERE (1 = 4321"]
    )
    def test_wrong_sql_fails_and_shows_no_value(
        self, connector: Connector, untouched: str, part: str
    ) -> None:
        sql = f"SELECT id {part.replace('TABLE', self.sql_name(untouched))}"
        with pytest.raises(SourceError) as caught:
            list(connector.scan(sql, int64("id")))
        assert caught.value.code == "SOURCE_FAILED"
        assert "4321" not in str(caught.value)

    def test_an_unreachable_source_says_so_without_its_secret(self) -> None:
        connector = self.connector_class.open(self.unreachable_uri)
        for attempt in (
            connector.probe,
            connector.describe,
            lambda: list(connector.scan("SELECT 1", int64("n"))),
        ):
            with pytest.raises(SourceError) as caught:
                attempt()
            assert caught.value.code == "SOURCE_UNAVAILABLE"
            assert SECRET not in str(caught.value)
        connector.close()

    def test_it_works_again_after_the_database_restarts(
        self, connector: Connector, source: Source, untouched: str
    ) -> None:
        sql = f"SELECT id FROM {self.sql_name(untouched)}"
        for _ in range(2):
            assert read(connector.scan(sql, int64("id"))).num_rows == 2
            source.restart()
        assert connector.describe([self.table_name(untouched)])
        assert read(connector.scan(sql, int64("id"))).num_rows == 2

    def test_a_connector_closes_twice(self, source: Source, untouched: str) -> None:
        connector = self.connector_class.open(source.uri)
        assert read(connector.scan(f"SELECT id FROM {self.sql_name(untouched)}", int64("id"))).num_rows == 2
        connector.close()
        connector.close()
        with pytest.raises(SourceError):
            list(connector.scan("SELECT 1", int64("n")))
