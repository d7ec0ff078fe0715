"""`ConnectionPool`: at most so many connections to one source, kept open between scans."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from comity.errors import SourceError

T = TypeVar("T")
LOOK_SECONDS = 0.05


class ConnectionPool(Generic[T]):
    """Lends connections, the last returned first. Thread-safe.

    `connect` opens one and raises `SourceError`; `disconnect` closes one and must not raise.
    """

    def __init__(self, connections: int, connect: Callable[[], T], disconnect: Callable[[T], None]) -> None:
        self._free = connections
        self._connect = connect
        self._disconnect = disconnect
        self._idle: list[T] = []
        self._changed = threading.Condition()
        self._closed = False

    def acquire(self, keep_waiting: Callable[[], bool], deadline: float | None = None) -> tuple[T, bool]:
        """A connection, and whether it was used before (so that the other end may have gone away since).

        Waits its turn, until `deadline` (monotonic; `SOURCE_TIMEOUT`) or while `keep_waiting` says so.
        """
        with self._changed:
            while not self._closed and not self._idle and self._free == 0:
                if deadline is not None and time.monotonic() >= deadline:
                    raise SourceError(
                        "no connection to the source became free in time", code="SOURCE_TIMEOUT"
                    )
                if not keep_waiting():
                    raise SourceError("the scan was stopped while it waited for a connection")
                self._changed.wait(LOOK_SECONDS)
            if self._closed:
                raise SourceError("the connector is closed", code="SOURCE_UNAVAILABLE")
            if self._idle:
                return self._idle.pop(), True
            self._free -= 1
        try:
            return self._connect(), False
        except BaseException:
            self._give_place_back()
            raise

    def acquire_spare(self) -> tuple[T, bool] | None:
        """As `acquire`, and None at once unless another one is left for whoever comes next."""
        with self._changed:
            if self._closed or self._free + len(self._idle) < 2:
                return None
            if self._idle:
                return self._idle.pop(), True
            self._free -= 1
        try:
            return self._connect(), False
        except SourceError:
            self._give_place_back()
            return None
        except BaseException:
            self._give_place_back()
            raise

    def release(self, connection: T, *, reusable: bool) -> None:
        """Takes a connection back; one that may be broken, or halfway through something, is not kept."""
        with self._changed:
            if reusable and not self._closed:
                self._idle.append(connection)
                self._changed.notify()
                return
        self._disconnect(connection)
        self._give_place_back()

    def close(self) -> None:
        """Closes the idle connections; those at work are closed when they come back."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for connection in idle:
            self._disconnect(connection)

    def _give_place_back(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify()
