"""A department that answers fragments with numbered rows, and goes wrong in a chosen way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from comity.errors import CancelledError, SourceError
from policies.decision import Decision, Visibility
from policies.port import FragmentRequest, FragmentRun, Publication, Receipt
from policies.principal import Principal
from policies.statistics import DepartmentFacts
from sql.catalog import TableUse

ROWS_PER_BATCH = 1000
DEAF_SECONDS = 0.6
"""How long a deaf department goes on after it was told to stop."""


def batch_of(schema: pa.Schema, number: int) -> pa.RecordBatch:
    """A batch of rows; every column counts on from `number`, as its own type."""
    values = [str(number * ROWS_PER_BATCH + n) for n in range(ROWS_PER_BATCH)]
    return pa.record_batch([pa.array(values).cast(f.type) for f in schema], schema=schema)


@dataclass
class FaultyRun:
    """Implements `policies.port.FragmentRun`. `script` yields the batches, or does what it does instead."""

    request: FragmentRequest
    script: Callable[[FaultyRun], Iterator[pa.RecordBatch]]
    stopped: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.schema: pa.Schema = self.request.fragment.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self.script(self):
            if self.stopped.is_set():
                raise CancelledError("the query was cancelled")
            yield batch

    def cancel(self) -> None:
        self.stopped.set()

    def close(self) -> None:
        self.closed.set()

    def receipt(self) -> Receipt:
        fragment = self.request.fragment
        return Receipt(fragment.department, fragment.id, fragment.sql, "", "native", "", 0, 0, 0.0, 0, ())


class FaultyDepartment:
    """Implements `policies.port.DepartmentPort`, as far as running goes."""

    def __init__(self, name: str, fault: str) -> None:
        self.name = name
        self.fault = fault
        self.runs: list[FaultyRun] = []

    def describe(self) -> Publication:
        raise NotImplementedError

    def visible(self, principal: Principal, purpose: str) -> tuple[Visibility, ...]:
        raise NotImplementedError

    def decide(
        self,
        principal: Principal,
        purpose: str,
        uses: Sequence[TableUse],
        *,
        grants: Mapping[str, str] | None = None,
    ) -> tuple[Decision, ...]:
        raise NotImplementedError

    def statistics(self, principal: Principal, purpose: str, grants: Mapping[str, str]) -> DepartmentFacts:
        raise NotImplementedError

    def run(self, request: FragmentRequest) -> FragmentRun:
        if self.fault == "refuses":
            raise SourceError("the database is down", code="SOURCE_UNAVAILABLE")
        run = _RUNS.get(self.fault, FaultyRun)(request, SCRIPTS[self.fault])
        self.runs.append(run)
        return run

    def close(self) -> None:
        raise NotImplementedError


# --- what can go wrong ---------------------------------------------------------------------------


def steady(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    yield from (batch_of(run.schema, number) for number in range(20))


def endless(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    number = 0
    while True:
        yield batch_of(run.schema, number)
        number += 1


def slow(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    for number in range(4):
        run.stopped.wait(0.02)
        yield batch_of(run.schema, number)


def silent(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    run.stopped.wait()
    yield from ()
    raise CancelledError("the query was cancelled")


def deaf(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    yield batch_of(run.schema, 0)
    run.stopped.wait()
    time.sleep(DEAF_SECONDS)
    yield batch_of(run.schema, 1)


def fails_before_first_row(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    yield from ()
    raise SourceError("the database broke off")


def fails_after_first_row(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    yield batch_of(run.schema, 0)
    raise SourceError("the database broke off")


def breaks(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    yield batch_of(run.schema, 0)
    raise ValueError("not an error of ours")


def gives_up(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    yield from ()
    raise CancelledError("the query was cancelled")


def malformed(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    """Text that is not UTF-8."""
    yield batch_of(run.schema, 0)
    offsets = pa.array([0, 1, 2, 3], pa.int32()).buffers()[1]
    column = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"a\xffb")])
    yield pa.RecordBatch.from_arrays([column] * len(run.schema), schema=run.schema)


def of_another_type(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    yield batch_of(pa.schema([(name, pa.int32()) for name in run.schema.names]), 0)


def with_a_column_too_many(run: FaultyRun) -> Iterator[pa.RecordBatch]:
    yield batch_of(pa.schema([*run.schema, pa.field("more", pa.string())]), 0)


class _BreaksInClose(FaultyRun):
    def close(self) -> None:
        super().close()
        raise ValueError("not an error of ours")


class _BreaksInReceipt(FaultyRun):
    def receipt(self) -> Receipt:
        raise ValueError("not an error of ours")


class _BreaksInCancel(FaultyRun):
    def cancel(self) -> None:
        super().cancel()
        raise ValueError("not an error of ours")


SCRIPTS: dict[str, Callable[[FaultyRun], Iterator[pa.RecordBatch]]] = {
    script.__name__: script
    for script in (
        steady,
        endless,
        slow,
        silent,
        deaf,
        fails_before_first_row,
        fails_after_first_row,
        breaks,
        gives_up,
        malformed,
        of_another_type,
        with_a_column_too_many,
    )
} | {"breaks_in_close": slow, "breaks_in_receipt": steady, "breaks_in_cancel": endless}
_RUNS = {
    "breaks_in_close": _BreaksInClose,
    "breaks_in_receipt": _BreaksInReceipt,
    "breaks_in_cancel": _BreaksInCancel,
}
