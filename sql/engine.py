"""A pool of locked in-memory DuckDB databases, each lent to one query at a time.

An engine reads no file, opens no connection, spills nothing to disk and cannot be unlocked. Opening one
takes tens of milliseconds, so a thread keeps spares ready.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue

import duckdb
import pyarrow as pa

from comity.errors import ComityError, InternalError, UnavailableError
from sql.engine_errors import translate_error
from sql.types import canonical_name

_BATCH_ROWS = 65_536


def open_locked(*, memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Opens an in-memory DuckDB that can reach nothing outside itself and whose settings are locked."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": memory,
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "max_temp_directory_size": "0B",
        },
    )
    for setting in (
        "SET TimeZone='UTC'",
        "SET Calendar='gregorian'",
        "SET python_enable_replacements=false",
        "SET preserve_insertion_order=true",
        "SET lock_configuration=true",
    ):
        connection.execute(setting)
    return connection


class Engine:
    """One locked database, for one query. Tables and sources are seen under plain names.

    `load` may be called from several threads at once; everything else from one thread at a time, except
    `interrupt`.
    """

    def __init__(self, *, memory: str, threads: int) -> None:
        self._connection = open_locked(memory=memory, threads=threads)
        self._cursors: set[duckdb.DuckDBPyConnection] = set()
        self._lock = threading.Lock()
        self._views: list[str] = []
        self._tables: list[str] = []
        self._readers: list[pa.RecordBatchReader] = []
        self._failures: list[ComityError] = []
        self._interrupted = False
        self.broken = False

    def register(self, name: str, reader: pa.RecordBatchReader) -> None:
        """Makes a stream readable once, under `name`. An error it raises is what `query` then raises."""
        guarded = pa.RecordBatchReader.from_batches(reader.schema, self._watch(reader))
        with self._lock:
            self._views.append(name)
        self._connection.register(name, guarded)

    def load(
        self,
        name: str,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        types: Sequence[str] | None = None,
    ) -> int:
        """Reads all batches into a table and returns how many rows that were.

        `types` are the columns' canonical types where they say more than Arrow's (HUGEINT).
        """
        source = f"{name} (stream)"
        with self._lock:
            self._tables.append(name)
            cursor = self._connection.cursor()
            self._cursors.add(cursor)
        columns = [quoted(field.name) for field in schema]
        if types is not None:
            columns = [
                f"CAST({column} AS {canonical_name(kind)}) AS {column}"
                for column, kind in zip(columns, types, strict=True)
            ]
        counted = 0

        def counting() -> Iterator[pa.RecordBatch]:
            nonlocal counted
            for batch in self._watch(batches):
                counted += batch.num_rows
                yield batch

        try:
            cursor.register(source, pa.RecordBatchReader.from_batches(schema, counting()))
            cursor.execute(f"CREATE TABLE {quoted(name)} AS SELECT {', '.join(columns)} FROM {quoted(source)}")
            cursor.unregister(source)
        except (duckdb.Error, OSError) as error:
            raise self._translated(error) from None
        finally:
            with self._lock:
                self._cursors.discard(cursor)
            cursor.close()
        return counted

    def query(self, sql: str, *, batch_rows: int = _BATCH_ROWS) -> pa.RecordBatchReader:
        """Runs one SELECT. The reader pulls rows as it is read; close it, or read it to its end.

        Raises, here or while reading: `LimitError` (`LIMIT_MEMORY`), `SqlError` (`QUERY_RUNTIME`),
        `CancelledError`, and whatever a registered stream raised.
        """
        try:
            reader = self._connection.sql(sql).to_arrow_reader(batch_rows)
        except (duckdb.Error, OSError) as error:
            raise self._translated(error) from None
        with self._lock:
            self._readers.append(reader)
        return pa.RecordBatchReader.from_batches(reader.schema, self._read(reader))

    def interrupt(self) -> None:
        """Stops whatever runs, from any thread; it raises `CancelledError` there."""
        self._interrupted = True
        with self._lock:
            running = [self._connection, *self._cursors]
        for connection in running:
            connection.interrupt()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A second connection to the same database, which sees loaded tables but no registered stream."""
        with self._lock:
            cursor = self._connection.cursor()
            self._cursors.add(cursor)
        return cursor

    def clear(self) -> bool:
        """Drops everything the query left behind; False when something else than that is there."""
        try:
            for reader in self._readers:
                reader.close()
            for cursor in self._cursors:
                cursor.close()
            for name in self._views:
                self._connection.unregister(name)
            for name in self._tables:
                self._connection.execute(f"DROP TABLE IF EXISTS {quoted(name)}")
            left = self._connection.execute(_LEFT_BEHIND).fetchall()
        except (duckdb.Error, OSError):
            return False
        self._readers.clear()
        self._cursors.clear()
        self._views.clear()
        self._tables.clear()
        self._failures.clear()
        return not left and not self._interrupted

    def close(self) -> None:
        self._connection.close()

    def _watch(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches, remembering the error they end in, which DuckDB would turn into text."""
        try:
            yield from batches
        except ComityError as error:
            self._failures.append(error)
            raise

    def _read(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        except (duckdb.Error, OSError) as error:
            raise self._translated(error) from None
        finally:
            reader.close()

    def _translated(self, error: Exception) -> ComityError:
        self.broken = True
        return self._failures[0] if self._failures else translate_error(error)


_LEFT_BEHIND = """
SELECT table_name FROM duckdb_tables()
UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal
UNION ALL SELECT database_name FROM duckdb_databases() WHERE NOT internal AND database_name <> 'memory'
"""


class EnginePool:
    """Engines of `memory` and `threads` each; `spares` are kept open ahead of need."""

    def __init__(self, memory: str = "2GB", threads: int = 2, spares: int = 2) -> None:
        self._memory = memory
        self._threads = threads
        self._spares = spares
        self._ready: SimpleQueue[Engine] = SimpleQueue()
        self._closed = False
        self._wanted = threading.Event()
        self._wanted.set()
        self._opener = threading.Thread(target=self._keep_spares, name="engine-opener", daemon=True)
        self._opener.start()

    @contextmanager
    def lease(self) -> Iterator[Engine]:
        """Lends an engine that no one else has and that holds nothing."""
        if self._closed:
            raise UnavailableError("the engine pool is closed")
        try:
            engine = self._ready.get_nowait()
        except Empty:
            engine = self._open()
        self._wanted.set()
        try:
            yield engine
        except BaseException:
            engine.broken = True
            raise
        finally:
            self._take_back(engine)

    def close(self) -> None:
        """Closes the spares; engines still lent are closed when they come back."""
        self._closed = True
        self._wanted.set()
        self._opener.join()
        while True:
            try:
                self._ready.get_nowait().close()
            except Empty:
                return

    def _take_back(self, engine: Engine) -> None:
        cleared = engine.clear()
        if engine.broken or not cleared or self._closed or self._ready.qsize() >= self._spares:
            engine.close()
        else:
            self._ready.put(engine)

    def _open(self) -> Engine:
        try:
            return Engine(memory=self._memory, threads=self._threads)
        except duckdb.Error as error:
            raise InternalError("an in-memory database could not be opened") from error

    def _keep_spares(self) -> None:
        while not self._closed:
            self._wanted.wait()
            self._wanted.clear()
            while not self._closed and self._ready.qsize() < self._spares:
                self._ready.put(self._open())


def quoted(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'
