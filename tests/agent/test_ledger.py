"""Limits are counted in a file: over fragments, days, threads, processes and crashes, and never too little."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from agent.ledger import FILE, LIMITS, QUESTION_RETENTION, RETENTION, Ledger
from comity.errors import LimitError
from policies.decision import Decision
from policies.file_models import LimitsForm

DAY = date(2026, 11, 22)
TODAY = f"day {DAY.isoformat()}"
ROOT = Path(__file__).parents[2]


def decision(table: str = "person", grant: str = "few", tried: int = 0, **limits: int) -> Decision:
    obligations = {name: str(most) for name, most in limits.items()}
    return Decision(
        "north", table, True, True, grant, (), {}, None, None, "", obligations=obligations, matches=tried
    )


class Clock:
    """A day that a test can change."""

    def __init__(self) -> None:
        self.day = DAY

    def __call__(self) -> date:
        return self.day


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "state", "north", clock)
    yield found
    found.close()


def spend(
    ledger: Ledger, rows: int, *decisions: Decision, query: str = "q1", subject: str = "li.wei"
) -> None:
    """One fragment that releases `rows` rows of ten bytes in one batch, and ends."""
    account = ledger.open_account(query, subject, decisions)
    try:
        account.release(rows, rows * 10)
    finally:
        account.close()


def refused(
    ledger: Ledger, rows: int, *decisions: Decision, query: str = "q1", subject: str = "li.wei"
) -> str:
    with pytest.raises(LimitError) as caught:
        spend(ledger, rows, *decisions, query=query, subject=subject)
    assert caught.value.department == "north"
    return caught.value.code


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"rows": 10}, "LIMIT_RESULT_ROWS"),
        ({"bytes": 100}, "LIMIT_RESULT_BYTES"),
        ({"rows_per_day": 10}, "LIMIT_ROWS_PER_DAY"),
        ({"bytes_per_day": 100}, "LIMIT_BYTES_PER_DAY"),
    ],
)
def test_a_limit_is_reached_exactly(ledger: Ledger, limit: dict[str, int], code: str) -> None:
    spend(ledger, 6, decision(**limit))
    assert refused(ledger, 5, decision(**limit)) == code
    spend(ledger, 4, decision(**limit))
    assert refused(ledger, 1, decision(**limit)) == code


def test_questions_are_counted_apart_and_days_together(ledger: Ledger) -> None:
    limits = decision(rows=10, rows_per_day=25)
    spend(ledger, 10, limits, query="q1")
    assert refused(ledger, 1, limits, query="q1") == "LIMIT_RESULT_ROWS"
    spend(ledger, 10, limits, query="q2")
    spend(ledger, 5, limits, query="q3")
    assert refused(ledger, 1, limits, query="q4") == "LIMIT_ROWS_PER_DAY"


def test_a_grant_is_counted_over_all_its_callers_and_apart_from_others(ledger: Ledger) -> None:
    daily = decision(rows_per_day=10)
    spend(ledger, 6, daily, subject="li.wei")
    assert refused(ledger, 6, daily, query="q2", subject="zhao.min") == "LIMIT_ROWS_PER_DAY"
    spend(ledger, 4, daily, query="q3", subject="zhao.min")
    spend(ledger, 10, decision(grant="many", rows_per_day=10), query="q4")
    spend(ledger, 10, decision(table="house", rows_per_day=10), query="q5")
    assert ledger.amount(TODAY, "person", "few", "rows") == 10


def test_departments_that_share_a_directory_are_counted_apart(tmp_path: Path, ledger: Ledger) -> None:
    spend(ledger, 10, decision(rows_per_day=10))
    other = Ledger(tmp_path / "state", "south", lambda: DAY)
    spend(other, 10, decision(rows_per_day=10))
    other.close()
    assert ledger.amount(TODAY, "person", "few", "rows") == 10


def test_a_refused_batch_counts_nothing(ledger: Ledger) -> None:
    both = (decision(rows_per_day=100), decision(table="house", rows_per_day=5))
    assert refused(ledger, 6, *both) == "LIMIT_ROWS_PER_DAY"
    assert ledger.amount(TODAY, "person", "few", "rows") == 0
    assert ledger.amount(TODAY, "house", "few", "rows") == 0


def test_counts_outlive_the_process(tmp_path: Path) -> None:
    for _ in range(2):
        ledger = Ledger(tmp_path, "north", lambda: DAY)
        spend(ledger, 5, decision(rows=10, rows_per_day=10))
        ledger.close()
    ledger = Ledger(tmp_path, "north", lambda: DAY)
    assert refused(ledger, 1, decision(rows=10)) == "LIMIT_RESULT_ROWS"
    assert refused(ledger, 1, decision(rows_per_day=10), query="q2") == "LIMIT_ROWS_PER_DAY"
    ledger.close()


def test_what_was_reserved_ahead_and_not_used_is_given_back(ledger: Ledger) -> None:
    account = ledger.open_account("q1", "li.wei", [decision(rows_per_day=1_000_000)])
    account.release(100, 1000)
    assert ledger.amount(TODAY, "person", "few", "rows") > 100
    account.release(100, 1000)
    account.close()
    account.close()
    assert ledger.amount(TODAY, "person", "few", "rows") == 200


def test_a_stream_of_batches_is_written_now_and_then_and_not_for_each(ledger: Ledger) -> None:
    account = ledger.open_account("q1", "li.wei", [decision(rows_per_day=10_000_000)])
    changes = []
    for _ in range(200):
        account.release(1000, 8000)
        changes.append(ledger.amount(TODAY, "person", "few", "rows"))
    account.close()
    assert len(set(changes)) < 10
    assert all(counted >= (i + 1) * 1000 for i, counted in enumerate(changes))
    assert ledger.amount(TODAY, "person", "few", "rows") == 200_000


def test_reserving_ahead_leaves_room_for_others_until_the_limit_is_near(ledger: Ledger) -> None:
    first = ledger.open_account("q1", "li.wei", [decision(rows_per_day=1000)])
    first.release(1, 10)
    spend(ledger, 800, decision(rows_per_day=1000), query="q2")
    first.close()
    assert ledger.amount(TODAY, "person", "few", "rows") == 801


def test_midnight_begins_a_new_day_in_the_middle_of_a_question(ledger: Ledger, clock: Clock) -> None:
    limits = decision(rows=1000, rows_per_day=100)
    account = ledger.open_account("q1", "li.wei", [limits])
    account.release(60, 600)
    clock.day += timedelta(days=1)
    account.release(60, 600)
    account.close()
    assert ledger.amount(TODAY, "person", "few", "rows") == 60
    assert ledger.amount("day 2026-11-23", "person", "few", "rows") == 60
    assert ledger.amount("question q1", "person", "few", "rows") == 120
    assert refused(ledger, 41, limits, query="q2") == "LIMIT_ROWS_PER_DAY"
    spend(ledger, 40, limits, query="q3")


def test_the_question_before_midnight_does_not_use_up_the_day_after(ledger: Ledger, clock: Clock) -> None:
    spend(ledger, 100, decision(rows_per_day=100))
    assert refused(ledger, 1, decision(rows_per_day=100), query="q2") == "LIMIT_ROWS_PER_DAY"
    clock.day += timedelta(days=1)
    spend(ledger, 100, decision(rows_per_day=100), query="q3")


def test_old_days_are_forgotten_and_recent_ones_kept(ledger: Ledger, clock: Clock) -> None:
    spend(ledger, 5, decision(rows=10, rows_per_day=10))
    clock.day += RETENTION
    spend(ledger, 1, decision(rows_per_day=10), query="q2")
    assert ledger.amount(TODAY, "person", "few", "rows") == 5
    clock.day += timedelta(days=1)
    spend(ledger, 1, decision(rows_per_day=10), query="q3")
    assert ledger.amount(TODAY, "person", "few", "rows") == 0


def test_questions_are_remembered_past_midnight_and_not_for_long(ledger: Ledger, clock: Clock) -> None:
    spend(ledger, 10, decision(rows=10))
    clock.day += QUESTION_RETENTION
    assert refused(ledger, 1, decision(rows=10)) == "LIMIT_RESULT_ROWS"
    clock.day += timedelta(days=1)
    spend(ledger, 1, decision(rows=10), query="q2")
    assert ledger.amount("question q1", "person", "few", "rows") == 0


def test_matches_are_counted_before_anything_runs_and_never_given_back(ledger: Ledger) -> None:
    limits = {"matches": 3, "matches_per_day": 5}
    ledger.open_account("q1", "li.wei", [decision(tried=3, **limits)]).close()
    with pytest.raises(LimitError) as caught:
        ledger.open_account("q1", "li.wei", [decision(tried=1, **limits)])
    assert caught.value.code == "LIMIT_MATCHES"
    ledger.open_account("q2", "li.wei", [decision(tried=2, **limits)]).close()
    with pytest.raises(LimitError) as caught:
        ledger.open_account("q3", "zhao.min", [decision(tried=1, **limits)])
    assert caught.value.code == "LIMIT_MATCHES_PER_DAY"
    ledger.open_account("q4", "li.wei", [decision(tried=0, **limits)]).close()
    assert ledger.amount(TODAY, "person", "few", "matches") == 5


def test_threads_together_never_exceed_a_limit(ledger: Ledger) -> None:
    released: list[int] = []

    def ask(number: int) -> None:
        account = ledger.open_account(f"q{number}", f"caller {number}", [decision(rows_per_day=500)])
        try:
            for _ in range(100):
                account.release(7, 70)
                released.append(7)
        except LimitError:
            pass
        finally:
            account.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert 400 <= sum(released) <= 500
    assert ledger.amount(TODAY, "person", "few", "rows") == sum(released)


def test_an_account_closed_by_another_thread_counts_what_it_releases_after(ledger: Ledger) -> None:
    account = ledger.open_account("q1", "li.wei", [decision(rows_per_day=1000)])
    account.release(10, 100)
    closer = threading.Thread(target=account.close)
    closer.start()
    closer.join()
    account.release(10, 100)
    assert ledger.amount(TODAY, "person", "few", "rows") >= 20


CHILD = """
import os, signal, sys
from datetime import date
from pathlib import Path
from agent.ledger import Ledger
from comity.errors import LimitError
from tests.agent.test_ledger import DAY, decision

