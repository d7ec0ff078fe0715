"""MySQL, MariaDB, and what speaks their protocol and keeps their catalogs.

Sessions are read-only, in UTC, with a fixed SQL mode; rows stream in the binary protocol and become Arrow a
column at a time. See docs/connectors/mysql.md.

Why not connectorx, which is made for this: measured with 0.4.6, it holds Python's global lock while it waits
for rows (every thread of the process stands still, so nothing can be cancelled), reads the whole result into
memory at the server's pace, and gives decimals at a fixed scale of 10, cut without an error. This reader
delivers the same rows at the same speed, exactly, in bounded memory.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import fields
from typing import Any, Self

import pyarrow as pa
import pymysql

from comity.errors import SourceError
from connectors.conform_batch import check_column_count
from connectors.mysql_protocol import RowPackets, Statement, WireColumn
from connectors.mysql_questions import TextProfiles, profile_of
from connectors.mysql_rows import read_rows
from connectors.mysql_session import (
    CONTROL_SECONDS,
    MysqlSession,
    context_of,
    is_lost,
    parse_address,
    translate,
)
from connectors.mysql_statistics import table_statistics
from connectors.mysql_tables import describe_tables
from connectors.pool import ConnectionPool
from connectors.repeated_reading import mysql_repeats
from connectors.spi import Capabilities, PhysicalTable, ProbeReport, TableName
from connectors.statistics import TableStatistics
from connectors.stoppable_scan import StoppableScan

_PRODUCTS = ("MariaDB", "TiDB", "OceanBase")
_PROOFS = {
    "supports_cancel": "SELECT CONNECTION_ID()",
    "supports_timestamptz": "SELECT FROM_UNIXTIME(0)",
    "supports_full_join": "SELECT 1 FROM (SELECT 1 AS x) AS a FULL JOIN (SELECT 1 AS y) AS b ON a.x = b.y",
    "supports_grouping_sets": "SELECT x FROM (SELECT 1 AS x) AS t GROUP BY GROUPING SETS ((x), ())",
    "supports_distinct_on": "SELECT DISTINCT ON (x) x FROM (SELECT 1 AS x) AS t",
    "supports_aggregate_filter": "SELECT COUNT(*) FILTER (WHERE x > 1) FROM (SELECT 1 AS x) AS t",
    "supports_window": "SELECT ROW_NUMBER() OVER (ORDER BY x) FROM (SELECT 1 AS x) AS t",
    "supports_null_order": "SELECT x FROM (SELECT 1 AS x) AS t ORDER BY x NULLS FIRST",
    "supports_lateral": "SELECT 1 FROM (SELECT 1 AS x) AS t CROSS JOIN LATERAL (SELECT t.x AS y) AS u",
}
"""What a server that can do it runs without an error. Not listed: what no MySQL can."""


class MysqlConnector:
    """One database. `uri`: `mysql://…`, or `embedded:<absolute directory>?database=x`."""

    name = "mysql"
    dialect = "mysql"
    joins_row_by_row = True

    def __init__(self, uri: str, connections: int) -> None:
        self._uri = uri
        self._texts = TextProfiles()
        self._pool: ConnectionPool[MysqlSession] = ConnectionPool(
            connections, lambda: MysqlSession(uri), MysqlSession.close
        )

    @classmethod
    def open(cls, uri: str, *, connections: int = 4) -> Self:
        return cls(uri, connections)

    def compute_context(self) -> str:
        return context_of(self._uri)

    def probe(self) -> ProbeReport:
        with self._errand() as session:
            found = {f.name: _runs_in(session, _PROOFS.get(f.name)) for f in fields(Capabilities)}
            found["supports_statement_timeout"] = _has_timeout(session)
            settings = ("collation_database", "collation_connection", "lower_case_table_names", "sql_mode")
            ((*values, comment),) = session.ask(
                f"SELECT {', '.join(f'@@{name}' for name in settings)}, @@version_comment"
            )
            labels = f"{session.version} {comment}".lower()
            product = next((known for known in _PRODUCTS if known.lower() in labels), "MySQL")
            facts = tuple(
                (name, str(value) or "(empty)") for name, value in zip(settings, values, strict=True)
            )
            profile = profile_of(_asking(session))
            return ProbeReport(product, session.version.split("-")[0], Capabilities(**found), facts, profile)

    def describe(self, tables: Sequence[TableName] | None = None) -> tuple[PhysicalTable, ...]:
        """Tables and views of the database, by name; with names of two parts, of other databases too."""
        as_number = (
            not self._uri.startswith("embedded:") and parse_address(self._uri).option("tinyint1") == "int8"
        )
        with self._errand() as session:
            found = describe_tables(session, tables, tinyint1=pa.int8() if as_number else pa.bool_())
            return self._texts.fill(_asking(session), found)

    def statistics(self, tables: Sequence[TableName]) -> Mapping[TableName, TableStatistics]:
        """The server's row estimates, its keys' cardinalities, MariaDB's persistent statistics where there are
        any, and rows at a few places of each table.
        """
        described = self.describe(tables)
        with self._errand() as session:
            found = {table.name: table_statistics(session, table) for table in described}
        return {name: known for name, known in found.items() if known is not None}

    def scan(
        self,
        sql: str,
        schema: pa.Schema,
        *,
        parameters: Sequence[object] = (),
        deadline: float | None = None,
        batch_rows: int = 65536,
        ordered: bool = False,  # noqa: ARG002 - the SQL runs as it is
    ) -> StoppableScan:
        """Parameters stand for `?`. A row of more than 16 MiB is refused with `SOURCE_UNSUPPORTED`."""
        query = _Query(self, sql, schema, tuple(parameters), batch_rows)
        return StoppableScan(query, schema, deadline=deadline, batch_rows=batch_rows)

    def repeats_slowly(self, sql: str) -> bool:
        """See `connectors.spi.RepeatsSlowly`: a dependent subquery that reads a table through, again and again."""
        try:
            with self._errand() as session:
                return mysql_repeats(session.ask(f"EXPLAIN {sql}"))
        except SourceError:
            # What is wrong will show when it runs.
            return False

    def close(self) -> None:
        self._pool.close()

    def lease(self, is_wanted: Callable[[], bool], deadline: float | None) -> MysqlSession:
        """A session that ends its statements at `deadline` (monotonic)."""
        while True:
            session, used = self._pool.acquire(is_wanted, deadline)
            try:
                session.limit_seconds(None if deadline is None else max(0.001, deadline - time.monotonic()))
                return session
            except (pymysql.MySQLError, OSError) as error:
                self.give_back(session, reusable=False)
                if not used:
                    raise translate(error) from None
                # The database went away since: the next idle session, or a new one, will show.

    def give_back(self, session: MysqlSession, *, reusable: bool) -> None:
        self._pool.release(session, reusable=reusable)

    def kill(self, session: MysqlSession) -> None:
        """Ends the connection at the server, with what it runs. Never raises."""
        with (
            suppress(SourceError, pymysql.MySQLError, OSError),
            self._errand(is_wanted=lambda: False) as helper,
        ):
            helper.ask(f"KILL {session.id}")
            return
        # All sessions are lent, or none works any more: one beyond the limit, for this only.
        with suppress(SourceError, pymysql.MySQLError, OSError), closing(MysqlSession(self._uri)) as helper:
            helper.ask(f"KILL {session.id}")

    @contextmanager
    def _errand(self, is_wanted: Callable[[], bool] = lambda: True) -> Iterator[MysqlSession]:
        """A session for a short question; a driver's error becomes ours."""
        session = self.lease(is_wanted, time.monotonic() + CONTROL_SECONDS)
        reusable = False
        try:
            yield session
            reusable = True
        except (pymysql.MySQLError, OSError) as error:
            raise translate(error) from None
        finally:
            self.give_back(session, reusable=reusable)


