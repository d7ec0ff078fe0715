"""`StoppableScan`: a scan that can be cancelled, closed and overtaken by its deadline, whoever drives the driver."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol, Self

import pyarrow as pa

from comity.errors import CancelledError, SourceError

REPEAT_SECONDS = 0.05


class DriverQuery(Protocol):
    """One query in one driver. Called by one thread at a time, except `interrupt`."""

    def start(self, scan: StoppableScan) -> None:
        """Takes a connection and starts the query. Asks `scan.is_wanted()` when it waits."""

    def next_batch(self) -> pa.RecordBatch | None:
        """The next rows, of exactly the scan's schema and of any number, or None after the last."""

    def interrupt(self) -> None:
        """Makes a running `start` or `next_batch` fail soon. Any thread, any number of times; never raises."""

    def finish(self, *, complete: bool) -> None:
        """Gives the connection back; unless `complete`, the query must be stopped first. Never raises."""


class StoppableScan:
    """The `Scan` that connectors return. It starts with the first batch asked for; see `connectors.spi`.

    A scan ends once, in the thread that drives the driver if there is one at that moment, and otherwise in the
    thread that stops it. `deadline` counts from the making of the scan; who reads slowly meets it too.
    """

    def __init__(
        self, query: DriverQuery, schema: pa.Schema, *, deadline: float | None, batch_rows: int
    ) -> None:
        self.schema = schema
        self.deadline = None if deadline is None else time.monotonic() + deadline
        self._query = query
        self._batch_rows = batch_rows
        self._rest: pa.RecordBatch | None = None
        self._lock = threading.Lock()
        self._contact = threading.Lock()
        self._started = self._driving = False
        self._ended = threading.Event()
        self._stopped: str | None = None
        self._alarm = None if self.deadline is None else _alarms.set(self.deadline, self._on_deadline)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        """The next rows, at least one and at most `batch_rows`."""
        while self._rest is None or not self.is_wanted():
            batch = self._drive()
            if batch is None:
                raise StopIteration
            self._rest = batch if batch.num_rows else None
        batch, rows = self._rest, self._batch_rows
        self._rest = batch.slice(rows) if batch.num_rows > rows else None
        return batch.slice(0, rows) if batch.num_rows > rows else batch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cancel(self) -> None:
        self._stop("cancelled")

    def close(self) -> None:
        self._stop("closed")

    def is_wanted(self) -> bool:
        """Whether nobody has stopped the scan."""
        return self._stopped is None

    def remaining(self) -> float | None:
        """Seconds until the deadline, at least a millisecond; None when there is none."""
        return None if self.deadline is None else max(0.001, self.deadline - time.monotonic())

    def _drive(self) -> pa.RecordBatch | None:
        with self._lock:
            if self._stopped is not None:
                raise self._reason()
            if self._ended.is_set():
                return None
            self._driving = True
        complete = failed = False
        try:
            if not self._started:
                self._started = True
                self._query.start(self)
            batch = self._query.next_batch()
            if batch is None and not self.is_wanted():
                # Stopped before it ran, a query ends as one without rows does; its end is no answer.
                raise self._reason()
            complete = batch is None
            return batch
        except BaseException as error:
            failed = True
            if isinstance(error, SourceError) and not self.is_wanted():
                raise self._reason() from None
            raise
        finally:
            with self._lock:
                self._driving = False
                if complete or failed or not self.is_wanted():
                    self._end(complete=complete)

    def _stop(self, reason: str) -> None:
        with self._lock:
            if self._ended.is_set():
                # What was read ahead is dropped with the rest: after a stop no further row is handed out.
                self._stopped = self._stopped or (reason if self._rest is not None else None)
                return
            self._stopped = self._stopped or reason
            if not self._driving:
                self._end(complete=False)
                return
        while not self._ended.is_set():
            # Repeated: an interrupt that comes between two statements of the driver stops nothing.
            with self._contact:
                if not self._ended.is_set():
                    self._query.interrupt()
            self._ended.wait(REPEAT_SECONDS)

    def _on_deadline(self) -> None:
        self._stop("deadline")

    def _end(self, *, complete: bool) -> None:
        if self._ended.is_set():
            return
        if self._alarm is not None:
            self._alarm()
        with self._contact:  # so that no interrupt meets a connection that is someone else's by now
            try:
                if self._started:
                    self._query.finish(complete=complete)
            finally:
                self._ended.set()

    def _reason(self) -> CancelledError | SourceError:
        if self._stopped == "cancelled":
            return CancelledError("the query was cancelled")
        if self._stopped == "deadline":
            return timed_out()
        return SourceError("the scan is closed")


def timed_out() -> SourceError:
    return SourceError("the source did not answer in time", code="SOURCE_TIMEOUT")


class _Alarms:
    """Calls functions at set times, each in a thread of its own, because stopping a query may block."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, list[Callable[[], None]]]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def set(self, at: float, action: Callable[[], None]) -> Callable[[], None]:
        """Has `action` called at `at` (monotonic); what is returned calls it off."""
        actions = [action]
        with self._changed:
            number = next(self._numbers)
            heapq.heappush(self._waiting, (at, number, actions))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="comity-deadlines", daemon=True)
                self._thread.start()
            if self._waiting[0][1] == number:
                self._changed.notify()
        return actions.clear

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting or self._waiting[0][0] > time.monotonic():
                    wait = self._waiting[0][0] - time.monotonic() if self._waiting else None
                    self._changed.wait(wait)
                _, _, actions = heapq.heappop(self._waiting)
            for action in actions[:]:
                threading.Thread(target=action, name="comity-deadline", daemon=True).start()


_alarms = _Alarms()
