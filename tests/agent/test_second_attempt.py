"""What runs beside a source is tried as it is written where DuckDB's own order of it fails on a value."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pyarrow as pa
import pytest

from agent.agent import Agent
from agent.execute import Execution
from comity.errors import CancelledError, SqlError
from policies.port import FragmentRequest
from policies.principal import Principal
from sql import second_attempt
from sql.catalog import Fragment
from sql.dialects import Attempt, NotNative
from tests.agent.conftest import Rows

ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
IDS = pa.schema([pa.field("id", pa.int64())])
PAIR = "SELECT b.id AS id FROM north.payment AS a, north.payment AS b"
AS_WRITTEN = f"{PAIR} WHERE b.amount = 7 AND b.id = a.id AND b.amount = CAST(a.place AS TINYINT)"
"""The optimizer looks at every place before it joins; as it is written, only one is looked at."""

NEVER = f"{PAIR} WHERE b.id = a.id AND b.amount = CAST(a.place AS TINYINT)"
LONG = (
    "SELECT b.id AS id FROM north.payment AS b, north.payment AS c, north.payment AS d, north.payment AS e"
    " WHERE b.id = c.id AND c.id = d.id AND d.id = e.id AND d.id + e.id = 8000"
    " AND e.amount = CAST(d.place AS TINYINT)"
)
"""A matter of hours as it is written."""

FEW: Rows = [("7", 7), ("甲", 8), ("乙", 9)]
MANY: Rows = [("甲", number) for number in range(4000)]


@pytest.fixture(autouse=True)
def _beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source runs nothing, so that whole joins are computed beside it."""

    def refuse(*_: object) -> Attempt:
        raise NotNative("switched off")

    monkeypatch.setattr(Execution, "_native", refuse)


def running(north: Agent, sql: str) -> Execution:
    return north.run(FragmentRequest("q1", ANALYST, "work", Fragment("f1", "north", sql, IDS), 60.0))


def ask(execution: Execution) -> list[int]:
    return [row["id"] for batch in execution for row in batch.to_pylist()]


def test_a_value_is_not_looked_at_in_rows_that_the_question_leaves_out(
    open_north: Callable[[Rows], Agent], caplog: pytest.LogCaptureFixture
) -> None:
    execution = running(open_north(FEW), AS_WRITTEN)
    assert ask(execution) == [1]
    assert execution.receipt().mode == "local"
    assert caplog.messages == ["a query that failed (QUERY_RUNTIME) was repeated without DuckDB's optimizer"]
    assert execution.receipt().source_rows == 2 * len(FEW), "nothing is read again"


def test_a_value_that_is_wrong_in_the_answer_is_the_error_it_was(open_north: Callable[[Rows], Agent]) -> None:
    with pytest.raises(SqlError, match="a value could not be cast to TINYINT") as raised:
        ask(running(open_north(FEW), NEVER))
    assert raised.value.code == "QUERY_RUNTIME"


def test_what_takes_too_long_as_it_is_written_is_the_error_it_was(
    open_north: Callable[[Rows], Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_attempt, "SECOND_SECONDS", 0.2)
    with pytest.raises(SqlError, match="a value could not be cast to TINYINT"):
        ask(running(open_north(MANY), LONG))


def test_a_cancellation_ends_the_second_attempt(
    open_north: Callable[[Rows], Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_attempt, "SECOND_SECONDS", 600.0)
    execution = running(open_north(MANY), LONG)
    timer = threading.Timer(1.0, execution.cancel)
    timer.start()
    with pytest.raises(CancelledError):
        ask(execution)
    timer.join()
