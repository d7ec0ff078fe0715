"""PEP 249 over a Comity connection, for tools that speak DB-API.

Read only and without transactions: `commit` and `rollback` do nothing. Errors are PEP 249's classes with
the `ComityError` as their cause and its code in `code`. Rows are streamed; `Cursor.fetch_arrow` gives them
as Arrow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

import comity.client
from comity import errors
from comity.errors import ComityError
from comity.result import Result
from comity.settings import DEFAULT_TIMEOUT
from comity.shell.statements import explained_statement
from comity.values import Parameters

apilevel = "2.0"
threadsafety = 2
paramstyle = "qmark"

Date = dt.date
Time = dt.time
Timestamp = dt.datetime
DateFromTicks = dt.date.fromtimestamp
TimestampFromTicks = dt.datetime.fromtimestamp
Binary = bytes


def TimeFromTicks(ticks: float) -> dt.time:  # noqa: N802 - PEP 249's name
    return dt.datetime.fromtimestamp(ticks).time()  # noqa: DTZ006 - PEP 249 means local time


class Warning(Exception):  # noqa: A001 - PEP 249's name
    pass


class Error(Exception):
    """The base of the others. `code` is Comity's own."""

    code: str | None = None


class InterfaceError(Error):
    """The client was used or configured wrongly."""


class DatabaseError(Error):
    """The gateway says no."""


class DataError(DatabaseError):
    """The query failed on a value."""


class OperationalError(DatabaseError):
    """Something is down, late, too large, cancelled, or not allowed in."""


class IntegrityError(DatabaseError):
    """Never raised: nothing is written."""


class InternalError(DatabaseError):
    """A defect of Comity."""


class ProgrammingError(DatabaseError):
    """The SQL is wrong, or a policy refuses it."""


class NotSupportedError(DatabaseError):
    """Comity does not do this."""


class TypeGroup:
    """Compares equal to the `type_code` of every type in the group."""

    def __init__(self, *prefixes: str) -> None:
        self._prefixes = prefixes

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, str) and other.startswith(self._prefixes))

    def __hash__(self) -> int:
        return hash(self._prefixes)


STRING = TypeGroup("string", "large_string")
BINARY = TypeGroup("binary", "large_binary", "fixed_size_binary")
NUMBER = TypeGroup("int", "uint", "float", "double", "halffloat", "decimal")
DATETIME = TypeGroup("date", "time", "timestamp")
ROWID = TypeGroup("rowid")

Description = tuple[str, str, None, None, int | None, int | None, bool]

_CLASSES: Mapping[type[ComityError], type[Error]] = {
    errors.SqlError: ProgrammingError,
    errors.PolicyError: ProgrammingError,
    errors.ConfigurationError: InterfaceError,
    errors.InternalError: InternalError,
}


def connect(
    server: str | None = None,
    *,
    token: str | None = None,
    purpose: str | None = None,
    ca: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    plaintext: bool = False,
    profile: str | None = None,
) -> Connection:
    """As `comity.connect`."""
    with _translated():
        return Connection(
            comity.client.connect(
                server,
                token=token,
                purpose=purpose,
                ca=ca,
                certificate=certificate,
                key=key,
                timeout=timeout,
                plaintext=plaintext,
                profile=profile,
            )
        )


class Connection:
    """A PEP 249 connection; `comity` is the one behind it."""

    def __init__(self, connection: comity.client.Connection) -> None:
        self.comity = connection
        self._closed = False

    def cursor(self) -> Cursor:
        self._check_open()
        return Cursor(self)

    def commit(self) -> None:
        self._check_open()

    def rollback(self) -> None:
        self._check_open()

    def close(self) -> None:
        self._closed = True
        self.comity.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("the connection is closed")


class Cursor:
    """A PEP 249 cursor. One query at a time; a new one, or `close`, cancels what was not read."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.description: tuple[Description, ...] | None = None
        self.rowcount = -1
        self._result: Result | _PlanLines | None = None
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self._closed = False

    def execute(self, operation: str, parameters: Parameters | None = None) -> Self:
        """Runs one query. EXPLAIN [ANALYZE] before it gives the lines of its plan, in the column `plan`."""
        self._check_open()
        self._stop()
        explained = explained_statement(operation)
        result: Result | _PlanLines
        with _translated():
            if explained is not None:
                plan = self.connection.comity.explain(
                    explained.sql, parameters or None, analyze=explained.analyze
                )
                result = _PlanLines(plan.text)
            else:
                result = self.connection.comity.query(operation, parameters or None)
        self._result = result
        self.description = tuple(_describe(field) for field in result.schema)
        return self

    def executemany(self, operation: str, seq_of_parameters: Sequence[Parameters]) -> None:  # noqa: ARG002
        """Refused: it is for writing."""
        raise NotSupportedError("executemany is for writing, and Comity only reads")

    def fetchone(self) -> tuple[Any, ...] | None:
        result = self._check_result()
        with _translated():
            while (row := next(self._rows, None)) is None:
                batch = next(result, None)
                if batch is None:
                    return None
                self._rows = zip(*map(_python_values, batch.columns, batch.schema.names), strict=True)
        return row

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        wanted = self.arraysize if size is None else size
        rows: list[tuple[Any, ...]] = []
        while len(rows) < wanted and (row := self.fetchone()) is not None:
            rows.append(row)
        return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self)

    def fetch_arrow(self) -> pa.Table:
        """The batches not begun yet, as one Arrow table."""
        with _translated():
            return self._check_result().to_arrow()

    def setinputsizes(self, sizes: Sequence[object]) -> None:
        """Does nothing, as PEP 249 allows."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Does nothing, as PEP 249 allows."""

    def close(self) -> None:
        self._stop()
        self._closed = True

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while (row := self.fetchone()) is not None:
            yield row

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _stop(self) -> None:
        if self._result is not None:
            self._result.close()
        self._result, self._rows, self.description = None, iter(()), None

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed")
        self.connection._check_open()  # noqa: SLF001 - one class in two parts

    def _check_result(self) -> Result | _PlanLines:
        self._check_open()
        if self._result is None:
            raise InterfaceError("there is no result: execute a query first")
        return self._result


class _PlanLines:
    """A plan as an answer of one column, a row for each line."""

    def __init__(self, text: str) -> None:
        table = pa.table({"plan": pa.array(text.splitlines(), pa.string())})
        self.schema = table.schema
        self._batches = iter(table.to_batches())

    def __next__(self) -> pa.RecordBatch:
        return next(self._batches)

    def to_arrow(self) -> pa.Table:
        return pa.Table.from_batches(list(self._batches), self.schema)

    def close(self) -> None:
        self._batches = iter(())


def _describe(field: pa.Field) -> Description:
    decimal = pa.types.is_decimal(field.type)
    precision = field.type.precision if decimal else None
    scale = field.type.scale if decimal else None
    return field.name, str(field.type), None, None, precision, scale, field.nullable


def _python_values(column: pa.Array, name: str) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError) as error:
        raise DataError(
            f"the column {name} holds a value for which Python has no object: {error}; "
            f"CAST({name} AS VARCHAR) in the question makes it one, and fetch_arrow() needs none"
        ) from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ComityError as error:
        kind = DataError if error.code == "QUERY_RUNTIME" else _CLASSES.get(type(error), OperationalError)
        translated = kind(str(error))
        translated.code = error.code
        raise translated from error
