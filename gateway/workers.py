"""Threads that wait for departments, as many as there are to wait for, used again.

A department may take its time, and nobody else is to wait for it: work never waits for other work to end. But most
fragments end at once, and a thread for each of four hundred is more work than they are. So whoever takes up work
calls one more thread when there is more to do, before it begins: threads are as many as departments that are slow.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

IDLE_SECONDS = 10.0
"""How long a thread waits for more to do before it ends."""


class Task:
    """Work that was handed over. It must not raise."""

    __slots__ = ("_done", "_run")

    def __init__(self, run: Callable[[], None]) -> None:
        self._run = run
        # Held until the work is done. A lock alone is cheaper than an event, of which there would be thousands.
        self._done = threading.Lock()
        self._done.acquire()

    def run(self) -> None:
        try:
            self._run()
        finally:
            self._done.release()

    def join(self, deadline: float) -> bool:
        """Waits until the work is done; False when it is not by `deadline` (monotonic)."""
        if self._done.acquire(timeout=max(0.0, deadline - time.monotonic())):
            self._done.release()
            return True
        return False


class Workers:
    """Does work in threads of its own. Safe between threads; the threads keep nobody from leaving."""

    def __init__(self, name: str, idle_seconds: float = IDLE_SECONDS) -> None:
        self._name = name
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition(threading.Lock())
        self._waiting: deque[Task] = deque()
        self._idle = 0
        # Threads that were called, of those some from among the idle ones, and have not looked at what waits yet.
        self._coming = self._called = 0

    def start(self, run: Callable[[], None]) -> Task:
        """Has `run` done soon, whatever else is being done."""
        task = Task(run)
        with self._changed:
            self._waiting.append(task)
            is_new = self._call()
        if is_new:
            try:
                self._begin()
            except BaseException:
                with self._changed, suppress(ValueError):
                    self._waiting.remove(task)
                raise
        return task

    def _call(self) -> bool:
        """Makes sure that a thread is coming for what waits; whether one must begin for it."""
        if not self._waiting or self._coming:
            return False
        self._coming += 1
        if not self._idle:
            return True
        self._idle -= 1
        self._called += 1
        self._changed.notify()
        return False

    def _begin(self) -> None:
        try:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        except BaseException:
            with self._changed:
                self._coming -= 1
            raise

    def _work(self) -> None:
        is_called = True
        while True:
            with self._changed:
                if is_called:
                    self._coming -= 1
                    is_called = False
                while not self._waiting:
                    if not self._wait():
                        return
                task = self._waiting.popleft()
                is_new = self._call()
            if is_new:
                with suppress(RuntimeError):  # what waits is then this thread's to do, after its task
                    self._begin()
            task.run()
            del task

    def _wait(self) -> bool:
        """Idle until called, with the lock held; False when nobody called for long."""
        self._idle += 1
        self._changed.wait_for(lambda: self._called, self._idle_seconds)
        if not self._called:
            self._idle -= 1
            return False
        self._called -= 1
        self._coming -= 1
        return True
