"""A pool of locked in-memory DuckDB databases, each lent to one query at a time.

An engine reads no file, opens no connection, spills nothing to disk and cannot be unlocked. Opening one
takes tens of milliseconds, so a thread keeps spares ready.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from queue import Empty, SimpleQueue

import duckdb
import duckdb.func
import pyarrow as pa

from comity.errors import CancelledError, ComityError, InternalError, UnavailableError
from sql.engine_errors import translate_error
from sql.engine_memory import drained, memory_bytes
from sql.types import canonical_name

_BATCH_ROWS = 65_536
_REPEAT_SECONDS = 0.02
_HELD_SHARE = 0.25
"""Of an engine's memory, for loaded rows that stay as they came; DuckDB has the rest."""
KEPT = 2
"""How many times the spares a pool keeps of engines that came back: opening one takes longer than a small question."""
_SMALL_BATCH_ROWS = 2048


def open_locked(
    *, memory: str, threads: int, errors_as_json: bool = False, optimizer: bool = True
) -> duckdb.DuckDBPyConnection:
    """Opens an in-memory DuckDB that can reach nothing outside itself and whose settings are locked.

    Without `optimizer`, it does what a statement says in the order in which the statement says it.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": memory,
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": "",
            "max_temp_directory_size": "0B",
            "errors_as_json": str(errors_as_json).lower(),
        },
    )
    for setting in (
        "SET TimeZone='UTC'",
        "SET Calendar='gregorian'",
        "SET python_enable_replacements=false",
        "SET disabled_optimizers='statistics_propagation'",  # it loses rows: ADR 24
        f"PRAGMA {'enable' if optimizer else 'disable'}_optimizer",
        "SET lock_configuration=true",
    ):
        connection.execute(setting)
    return connection


def create_function(
    connection: duckdb.DuckDBPyConnection, name: str, arity: int, function: Callable[..., pa.Array]
) -> None:
    """Makes a function over columns of text, NULLs included, callable in the connection's database."""
    connection.create_function(
        name,
        function,
        ["VARCHAR"] * arity,
        "VARCHAR",
        type=duckdb.func.ARROW,
        null_handling=duckdb.func.SPECIAL,
    )


