"""A merge that DuckDB fails on, and does not fail on as it is written, is answered; every other failure stays what it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from comity.errors import CancelledError, ComityError, InternalError, LimitError, SqlError
from gateway.dispatch import dispatch
from gateway.merge.duckdb import DuckdbMerge
from gateway.planner.make_plan import make_plan
from gateway.stages import AdmittedQuery, AuthorizedQuery, BoundQuery, Lifetime, QueryRequest
from policies.principal import Principal
from sql import second_attempt
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.engine import Engine, EnginePool
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.uses import infer_uses
from tests.gateway.faulty_department import FaultyDepartment

COLUMNS = (Column("id", "VARCHAR"), Column("name", "VARCHAR"))
CATALOG = Catalog([Table("one", "t", COLUMNS), Table("other", "t", COLUMNS)], "1")
JOINED = "SELECT b.id AS id, b.name AS name FROM one.t a JOIN other.t b ON b.id = a.id"
"""Its fragments are all numbers below 4,000, as text."""

PAIR = "SELECT b.id AS id, b.name AS name FROM fragment_1 AS a, fragment_2 AS b"
AS_WRITTEN = f"{PAIR} WHERE a.id = '7' AND b.id = a.id AND CAST(b.name AS TINYINT) = 7"
"""The optimizer looks at every name of b; as it is written, only those of one row are looked at."""

NEVER = f"{PAIR} WHERE a.id = b.id AND CAST(b.name AS TINYINT) = 7"
LONG = (
    "SELECT b.id AS id, b.name AS name FROM fragment_2 AS b, fragment_1 AS c, fragment_1 AS d, fragment_1 AS e"
    " WHERE b.id = c.id AND c.id = d.id AND d.id = e.id AND e.id = '3999' AND CAST(b.name AS TINYINT) = 7"
)
"""A matter of hours as it is written."""


class Merging:
    """Merges the fragments of two departments with a residual of the test's own."""

    def __init__(self, engines: EnginePool, binder: Binder) -> None:
        self.engines, self.binder = engines, binder
        self.lifetime = Lifetime(time.monotonic() + 60)

    def rows(self, residual_sql: str, question: str = JOINED) -> list[dict[str, Any]]:
        principal = Principal("someone", "one")
        request = QueryRequest(
            "id", "trace", principal, "peer", question, (), {}, "purpose", False, self.lifetime
        )
        parsed = parse_query(question)
        resolved = resolve_query(parsed, CATALOG, self.binder)
        influence = infer_uses(resolved.tree, resolved.tables, question)
        bound = BoundQuery(AdmittedQuery(request, parsed, CATALOG), resolved, influence)
        plan = replace(make_plan(AuthorizedQuery(bound, ()), self.binder, CATALOG), residual_sql=residual_sql)
        self.lifetime.start_timer()
        result = DuckdbMerge(self.engines).merge(
            dispatch(plan, {name: FaultyDepartment(name, "slow") for name in ("one", "other")})
        )
        rows: list[dict[str, Any]] = pa.Table.from_batches(list(result.batches), result.schema).to_pylist()
        return rows


@pytest.fixture(scope="module")
def engines() -> Iterator[EnginePool]:
    pool = EnginePool(memory="256MB", threads=2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    binder = Binder(CATALOG.tables)
    yield binder
    binder.close()


@pytest.fixture
def merge(engines: EnginePool, binder: Binder) -> Iterator[Merging]:
    merging = Merging(engines, binder)
    yield merging
    merging.lifetime.end()


def once(monkeypatch: pytest.MonkeyPatch, failure: ComityError) -> list[str]:
    """The first query of an engine fails; all that are run."""
    query = Engine.query
    asked: list[str] = []

    def failing(engine: Engine, sql: str) -> pa.RecordBatchReader:
        asked.append(sql)
        if len(asked) == 1:
            raise failure
        return query(engine, sql)

    monkeypatch.setattr(Engine, "query", failing)
    return asked


def test_a_value_is_not_looked_at_in_rows_that_the_question_leaves_out(
    merge: Merging, engines: EnginePool
) -> None:
    schema = pa.schema([("id", pa.string()), ("name", pa.string())])
    rows = [pa.record_batch([pa.array(["7", "128"])] * 2, schema=schema)]
    with engines.lease() as engine:
        engine.load("fragment_1", schema, rows)
        engine.load("fragment_2", schema, rows)
        with pytest.raises(SqlError):
            engine.query(AS_WRITTEN).read_all()
    assert merge.rows(AS_WRITTEN) == [{"id": "7", "name": "7"}]


def test_an_optimizer_that_breaks_down_is_done_without(
    merge: Merging, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = once(monkeypatch, InternalError("the merge engine failed: internal"))
    assert len(merge.rows(f"{PAIR} WHERE a.id = b.id AND a.id < '1000'")) == 4
    assert len(asked) == 2
    assert caplog.messages == ["a query that failed (INTERNAL) was repeated without DuckDB's optimizer"]


def test_a_value_that_is_wrong_in_the_answer_is_the_error_it_was(merge: Merging) -> None:
    with pytest.raises(SqlError, match="a value could not be cast to TINYINT") as raised:
        merge.rows(NEVER)
    assert raised.value.code == "QUERY_RUNTIME"


def test_what_takes_too_long_as_it_is_written_is_the_error_it_was(
    merge: Merging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_attempt, "SECOND_SECONDS", 0.2)
    with pytest.raises(SqlError, match="a value could not be cast to TINYINT"):
        merge.rows(LONG)


def test_a_cancellation_ends_the_second_attempt(merge: Merging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_attempt, "SECOND_SECONDS", 600.0)
    timer = threading.Timer(0.5, merge.lifetime.cancel)
    timer.start()
    with pytest.raises(CancelledError):
        merge.rows(LONG)
    timer.join()


def test_too_much_memory_is_not_tried_again(merge: Merging, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = once(monkeypatch, LimitError("too much", code="LIMIT_MEMORY"))
    with pytest.raises(LimitError):
        merge.rows(AS_WRITTEN)
    assert len(asked) == 1


def test_streams_that_were_read_cannot_be_read_again(merge: Merging, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = once(monkeypatch, InternalError("the merge engine failed: internal"))
    with pytest.raises(InternalError, match="the merge engine failed"):
        merge.rows(
            "SELECT id FROM fragment_1 UNION ALL SELECT id FROM fragment_2",
            "SELECT t.id AS id FROM one.t UNION ALL SELECT t.id AS id FROM other.t",
        )
    assert len(asked) == 1
