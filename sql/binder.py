"""DuckDB as the authority on types: what columns a query over published tables returns.

The tables it holds are empty, so asking costs about a millisecond and touches no data.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue

import duckdb
import pyarrow as pa
from sqlglot import exp

from comity.errors import ConfigurationError, SqlError
from sql.catalog import Column, Table, fold_name
from sql.copies import canonical_text
from sql.engine import open_locked, quoted
from sql.engine_errors import translate_error
from sql.places import place_at
from sql.types import arrow_schema, canonical_name

_MOST_VIEWS = 64
_MOST_ANSWERS = 1024
_LONGEST_REMEMBERED = 16_384


class BinderDatabase:
    """The locked in-memory DuckDB of a binder, or of many: opening one takes longer than most questions.

    It is open as long as some binder uses it. Binders see nothing of each other: each asks its own attached databases.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._users = 0
        self._numbers = count()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def join(self) -> duckdb.DuckDBPyConnection:
        with self.lock:
            if self._connection is None:
                self._connection = open_locked(memory="256MB", threads=1, errors_as_json=True)
            self._users += 1
            return self._connection

    def leave(self) -> None:
        """The last to leave closes it. Called with the lock held."""
        self._users -= 1
        if self._users == 0 and self._connection is not None:
            self._connection.close()
            self._connection = None

    def new_name(self) -> str:
        return f"view#{next(self._numbers)}"


class Binder:
    """Empty published tables in a locked in-memory DuckDB. Safe to share between threads.

    One table may be seen in several shapes, since a principal sees only some of its columns. Tables whose
    shapes agree stand in one attached database, a view; `tables` are the first view. Binders of one process may
    share a `database`.
    """

    def __init__(self, tables: Iterable[Table] = (), database: BinderDatabase | None = None) -> None:
        self._database = database or BinderDatabase()
        self._connection = self._database.join()
        self._lock = self._database.lock
        self._views: list[_View] = []
        self._closed = False
        with self._lock:
            self._add_view()
            for table in tables:
                self._views[0].create(self._connection, table)

    def schema_of(self, query: str | exp.Expr) -> pa.Schema:
        """The Arrow schema of a query over tables named `department.table`.

        Raises `SqlError` (`SQL_TYPE`) when the query does not fit the tables.
        """
        return arrow_schema(self.columns_of(query))

    def columns_of(self, query: str | exp.Expr, tables: Iterable[Table] = ()) -> tuple[Column, ...]:
        """The columns of a query with their canonical types, which say more than Arrow's.

        `tables` are those that the query reads, in the shape in which it sees them; when none are given they
        are those the binder was made with.
        """
        text = query if isinstance(query, str) else canonical_text(query)
        view = self._view_for(tables)
        if (known := view.answers.get(text)) is not None:
            return known
        cursor = view.cursor(self._connection)
        try:
            # Parsed apart from being bound, it is not parsed a second time.
            statements = cursor.extract_statements(text)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise SqlError("one SELECT is expected", code="SQL_NOT_A_QUERY")
            relation = cursor.sql(statements[0])
            if relation is None:
                raise SqlError("one SELECT is expected", code="SQL_NOT_A_QUERY")
            columns = list(zip(relation.columns, map(str, relation.types), strict=True))
        except duckdb.Error as error:
            if view.closed:
                return self.columns_of(text, tables)
            raise self._explain(cursor, text, error) from None
        finally:
            view.give_back(cursor)
        answer = tuple(Column(name, canonical_name(kind)) for name, kind in columns)
        view.remember(text, answer)
        return answer

    def close(self) -> None:
        """Lets go of the database; cursors in use end with an error. A second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for view in self._views:
                self._drop(view)
            self._database.leave()

    @staticmethod
    def _explain(cursor: duckdb.DuckDBPyConnection, text: str, error: Exception) -> Exception:
        """The error with its place, for which the statement must be bound a second time."""
        prefix = "DESCRIBE "
        try:
            cursor.execute(prefix + text)
        except duckdb.Error as detailed:
            error = detailed
        found = translate_error(error)
        position = found.metadata.pop("position", None)
        if position is not None and isinstance(found, SqlError):
            before = text.encode()[: max(0, int(position) - len(prefix))].decode(errors="ignore")
            found.metadata["offset"] = str(len(before))
            found.line, found.column = place_at(text, len(before))
        return found

    def _view_for(self, tables: Iterable[Table]) -> _View:
        wanted = list(tables)
        with self._lock:
            for view in self._views:
                if view.fits(wanted):
                    break
            else:
                view = self._add_view()
            for table in wanted:
                if not view.holds(table):
                    view.create(self._connection, table)
            return view

    def _add_view(self) -> _View:
        if len(self._views) >= _MOST_VIEWS:
            # The oldest but the first goes. Who still asks it gets an error from it, and then a new view.
            self._drop(self._views.pop(1))
        view = _View(self._database.new_name())
        self._connection.execute(f"ATTACH ':memory:' AS {quoted(view.name)}")
        self._views.append(view)
        return view

    def _drop(self, view: _View) -> None:
        view.close()
        with suppress(duckdb.Error):
            self._connection.execute(f"DETACH {quoted(view.name)}")


class _View:
    """One attached database of empty tables, and idle cursors that have it as their default."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.idle: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        self.answers: dict[str, tuple[Column, ...]] = {}
        self.closed = False
        self._shapes: dict[tuple[str, str], _Shape] = {}
        self._departments: set[str] = set()

    def remember(self, text: str, answer: tuple[Column, ...]) -> None:
        """Keeps an answer, which cannot change: tables are added to a view and never altered."""
        if len(self.answers) >= _MOST_ANSWERS:
            self.answers.clear()
        if len(text) <= _LONGEST_REMEMBERED:
            self.answers[text] = answer

    def fits(self, tables: Iterable[Table]) -> bool:
        return all(self._shapes.get(_key(table)) in {None, _shape(table)} for table in tables)

    def holds(self, table: Table) -> bool:
        return _key(table) in self._shapes

    def create(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        schema = f"{quoted(self.name)}.{quoted(table.department)}"
        columns = ", ".join(
            f"{quoted(column.name)} {canonical_name(column.type)}" for column in table.columns
        )
        try:
            if fold_name(table.department) not in self._departments:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
                self._departments.add(fold_name(table.department))
            connection.execute(f"CREATE TABLE {schema}.{quoted(table.name)} ({columns})")
        except duckdb.Error as error:
            raise ConfigurationError(f"the table {table.qualified_name} cannot be described") from error
        self._shapes[_key(table)] = _shape(table)

    def cursor(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        try:
            return self.idle.get_nowait()
        except Empty:
            cursor = connection.cursor()
            cursor.execute(f"USE {quoted(self.name)}")
            return cursor

    def give_back(self, cursor: duckdb.DuckDBPyConnection) -> None:
        if self.closed:
            cursor.close()
        else:
            self.idle.put(cursor)

    def close(self) -> None:
        self.closed = True
        while True:
            try:
                self.idle.get_nowait().close()
            except Empty:
                return


_Shape = tuple[tuple[str, str], ...]


def _shape(table: Table) -> _Shape:
    return tuple((column.name, column.type) for column in table.columns)


def _key(table: Table) -> tuple[str, str]:
    return fold_name(table.department), fold_name(table.name)
