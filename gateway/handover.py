"""Batches handed from one thread to another, a few at a time."""

from __future__ import annotations

import threading
from collections import deque

import pyarrow as pa


class Crowd:
    """Many handovers that one thread takes from. It is told once, when all have ended or one has no more room: to be
    woken by each of them would cost more than what most of them bring.
    """

    def __init__(self, members: int) -> None:
        self.members = members
        self._lock = threading.Lock()
        self._left = members
        self._ready = threading.Event()

    def ended(self) -> None:
        """One more has nothing more to come."""
        with self._lock:
            self._left -= 1
            is_last = self._left <= 0
        if is_last:
            self._ready.set()

    def full(self) -> None:
        """One waits for its batches to be taken."""
        self._ready.set()

    def wait(self, seconds: float) -> bool:
        """Returns when it is time to take, and at the latest after so many seconds; whether it is time."""
        return self._ready.wait(seconds)


class Handover:
    """At most `room` batches between the thread that puts and the thread that takes.

    Nobody waits longer than the other end lives: `end` is the last word of who puts, and `stop` of anybody.
    """

    def __init__(self, room: int, crowd: Crowd | None = None) -> None:
        self._room = room
        self._crowd = crowd
        self._changed = threading.Condition()
        self._waiting: deque[pa.RecordBatch] = deque()
        self._ended = False
        self._stopped = False

    def put(self, batch: pa.RecordBatch) -> bool:
        """Waits for room; False when no more is wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or len(self._waiting) < self._room)
            if self._stopped:
                return False
            self._waiting.append(batch)
            if self._crowd is not None and len(self._waiting) >= self._room:
                self._crowd.full()
            self._changed.notify_all()
            return True

    @property
    def is_ready(self) -> bool:
        """Whether `take` would return at once."""
        return bool(self._waiting) or self._ended or self._stopped

    def take(self) -> pa.RecordBatch | None:
        """Waits for a batch; None after the last, and once it was stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._ended or self._waiting)
            if self._stopped or not self._waiting:
                return None
            batch = self._waiting.popleft()
            self._changed.notify_all()
            return batch

    def end(self) -> None:
        """No more will be put; what is waiting can still be taken."""
        with self._changed:
            self._leave()
            self._ended = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Nothing more is wanted; what is waiting is dropped."""
        with self._changed:
            self._leave()
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()

    def _leave(self) -> None:
        if self._crowd is not None and not (self._ended or self._stopped):
            self._crowd.ended()
