"""Nothing unaudited: the order of events, durable credit, refusal when the log cannot be written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.log import AuditLog
from comity.errors import AuditError, ComityError

LARGE_ROWS = 200_000
QUESTION = "SELECT n.id, s.balance FROM north.person n JOIN south.person s ON s.id = n.id WHERE n.area = 'N1'"


def test_a_question_is_on_record_from_its_arrival_to_its_end(gateway: Any) -> None:
    with gateway.connect() as connection:
        result = connection.query(QUESTION)
        count = result.to_arrow().num_rows
        records = gateway.records(result.query_id)
    assert [r.type for r in records] == [
        "query.received",
        "query.authorized",
        "fragment.dispatched",
        "fragment.dispatched",
        "release.granted",
        "fragment.completed",
        "fragment.completed",
        "query.completed",
    ]
    received, authorized, *_, completed = records
    assert received.event["actor"]["subject"] == "li.wei"
    assert received.event["purpose"] == "statistics"
    grants = {d["department"]: d["grant_id"] for d in authorized.event["decisions"]}
    assert grants == {"north": "statistics-all", "south": "statistics-all"}
    assert completed.event["outcome"]["rows_released"] == count
    assert completed.event["outcome"]["rows_granted"] >= count
    assert completed.leaf_index == result.summary.audit_leaf_index


def test_neither_literals_nor_values_stand_in_the_leaves(gateway: Any) -> None:
    with gateway.connect() as connection:
        result = connection.query(
            "SELECT id, area FROM north.person WHERE area = ? OR area = '秘密字'", ["N1"]
        )
        found = result.to_arrow()
        assert found.num_rows
        text = "\n".join(
            json.dumps(dict(r.event), default=str, ensure_ascii=False)
            for r in gateway.records(result.query_id)
        )
    assert "秘密字" not in text
    assert "N1" not in text


def test_a_denial_says_who_refused_and_why(gateway: Any) -> None:
    with gateway.connect(purpose="review") as connection, pytest.raises(ComityError):
        connection.query("SELECT id FROM centre.person").to_arrow()
    last = gateway.records()[-1]
    assert last.type == "query.denied"
    assert last.event["code"] == "POLICY_DENIED"
    assert any("own-analysts" in reason for reason in last.event["reasons"])


def test_a_refused_caller_is_on_record_without_the_token(gateway: Any) -> None:
    with gateway.connect("not-a-token") as connection, pytest.raises(ComityError):
        connection.query("SELECT 1").to_arrow()
    refused = [r for r in gateway.records() if r.type == "auth.refused"]
    assert len(refused) == 1
    assert b"not-a-token" not in refused[0].leaf


def test_without_a_writable_log_nothing_is_asked_and_nothing_leaves(gateway: Any, monkeypatch: Any) -> None:
    asked: list[str] = []
    north = gateway.server.gateway.agents["north"]
    original = type(north).run
    monkeypatch.setattr(
        type(north), "run", lambda self, request: asked.append(self.name) or original(self, request)
    )

    def broken(self: AuditLog, events: Any) -> Any:
        raise AuditError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "append_many", broken)
        with gateway.connect() as connection, pytest.raises(AuditError) as caught:
            connection.query("SELECT id FROM north.person").to_arrow()
    assert caught.value.code == "AUDIT_UNAVAILABLE"
    assert asked == []


def test_rows_stop_where_the_log_stops(gateway: Any, monkeypatch: Any) -> None:
    original = AuditLog.append
    grants = 0

    def fails_later(self: AuditLog, event: Any) -> Any:
        nonlocal grants
        if event.type == "release.granted":
            grants += 1
            if grants > 2:
                raise AuditError("the disk is full")
        return original(self, event)

    monkeypatch.setattr(AuditLog, "append", fails_later)
    received: list[int] = []
    with gateway.connect() as connection:
        result = connection.query("SELECT id, word FROM centre.large")
        with pytest.raises(AuditError):
            received.extend(batch.num_rows for batch in result)
    (ended,) = [r for r in gateway.records(result.query_id) if r.type == "query.completed"]
    granted = sum(r.event["rows"] for r in gateway.records(result.query_id) if r.type == "release.granted")
    assert 0 < sum(received) <= granted < LARGE_ROWS
    assert ended.event["outcome"]["status"] == "failed"
    assert ended.event["outcome"]["rows_granted"] == granted


def test_explaining_is_on_record_too(gateway: Any) -> None:
    with gateway.connect() as connection:
        connection.explain("SELECT id FROM north.person")
    asked = [r for r in gateway.records() if r.type == "query.received"]
    assert [r.event["operation"] for r in asked] == ["explain"]