class _Query:
    """One query on a session of its own; see `connectors.stoppable_scan.DriverQuery`."""

    def __init__(
        self,
        connector: MysqlConnector,
        sql: str,
        schema: pa.Schema,
        parameters: Sequence[object],
        batch_rows: int,
    ) -> None:
        self._connector = connector
        self._sql = sql
        self._schema = schema
        self._parameters = parameters
        self._batch_rows = batch_rows
        self._session: MysqlSession | None = None
        self._statement: Statement | None = None
        self._columns: Sequence[WireColumn] = ()
        self._packets: Iterator[RowPackets] = iter(())
        self._runs = self._stopped = False
        self._stopping = threading.Lock()

    def start(self, scan: StoppableScan) -> None:
        self._session = self._connector.lease(scan.is_wanted, scan.deadline)
        with self._translated():
            self._statement = Statement(self._session.connection, self._sql)
            if not scan.is_wanted():
                return
            self._runs = True
            self._columns = self._statement.execute(self._parameters)
            check_column_count(len(self._columns), self._schema)
            self._packets = self._statement.rows(self._batch_rows)

    def next_batch(self) -> pa.RecordBatch | None:
        with self._translated():
            packets = next(self._packets, None)
            if packets is None:
                self._runs = False
                return None
            return read_rows(packets, self._columns, self._schema)

    def interrupt(self) -> None:
        with self._stopping:
            if self._session is not None:
                self._stop(self._session)

    def finish(self, *, complete: bool) -> None:
        with self._stopping:
            # From here on no interrupt can meet the session, which may soon be another scan's.
            session, self._session = self._session, None
            if session is None:
                return
            if not complete:
                self._stop(session)
        if not self._stopped and self._statement is not None:
            with suppress(pymysql.MySQLError, OSError):
                self._statement.close()
        self._connector.give_back(session, reusable=not self._stopped)

    def _stop(self, session: MysqlSession) -> None:
        self._stopped = True
        # Looked at first: the reader takes the abort for an end of the connection, and of the query with it.
        runs, self._runs = self._runs, False
        session.abort()
        if runs:
            self._connector.kill(session)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (pymysql.MySQLError, OSError) as error:
            # The server has ended the statement itself, or cannot be reached to be told to.
            self._runs = False
            raise translate(error) from None
        except (AssertionError, IndexError, ValueError, struct.error):
            raise SourceError("the database's answer could not be understood") from None


def _asking(session: MysqlSession) -> Callable[[str], Sequence[tuple[Any, ...]]]:
    """The session's `ask`, whose errors are ours."""

    def ask(sql: str) -> Sequence[tuple[Any, ...]]:
        try:
            return session.ask(sql)
        except (pymysql.MySQLError, OSError) as error:
            raise translate(error) from None

    return ask


def _runs_in(session: MysqlSession, proof: str | None) -> bool:
    if proof is None:
        return False
    try:
        session.ask(proof)
    except pymysql.MySQLError as error:
        if is_lost(error):
            raise
        return False
    return True


def _has_timeout(session: MysqlSession) -> bool:
    return _runs_in(
        session, f"SELECT @@{'max_statement_time' if session.is_mariadb else 'max_execution_time'}"
    )
