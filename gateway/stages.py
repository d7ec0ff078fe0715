"""The life of a question, one frozen type per stage. A later stage accepts only the earlier one's type."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from sqlglot import exp

from comity.errors import CancelledError, LimitError
from comity.values import ParameterValue
from gateway.planner.estimates import Estimate
from gateway.planner.remarks import Remark
from policies.decision import Decision
from policies.principal import Principal
from sql.catalog import Catalog, Column, Fragment, Origin
from sql.parse import ParsedQuery
from sql.resolve import ResolvedQuery
from sql.uses import Influence


class Lifetime:
    """When a question must be answered by (seconds of `time.monotonic`), and whether it is still wanted.

    Callbacks run once, when the question is cancelled or its time is over, so that databases hear of it.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._timer: threading.Timer | None = None

    @property
    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def start_timer(self) -> None:
        """Makes the deadline stop the question by itself."""
        self._timer = threading.Timer(max(self.seconds_left, 0), self._notify)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """The question is over: nobody needs to hear of a cancellation any more."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._callbacks.clear()

    def cancel(self) -> None:
        self._cancelled.set()
        self._notify()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)
        if self.is_cancelled or self.seconds_left <= 0:
            self._notify()

    def forget(self, callback: Callable[[], None]) -> None:
        """The callback's subject is gone; returns only when it is not running."""
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

    def _notify(self) -> None:
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
            for callback in callbacks:
                callback()

    def check(self) -> None:
        """Raises `CancelledError`, or `LimitError` (`QUERY_TIMEOUT`) past the deadline."""
        if self.is_cancelled:
            raise CancelledError("the query was cancelled")
        if self.seconds_left <= 0:
            raise LimitError("the query did not finish in the time it was given", code="QUERY_TIMEOUT")


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A question as it arrived."""

    query_id: str
    trace_id: str
    principal: Principal
    peer: str
    sql: str
    positional: tuple[ParameterValue, ...]
    named: Mapping[str, ParameterValue]
    purpose: str
    allow_partial: bool
    lifetime: Lifetime
    operation: str = "query"


@dataclass(frozen=True, slots=True)
class AdmittedQuery:
    """A question with a valid purpose, parsed, its parameters bound, and what its caller may see."""

    request: QueryRequest
    parsed: ParsedQuery
    catalog: Catalog


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """Every name resolved against what the caller may see, and how each column influences the answer."""

    admitted: AdmittedQuery
    resolved: ResolvedQuery
    influence: Influence


@dataclass(frozen=True, slots=True)
class AuthorizedQuery:
    """Every department agreed, each by its own policy. `grades` are those of the output columns."""

    bound: BoundQuery
    decisions: tuple[Decision, ...]
    grades: tuple[str, ...] = ()

    @property
    def request(self) -> QueryRequest:
        return self.bound.admitted.request


@dataclass(frozen=True, slots=True)
class KeySource:
    """A fragment's output column that keys are taken from. Its values are those of the published column `origin`."""

    fragment: str
    column: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """Keys of other fragments that one waits for, to deliver nothing but rows with one of them.

    The keys are those of all `sources` together, one set of each: `names`, as the fragment's text calls them.
    `target` is the published column that is compared, of the canonical type `kind`. `ranges` says that it may be
    compared with constants: with the least and the greatest key, when there are too many.
    """

    names: tuple[str, ...]
    sources: tuple[KeySource, ...]
    target: Origin
    kind: str
    ranges: bool


@dataclass(frozen=True, slots=True)
class PlannedFragment:
    """A fragment, the columns it delivers with their exact types, and the source's row estimate.

    `exchanges` are the keys that it waits for, and `keyed_sql` its text with all of them.
    """

    fragment: Fragment
    columns: tuple[Column, ...]
    row_estimate: int | None
    estimate: Estimate | None = None
    exchanges: tuple[KeyExchange, ...] = ()
    keyed_sql: str = ""


@dataclass(frozen=True, slots=True)
class FederatedPlan:
    """What will run: fragments at departments, and the residual over their results.

    `residual` is None when one fragment is the whole answer. `materialise` says that fragments are held in
    memory by the merge, rather than streamed through it. `remarks` are what the planner says of its choices.
    `gathered` are the relations of `residual_sql` that are the rows of several fragments, by name: the members of
    a federated table.
    """

    authorized: AuthorizedQuery
    fragments: tuple[PlannedFragment, ...]
    residual: exp.Query | None
    residual_sql: str
    materialise: bool
    schema: pa.Schema
    remarks: tuple[Remark, ...] = ()
    gathered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def departments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(p.fragment.department for p in self.fragments))


@dataclass(frozen=True, slots=True)
class ResultStream:
    """The answer: batches of exactly `schema`."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
