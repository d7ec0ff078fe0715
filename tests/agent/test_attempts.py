"""Where SQLite gives up on a sum, the agent answers beside it, and nothing that SQLite sent before counts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

import agent.execute
from agent.agent import Agent
from agent.execute import GAVE_UP, TOO_MUCH
from comity.errors import SourceError, SqlError
from policies.port import FragmentRequest, Receipt
from policies.principal import Principal
from sql.catalog import Fragment
from sql.engine import Engine
from tests.agent.conftest import Rows

ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
LARGEST = 2**63 - 1
SUM = "SELECT p.place AS place, sum(p.amount) AS total FROM north.payment AS p GROUP BY p.place"
TOTALS = pa.schema([pa.field("place", pa.string()), pa.field("total", pa.decimal128(38, 0))])
SPREAD = (
    "SELECT p.place AS place, var_pop(p.amount) AS v, stddev_samp(p.amount) AS s, avg(p.amount) AS a "
    "FROM north.payment AS p GROUP BY p.place"
)
SPREADS = pa.schema(
    [pa.field("place", pa.string()), *(pa.field(name, pa.float64()) for name in ("v", "s", "a"))]
)
GROUPS = 70_000


def ask(north: Agent, sql: str = SUM, schema: pa.Schema = TOTALS) -> tuple[list[tuple[object, ...]], Receipt]:
    execution = north.run(FragmentRequest("q1", ANALYST, "work", Fragment("f1", "north", sql, schema), 60.0))
    rows = [tuple(row.values()) for batch in execution for row in batch.to_pylist()]
    return sorted(rows, key=repr), execution.receipt()


def test_sqlite_adds_what_it_can_add(open_north: Callable[[Rows], Agent]) -> None:
    north = open_north([("甲", LARGEST - 1), ("甲", 1), ("乙", -5), ("乙", None), ("丙", None)])
    rows, receipt = ask(north)
    assert [(place, None if total is None else int(str(total))) for place, total in rows] == [
        ("丙", None),
        ("乙", -5),
        ("甲", LARGEST),
    ]
    assert receipt.mode == "native"


def test_sums_beyond_64_bits_are_right_all_the_same(open_north: Callable[[Rows], Agent]) -> None:
    north = open_north([("甲", LARGEST), ("甲", LARGEST), ("乙", 3), ("丙", -LARGEST), ("丙", -LARGEST)])
    for _ in range(2):
        rows, receipt = ask(north)
        assert [(place, int(str(total))) for place, total in rows] == [
            ("丙", -2 * LARGEST),
            ("乙", 3),
            ("甲", 2 * LARGEST),
        ]
        assert (receipt.mode, receipt.mode_reason) == ("local", GAVE_UP)


def test_a_late_group_that_overflows_takes_back_the_groups_before_it(
    open_north: Callable[[Rows], Agent],
) -> None:
    # SQLite answers group by group, in order, and fails at the last one, after a whole batch of others.
    rows: Rows = [(f"{number:05}", number) for number in range(GROUPS)]
    north = open_north([*rows, ("99999", LARGEST), ("99999", LARGEST)])
    found, receipt = ask(north)
    assert len(found) == GROUPS + 1
    assert [(place, int(str(total))) for place, total in found[-1:]] == [("99999", 2 * LARGEST)]
    assert sum(int(str(total)) for _, total in found[:-1]) == sum(range(GROUPS))
    assert (receipt.mode, receipt.rows) == ("local", GROUPS + 1)


def test_more_groups_than_are_waited_for_come_from_beside(
    open_north: Callable[[Rows], Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent.execute, "MOST_HELD_BYTES", 1000)
    north = open_north([(f"{number:05}", number) for number in range(5000)])
    found, receipt = ask(north)
    assert [int(str(total)) for _, total in found] == list(range(5000))
    assert (receipt.mode, receipt.mode_reason) == ("local", TOO_MUCH)


@pytest.mark.parametrize(
    ("amounts", "mode"),
    [
        ([1, 2, 4, None], "native"),
        ([7, 7, 7], "native"),
        ([5], "native"),
        ([2_000_000_000, 2_000_000_001, 2_000_000_003], "local"),
        ([1_000_000_000, 1_000_000_001, 1_000_000_003], "native"),
        ([-1_000_000_000, -1_000_000_001, 3], "native"),
        ([LARGEST, LARGEST, -LARGEST], "local"),
        ([None], "native"),
    ],
)
def test_spreads_of_integers_are_what_exact_numbers_make_of_them(
    open_north: Callable[[Rows], Agent], amounts: list[int | None], mode: str
) -> None:
    north = open_north([("甲", amount) for amount in amounts])
    ((_, variance, deviation, average),), receipt = ask(north, SPREAD, SPREADS)
    known = [amount for amount in amounts if amount is not None]
    count, total = len(known), sum(known)
    # Whole numbers as far as they go: the distances from the mean, times the count.
    distances = count * sum(n * n for n in known) - total * total
    # DuckDB's own way over doubles keeps fewer digits of great numbers that lie close together.
    near = 1e-12 if mode == "native" else 1e-6
    assert variance == (pytest.approx(distances / count**2, rel=near, abs=0) if known else None)
    expected = (distances / (count * (count - 1))) ** 0.5 if count > 1 else None
    assert deviation == (expected if expected is None else pytest.approx(expected, rel=near, abs=0))
    assert average == (pytest.approx(total / count, rel=1e-12) if known else None)
    assert receipt.mode == mode


@pytest.mark.parametrize("amount", ["text", 1.5, b"\x01"])
def test_a_value_of_another_type_is_named_as_such(
    open_north: Callable[[Rows], Agent], amount: object
) -> None:
    north = open_north([("甲", 1), ("甲", amount)])
    with pytest.raises(SourceError) as caught:
        ask(north)
    assert caught.value.code == "SOURCE_TYPE"


@pytest.mark.parametrize("amount", ["text", 1.5, b"\x01"])
def test_a_value_of_another_type_is_named_as_such_where_it_is_only_passed_on(
    open_north: Callable[[Rows], Agent], amount: object
) -> None:
    north = open_north([("甲", 1), ("甲", amount)])
    sql = "SELECT CASE WHEN p.place = '甲' THEN p.amount END AS amount FROM north.payment AS p"
    with pytest.raises(SourceError) as caught:
        ask(north, sql, pa.schema([pa.field("amount", pa.int64())]))
    assert caught.value.code == "SOURCE_TYPE"


def test_a_computed_value_that_does_not_fit_is_the_question_s_own_doing(
    open_north: Callable[[Rows], Agent],
) -> None:
    north = open_north([("甲", 2**31 - 1)])
    sql = "SELECT CAST(p.amount AS INT) + 1 AS amount FROM north.payment AS p"
    with pytest.raises(SqlError) as caught:
        ask(north, sql, pa.schema([pa.field("amount", pa.int32())]))
    assert caught.value.code == "QUERY_RUNTIME"


def test_a_text_without_tests_is_not_used_again_once_its_column_holds_something_else(
    open_north: Callable[[Rows], Agent], tmp_path: Path
) -> None:
    north = open_north([("甲", 1), ("甲", 2)])
    before, _ = ask(north)
    assert [int(str(total)) for _, total in before] == [3]
    # In a process of its own: another SQLite that closes the file would take the agent's locks away.
    change = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
    for statement, code in (
        ("INSERT INTO payment (place, amount) VALUES ('甲', 'text')", "SOURCE_TYPE"),
        ("DELETE FROM payment WHERE amount = 'text'", None),
    ):
        subprocess.run([sys.executable, "-c", change, str(tmp_path / "north.sqlite"), statement], check=True)
        for _ in range(2):
            if code is None:
                after, _ = ask(north)
                assert after == before
            else:
                with pytest.raises(SourceError) as caught:
                    ask(north)
                assert caught.value.code == code


def test_what_is_computed_beside_is_filtered_in_the_database(open_north: Callable[[Rows], Agent]) -> None:
    north = open_north([("甲" if number % 10 else "乙", number) for number in range(1000)])
    sql = (
        "SELECT sum(p.amount * p.amount) AS total FROM north.payment AS p "
        "WHERE p.place = '乙' AND regexp_matches(CAST(p.id AS VARCHAR), '1$')"
    )
    rows, receipt = ask(north, sql, pa.schema([pa.field("total", pa.decimal128(38, 0))]))
    assert rows == [(sum(number**2 for number in range(0, 1000, 10)),)]
    # The regular expression is DuckDB's own, the other condition SQLite decides.
    assert (receipt.mode, receipt.source_rows) == ("local", 100)


def test_filtered_rows_of_one_table_stream_through_memory_that_does_not_hold_them(
    open_north: Callable[[Rows], Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object, **__: object) -> int:
        raise AssertionError("the rows were put into memory")

    monkeypatch.setattr(Engine, "load", load)
    north = open_north([("甲" if number % 2 else "乙", number) for number in range(1000)])
    sql = "SELECT sum(p.amount * p.amount) AS total FROM north.payment AS p WHERE p.place = '乙'"
    rows, receipt = ask(north, sql, pa.schema([pa.field("total", pa.decimal128(38, 0))]))
    assert rows == [(sum(number**2 for number in range(0, 1000, 2)),)]
    assert (receipt.mode, receipt.source_rows) == ("local", 500)
