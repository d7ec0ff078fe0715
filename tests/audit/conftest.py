"""A query's life as events, and a log to write them to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from audit.events import (
    Actor,
    Coverage,
    Event,
    FragmentCompleted,
    FragmentDispatched,
    Outcome,
    QueryAuthorized,
    QueryCompleted,
    QueryDenied,
    QueryReceived,
    QueryText,
    Receipt,
    ReleaseGranted,
    TableDecision,
)
from audit.log import AuditLog

LifeOf = Callable[..., Sequence[Event]]

SQL = "SELECT name, diagnosis FROM health.patients WHERE town_code = '440605' AND 姓名 = '张三'"
NORMALIZED = "SELECT name, diagnosis FROM health.patients WHERE town_code = ? AND 姓名 = ?"
FINGERPRINT = "0123456789abcdef"


def _query_life(
    query_id: str = "q-1", *, subject: str = "li.wei", purpose: str = "benefit_review", status: str = "ok"
) -> Sequence[Event]:
    text = QueryText.of(SQL, normalized=NORMALIZED, fingerprint=FINGERPRINT)
    actor = Actor(subject, "civil_affairs", frozenset({"analyst", "auditor"}), "ipv4:127.0.0.1:5", "token")
    decision = TableDecision(
        department="health",
        table="patients",
        allowed=status != "denied",
        grant_id="chronic-benefit-review" if status != "denied" else None,
        reasons=("民政与卫健数据共享协议 2026-07",),
        policy_digest="ab12",
        columns=("name", "diagnosis"),
        masks={"name": "person_name"},
        row_filter="town_code = principal.town_code",
        policy_columns=("town_code",),
        legal_basis="数据安全法 第三十八条",
    )
    received = QueryReceived(query_id, "trace", actor, purpose, text)
    if status == "denied":
        reasons = ("health.patients: column diagnosis lacks use read",)
        return received, QueryDenied(query_id, "trace", "POLICY_DENIED", reasons, (decision,), 0.01)
    receipt = Receipt("health", "f1", text, "cd34", 12, 3456, 0.25, "ab12", execution="native")
    outcome = Outcome(
        "ok",
        1.5,
        rows_granted=1000,
        rows_released=12,
        bytes_released=3456,
        notices=("PARTIAL",),
        timings={"parse": 0.001, "merge": 1.25},
        peak_memory_bytes=1_000_000,
    )
    life: Sequence[Event] = (
        received,
        QueryAuthorized(query_id, "trace", (decision,), "v1"),
        FragmentDispatched(query_id, "trace", "health", "f1", text, ("health.patients",)),
        ReleaseGranted(query_id, "trace", 600),
        ReleaseGranted(query_id, "trace", 400),
        FragmentCompleted(query_id, "trace", receipt),
        QueryCompleted(query_id, "trace", outcome, (Coverage("health", "complete", 12, 3456),)),
    )
    return life if status == "ok" else life[:4]


@pytest.fixture
def query_life() -> LifeOf:
    """Builds the events of one query: ok, denied, or unfinished."""
    return _query_life


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    with AuditLog.open(tmp_path / "log", "city/gateway") as opened:
        yield opened
