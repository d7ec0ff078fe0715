"""PEP 249, as tools use it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest

import comity
from comity import dbapi
from comity.v1 import query_pb2

from .conftest import Gateway


@pytest.fixture
def cursor(gateway: Gateway, people: pa.Table) -> Iterator[dbapi.Cursor]:
    gateway.scripts["SELECT ?"] = gateway.table_script(people, rows_per_batch=3)
    with dbapi.connect(gateway.address, token="t-li", purpose="statistics") as connection:
        yield connection.cursor()


def test_the_module_declares_itself() -> None:
    assert (dbapi.apilevel, dbapi.threadsafety, dbapi.paramstyle) == ("2.0", 2, "qmark")
    assert issubclass(dbapi.ProgrammingError, dbapi.DatabaseError)
    assert issubclass(dbapi.InterfaceError, dbapi.Error)
    assert not issubclass(dbapi.InterfaceError, dbapi.DatabaseError)
    assert dbapi.Date(2026, 1, 2) == dt.date(2026, 1, 2)
    assert dbapi.Timestamp(2026, 1, 2).year == 2026
    assert isinstance(dbapi.TimeFromTicks(0), dt.time)
    assert dbapi.Binary(b"x") == b"x"


def test_rows_are_fetched_one_many_and_all(gateway: Gateway, cursor: dbapi.Cursor, people: pa.Table) -> None:
    rows = list(zip(*(column.to_pylist() for column in people.columns), strict=True))
    assert cursor.execute("SELECT ?", [Decimal("1.5")]) is cursor
    assert [p.value.decimal_value for p in gateway.requests[0].parameters] == ["1.5"]
    assert cursor.fetchone() == rows[0]
    assert cursor.fetchmany() == rows[1:2]
    assert cursor.fetchmany(5) == rows[2:]
    assert cursor.fetchone() is None
    assert cursor.fetchall() == []
    assert list(cursor.execute("SELECT ?")) == rows
    assert cursor.execute("SELECT ?").fetchall() == rows
    assert cursor.execute("SELECT ?").fetch_arrow() == people
    assert cursor.rowcount == -1


def test_columns_are_described(cursor: dbapi.Cursor) -> None:
    assert not cursor.description
    cursor.execute("SELECT ?")
    described = {column[0]: column for column in cursor.description or ()}
    assert described["cost"][4:6] == (15, 2)
    assert described["cost"][1] == dbapi.NUMBER
    assert described["姓名"][1] == dbapi.STRING
    assert described["born"][1] == dbapi.DATETIME
    assert described["seen"][1] == dbapi.DATETIME
    assert described["photo"][1] == dbapi.BINARY
    assert described["姓名"][1] != dbapi.NUMBER


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (comity.SqlError("no"), dbapi.ProgrammingError),
        (comity.SqlError("no", code="QUERY_RUNTIME"), dbapi.DataError),
        (comity.PolicyError("no"), dbapi.ProgrammingError),
        (comity.IdentityError("no"), dbapi.OperationalError),
        (comity.SourceError("no"), dbapi.OperationalError),
        (comity.LimitError("no"), dbapi.OperationalError),
        (comity.InternalError("no"), dbapi.InternalError),
    ],
    ids=repr,
)
def test_errors_are_those_of_pep_249_with_ours_as_cause(
    gateway: Gateway, cursor: dbapi.Cursor, error: comity.ComityError, expected: type[dbapi.Error]
) -> None:
    gateway.scripts["SELECT 2"] = error
    with pytest.raises(dbapi.Error) as caught:
        cursor.execute("SELECT 2")
    assert type(caught.value) is expected
    assert caught.value.code == error.code
    assert isinstance(caught.value.__cause__, type(error))


def test_a_value_that_python_has_no_object_for_is_a_data_error(
    gateway: Gateway, cursor: dbapi.Cursor
) -> None:
    far = pa.table({"due": pa.array([10_000_000], pa.date32())})
    gateway.answer("SELECT due", far)
    with pytest.raises(dbapi.DataError, match=r"the column due holds a value .* fetch_arrow"):
        cursor.execute("SELECT due").fetchall()
    assert cursor.execute("SELECT due").fetch_arrow() == far


def test_an_error_between_rows_is_translated_too(
    gateway: Gateway, cursor: dbapi.Cursor, people: pa.Table
) -> None:
    def answer(_request: object, _context: object) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(people.schema)
        raise comity.SourceError("the database broke off")

    gateway.scripts["SELECT 2"] = answer
    cursor.execute("SELECT 2")
    for _again in range(2):
        with pytest.raises(dbapi.OperationalError):
            cursor.fetchone()


def test_a_wrong_address_is_an_interface_error() -> None:
    with pytest.raises(dbapi.InterfaceError):
        dbapi.connect("http://x")


def test_what_is_closed_or_not_begun_refuses(cursor: dbapi.Cursor) -> None:
    with pytest.raises(dbapi.InterfaceError):
        cursor.fetchone()
    with pytest.raises(dbapi.NotSupportedError):
        cursor.executemany("SELECT ?", [[1]])
    cursor.connection.commit()
    cursor.connection.rollback()
    with cursor:
        cursor.execute("SELECT ?")
    with pytest.raises(dbapi.InterfaceError):
        cursor.execute("SELECT ?")
    cursor.connection.close()
    with pytest.raises(dbapi.InterfaceError):
        cursor.connection.cursor()
