"""Batches handed from one thread to another, a few at a time."""

from __future__ import annotations

import threading
from collections import deque

import pyarrow as pa


class Handover:
    """At most `room` batches between the thread that puts and the thread that takes.

    Nobody waits longer than the other end lives: `end` is the last word of who puts, and `stop` of anybody.
    """

    def __init__(self, room: int) -> None:
        self._room = room
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
            self._changed.notify_all()
            return True

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
            self._ended = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Nothing more is wanted; what is waiting is dropped."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()
