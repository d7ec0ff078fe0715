"""An answer on its way to the caller: rows leave only on durable credit, and every end is on record."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import pyarrow as pa

from audit.events import Coverage
from comity.errors import CancelledError, ComityError, InternalError, LimitError
from gateway.exchange import FragmentProgress, FragmentStreams
from gateway.leave import told_coverage, told_progress
from gateway.record import QueryRecord, Releasable
from gateway.stages import FederatedPlan, Lifetime, ResultStream

LARGEST_BATCH_BYTES = 2 << 20
"""Batches are cut so that one message carries about this much at most."""


class Answer:
    """`read` the batches once, then read the summary's facts. `close` ends it early."""

    def __init__(
        self,
        result: ResultStream,
        streams: FragmentStreams,
        record: QueryRecord,
        slot: Releasable,
        most_rows: int,
        learn: Callable[[FragmentStreams], None] = lambda _: None,
    ) -> None:
        self.schema = result.schema
        self.record = record
        self._result = result
        self.streams = streams
        self._slot = slot
        self._most_rows = most_rows
        self._learn = learn
        self._ended = False

    @property
    def query_id(self) -> str:
        return self.record.request.query_id

    @property
    def plan(self) -> FederatedPlan:
        return self.streams.plan

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """What each department gave, as the caller may read it; the record holds all of it."""
        return told_coverage(self.plan, self.record.coverage)

    def progress(self) -> tuple[FragmentProgress, ...]:
        """How far each fragment is, as the caller may read it."""
        return told_progress(self.plan, self.streams.progress())

    def read(self) -> Generator[pa.RecordBatch, None, None]:
        """The rows. Ends with everything on record, or raises the `ComityError` that is on record."""
        lifetime = self.record.request.lifetime
        try:
            with self.record.stage("merge"):
                for batch in self._result.batches:
                    for part in _cut(batch):
                        lifetime.check()
                        self._release(part)
                        yield part
                lifetime.check()
        except GeneratorExit:
            self._end(CancelledError("the caller stopped reading"))
            raise
        except ComityError as error:
            reason = error
            if lifetime.is_cancelled or lifetime.seconds_left <= 0:
                reason = _reason(lifetime, error)
            self._end(reason)
            raise reason from None
        except Exception as error:
            self._end(error)
            raise InternalError(f"the merge failed in an unexpected way ({type(error).__name__})") from error
        self._end(None)

    def cancel(self) -> None:
        self.record.request.lifetime.cancel()

    def close(self) -> None:
        """Ends an answer that was never read to its end; does nothing otherwise."""
        if not self._ended:
            self.cancel()
            self._end(CancelledError("the caller stopped reading"))

    def _release(self, batch: pa.RecordBatch) -> None:
        if self.record.released + batch.num_rows > self._most_rows:
            raise LimitError(
                f"the answer has more than {self._most_rows} rows",
                hint="Aggregate, filter, or add a LIMIT.",
            )
        self.record.release(batch.num_rows, batch.nbytes)

    def _end(self, error: BaseException | None) -> None:
        if self._ended:
            return
        self._ended = True
        try:
            if error is None:
                self.streams.release()
            else:
                self.streams.cancel()
            # Streams first: the merge may be waiting for one.
            if isinstance(self._result.batches, Generator):
                self._result.batches.close()
            self.streams.close()
            if error is None:
                self.record.completed(self.streams)
                self._learn(self.streams)
            else:
                self.record.failed(error, self.streams)
        finally:
            self.record.request.lifetime.end()
            self._slot.release()


def _reason(lifetime: Lifetime, error: ComityError) -> ComityError:
    """Cancellation and the deadline explain whatever error they caused on the way."""
    try:
        lifetime.check()
    except ComityError as reason:
        return reason
    return error


def _cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts of about `LARGEST_BATCH_BYTES`; empty batches are left out."""
    rows = batch.num_rows
    if not rows:
        return
    parts = max(1, -(-batch.nbytes // LARGEST_BATCH_BYTES))
    step = max(1, -(-rows // parts))
    for at in range(0, rows, step):
        yield batch.slice(at, step)