class Engine:
    """One locked database, for one query. Tables and streams are read under plain names.

    `load` may run in several threads at once, and `interrupt` in any; all else is for one thread at a time.
    """

    def __init__(self, *, memory: str, threads: int, optimizer: bool = True) -> None:
        # Memory in words that are not understood here is DuckDB's to refuse.
        size = memory_bytes(memory)
        self._room = 0 if size is None else int(size * _HELD_SHARE)
        limit = memory if size is None else f"{(size - self._room) // 1000}KB"
        self._connection = open_locked(memory=limit, threads=threads, optimizer=optimizer)
        self._lock = threading.Lock()
        self._cursors: set[duckdb.DuckDBPyConnection] = set()
        self._views: list[str] = []
        self._casts: list[str] = []
        self._held = 0
        self._kept: dict[str, tuple[pa.Table, Sequence[str]]] = {}
        self._tables: list[str] = []
        self._functions: list[str] = []
        self._readers: list[pa.RecordBatchReader] = []
        self._failures: list[ComityError] = []
        self._interrupted = False
        self._closed = threading.Event()
        self._stopper: threading.Thread | None = None
        # Set once something happened after which the engine is thrown away instead of lent again.
        self.spent = False

    def register(self, name: str, reader: pa.RecordBatchReader) -> None:
        """Makes a stream readable, once, as the table `name`. What it raises, `query` then raises."""
        self._check()
        self._views.append(name)
        guarded = pa.RecordBatchReader.from_batches(reader.schema, self._watch(reader))
        try:
            self._connection.register(name, guarded)
        except duckdb.Error as error:
            # An interrupt may come while it is registered.
            raise self._translated(error) from None

    def load(
        self,
        name: str,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        types: Sequence[str] | None = None,
        *,
        keep: str = "",
        relation: str = "",
    ) -> int:
        """Reads all batches as the table `name` and returns how many rows that were.

        They stay the Arrow that they are while there is room, which costs a query less than copying them costs;
        beyond that they are copied into DuckDB.

        `types` are the columns' canonical types, where they say more than Arrow's do (HUGEINT). Of the rows the
        table holds those for which the condition `keep` is true; it names the columns as those of `relation`.
        """
        self._check()
        columns = [quoted(field.name) for field in schema]
        # A table cannot hold what has no type yet; a view over it can.
        untyped = [f"NULL AS {quoted(field.name)}" for field in schema if pa.types.is_null(field.type)]
        table = f"{name} (rows)" if untyped else name
        if types is not None:
            columns = [
                column if kind == "NULL" else f"CAST({column} AS {canonical_name(kind)}) AS {column}"
                for column, kind in zip(columns, types, strict=True)
            ]
        rows = 0

        def counted() -> Iterator[pa.RecordBatch]:
            nonlocal rows
            for batch in self._watch(batches):
                rows += batch.num_rows
                yield batch

        source: Iterator[pa.RecordBatch] = counted()
        if not keep and not untyped:
            held, complete = self._hold(source)
            if complete:
                self._register_held(name, pa.Table.from_batches(held, schema), columns)
                return rows
            source = chain(drained(held), source)

        # A registered stream is seen by its own connection only, so each load has one.
        with self._lock:
            self._tables.append(table)
            cursor = self._connection.cursor()
            self._cursors.add(cursor)
        stream = f"{name} (stream)"
        try:
            cursor.register(stream, pa.RecordBatchReader.from_batches(schema, source))
            select = f"SELECT {', '.join(columns)} FROM {quoted(stream)}"
            if keep:
                select = f"SELECT * FROM ({select}) AS {quoted(relation)} WHERE {keep}"
            cursor.execute(f"CREATE TABLE {quoted(table)} AS {select}")
            if untyped:
                view = f"SELECT * REPLACE ({', '.join(untyped)}) FROM {quoted(table)}"
                cursor.execute(f"CREATE VIEW {quoted(name)} AS {view}")
                self.spent = True  # rather than remembering what to drop in which order
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            raise self._translated(error) from None
        finally:
            with self._lock:
                self._cursors.discard(cursor)
            cursor.close()
        return rows

    def _hold(self, source: Iterator[pa.RecordBatch]) -> tuple[list[pa.RecordBatch], bool]:
        """The batches for which there is room, and whether those were all."""
        held = []
        try:
            for batch in source:
                held.append(batch)
                with self._lock:
                    self._held += batch.nbytes
                    if self._held > self._room:
                        # They are on their way out, and may make room for what comes in another thread.
                        self._held -= sum(one.nbytes for one in held)
                        return held, False
        except Exception as error:
            raise self._translated(error) from None
        return held, True

    def _register_held(self, name: str, table: pa.Table, columns: Sequence[str]) -> None:
        if table.num_columns and len(table) < _SMALL_BATCH_ROWS * table.column(0).num_chunks:
            table = table.combine_chunks()
        raw = f"{name} (rows)"
        try:
            with self._lock:
                self._kept[name] = table, columns
                self._views.append(raw)
                self._casts.append(name)
                self._connection.register(raw, table)
                select = f"SELECT {', '.join(columns)} FROM {quoted(raw)}"
                self._connection.execute(f"CREATE TEMP VIEW {quoted(name)} AS {select}")
        except (duckdb.Error, pa.ArrowException) as error:
            raise self._translated(error) from None

    def share(self, other: Engine, names: Collection[str]) -> bool:
        """Makes the loaded tables `names` readable in `other` as well, without a copy.

        False, and nothing is shared, where one of them is something else: a stream, or rows that were copied.
        """
        if not self._kept.keys() >= set(names):
            return False
        for name in names:
            other._register_held(name, *self._kept[name])
        return True

    def add_function(self, name: str, arity: int, function: Callable[..., pa.Array]) -> None:
        """Makes `function`, over columns of text, callable in SQL until the engine is given back.

        Nothing that a question may contain calls it: it is on no allow-list. It must give equal values for equal
        arguments, and what it raises is not shown.
        """
        self._check()
        create_function(self._connection, name, arity, function)
        self._functions.append(name)

    def query(self, sql: str, *, batch_rows: int = _BATCH_ROWS) -> pa.RecordBatchReader:
        """Runs one SELECT. The reader computes rows as it is read; close it, or read it to its end, before another.

        Raises, here or while the reader is read: `LimitError` (`LIMIT_MEMORY`), `SqlError` (`QUERY_RUNTIME`),
        `CancelledError`, and what a registered stream raised.
        """
        self._check()
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise InternalError("an engine runs one SELECT at a time")
            reader = self._connection.sql(statements[0]).to_arrow_reader(batch_rows)
        except (duckdb.Error, OSError) as error:
            raise self._translated(error) from None
        self._readers.append(reader)
        return pa.RecordBatchReader.from_batches(reader.schema, self._read(reader))

    def interrupt(self) -> None:
        """Stops what runs, and what would start after, from any thread; it raises `CancelledError` there.

        Repeated until the engine is closed: an interrupt that comes as a statement begins stops nothing.
        """
        with self._lock:
            if self._interrupted or self._closed.is_set():
                return
            self._interrupted = self.spent = True
            self._stopper = threading.Thread(target=self._keep_stopping, name="engine-stopper", daemon=True)
            self._stopper.start()

    def _keep_stopping(self) -> None:
        while not self._closed.is_set():
            with self._lock:
                running = [self._connection, *self._cursors]
            for connection in running:
                with suppress(duckdb.Error):
                    connection.interrupt()
            self._closed.wait(_REPEAT_SECONDS)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection to the same database, of other tables. The engine is not lent again after it."""
        self.spent = True
        with self._lock:
            cursor = self._connection.cursor()
            self._cursors.add(cursor)
        return cursor

    def clear(self) -> None:
        """Drops all that the query left behind."""
        for reader in self._readers:
            reader.close()
        for cursor in self._cursors:
            cursor.close()
        for name in self._casts:
            self._connection.execute(f"DROP VIEW IF EXISTS {quoted(name)}")
        for name in self._views:
            self._connection.unregister(name)
        self._held = 0
        for name in self._tables:
            self._connection.execute(f"DROP TABLE IF EXISTS {quoted(name)}")
        for name in self._functions:
            # An engine that cannot lose a function is closed, like one that cannot drop a table.
            self._connection.remove_function(name)
        for collection in (
            self._readers,
            self._cursors,
            self._views,
            self._casts,
            self._kept,
            self._tables,
            self._functions,
            self._failures,
        ):
            collection.clear()

    def close(self) -> None:
        """Stops what runs and frees the memory."""
        with self._lock:
            self._closed.set()
        if self._stopper is not None:
            self._stopper.join()
        with suppress(duckdb.Error, OSError):
            self.clear()
        self._connection.close()

    def _check(self) -> None:
        if self._interrupted:
            raise CancelledError("the query was cancelled")

    def _watch(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches, keeping the error they end in, of which DuckDB would leave only text."""
        try:
            for batch in batches:
                self._check()
                yield batch
        except ComityError as error:
            self._failures.append(error)
            raise
        except Exception as error:
            failure = InternalError("a stream of rows broke off")
            failure.__cause__ = error
            self._failures.append(failure)
            raise

    def _read(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            for batch in reader:
                self._check()
                yield batch
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            raise self._translated(error) from None
        finally:
            reader.close()

    def _translated(self, error: Exception) -> ComityError:
        self.spent = True
        if self._interrupted:
            return CancelledError("the query was cancelled")
        return self._failures[0] if self._failures else translate_error(error)


class _Spares:
    """Engines kept ready, and the thread that opens them; knows nothing of the pool, which may vanish."""

    def __init__(self, memory: str, threads: int, wanted: int) -> None:
        self.memory = memory
        self.threads = threads
        self.wanted = wanted
        self.ready: SimpleQueue[Engine] = SimpleQueue()
        self.closed = False
        self.wake = threading.Event()
        self.thread = threading.Thread(target=self.keep, name="engine-opener", daemon=True)

    def open(self, *, optimizer: bool = True) -> Engine:
        try:
            return Engine(memory=self.memory, threads=self.threads, optimizer=optimizer)
        except duckdb.Error as error:
            raise InternalError("an in-memory database could not be opened") from error

    def keep(self) -> None:
        least = self.wanted
        while not self.closed:
            while not self.closed and self.ready.qsize() < least:
                self.ready.put(self.open())
            # Those that were lent come back: only who takes the last one may be followed by another.
            least = 1
            self.wake.wait()
            self.wake.clear()

    def stop(self) -> None:
        self.closed = True
        self.wake.set()
        if self.thread.is_alive() and self.thread is not threading.current_thread():
            self.thread.join()
        while True:
            try:
                self.ready.get_nowait().close()
            except Empty:
                return


class EnginePool:
    """Engines of `memory` and `threads` each; `spares` of them are kept open ahead of need."""

    def __init__(self, memory: str = "2GB", threads: int = 2, spares: int = 2) -> None:
        self._spares = _Spares(memory, threads, spares)
        # An interpreter that ends while a database opens would crash, so the thread is always joined.
        self._stop = weakref.finalize(self, self._spares.stop)
        if spares:
            self._spares.thread.start()

    @contextmanager
    def lease(self) -> Iterator[Engine]:
        """Lends an engine that no one else has and that holds nothing. Raises `UnavailableError` after `close`."""
        if self._spares.closed:
            raise UnavailableError("the engine pool is closed")
        try:
            engine = self._spares.ready.get_nowait()
        except Empty:
            engine = self._spares.open()
        if self._spares.ready.empty():
            self._spares.wake.set()
        try:
            yield engine
        except BaseException:
            engine.spent = True
            raise
        finally:
            self._take_back(engine)

    @contextmanager
    def unoptimized(self) -> Iterator[Engine]:
        """Lends a new engine whose optimizer is off. It takes tens of milliseconds to open."""
        engine = self._spares.open(optimizer=False)
        try:
            yield engine
        finally:
            engine.close()

    def close(self) -> None:
        """Closes the spares; an engine still lent is closed when it comes back."""
        self._stop()

    def _take_back(self, engine: Engine) -> None:
        with suppress(duckdb.Error, OSError):
            if (
                not engine.spent
                and not self._spares.closed
                and self._spares.ready.qsize() < KEPT * self._spares.wanted
            ):
                engine.clear()
                self._spares.ready.put(engine)
                return
        engine.close()


def quoted(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'
