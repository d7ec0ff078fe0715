"""A scan that is stopped before its query runs raises why, and is not taken for one without rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pyarrow as pa
import pytest

from comity.errors import CancelledError, ComityError
from connectors.stoppable_scan import StoppableScan

SCHEMA = pa.schema([("n", pa.int64())])
PATIENCE = 30.0


class Stalled:
    """A driver on a machine that is away between the connection and the query: what stops the scan comes then."""

    def __init__(self, stop: Callable[[StoppableScan], object]) -> None:
        self.stop = stop
        self.finished: list[bool] = []

    def start(self, scan: StoppableScan) -> None:
        stopping = threading.Thread(target=self.stop, args=(scan,), daemon=True)
        stopping.start()
        until = time.monotonic() + PATIENCE
        while scan.is_wanted():
            assert time.monotonic() < until
            time.sleep(0.001)
        # As connectors do: nobody wants the query any more, so that it is not begun.

    def next_batch(self) -> pa.RecordBatch | None:
        return None

    def interrupt(self) -> None:
        pass

    def finish(self, *, complete: bool) -> None:
        self.finished.append(complete)


@pytest.mark.parametrize(
    ("stop", "deadline", "code"),
    [
        (StoppableScan.cancel, None, CancelledError("").code),
        (StoppableScan.close, None, "SOURCE_FAILED"),
        (lambda _: None, 0.05, "SOURCE_TIMEOUT"),
    ],
    ids=["cancelled", "closed", "deadline"],
)
def test_a_query_that_was_stopped_before_it_ran_is_no_empty_answer(
    stop: Callable[[StoppableScan], object], deadline: float | None, code: str
) -> None:
    query = Stalled(stop)
    scan = StoppableScan(query, SCHEMA, deadline=deadline, batch_rows=10)
    with pytest.raises(ComityError) as caught:
        list(scan)
    assert caught.value.code == code
    assert query.finished == [False]
