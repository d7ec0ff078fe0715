"""The exchange: fragments run concurrently at departments, and their batches cross to the merge here.

Each fragment has a thread that pulls from its department and a short queue, so that a slow reader slows
the department's cursor instead of filling memory. What arrives is not trusted: every batch is validated
and must have exactly the requested schema.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Literal

import pyarrow as pa

from comity.errors import CancelledError, ComityError, InternalError, LimitError, SourceError
from gateway.handover import Crowd, Handover
from gateway.key_exchange import KeyExchanges, Launch
from gateway.stages import FederatedPlan, Lifetime, PlannedFragment
from gateway.workers import Task, Workers
from policies.port import DepartmentPort, FragmentRequest, FragmentRun, Receipt

logger = logging.getLogger("comity.gateway")

State = Literal["waiting", "started", "streaming", "done", "failed"]

QUEUED_BATCHES = 4
"""Batches that may wait between a department and the merge."""

MANY = 16
"""Members of a federated table beyond which they are asked one after the other, if they are quick."""

WORKERS = Workers("fragment")
"""The threads that wait for departments."""

STOP_SECONDS = 10.0
"""How long an answer waits at its end for departments that were told to stop."""


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
    """One fragment on its way: iterate its batches once, from any thread.

    `fragment` is the one that is on record. `launch` is what a fragment that waited was sent, once it was.
    """

    def __init__(
        self,
        planned: PlannedFragment,
        port: DepartmentPort,
        *,
        may_miss: bool,
        on_failure: Callable[[], None],
        keys: KeyExchanges | None = None,
        crowd: Crowd | None = None,
    ) -> None:
        self.planned = planned
        self.launch: Launch | None = None
        self.fragment = planned.fragment
        self.department = planned.fragment.department
        self.state: State = "waiting"
        self.rows = self.bytes = 0
        self.as_of: str | None = None
        self.error: ComityError | None = None
        self.receipt: Receipt | None = None
        self._may_miss = may_miss
        self._keys = keys
        self._port = port
        self.crowd = crowd
        self._handover = Handover(QUEUED_BATCHES, crowd)
        self._lock = threading.Lock()
        self._stopped: Literal["", "cancelled", "released"] = ""
        self._run: FragmentRun | None = None
        self._started_at = 0.0
        self._ended_at = 0.0
        self._on_failure = on_failure
        self._tasks: list[Task] = []

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

    @property
    def is_complete(self) -> bool:
        """Whether all that the department had to give was received."""
        return self.state == "done" and not self._stopped

    @property
    def is_missing(self) -> bool:
        """Whether the answer does without this fragment: its department failed before its first row."""
        return self._may_miss and self.rows == 0 and isinstance(self.error, SourceError)

    @property
    def is_ready(self) -> bool:
        """Whether its next batch, or its end, is there."""
        return self._handover.is_ready

    @property
    def was_sent(self) -> bool:
        """Whether the fragment is on record as sent; one that waited may have had no need to be."""
        return not self.planned.exchanges or self.as_of is not None

    @property
    def key_bytes(self) -> int:
        """Bytes of other departments' keys that went with the fragment."""
        return sum(told.bytes for told in self.launch.disclosed) if self.launch is not None else 0

    def start(self, request: FragmentRequest, launch: Launch | None = None) -> None:
        """Asks the department, unless it was stopped meanwhile.

        `on_failure` is called when the answer cannot be had without what failed.
        """
        with self._lock:
            if self._stopped:
                return
            self._begin(launch)
            self.state = "started"
            self.as_of = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._started_at = time.monotonic()
            is_one_of_many = self.crowd is not None and self.crowd.members > MANY
            self._tasks.append(WORKERS.start(partial(self._pull, request), may_wait=is_one_of_many))

    def skip(self, launch: Launch) -> None:
        """It has no rows, and nobody is asked."""
        with self._lock:
            if self._stopped:
                return
            self._begin(launch)
            self.state = "done"
        self._handover.end()

    def fail(self, error: ComityError) -> None:
        """It cannot be asked."""
        with self._lock:
            if self._stopped or self.state != "waiting":
                return
            self.error, self.state = error, "failed"
        self._handover.end()
        self._on_failure()

    def _begin(self, launch: Launch | None) -> None:
        if launch is not None:
            self.launch, self.fragment = launch, launch.recorded

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Raises what the fragment raised, and `CancelledError` as soon as it was cancelled."""
        while (batch := self._handover.take()) is not None:
            yield batch
        if self.error is not None and not self.is_missing:
            raise self.error

    def cancel(self) -> None:
        """Stops the fragment in its database, and its reader. Never waits; any thread, any number of times."""
        self._stop("cancelled")

    def release(self) -> None:
        """As `cancel`, for an answer that is complete without the rows that are left."""
        self._stop("released")

    def join(self, deadline: float) -> bool:
        """Waits until the department has let go of the fragment; False when it has not by `deadline`."""
        return all(task.join(deadline) for task in tuple(self._tasks))

    def _stop(self, how: Literal["cancelled", "released"]) -> None:
        with self._lock:
            if self._stopped or self.state in {"done", "failed"}:
                return
            self._stopped = how
            if how == "cancelled":
                self.error = CancelledError("the query was cancelled")
            run = self._run
        self._handover.stop()
        if run is not None:
            self._begin_task(partial(_cancel, run))

    def _begin_task(self, work: Callable[[], None]) -> None:
        """A department may take its time, and nobody else is to wait for it."""
        self._tasks.append(WORKERS.start(work))

    def _pull(self, request: FragmentRequest) -> None:
        error: ComityError | None = None
        try:
            if not self._stopped:
                self._receive(self._port.run(request))
        except ComityError as raised:
            error = named(raised, self.department)
        except Exception as raised:
            error = InternalError(
                f"{self.department}: its agent failed in an unexpected way ({type(raised).__name__})",
                department=self.department,
            )
            error.__cause__ = raised
        with self._lock:
            if self._stopped:
                error = self.error  # whatever was raised since is the stop itself
            elif isinstance(error, CancelledError):
                error = SourceError(f"{self.department} gave up", department=self.department)
            self._ended_at = time.monotonic()
            self.error, self.state = error, "done" if error is None else "failed"
            stopped = bool(self._stopped)
        self._handover.end()
        if error is not None and not self.is_missing:
            self._on_failure()
        elif self._keys is not None and not stopped:
            # Of a fragment that was stopped, or is missing, nobody knows all keys.
            self._keys.ended(self.planned.fragment.id, whole=error is None)

    def _receive(self, run: FragmentRun) -> None:
        with self._lock:
            self._run = None if self._stopped else run
        try:
            for batch in run if self._run is not None else ():
                self._check(batch)
                self.rows += batch.num_rows
                self.bytes += batch.nbytes
                self.state = "streaming"
                if self._keys is not None:
                    # Before it waits for a reader, as others wait for the keys.
                    self._keys.collect(self.planned.fragment.id, batch)
                if not self._handover.put(batch):
                    break
        except BaseException:
            # What went wrong first is what counts.
            with suppress(Exception):
                run.close()
            raise
        else:
            run.close()
        finally:
            with suppress(Exception):
                self.receipt = run.receipt()

    def _check(self, batch: pa.RecordBatch) -> None:
        try:
            batch.validate(full=True)
        except pa.ArrowException:
            raise self._malformed("sent a malformed batch") from None
        if not batch.schema.equals(self.schema):
            raise self._malformed("sent columns of other types than it was asked for")

    def _malformed(self, what: str) -> SourceError:
        return SourceError(f"{self.department} {what}", code="SOURCE_TYPE", department=self.department)


def _cancel(run: FragmentRun) -> None:
    try:
        run.cancel()
    except Exception:
        logger.warning("a fragment could not be cancelled", exc_info=True)


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
    patience: threading.Timer | None = None

    def progress(self) -> tuple[FragmentProgress, ...]:
        return tuple(stream.progress for stream in self.streams.values())

    def cancel(self) -> None:
        """Stops every fragment that still runs, and whoever reads it. Never waits."""
        self._end_patience()
        for stream in self.streams.values():
            stream.cancel()

    def release(self) -> None:
        """As `cancel`, for an answer that is complete without the rows that are left."""
        self._end_patience()
        for stream in self.streams.values():
            stream.release()

    def _end_patience(self) -> None:
        if self.patience is not None:
            self.patience.cancel()

    def close(self) -> None:
        """Stops what still runs and waits until nothing is left in any database, or for `STOP_SECONDS`."""
        self.release()
        deadline = time.monotonic() + STOP_SECONDS
        for stream in self.streams.values():
            if not stream.join(deadline):
                logger.error(
                    "%s still runs %s after it was told to stop", stream.department, stream.fragment.id
                )

    def first_error(self) -> ComityError | None:
        """The error that explains the others: a cancelled fragment is never the reason."""
        failed = (stream.error for stream in self.streams.values() if not stream.is_missing)
        return next((error for error in failed if error and not isinstance(error, CancelledError)), None)
