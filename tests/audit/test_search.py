"""Finding queries by everything an auditor knows about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from audit.events import Event, QueryReceived, ReleaseGranted
from audit.log import AuditLog
from audit.reader import AuditReader
from audit.search import QueryFilter, history, search, summarise

LifeOf = Callable[..., Sequence[Event]]


@pytest.fixture
def reader(log: AuditLog, query_life: LifeOf) -> AuditReader:
    """q-1 answered, q-2 denied to somebody else, q-3 unfinished, their records interleaved."""
    first, second = query_life("q-1"), query_life("q-2", subject="王芳", status="denied")
    third = query_life("q-3", purpose="statistics", status="unfinished")
    log.append_many([first[0], third[0], second[0], *second[1:], *third[1:], *first[1:]])
    return AuditReader(log.path)


def ids(reader: AuditReader, **wanted: object) -> list[str]:
    return [query.query_id for query in search(reader, QueryFilter(**wanted))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["q-3", "q-1", "q-2"]),
        ({"subject": "王芳"}, ["q-2"]),
        ({"subject": "LI.WEI"}, ["q-3", "q-1"]),
        ({"caller_department": "civil_affairs"}, ["q-3", "q-1", "q-2"]),
        ({"caller_department": "health"}, []),
        ({"department": "health"}, ["q-3", "q-1", "q-2"]),
        ({"department": "tax"}, []),
        ({"table": "patients", "status": "ok"}, ["q-1"]),
        ({"table": "health.patients", "status": "ok"}, ["q-1"]),
        ({"table": "tax.patients"}, []),
        ({"column": "diagnosis", "status": "ok"}, ["q-1"]),
        ({"column": "town_code", "status": "ok"}, ["q-1"]),
        ({"table": "patients", "column": "phone"}, []),
        ({"purpose": "statistics"}, ["q-3"]),
        ({"status": "denied"}, ["q-2"]),
        ({"status": "unfinished"}, ["q-3"]),
        ({"query_id": "q-2"}, ["q-2"]),
        ({"fingerprint": "0123456789abcdef"}, ["q-3", "q-1", "q-2"]),
        ({"fingerprint": "0123"}, []),
        ({"text": "DIAGNOSIS FROM"}, ["q-3", "q-1", "q-2"]),
        ({"text": "张三", "status": "ok"}, ["q-1"]),
        ({"text": "李四"}, []),
    ],
)
def test_each_filter_finds_what_it_names(
    reader: AuditReader, wanted: dict[str, object], found: list[str]
) -> None:
    assert ids(reader, **wanted) == found


def test_a_range_includes_its_start_and_not_its_end(reader: AuditReader) -> None:
    record = next(reader.records())
    moment = datetime.fromisoformat(record.time)
    later = moment + timedelta(microseconds=1)
    assert "q-1" in ids(reader, since=moment, until=later)
    assert ids(reader, until=moment) == []
    assert ids(reader, since=datetime.now(UTC) + timedelta(hours=1)) == []


def test_a_time_without_a_zone_is_utc(reader: AuditReader) -> None:
    hour_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
    assert len(ids(reader, since=hour_ago)) == 3


def test_pages_follow_each_other(reader: AuditReader) -> None:
    pages = [search(reader, QueryFilter(), limit=1, offset=n) for n in range(4)]
    assert [[query.query_id for query in page] for page in pages] == [["q-3"], ["q-1"], ["q-2"], []]
    oldest = [search(reader, QueryFilter(), limit=2, offset=n, oldest_first=True) for n in (0, 2)]
    assert [[query.query_id for query in page] for page in oldest] == [["q-2", "q-1"], ["q-3"]]


def test_a_summary_says_who_asked_what_and_how_it_ended(reader: AuditReader) -> None:
    (query,) = search(reader, QueryFilter(query_id="q-1"))
    assert (query.subject, query.purpose, query.status) == ("li.wei", "benefit_review", "ok")
    assert (query.rows_granted, query.rows_released, query.microseconds) == (1000, 12, 1_500_000)
    assert [use.qualified_name for use in query.tables] == ["health.patients"]
    (denied,) = search(reader, QueryFilter(status="denied"))
    assert denied.code == "POLICY_DENIED"


def test_records_after_the_end_change_nothing(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many([*query_life("q-1"), ReleaseGranted("q-1", "t", 5)])
    (query,) = summarise(AuditReader(log.path).records())
    assert query.rows_granted == 1000


def test_an_erased_text_is_found_by_its_shape_only(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life())
    (log.path / "000000000000.payloads").write_bytes(b"")
    reader = AuditReader(log.path)
    assert ids(reader, text="张三") == []
    assert ids(reader, text="姓名") == ["q-1"]


def test_parameters_are_searched_too(log: AuditLog, query_life: LifeOf) -> None:
    received = query_life()[0]
    assert isinstance(received, QueryReceived)
    text = received.text.of("SELECT ?", normalized="SELECT ?", fingerprint="f", parameters=["李四"])
    log.append(replace(received, text=text))
    assert ids(AuditReader(log.path), text="李四") == ["q-1"]


def test_history_is_all_of_one_query_in_order(reader: AuditReader) -> None:
    records = history(reader, "q-1")
    assert [record.type for record in records] == [
        "query.received",
        "query.authorized",
        "fragment.dispatched",
        "release.granted",
        "release.granted",
        "fragment.completed",
        "query.completed",
    ]