directory, batches, rows, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
ledger = Ledger(Path(directory), "north", lambda: DAY)
account = ledger.open_account(f"q{os.getpid()}", "li.wei", [decision(rows_per_day=1000)])
print("ready", flush=True)
sys.stdin.readline()
released = 0
try:
    for _ in range(batches):
        account.release(rows, rows * 10)
        released += rows
        print(released, flush=True)
except LimitError as error:
    print(error.code, flush=True)
if end == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
account.close()
ledger.close()
"""


def child(directory: Path, batches: int, rows: int, end: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(directory), str(batches), str(rows), end],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_after_a_crash_the_count_is_what_left_or_more(tmp_path: Path) -> None:
    process = child(tmp_path, batches=3, rows=20, end="killed")
    output, _ = process.communicate("\n")
    assert process.returncode == -signal.SIGKILL
    assert output.split() == ["20", "40", "60"]
    ledger = Ledger(tmp_path, "north", lambda: DAY)
    counted = ledger.amount(TODAY, "person", "few", "rows")
    assert 60 < counted < 1000
    assert refused(ledger, 1001 - counted, decision(rows_per_day=1000)) == "LIMIT_ROWS_PER_DAY"
    spend(ledger, 1000 - counted, decision(rows_per_day=1000))
    ledger.close()


def test_processes_together_never_exceed_a_limit(tmp_path: Path) -> None:
    processes = [child(tmp_path, batches=1000, rows=3, end="closed") for _ in range(2)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    released = 0
    for process in processes:
        output, _ = process.communicate()
        *counts, code = output.split()
        assert (process.returncode, code) == (0, "LIMIT_ROWS_PER_DAY")
        released += int(counts[-1]) if counts else 0
    assert 800 <= released <= 1000
    ledger = Ledger(tmp_path, "north", lambda: DAY)
    assert ledger.amount(TODAY, "person", "few", "rows") == released
    ledger.close()


def test_a_file_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE made (n INTEGER)")
    ending = threading.Timer(0.3, other.execute, ["COMMIT"])
    ending.start()
    ledger = Ledger(tmp_path, "north", lambda: DAY)
    spend(ledger, 10, decision(rows_per_day=1000))
    assert ledger.amount(TODAY, "person", "few", "rows") == 10
    ending.join()
    other.close()
    ledger.close()


def test_a_ledger_that_cannot_be_written_refuses_limited_grants_only(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the directory should be", encoding="utf-8")
    ledger = Ledger(tmp_path / "state", "north", lambda: DAY)
    assert refused(ledger, 1, decision(rows=10)) == "LIMIT_UNCOUNTED"
    with pytest.raises(LimitError) as caught:
        ledger.open_account("q1", "li.wei", [decision(tried=1, matches_per_day=10)])
    assert caught.value.code == "LIMIT_UNCOUNTED"
    assert str(tmp_path) not in str(caught.value)
    spend(ledger, 1_000_000, decision())


def test_a_ledger_that_is_no_ledger_refuses_until_it_is_one_again(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to be taken for one" * 100)
    ledger = Ledger(tmp_path, "north", lambda: DAY)
    assert refused(ledger, 1, decision(rows_per_day=10)) == "LIMIT_UNCOUNTED"
    (tmp_path / FILE).unlink()
    spend(ledger, 1, decision(rows_per_day=10))
    assert ledger.amount(TODAY, "person", "few", "rows") == 1
    ledger.close()


def test_a_ledger_that_breaks_in_the_middle_stops_the_stream(tmp_path: Path, ledger: Ledger) -> None:
    account = ledger.open_account("q1", "li.wei", [decision(rows_per_day=100)])
    account.release(10, 100)
    with sqlite3.connect(tmp_path / "state" / FILE) as connection:
        connection.execute("DROP TABLE counted")
        connection.execute("CREATE TABLE counted (other INTEGER)")
    connection.close()
    with pytest.raises(LimitError) as caught:
        account.release(80, 800)
    assert caught.value.code == "LIMIT_UNCOUNTED"
    account.close()


def test_grants_without_limits_touch_no_file(tmp_path: Path, ledger: Ledger) -> None:
    spend(ledger, 10**9, decision(), decision(table="house"))
    ledger.open_account("q1", "li.wei", [decision(tried=10)]).close()
    assert not (tmp_path / "state").exists()


def test_the_file_is_its_owners_own_and_says_who_asked(tmp_path: Path, ledger: Ledger) -> None:
    spend(ledger, 5, decision(rows_per_day=10), subject="li.wei")
    file = tmp_path / "state" / FILE
    assert file.stat().st_mode & 0o077 == 0
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT scope, subject, kind, amount FROM counted").fetchall()
    connection.close()
    assert rows == [(TODAY, "li.wei", "rows", 5)]


def test_every_limit_of_policy_files_is_counted() -> None:
    assert set(LimitsForm.model_fields) == set(LIMITS)
