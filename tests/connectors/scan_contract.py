"""The contract's second part: streaming, stopping, refusing, and surviving a restart."""

from __future__ import annotations

import threading
import time

import psutil  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc
import pytest

from comity.errors import CancelledError, ComityError, SourceError
from connectors.spi import Connector
from tests.connectors.engine_terms import EngineTerms
from tests.connectors.source import BIG_NAME, BIG_ROWS, SECRET, Source, int64, read, wait_until


class ScanContract(EngineTerms):
    """The names of tests are the contract's sentences."""

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
        # Long enough for a first batch on a busy machine.
        scan = connector.scan(big, self.big_schema, batch_rows=1000, deadline=3.0)
        batches = iter(scan)
        next(batches)
        time.sleep(3.1)
        with pytest.raises(SourceError) as caught:
            list(batches)
        assert caught.value.code == "SOURCE_TIMEOUT"
        scan.close()

    def test_at_the_deadline_a_scan_that_nobody_reads_gives_its_connection_back(
        self, connector: Connector, big: str
    ) -> None:
        scans = [connector.scan(big, self.big_schema, batch_rows=1000, deadline=3.0) for _ in range(2)]
        held = [next(iter(scan)) for scan in scans]
        assert held
        assert read(connector.scan(f"{big} WHERE id < 4", self.big_schema)).num_rows == 3
        for scan in scans:
            scan.close()

    def test_a_deadline_of_one_scan_is_not_the_next_ones(self, connector: Connector, untouched: str) -> None:
        sql = f"SELECT id FROM {self.sql_name(untouched)}"
        for deadline in (30.0, None, 3.0):
            assert read(connector.scan(sql, int64("id"), deadline=deadline)).num_rows == 2
        time.sleep(3.1)
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
