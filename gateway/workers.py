"""Threads that wait for departments, as many as there are to wait for, used again.

A department may take its time, and nobody else is to wait for it. But most fragments end at once, and on few processors
many threads at once are far slower than few: Python runs one of them at a time, and every change of hands costs. So of
very many fragments, a few threads take up one after the other. When the processors have little to do meanwhile, the
departments are elsewhere and many more threads come; and who takes long does not count among the few. Where one thread
ends them faster than others could help, it stays alone.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

IDLE_SECONDS = 10.0
"""How long a thread waits for more to do before it ends."""

PROMPT = os.cpu_count() or 1
"""Threads that take up work that may wait."""

LOOK_SECONDS = 0.002
"""How often somebody looks whether work that waits for a thread had better be done at once."""

BUSY = 0.35
"""The share of one processor from which on this process is busy, and more threads would only be in its way."""

LOOKS = 3
"""So many looks in a row at which it was not: a machine that is shared may have been away for one."""

TIMES = 64
"""How many times more threads there are then."""

QUICK = 2
"""Tasks that one thread ends between two looks, from which on it had better be alone: so short a task is Python's own
work, of which a second thread only makes the first wait."""

LONG_SECONDS = 0.05
"""From when on work is taken to wait for somebody else, however busy the process is."""


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

    def __init__(self, name: str, idle_seconds: float = IDLE_SECONDS, prompt: int = PROMPT) -> None:
        self._name = name
        self._idle_seconds = idle_seconds
        self._prompt = prompt
        self._changed = threading.Condition(threading.Lock())
        self._waiting: deque[Task] = deque()
        self._running: dict[Task, float] = {}
        self._idle = self._ended = 0
        # Threads that were called, of those some from among the idle ones, and have not looked at what waits yet.
        self._coming = self._called = 0
        self._is_watched = False
        # Whether one thread ends tasks so quickly that others are to leave them to it.
        self._alone = False

    def start(self, run: Callable[[], None], *, may_wait: bool = False) -> Task:
        """Has `run` done soon, whatever else is being done. Where it `may_wait`, as one of very many, others come first."""
        task = Task(run)
        with self._changed:
            if may_wait:
                self._waiting.append(task)
                beginning = self._call(1)
            else:
                self._waiting.appendleft(task)
                beginning = self._call(len(self._running) + self._coming + 1)
            watches = len(self._waiting) > self._coming and not self._is_watched
            self._is_watched |= watches
        try:
            self._begin(beginning)
            if watches:
                threading.Thread(target=self._watch, name=f"{self._name}-watch", daemon=True).start()
        except BaseException as error:
            with self._changed:
                if watches:
                    self._is_watched = False
                if isinstance(error, RuntimeError) and (task not in self._waiting or self._running):
                    # There is no room for one more thread, and one of those that there are will do it.
                    return task
                with suppress(ValueError):
                    self._waiting.remove(task)
            raise
        return task

    def _call(self, most: int) -> int:
        """Calls threads for what waits, until so many are at work, with the lock held; how many have to begin."""
        wanted = min(len(self._waiting) - self._coming, most - len(self._running) - self._coming)
        if wanted <= 0:
            return 0
        woken = min(wanted, self._idle)
        self._idle -= woken
        self._called += woken
        self._coming += wanted
        self._changed.notify(woken)
        return wanted - woken

    def _begin(self, threads: int) -> None:
        for begun in range(threads):
            try:
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
            except BaseException:
                with self._changed:
                    self._coming -= threads - begun
                raise

    def _work(self) -> None:
        is_called, task = True, None
        while True:
            with self._changed:
                leaves = False
                if is_called:
                    self._coming -= 1
                    is_called = False
                if task is not None:
                    del self._running[task]
                    self._ended += 1
                    task = None
                    leaves = self._alone and bool(self._running)
                while not self._waiting or leaves:
                    leaves = False
                    if not self._wait():
                        return
                task = self._waiting.popleft()
                self._running[task] = time.monotonic()
            task.run()

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

    def _watch(self) -> None:
        """Calls more threads as long as work waits that does not get on."""
        looked, worked, idle, ended = time.monotonic(), time.process_time(), 0, self._ended
        while True:
            time.sleep(LOOK_SECONDS)
            now, work = time.monotonic(), time.process_time()
            idle = 0 if work - worked > BUSY * (now - looked) else idle + 1
            looked, worked = now, work
            with self._changed:
                if not self._waiting:
                    self._is_watched = self._alone = False
                    return
                at_work = len(self._running) + self._coming
                long = sum(begun < now - LONG_SECONDS for begun in self._running.values())
                most = TIMES * max(at_work, self._prompt) if idle >= LOOKS else self._prompt + long
                self._alone = self._ended - ended >= QUICK * max(at_work, 1)
                ended = self._ended
                beginning = 0 if self._alone else self._call(most)
            with suppress(RuntimeError):  # what waits is then for those that are there
                self._begin(beginning)
