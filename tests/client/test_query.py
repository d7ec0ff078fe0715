"""A query streams Arrow batches in order, reports on the way, and never looks complete when it is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import grpc
import pyarrow as pa
import pytest

import comity
from comity.client import Connection
from comity.v1 import query_pb2

from .conftest import Gateway

NUMBERS = pa.schema([("n", pa.int64())])


def numbers(start: int, count: int) -> pa.RecordBatch:
    return pa.record_batch({"n": pa.array(range(start, start + count), pa.int64())})


def test_an_answer_arrives_as_it_was_sent(gateway: Gateway, connection: Connection, people: pa.Table) -> None:
    gateway.scripts["SELECT 1"] = gateway.table_script(people, rows_per_batch=2)
    result = connection.query("SELECT 1")
    assert (result.query_id, result.summary) == ("q-1", None)
    assert result.schema == people.schema
    batches = list(result)
    assert [batch.num_rows for batch in batches] == [2, 2]
    assert pa.Table.from_batches(batches) == people
    summary = result.summary
    assert summary is not None
    assert (summary.rows, summary.partial, summary.audit_leaf_index) == (4, False, 7)
    assert summary.timings == {"plan": 0.01}
    assert [(c.department, c.complete, c.rows) for c in summary.coverage] == [("health", True, 4)]
    assert list(result) == []


def test_an_answer_reads_as_a_table_and_as_a_reader(
    gateway: Gateway, connection: Connection, people: pa.Table
) -> None:
    gateway.scripts["SELECT 1"] = gateway.table_script(people, rows_per_batch=1)
    assert connection.query("SELECT 1").to_arrow() == people
    reader = connection.query("SELECT 1").to_reader()
    assert reader.schema == people.schema
    assert reader.read_all() == people


def test_an_empty_answer_keeps_its_schema(gateway: Gateway, connection: Connection, people: pa.Table) -> None:
    gateway.answer("SELECT 0", people.slice(0, 0))
    table = connection.query("SELECT 0").to_arrow()
    assert table.num_rows == 0
    assert table.schema == people.schema


def test_the_question_travels_with_parameters_purpose_identity_and_deadline(
    gateway: Gateway, connection: Connection, people: pa.Table
) -> None:
    remaining: list[float | None] = []

    def answer(
        request: query_pb2.QueryRequest, context: grpc.ServicerContext
    ) -> Iterator[query_pb2.QueryResponse]:
        remaining.append(context.time_remaining())
        yield from gateway.table_script(people)(request, context)

    gateway.scripts["SELECT ?"] = answer
    connection.query(
        "SELECT ?", [Decimal("1.5"), None], purpose="benefit_review", allow_partial=True
    ).to_arrow()
    connection.query("SELECT ?", {"town": "440605"}, timeout=7).to_arrow()
    first, second = gateway.requests
    assert [p.value.WhichOneof("kind") for p in first.parameters] == ["decimal_value", "null_value"]
    assert (first.purpose, first.allow_partial, len(first.query_id)) == ("benefit_review", True, 36)
    assert [(p.name, p.value.string_value) for p in second.parameters] == [("town", "440605")]
    assert (second.purpose, second.allow_partial) == ("statistics", False)
    assert first.query_id != second.query_id
    assert gateway.metadata[0]["authorization"] == "Bearer t-li"
    assert gateway.metadata[0]["user-agent"].startswith(f"comity/{comity.__version__} ")
    assert [round(seconds or 0) for seconds in remaining] == [20, 7]


def test_progress_adds_up_per_department(gateway: Gateway, connection: Connection) -> None:
    def answer(_request: object, _context: object) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        yield gateway.progress("health", "started", 0, "f1")
        yield gateway.progress("tax", "streaming", 5, "f2", seconds=0.1)
        yield gateway.progress("health", "done", 10, "f1", seconds=0.2)
        yield gateway.progress("health", "streaming", 3, "f3", seconds=0.4)
        yield gateway.batch(numbers(0, 2))
        yield gateway.notice("GROUPS_SUPPRESSED", "2 small groups are left out", "health")
        yield gateway.summary(2)

    gateway.scripts["SELECT 1"] = answer
    seen: list[comity.Progress] = []
    with connection.query("SELECT 1", on_progress=seen.append) as result:
        next(result)
        assert result.progress == {
            "health": comity.Progress("health", "streaming", 13, 1300, 0.4, 2),
            "tax": comity.Progress("tax", "streaming", 5, 500, 0.1, 1),
        }
        assert list(result) == []
    assert [(p.department, p.state, p.rows) for p in seen] == [
        ("health", "started", 0),
        ("tax", "streaming", 5),
        ("health", "done", 10),
        ("health", "streaming", 13),
    ]
    assert result.notices == (comity.Notice("GROUPS_SUPPRESSED", "2 small groups are left out", "health"),)


def test_a_partial_answer_says_who_is_missing(gateway: Gateway, connection: Connection) -> None:
    def answer(_request: object, _context: object) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        yield gateway.summary(0, missing="tax")

    gateway.scripts["SELECT 1"] = answer
    result = connection.query("SELECT 1", allow_partial=True)
    result.to_arrow()
    assert result.summary is not None
    assert result.summary.partial
    missing = [c for c in result.summary.coverage if not c.complete]
    assert [(c.department, c.reason) for c in missing] == [("tax", "SOURCE_UNAVAILABLE")]


def test_a_refusal_is_raised_by_the_question_with_all_its_facts(
    gateway: Gateway, connection: Connection
) -> None:
    gateway.scripts["SELECT x"] = comity.SqlError(
        "no column x", code="SQL_COLUMN_UNKNOWN", hint="Did you mean y?", line=2, column=8
    )
    with pytest.raises(comity.SqlError) as caught:
        connection.query("SELECT x")
    assert (caught.value.code, caught.value.line, caught.value.column) == ("SQL_COLUMN_UNKNOWN", 2, 8)
    assert caught.value.hint == "Did you mean y?"


def test_an_error_after_rows_is_raised_and_stays(gateway: Gateway, connection: Connection) -> None:
    def answer(_request: object, _context: object) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        yield gateway.batch(numbers(0, 3))
        raise comity.SourceError("the database broke off", department="tax")

    gateway.scripts["SELECT 1"] = answer
    result = connection.query("SELECT 1")
    assert next(result).num_rows == 3
    for _again in range(2):
        with pytest.raises(comity.SourceError) as caught:
            next(result)
        assert caught.value.department == "tax"
    assert not result.summary
    with pytest.raises(comity.SourceError):
        connection.query("SELECT 1").to_reader().read_all()


Break = Callable[[Gateway], list[query_pb2.QueryResponse]]
BROKEN: dict[str, Break] = {
    "nothing at all": lambda g: [],
    "no summary": lambda g: [g.schema(NUMBERS), g.batch(numbers(0, 2))],
    "no schema": lambda g: [g.batch(numbers(0, 2)), g.summary(2)],
    "two schemas": lambda g: [g.schema(NUMBERS), g.schema(NUMBERS), g.summary(0)],
    "summary first": lambda g: [g.summary(0)],
    "rows after the summary": lambda g: [g.schema(NUMBERS), g.summary(0), g.batch(numbers(0, 2))],
    "fewer rows than the summary says": lambda g: [g.schema(NUMBERS), g.batch(numbers(0, 2)), g.summary(3)],
    "a batch of another length": lambda g: [
        g.schema(NUMBERS),
        query_pb2.QueryResponse(
            batch=query_pb2.ResultBatch(arrow_batch=numbers(0, 2).serialize().to_pybytes(), rows=9)
        ),
        g.summary(9),
    ],
    "a schema of noise": lambda g: [
        query_pb2.QueryResponse(schema=query_pb2.ResultSchema(arrow_schema=b"noise")),
        g.summary(0),
    ],
    "a batch of noise": lambda g: [
        g.schema(NUMBERS),
        query_pb2.QueryResponse(
            batch=query_pb2.ResultBatch(arrow_batch=b"\xff\xff\xff\xff\x10\x00\x00\x00noise", rows=1)
        ),
        g.summary(1),
    ],
    "an empty batch message": lambda g: [
        g.schema(NUMBERS),
        query_pb2.QueryResponse(batch=query_pb2.ResultBatch()),
        g.summary(0),
    ],
    "a dictionary column": lambda g: [
        g.schema(pa.schema([("d", pa.dictionary(pa.int32(), pa.string()))])),
        g.summary(0),
    ],
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_stream_is_never_taken_for_an_answer(
    gateway: Gateway, connection: Connection, case: str
) -> None:
    gateway.scripts["SELECT 1"] = lambda _request, _context: BROKEN[case](gateway)
    with pytest.raises(comity.InternalError):
        connection.query("SELECT 1").to_arrow()


def test_a_kind_of_message_of_a_newer_gateway_is_passed_over(
    gateway: Gateway, connection: Connection
) -> None:
    gateway.scripts["SELECT 1"] = lambda _request, _context: [
        gateway.schema(NUMBERS),
        query_pb2.QueryResponse(),
        gateway.batch(numbers(0, 2)),
        gateway.summary(2),
    ]
    assert connection.query("SELECT 1").to_arrow().num_rows == 2


def test_leaving_early_cancels_on_the_server(gateway: Gateway, connection: Connection) -> None:
    gateway.scripts["SELECT 1"] = endless(gateway)
    with connection.query("SELECT 1") as result:
        assert next(result).num_rows == 1000
    assert gateway.left.wait(10)
    with pytest.raises(comity.CancelledError):
        next(result)


def test_cancel_from_another_thread_ends_a_waiting_reader(gateway: Gateway, connection: Connection) -> None:
    def answer(_request: object, context: grpc.ServicerContext) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        while context.is_active():
            time.sleep(0.02)

    gateway.scripts["SELECT 1"] = answer
    result = connection.query("SELECT 1")
    timer = threading.Timer(0.2, result.cancel)
    timer.start()
    with pytest.raises(comity.CancelledError):
        result.to_arrow()
    timer.join()
    assert gateway.left.wait(10)


def test_a_reader_who_is_interrupted_leaves_nothing_running(gateway: Gateway, connection: Connection) -> None:
    def interrupt(_progress: comity.Progress) -> None:
        raise KeyboardInterrupt

    def answer(
        request: query_pb2.QueryRequest, context: grpc.ServicerContext
    ) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        yield gateway.progress("health", "started", 0)
        while context.is_active():
            time.sleep(0.02)

    gateway.scripts["SELECT 1"] = answer
    with pytest.raises(KeyboardInterrupt), connection.query("SELECT 1", on_progress=interrupt) as result:
        result.to_arrow()
    assert gateway.left.wait(10)


def test_a_slow_reader_holds_the_server_back(gateway: Gateway, connection: Connection) -> None:
    sent = []

    def answer(_request: object, _context: object) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        for index in range(200):
            sent.append(index)
            yield gateway.batch(numbers(0, 100_000))
        yield gateway.summary(200 * 100_000)

    gateway.scripts["SELECT 1"] = answer
    with connection.query("SELECT 1") as result:
        next(result)
        settled = -1
        while len(sent) != settled:
            settled = len(sent)
            time.sleep(0.3)
        assert settled < 100


def test_a_question_past_its_deadline_is_a_timeout(gateway: Gateway, connection: Connection) -> None:
    def answer(_request: object, context: grpc.ServicerContext) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        while context.is_active():
            time.sleep(0.02)

    gateway.scripts["SELECT 1"] = answer
    with pytest.raises(comity.LimitError) as caught:
        connection.query("SELECT 1", timeout=0.3).to_arrow()
    assert caught.value.code == "QUERY_TIMEOUT"
    assert caught.value.hint is not None


def test_explain_catalog_and_cancel(gateway: Gateway, connection: Connection) -> None:
    plan = connection.explain("SELECT 1", [3], analyze=True)
    assert plan.json == {"fragments": [{"department": "health"}]}
    assert str(plan) == "fragment f1 in health\n  SELECT 1"
    assert (gateway.explains[0].analyze, gateway.explains[0].purpose) == (True, "statistics")
    assert connection.purposes() == (comity.Purpose("statistics", "统计"),)
    assert connection.tables() == ()
    assert connection.tables("benefit_review") == ()
    assert gateway.catalog_purposes == ["", "benefit_review"]
    with pytest.raises(comity.SqlError) as caught:
        connection.table("health.nothing")
    assert caught.value.code == "SQL_TABLE_UNKNOWN"
    assert connection.cancel("q-1") is True
    assert connection.cancel("q-2") is False
    assert gateway.cancel_requests == ["q-1", "q-2"]


def endless(gateway: Gateway) -> Callable[..., Iterator[query_pb2.QueryResponse]]:
    def answer(_request: object, context: grpc.ServicerContext) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        while context.is_active():
            yield gateway.batch(numbers(0, 1000))

    return answer
