"""How questions end other than well: cancelled, late, abandoned, refused a place, a dead department."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from comity.errors import (
    CancelledError,
    ComityError,
    LimitError,
    SourceError,
)
from connectors.servers import start_postgresql

ENDLESS = (
    "SELECT count(*) AS n FROM centre.large a, centre.large b, centre.large c "
    "WHERE a.id + b.id + c.id = -1 AND a.amount > b.amount"
)


def busy(postgresql: Path) -> int:
    """Statements that the department's server still runs for Comity."""
    uri = start_postgresql(postgresql).uri("centre")
    with psycopg.connect(uri) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND datname = 'centre' "
            "AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def settle(check: Any) -> None:
    """Waits until `check()` holds; the assertion that follows says what did not."""
    for _ in range(200):
        if check():
            return
        time.sleep(0.05)


def nothing_is_left(gateway: Any, postgresql: Path) -> None:
    places = gateway.server.gateway.pipeline.admission._places
    settle(lambda: places._value == 4 and busy(postgresql) == 0 and not working())
    assert places._value == 4
    assert busy(postgresql) == 0
    assert working() == []


def working() -> list[str]:
    """The threads of questions that still run, by name."""
    return [t.name for t in threading.enumerate() if t.name.startswith(("fragment-", "answer", "load-"))]


def test_a_cancelled_question_stops_in_the_database(gateway: Any, postgresql: Path) -> None:
    with gateway.connect() as connection:
        result = connection.query(ENDLESS)
        threading.Timer(0.5, lambda: connection.cancel(result.query_id)).start()
        with pytest.raises(CancelledError):
            result.to_arrow()
        nothing_is_left(gateway, postgresql)
        ended = [r for r in gateway.records(result.query_id) if r.type == "query.completed"]
        assert [r.event["outcome"]["status"] for r in ended] == ["cancelled"]


def test_a_question_past_its_deadline_stops_in_the_database(gateway: Any, postgresql: Path) -> None:
    with gateway.connect() as connection:
        with pytest.raises(ComityError) as caught:
            connection.query(ENDLESS, timeout=1.0).to_arrow()
        assert caught.value.code in {"QUERY_TIMEOUT", "SOURCE_TIMEOUT"}
    nothing_is_left(gateway, postgresql)


def test_a_caller_that_walks_away_leaves_nothing_running(gateway: Any, postgresql: Path) -> None:
    with gateway.connect() as connection:
        result = connection.query("SELECT a.id, a.word, a.amount FROM centre.large a")
        next(iter(result))
        result.close()
        nothing_is_left(gateway, postgresql)
        settle(lambda: any(r.type == "query.completed" for r in gateway.records(result.query_id)))
        (ended,) = [r for r in gateway.records(result.query_id) if r.type == "query.completed"]
        outcome = ended.event["outcome"]
        assert outcome["rows_granted"] >= outcome["rows_released"]


def test_another_principal_cannot_cancel(gateway: Any, postgresql: Path) -> None:
    with gateway.connect() as connection, gateway.connect("clerk") as other:
        result = connection.query(ENDLESS)
        assert other.cancel(result.query_id) is False
        assert connection.cancel(result.query_id) is True
        with pytest.raises(CancelledError):
            result.to_arrow()
    nothing_is_left(gateway, postgresql)


def test_one_query_too_many_is_refused_at_once(gateway: Any, postgresql: Path) -> None:
    with gateway.connect() as connection:
        running = [connection.query(ENDLESS) for _ in range(4)]
        with pytest.raises(LimitError) as caught:
            connection.query("SELECT 1 AS one").to_arrow()
        assert caught.value.code == "LIMIT_CONCURRENCY"
        for result in running:
            result.close()
    nothing_is_left(gateway, postgresql)


def test_a_dead_department_fails_the_question_by_name(federation: Path, start: Any) -> None:
    (federation / "data/north.sqlite").unlink()
    with start(federation) as gateway, gateway.connect() as connection:
        with pytest.raises(SourceError) as caught:
            connection.query("SELECT count(*) FROM shared.person").to_arrow()
        assert caught.value.code == "SOURCE_UNAVAILABLE"
        assert caught.value.department == "north"
        assert str(federation) not in str(caught.value)
        assert connection.query("SELECT count(*) AS n FROM south.person").to_arrow().to_pydict() == {
            "n": [30]
        }


def test_a_partial_answer_is_given_only_when_asked_for_and_says_so(federation: Path, start: Any) -> None:
    (federation / "data/north.sqlite").unlink()
    with start(federation) as gateway, gateway.connect() as connection:
        result = connection.query("SELECT count(*) AS n FROM shared.person", allow_partial=True)
        assert result.to_arrow().to_pydict() == {"n": [30]}
        assert result.summary.partial
        missing = {part.department: part.reason for part in result.summary.coverage if not part.complete}
        assert missing == {"north": "SOURCE_UNAVAILABLE"}
        assert [notice.code for notice in result.notices] == ["PARTIAL_ANSWER"]


def test_a_department_that_comes_back_answers_again(federation: Path, start: Any) -> None:
    database = federation / "data/north.sqlite"
    shutil.move(database, federation / "away")
    with start(federation) as gateway, gateway.connect() as connection:
        with pytest.raises(SourceError):
            connection.query("SELECT count(*) FROM north.person").to_arrow()
        shutil.move(federation / "away", database)
        assert connection.query("SELECT count(*) AS n FROM north.person").to_arrow().to_pydict() == {
            "n": [20]
        }


def test_a_stopping_gateway_cancels_what_runs(federation: Path, start: Any, postgresql: Path) -> None:
    with start(federation) as gateway:
        connection = gateway.connect()
        result = connection.query(ENDLESS)
    with pytest.raises(ComityError) as caught:
        result.to_arrow()
    assert caught.value.code in {"CANCELLED", "GATEWAY_UNAVAILABLE"}
    settle(lambda: busy(postgresql) == 0)
    assert busy(postgresql) == 0
    connection.close()
