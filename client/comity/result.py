"""One running answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from comity.answers import Notice, Progress, State, Summary
from comity.errors import CancelledError, ComityError
from comity.stream import Event, FragmentProgress, Opening, read_events

if TYPE_CHECKING:
    from comity.v1.query_pb2 import QueryResponse

    class QueryCall(Iterator[QueryResponse]):
        """A running Query call: what grpc returns for a server-streaming method."""

        def cancel(self) -> bool: ...


ProgressCallback = Callable[[Progress], None]
Explain = Callable[[ComityError], ComityError]


class Result:
    """The rows of one answer as they arrive: an iterator of Arrow record batches, read once.

    A reader that does not read holds the gateway and the databases back. As a context manager, leaving
    before the end cancels the query everywhere. `cancel` may be called from another thread. Any
    `ComityError` may be raised while reading; rows already read are then not a complete answer.
    """

    def __init__(
        self,
        call: QueryCall,
        *,
        on_progress: ProgressCallback | None = None,
        explain_error: Explain | None = None,
    ) -> None:
        self._call = call
        self._events = read_events(call)
        self._on_progress = on_progress
        self._explain_error = explain_error
        self._fragments: dict[tuple[str, str], FragmentProgress] = {}
        self._unheard: dict[str, Progress] = {}
        self._notices: list[Notice] = []
        self._summary: Summary | None = None
        self._failure: ComityError | None = None
        self._cancelled = False
        opening = self._next_event()
        assert isinstance(opening, Opening)
        self.schema: pa.Schema = opening.schema
        self.query_id: str = opening.query_id

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pa.RecordBatch:
        while self._summary is None:
            event = self._next_event()
            if isinstance(event, FragmentProgress):
                self._report(event)
            elif isinstance(event, Notice):
                self._notices.append(event)
            elif isinstance(event, Summary):
                self._end(event)
            else:
                return event
        raise StopIteration

    def to_reader(self) -> pa.RecordBatchReader:
        """The rows not read yet, as a streaming Arrow reader."""
        return pa.RecordBatchReader.from_batches(self.schema, self)

    def to_arrow(self) -> pa.Table:
        """The rows not read yet, as one table in memory."""
        return pa.Table.from_batches(list(self), self.schema)

    @property
    def progress(self) -> Mapping[str, Progress]:
        """The latest word of each department, by name, in order of first appearance."""
        departments = dict.fromkeys(department for department, _fragment in self._fragments)
        return {department: self._department(department) for department in departments} | self._unheard

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the gateway has remarked so far."""
        return tuple(self._notices)

    @property
    def summary(self) -> Summary | None:
        """The summary; None until the answer has been read to its end."""
        return self._summary

    def cancel(self) -> None:
        """Stops the query in every database it reached. Reading on raises `CancelledError`."""
        self._cancelled = True
        self._call.cancel()

    def close(self) -> None:
        """Cancels the query unless it has been read to its end. May be called twice."""
        if self._summary is None and self._failure is None:
            self.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _next_event(self) -> Event:
        if self._cancelled and self._failure is None:
            self._failure = CancelledError("the query was cancelled")
        if self._failure is not None:
            # An answer that failed once never looks complete to a reader who reads on.
            raise self._failure
        try:
            return next(self._events)
        except ComityError as error:
            self._call.cancel()
            self._failure = self._explain_error(error) if self._explain_error else error
            raise self._failure from error.__cause__
        except BaseException:
            # Ctrl-C among others: nothing may be left running for a reader who is gone.
            self.cancel()
            raise

    def _report(self, event: FragmentProgress) -> None:
        self._fragments[event.department, event.fragment] = event
        if self._on_progress is not None:
            self._on_progress(self._department(event.department))

    def _end(self, summary: Summary) -> None:
        """Departments that nothing was said of while the question ran are where the summary says they are."""
        heard = {department for department, _fragment in self._fragments}
        for part in summary.coverage:
            if part.department not in heard:
                state: State = "done" if part.complete else "failed"
                progress = Progress(part.department, state, part.rows, part.bytes, 0.0, part.fragments)
                self._unheard[part.department] = progress
                if self._on_progress is not None:
                    self._on_progress(progress)
        self._summary = summary

    def _department(self, department: str) -> Progress:
        parts = [part for (name, _fragment), part in self._fragments.items() if name == department]
        return Progress(
            department=department,
            state=_overall({part.state for part in parts}),
            rows=sum(part.rows for part in parts),
            bytes=sum(part.bytes for part in parts),
            elapsed_seconds=max(part.elapsed_seconds for part in parts),
            fragments=len(parts),
        )


def _overall(states: set[State]) -> State:
    if len(states) == 1:
        return next(iter(states))
    return "failed" if "failed" in states else "streaming"
