"""Threads for departments: whoever waits holds nobody up, and those who bring little wake nobody each by himself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pyarrow as pa
import pytest

import gateway.workers
from gateway.handover import Crowd, Handover
from gateway.merge.duckdb import TOGETHER_ROWS, _together
from gateway.workers import Task, Workers

PATIENCE = 30.0
BATCH = pa.record_batch({"a": [1]})


def all_done(tasks: list[Task]) -> bool:
    deadline = time.monotonic() + PATIENCE
    return all(task.join(deadline) for task in tasks)


@pytest.mark.parametrize("prompt", [1, 4])
@pytest.mark.parametrize("may_wait", [True, False])
def test_work_that_waits_for_other_work_gets_there(prompt: int, *, may_wait: bool) -> None:
    workers = Workers("test", idle_seconds=0.1, prompt=prompt)
    together = threading.Barrier(60)

    def meet() -> None:
        together.wait(PATIENCE)

    assert all_done([workers.start(meet, may_wait=may_wait) for _ in range(60)])


def test_work_that_may_wait_lets_other_work_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody looks whether more threads are needed.
    monkeypatch.setattr(gateway.workers, "LOOK_SECONDS", PATIENCE)
    workers = Workers("test", idle_seconds=0.1, prompt=1)
    go = threading.Event()
    order: list[str] = []
    first = workers.start(lambda: go.wait(PATIENCE), may_wait=True)
    later = [workers.start(lambda: order.append("later"), may_wait=True) for _ in range(3)]
    assert all_done([workers.start(lambda: order.append("now"))])
    assert order[0] == "now"
    go.set()
    assert all_done([first, *later])


def test_work_gets_on_while_other_work_waits_and_the_process_is_busy() -> None:
    workers = Workers("test", idle_seconds=0.1, prompt=2)
    go, ended = threading.Event(), threading.Event()

    def work() -> None:
        while not ended.is_set():
            sum(range(1000))

    busy = threading.Thread(target=work, daemon=True)
    busy.start()
    waiting = [workers.start(lambda: go.wait(PATIENCE), may_wait=True) for _ in range(6)]
    try:
        assert all_done([workers.start(lambda: None, may_wait=True) for _ in range(20)])
        assert not any(task.join(time.monotonic()) for task in waiting)
    finally:
        go.set()
        ended.set()
        busy.join()
    assert all_done(waiting)


def test_much_short_work_is_done_once_each() -> None:
    workers = Workers("test", idle_seconds=0.1)
    done: list[int] = []
    tasks = [workers.start(partial(done.append, number), may_wait=number % 3 > 0) for number in range(500)]
    assert all_done(tasks)
    assert sorted(done) == list(range(500))


def test_threads_that_have_nothing_to_do_end() -> None:
    workers = Workers("brief", idle_seconds=0.01, prompt=3)
    assert all_done([workers.start(lambda: time.sleep(0.01)) for _ in range(10)])
    deadline = time.monotonic() + PATIENCE
    while any(thread.name.startswith("brief") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    "end",
    [lambda one: one.end(), lambda one: one.stop(), lambda one: (one.stop(), one.end())],
    ids=["end", "stop", "both"],
)
def test_a_crowd_is_told_when_the_last_has_ended(end: Callable[[Handover], object]) -> None:
    crowd = Crowd(2)
    first, second = Handover(4, crowd), Handover(4, crowd)
    end(first)
    second.put(BATCH)
    assert not crowd.wait(0.01)
    second.end()
    assert crowd.wait(PATIENCE)


def test_a_crowd_is_told_when_one_has_no_more_room() -> None:
    crowd = Crowd(2)
    Handover(4, crowd)
    full = Handover(2, crowd)
    full.put(BATCH)
    assert not crowd.wait(0.01)
    full.put(BATCH)
    assert crowd.wait(PATIENCE)


class Part:
    """A member's batches, of which so many are there."""

    def __init__(self, *batches: pa.RecordBatch, there: int = 9) -> None:
        self.batches = list(batches)
        self.there = there

    @property
    def is_ready(self) -> bool:
        return self.there > 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self.batches:
            self.there -= 1
            yield batch


def test_few_rows_are_put_together_and_many_are_not_copied() -> None:
    large = pa.record_batch({"a": list(range(TOGETHER_ROWS))})
    found = list(_together([Part(large, BATCH), Part(), Part(BATCH, large), Part(BATCH)]))
    assert [batch.num_rows for batch in found] == [TOGETHER_ROWS, TOGETHER_ROWS + 2, 1]
    assert found[0] is large
    assert list(_together([])) == []


def test_rows_that_are_there_do_not_wait_for_those_that_are_not() -> None:
    rows = [batch.num_rows for batch in _together([Part(BATCH), Part(BATCH, BATCH, there=0), Part(BATCH)])]
    assert rows[0] == 1
    assert sum(rows) == 4


def test_who_ends_quickly_and_then_waits_leaves_nobody_behind() -> None:
    """A thread that is left alone with quick work may come upon work that waits; the others come back then."""
    workers = Workers("test", idle_seconds=0.1, prompt=2)
    for _ in range(20):
        go = threading.Event()
        quick = [workers.start(lambda: time.sleep(0.0002), may_wait=True) for _ in range(40)]
        stuck = [workers.start(lambda: go.wait(PATIENCE), may_wait=True) for _ in range(3)]  # noqa: B023 - waited for below
        later = [workers.start(lambda: None, may_wait=True) for _ in range(40)]
        urgent = workers.start(lambda: None)
        try:
            assert all_done([*quick, *later, urgent])
            assert not any(task.join(time.monotonic()) for task in stuck)
        finally:
            go.set()
        assert all_done(stuck)
