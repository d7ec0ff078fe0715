"""Reading statements through the driver: one after another on one connection, or in parts on several."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

import adbc_driver_manager as adbc
import adbc_driver_postgresql
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader

from comity.errors import SourceError
from connectors.postgresql_parts import LOCK_MS, DivisibleScan

BATCH_BYTES = 4 * 2**20
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WAITING_PER_PART = 1
"""Batches that a part may have ready before it waits; it holds another in its hands."""

Decode = Callable[[pa.Schema, pa.RecordBatch | None], pa.RecordBatch | None]
"""Checks what the driver says of the columns (without a batch), and makes a batch what was asked for."""


def execute(connection: adbc.AdbcConnection, sql: str) -> None:
    """Runs commands that return nothing. Raises the driver's errors."""
    with adbc.AdbcStatement(connection) as statement:
        statement.set_sql_query(sql)
        statement.execute_update()


def fetch(connection: adbc.AdbcConnection, sql: str) -> list[dict[str, object]]:
    """The rows of a short question. Raises the driver's errors."""
    with adbc.AdbcStatement(connection) as statement:
        statement.set_sql_query(sql)
        # What is no query, EXPLAIN among them, cannot be copied.
        statement.set_options(**{adbc_driver_postgresql.StatementOptions.USE_COPY.value: "false"})
        handle, _ = statement.execute_query()
        with AdbcRecordBatchReader._import_from_c(handle.address) as reader:  # noqa: SLF001
            return [dict(row) for row in reader.read_all().to_pylist()]


def open_parts(
    first: adbc.AdbcConnection, others: Sequence[adbc.AdbcConnection], divisible: DivisibleScan
) -> list[str]:
    """Puts all sessions into transactions that see the same; returns what is to be read in them.

    Empty, and the first session as it was, when the table cannot be had in that way now. Its lock comes before
    the snapshot and is held until the last part is read, so that nobody can move its rows to other places.
    """
    lock = f"SET LOCAL lock_timeout = {LOCK_MS}; LOCK TABLE {divisible.table} IN ACCESS SHARE MODE; "
    lock += "SET LOCAL lock_timeout TO DEFAULT"
    try:
        execute(first, f"{_BEGIN}; {lock}")
        question = f"SELECT pg_export_snapshot() AS snapshot, f.* FROM ({divisible.facts}) AS f"
        facts = fetch(first, question)
        if len(facts) == 1 and facts[0]["divisible"]:
            snapshot, blocks = str(facts[0]["snapshot"]), cast("int", facts[0]["blocks"])
            for other in others:
                execute(other, f"{_BEGIN}; SET TRANSACTION SNAPSHOT '{snapshot}'; {lock}")
            return divisible.statements(blocks, len(others) + 1)
    except adbc.Error:
        # Somebody is changing the table, or the connections do not meet the same server.
        pass
    execute(first, "ROLLBACK")
    return []


class PartsReader:
    """Statements shared out among connections, a thread on each; their batches in the order in which they come.

    The first error stops all parts and is raised by `next_batch`. `translate` makes errors of the driver ours.
    """

    def __init__(
        self,
        connections: Sequence[adbc.AdbcConnection],
        statements: Sequence[str],
        decode: Decode,
        translate: Callable[[adbc.Error], SourceError],
    ) -> None:
        self._statements = deque(statements)
        self._decode = decode
        self._translate = translate
        self._changed = threading.Condition()
        self._ready: deque[pa.RecordBatch] = deque()
        self._room = WAITING_PER_PART * len(connections)
        self._running: set[adbc.AdbcStatement] = set()
        self._error: BaseException | None = None
        self._stopped = False
        self._working = len(connections)
        self._threads = [
            threading.Thread(target=self._work, args=(one,), name="comity-part", daemon=True)
            for one in connections
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def next_batch(self) -> pa.RecordBatch | None:
        """Waits for a batch; None after the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._error or self._stopped or self._working == 0)
            if self._error is not None:
                raise self._error
            if self._stopped:
                raise SourceError("the parts of the scan were stopped")
            batch = self._ready.popleft() if self._ready else None
            self._changed.notify_all()
            return batch

    def interrupt(self) -> None:
        """Stops every part in the database. Any thread, any number of times; never raises."""
        with self._changed:
            self._stopped = True
            self._ready.clear()
            self._changed.notify_all()
            for statement in self._running:
                with suppress(adbc.Error):
                    statement.cancel()

    def close(self) -> None:
        """Waits until no thread works any more; stops them first, unless all was read."""
        for thread in self._threads:
            while thread.is_alive():
                # Repeated: an interrupt that comes between two statements of the driver stops nothing.
                self.interrupt()
                thread.join(0.05)

    def _work(self, connection: adbc.AdbcConnection) -> None:
        error: BaseException | None = None
        try:
            while (sql := self._next()) is not None:
                self._read(connection, sql)
        except adbc.Error as raised:
            error = self._translate(raised)
        except BaseException as raised:
            error = raised
        with self._changed:
            self._working -= 1
            self._error = self._error or error
            self._changed.notify_all()
        if error is not None:
            self.interrupt()

    def _next(self) -> str | None:
        with self._changed:
            return self._statements.popleft() if self._statements and not self._stopped else None

    def _read(self, connection: adbc.AdbcConnection, sql: str) -> None:
        statement = adbc.AdbcStatement(connection)
        try:
            statement.set_sql_query(sql)
            hint = adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value
            statement.set_options(**{hint: BATCH_BYTES})
            with self._changed:
                if self._stopped:
                    return
                self._running.add(statement)
            handle, _ = statement.execute_query()
            with AdbcRecordBatchReader._import_from_c(handle.address) as reader:  # noqa: SLF001
                self._decode(reader.schema, None)
                while self._put(reader):
                    pass
        finally:
            with self._changed:
                # From here on nobody cancels it.
                self._running.discard(statement)
            with suppress(adbc.Error):
                statement.close()

    def _put(self, reader: AdbcRecordBatchReader) -> bool:
        """Hands the reader's next batch over; False after the last, and once nobody wants it."""
        try:
            batch = self._decode(reader.schema, reader.read_next_batch())
        except StopIteration:
            return False
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or len(self._ready) < self._room)
            if self._stopped:
                return False
            self._ready.append(batch)
            self._changed.notify_all()
            return True
