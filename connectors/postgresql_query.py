"""One statement on its way from PostgreSQL, as it is or in parts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import adbc_driver_manager as adbc
import adbc_driver_postgresql
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader

from comity.errors import SourceError
from connectors.conform_batch import conform_batch
from connectors.postgresql_errors import translate
from connectors.postgresql_reader import BATCH_BYTES, PartsReader, execute, open_parts
from connectors.postgresql_types import Shape
from connectors.stoppable_scan import StoppableScan

if TYPE_CHECKING:
    from connectors.postgresql import PostgresqlConnector


@dataclass(slots=True, eq=False)
class PostgresqlQuery:
    """One query on a connection of its own, or on several; see `connectors.stoppable_scan.DriverQuery`."""

    connector: PostgresqlConnector
    sql: str
    schema: pa.Schema
    parameters: tuple[object, ...]
    parts: int
    connection: adbc.AdbcConnection | None = None
    statement: adbc.AdbcStatement | None = None
    reader: AdbcRecordBatchReader | None = None
    shape: Shape | None = None
    others: Sequence[adbc.AdbcConnection] = ()
    in_parts: PartsReader | None = None

    def start(self, scan: StoppableScan) -> None:
        self.connection = self.connector.lease(scan)
        try:
            self.shape = self.connector.shape(self.connection, self.sql, self.schema)
            if self.parts > 1 and self._start_parts(scan, self.connection, self.shape):
                return
            self.statement = statement = adbc.AdbcStatement(self.connection)
            statement.set_sql_query(self.shape.sql)
            hint = adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value
            statement.set_options(**{hint: BATCH_BYTES})
            if self.parameters:
                columns = [pa.array([value]) for value in self.parameters]
                statement.bind(pa.record_batch(columns, names=[str(i) for i in range(len(columns))]))
            if not scan.is_wanted():
                return
            handle, _ = statement.execute_query()
            self.reader = AdbcRecordBatchReader._import_from_c(handle.address)  # noqa: SLF001
            self._decode(self.reader.schema, None)
        except adbc.Error as error:
            raise translate(error) from None

    def _start_parts(self, scan: StoppableScan, connection: adbc.AdbcConnection, shape: Shape) -> bool:
        divisible = self.connector.divisible(connection, shape)
        if divisible is None:
            return False
        self.others = self.connector.lease_spares(scan, self.parts - 1)
        statements = open_parts(connection, self.others, divisible) if self.others else []
        if not statements:
            self._give_others_back(reusable=False)
            return False
        connections = [connection, *self.others]
        self.in_parts = PartsReader(connections, statements, self._decode, translate)
        self.in_parts.start()
        return True

    def next_batch(self) -> pa.RecordBatch | None:
        if self.in_parts is not None:
            return self.in_parts.next_batch()
        if self.reader is None or self.shape is None:
            return None
        try:
            return self._decode(self.reader.schema, self.reader.read_next_batch())
        except StopIteration:
            return None
        except adbc.Error as error:
            raise translate(error) from None

    def _decode(self, columns: pa.Schema, batch: pa.RecordBatch | None) -> pa.RecordBatch | None:
        """Without a batch, looks whether the columns are still those for which the casts were chosen."""
        assert self.shape is not None
        if batch is None:
            _check_unchanged(columns, self.shape)
            return None
        for check in range(self.shape.checks):
            if pa.compute.any(batch.column(len(self.schema) + check)).as_py():
                raise SourceError("an array has more than one dimension", code="SOURCE_TYPE")
        return conform_batch(batch.select(range(len(self.schema))), self.schema, self.shape.numbers_as_text)

    def interrupt(self) -> None:
        if self.in_parts is not None:
            self.in_parts.interrupt()
        if self.statement is not None:
            with suppress(adbc.Error):
                self.statement.cancel()

    def finish(self, *, complete: bool) -> None:
        if not complete:
            self.interrupt()
            self.connector.forget(self.sql)
        if self.in_parts is not None:
            self.in_parts.close()
            complete = complete and self._end_transactions()
        self._give_others_back(reusable=complete)
        with suppress(adbc.Error, pa.ArrowException):
            if self.reader is not None:
                self.reader.close()
        with suppress(adbc.Error):
            if self.statement is not None:
                self.statement.close()
        if self.connection is not None:
            # A cancel may still be on its way to a connection that has been stopped; it must not meet another scan.
            self.connector.give_back(self.connection, reusable=complete)
            self.connection = None

    def _end_transactions(self) -> bool:
        """Whether all parts' sessions are as before."""
        try:
            for connection in (self.connection, *self.others):
                if connection is not None:
                    execute(connection, "ROLLBACK")
        except adbc.Error:
            return False
        return True

    def _give_others_back(self, *, reusable: bool) -> None:
        others, self.others = self.others, ()
        for connection in others:
            self.connector.give_back(connection, reusable=reusable)


def _check_unchanged(columns: pa.Schema, shape: Shape) -> None:
    """The casts were chosen for types that may have changed since, and then the values could be wrong."""
    for found, known, cast in zip(columns, shape.columns, shape.casts, strict=False):
        if not cast and (found.type != known.type or found.metadata != known.metadata):
            raise SourceError("the tables of this question changed while it was asked", hint="ask again")
