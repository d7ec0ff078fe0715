"""The exchange: fragments run concurrently at departments, and their batches cross to the merge here.

Each fragment has a thread that pulls from its department and a short queue, so that a slow reader slows
the department's cursor instead of filling memory. What arrives is not trusted: every batch is validated
and must have exactly the requested schema.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import pyarrow as pa

from comity.errors import CancelledError, ComityError, InternalError, LimitError, SourceError
from gateway.stages import FederatedPlan, Lifetime, PlannedFragment
from policies.port import DepartmentPort, FragmentRequest, FragmentRun, Receipt

State = Literal["waiting", "started", "streaming", "done", "failed"]

QUEUED_BATCHES = 4
"""Batches that may wait between a department and the merge."""

MARGIN_SECONDS = 0.05
"""What a department gets less than the question has left, so that its error arrives in time."""


@dataclass(frozen=True, slots=True)
class FragmentProgress:
    """How far one fragment has come."""

    department: str
    fragment: str
    state: State
    rows: int
    bytes: int
    seconds: float


class FragmentStream:
    """One fragment on its way: iterate its batches once, from any thread."""

    def __init__(
        self, planned: PlannedFragment, request: FragmentRequest, port: DepartmentPort, *, may_miss: bool
    ) -> None:
        self.planned = planned
        self.fragment = planned.fragment
        self.department = planned.fragment.department
        self.state: State = "waiting"
        self.rows = self.bytes = 0
        self.as_of: str | None = None
        self.error: ComityError | None = None
        self.receipt: Receipt | None = None
        self._may_miss = may_miss
        self._request = request
        self._port = port
        self._queue: queue.Queue[pa.RecordBatch | None] = queue.Queue(QUEUED_BATCHES)
        self._stopping = threading.Event()
        self._started_at = 0.0
        self._ended_at = 0.0
        self._run: FragmentRun | None = None
        self._thread = threading.Thread(target=self._pull, name=f"fragment-{self.department}", daemon=True)

    @property
    def schema(self) -> pa.Schema:
        return self.fragment.schema

    @property
    def seconds(self) -> float:
        if not self._started_at:
            return 0.0
        return (self._ended_at or time.monotonic()) - self._started_at

    @property
    def progress(self) -> FragmentProgress:
        return FragmentProgress(
            self.department, self.fragment.id, self.state, self.rows, self.bytes, self.seconds
        )

    def start(self) -> None:
        self._started_at = time.monotonic()
        self.as_of = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.state = "started"
        self._thread.start()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._queue.get()) is not None:
            yield batch
        if self.error is not None and not self.is_missing:
            raise self.error

    @property
    def is_missing(self) -> bool:
        """Whether the answer does without this fragment: its department failed before its first row."""
        return self._may_miss and self.rows == 0 and isinstance(self.error, SourceError)

    def cancel(self) -> None:
        """Stops the fragment in its database; safe from any thread, at any time."""
        self._stopping.set()
        if self._run is not None:
            self._run.cancel()

    def join(self) -> None:
        """Waits until the department has let go of the fragment, dropping what it still sent."""
        if not self._started_at:
            return
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.02)
            except queue.Empty:
                continue
        self._thread.join()

    def _pull(self) -> None:
        try:
            self._run = run = self._port.run(self._request)
            if self._stopping.is_set():
                run.cancel()
            try:
                for batch in run:
                    self._check(batch)
                    self.rows += batch.num_rows
                    self.bytes += batch.nbytes
                    self.state = "streaming"
                    if not self._put(batch):
                        break
            finally:
                run.close()
                self.receipt = run.receipt()
            self.state = "failed" if self._stopping.is_set() else "done"
        except ComityError as error:
            self.error, self.state = named(error, self.department), "failed"
        except Exception as error:
            self.state = "failed"
            self.error = InternalError(
                f"{self.department}: its agent failed in an unexpected way ({type(error).__name__})",
                department=self.department,
            )
            self.error.__cause__ = error
        finally:
            self._ended_at = time.monotonic()
            self._put(None)

    def _put(self, batch: pa.RecordBatch | None) -> bool:
        while True:
            if self._stopping.is_set() and batch is not None:
                return False
            try:
                self._queue.put(batch, timeout=0.1)
                return True
            except queue.Full:
                continue

    def _check(self, batch: pa.RecordBatch) -> None:
        try:
            batch.validate(full=True)
        except pa.ArrowInvalid:
            raise self._malformed("sent a malformed batch") from None
        if not batch.schema.equals(self.schema):
            raise self._malformed("sent columns of other types than it was asked for")

    def _malformed(self, what: str) -> SourceError:
        return SourceError(f"{self.department} {what}", code="SOURCE_TYPE", department=self.department)


def named(error: ComityError, department: str) -> ComityError:
    """The error, saying which department it comes from; cancellation and deadlines stay the query's own."""
    if error.department is None and not isinstance(error, (CancelledError, LimitError)):
        error.department = department
    return error


@dataclass(frozen=True, slots=True)
class FragmentStreams:
    """All fragments of one plan, running."""

    plan: FederatedPlan
    streams: Mapping[str, FragmentStream]
    lifetime: Lifetime

    def progress(self) -> tuple[FragmentProgress, ...]:
        return tuple(stream.progress for stream in self.streams.values())

    def cancel(self) -> None:
        for stream in self.streams.values():
            stream.cancel()

    def close(self) -> None:
        """Stops what still runs and waits for it, so that nothing is left in any database."""
        for stream in self.streams.values():
            if stream.state not in {"done", "failed"}:
                stream.cancel()
        for stream in self.streams.values():
            stream.join()

    def first_error(self) -> ComityError | None:
        """The error that explains the others: a cancelled fragment is never the reason."""
        failed = (stream for stream in self.streams.values() if not stream.is_missing)
        errors = [stream.error for stream in failed if stream.error is not None]
        real = [error for error in errors if not isinstance(error, CancelledError)]
        return next(iter(real or errors), None)


def dispatch(
    plan: FederatedPlan,
    ports: Mapping[str, DepartmentPort],
    started: Callable[[PlannedFragment], None] | None = None,
) -> FragmentStreams:
    """Starts every fragment of a plan at its department."""
    request = plan.authorized.request
    decisions = plan.authorized.decisions
    streams = {}
    for planned in plan.fragments:
        fragment_request = FragmentRequest(
            request.query_id,
            request.principal,
            request.purpose,
            planned.fragment,
            max(request.lifetime.seconds_left - MARGIN_SECONDS, 0.01),
            {
                d.table: d.grant_id
                for d in decisions
                if d.department == planned.fragment.department and d.grant_id
            },
        )
        port = ports[planned.fragment.department]
        streams[planned.fragment.id] = FragmentStream(
            planned, fragment_request, port, may_miss=request.allow_partial
        )
    for stream in streams.values():
        if started is not None:
            started(stream.planned)
        stream.start()
    return FragmentStreams(plan, streams, request.lifetime)
