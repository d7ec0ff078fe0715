"""What a source would look for again for every row is found beside it."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from agent.agent import Agent
from agent.sooner_beside import SLOW_LOOK_UPS
from policies.port import FragmentRequest, Receipt
from policies.principal import Principal
from sql.catalog import Fragment
from tests.agent.conftest import Rows

ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
IDS = pa.schema([pa.field("id", pa.int64())])
OTHERS = "SELECT p.id AS id FROM north.payment AS p WHERE p.amount IN (SELECT q.amount FROM north.payment AS q WHERE {0})"
JOINED = (
    "SELECT p.id AS id FROM north.payment AS p CROSS JOIN north.payment AS q "
    "WHERE p.amount % 100000 = q.amount % 100000 AND p.id <> q.id AND p.id % 1000 = 1"
)
AGAIN, ONCE = OTHERS.format("q.place <> p.place"), OTHERS.format("q.place <> '甲'")
MANY: Rows = [("乙" if number % 1000 else "甲", number // 2) for number in range(5000)]


def ask(north: Agent, sql: str) -> tuple[list[int], Receipt]:
    execution = north.run(FragmentRequest("q1", ANALYST, "work", Fragment("f1", "north", sql, IDS), 60.0))
    rows = sorted(row["id"] for batch in execution for row in batch.to_pylist())
    return rows, execution.receipt()


@pytest.mark.parametrize(
    ("rows", "sql", "mode", "reason"),
    [
        (MANY, AGAIN, "local", SLOW_LOOK_UPS),
        (MANY, ONCE, "native", ""),
        (MANY[:2000], AGAIN, "native", ""),
        (MANY, JOINED, "local", SLOW_LOOK_UPS),
        (MANY[:2000], JOINED, "native", ""),
        (MANY, JOINED.replace(" % 100000", ""), "native", ""),
    ],
)
def test_rows_that_would_be_read_again_and_again_are_read_once(
    open_north: Callable[[Rows], Agent], rows: Rows, sql: str, mode: str, reason: str
) -> None:
    north = open_north(rows)
    if sql == AGAIN:
        expected = [n + side for n in range(1, len(rows) + 1, 1000) for side in (0, 1)]
    elif sql != ONCE:
        expected = list(range(1, len(rows) + 1, 1000))
    else:
        expected = list(range(1, len(rows) + 1))
    for _ in range(2):
        found, receipt = ask(north, sql)
        assert found == expected
        assert (receipt.mode, receipt.mode_reason) == (mode, reason)


def test_hidden_rows_decide_nothing(open_north: Callable[..., Agent]) -> None:
    """Where a fragment runs can be seen."""
    _, receipt = ask(open_north(MANY[:4000], "id > 0"), AGAIN)
    assert receipt.mode == "native"
