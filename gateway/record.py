"""One question's audit record, written as its life goes on.

The order is the guarantee: `query.authorized` is durable before anything is dispatched, and
`release.granted` before the rows it covers leave. When the log cannot be written the question fails.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Protocol

from opentelemetry import context as otel_context
from opentelemetry import trace

from audit.events import (
    Actor,
    Coverage,
    Event,
    FragmentCompleted,
    FragmentDispatched,
    KeyDisclosure,
    Outcome,
    QueryAuthorized,
    QueryCompleted,
    QueryDenied,
    QueryReceived,
    QueryText,
    Receipt,
    ReleaseGranted,
    Status,
    TableDecision,
)
from audit.log import AuditLog
from comity.errors import CancelledError, ComityError, IdentityError, InternalError, PolicyError
from gateway.exchange import FragmentStream, FragmentStreams
from gateway.key_exchange import Launch
from gateway.plan_cache import LARGEST_TEXT, KnownPlan
from gateway.stages import FederatedPlan, QueryRequest
from gateway.suppression import SMALL_GROUPS, SmallGroups, small_groups
from gateway.telemetry import Telemetry
from policies.decision import Decision
from policies.expressions import columns_in, parse_scalar
from policies.port import Receipt as AgentReceipt
from sql.catalog import Fragment, TableUse
from sql.fingerprint import fingerprint_of, normalize_tokens
from sql.lexical import read_tokens
from sql.limits import TextLimits
from sql.parse import ParsedQuery

LARGEST_GRANT = 4_000_000


class Releasable(Protocol):
    """Something to let go of when a question ends before it has an answer."""

    def release(self) -> None: ...


class Recorder:
    """Begins records in one audit log."""

    def __init__(self, log: AuditLog) -> None:
        self.log = log

    def begin(self, request: QueryRequest, telemetry: Telemetry) -> QueryRecord:
        return QueryRecord(self.log, request, telemetry)


class QueryRecord:
    """What is known of one question so far, and what of it is on record."""

    def __init__(self, log: AuditLog, request: QueryRequest, telemetry: Telemetry) -> None:
        self.request = request
        self.timings: dict[str, float] = {}
        self.granted = self.released = self.released_bytes = 0
        self.leaf_index = 0
        self.coverage: tuple[Coverage, ...] = ()
        self.notices: list[str] = []
        self.small_groups: tuple[SmallGroups, ...] = ()
        self._log = log
        self._telemetry = telemetry
        self._started = time.monotonic()
        self._text: QueryText | None = None
        self._decisions: list[TableDecision] = []
        self._fragments: dict[str, QueryText] = {}
        self._received = False
        self._ended = False
        self._span = telemetry.tracer.start_span(
            "comity.query",
            kind=trace.SpanKind.SERVER,
            attributes={"comity.query_id": request.query_id, "comity.purpose": request.purpose},
        )
        self._context = trace.set_span_in_context(self._span)
        telemetry.active.add(1)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def suppressed_groups(self) -> int:
        """How many groups floors left out, as far as departments tell; known at the end."""
        return sum(part.groups for part in self.small_groups)

    # --- before dispatch -------------------------------------------------------------------------

    def parsed(self, parsed: ParsedQuery) -> None:
        values = [*self.request.positional, *self.request.named.values()]
        self._text = QueryText.of(
            self.request.sql,
            normalized=parsed.normalized,
            fingerprint=parsed.fingerprint,
            parameters=[str(value) for value in values],
        )
        self._span.set_attribute("db.query.text", parsed.normalized[:4096])

    @property
    def decisions(self) -> tuple[TableDecision, ...]:
        """What departments have decided so far."""
        return tuple(self._decisions)

    def known(self, known: KnownPlan) -> None:
        """The question was asked before: what was said of it then is said of it now."""
        self.parsed(known.parsed)
        self._decisions += known.decisions

    def decided(self, uses: Sequence[TableUse], decisions: Sequence[Decision]) -> None:
        self._decisions += [_table_decision(use, made) for use, made in zip(uses, decisions, strict=True)]

    def authorized(self, plan: FederatedPlan) -> None:
        """Makes the authorisation and what is dispatched at once durable, in one write."""
        request = self.request
        events: list[Event] = [
            self._receive(),
            QueryAuthorized(
                request.query_id,
                request.trace_id,
                tuple(self._decisions),
                plan.authorized.bound.admitted.catalog.version,
            ),
        ]
        events += [self._dispatched(p.fragment) for p in plan.fragments if not p.exchanges]
        self._write(events)

    def disclosing(self, launches: Sequence[Launch]) -> None:
        """Makes durable what departments are sent that waited for keys, and which."""
        self._write([self._dispatched(launch.recorded, launch.disclosed) for launch in launches])

    def _dispatched(self, fragment: Fragment, keys: tuple[KeyDisclosure, ...] = ()) -> FragmentDispatched:
        return FragmentDispatched(
            self.request.query_id,
            self.request.trace_id,
            fragment.department,
            fragment.id,
            self._fragment_text(fragment),
            tuple(f"{use.department}.{use.name}" for use in fragment.tables),
            keys,
        )

    def explained(self, plan: FederatedPlan) -> None:
        """A plan was shown and nothing ran."""
        version = plan.authorized.bound.admitted.catalog.version
        request = self.request
        ids = (request.query_id, request.trace_id)
        outcome = Outcome(status="ok", seconds=self.seconds, timings=dict(self.timings))
        self._finish(None)
        authorized = QueryAuthorized(*ids, tuple(self._decisions), version)
        self._write([self._receive(), authorized, QueryCompleted(*ids, outcome)])

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times one stage, as a span and for the summary."""
        token = otel_context.attach(self._context)
        started = time.monotonic()
        try:
            with self._telemetry.span(f"comity.{name}"):
                yield
        finally:
            self.timings[name] = time.monotonic() - started
            otel_context.detach(token)

    @contextmanager
    def failing(self, slot: Releasable) -> Iterator[None]:
        """Puts a failure before the first row on record, and releases what the question held."""
        try:
            yield
        except BaseException as error:
            slot.release()
            self.request.lifetime.end()
            if isinstance(error, (PolicyError, IdentityError)):
                self.denied(error)
            else:
                self.failed(error, None)
            raise

    def denied(self, error: ComityError) -> None:
        self._finish(error.code)
        request = self.request
        self._write(
            [
                self._receive(),
                QueryDenied(
                    request.query_id,
                    request.trace_id,
                    error.code,
                    tuple(error.message.splitlines()),
                    tuple(self._decisions),
                    self.seconds,
                ),
            ]
        )

    # --- rows ------------------------------------------------------------------------------------

    def release(self, rows: int, size: int) -> None:
        """Allows `rows` more rows to leave; returns when the grant that covers them is durable."""
        if self.released + rows > self.granted:
            # As much again as there was: a small answer is granted nearly exactly, a stream seldom waits.
            more = max(rows, min(self.released, LARGEST_GRANT))
            self._log.append(ReleaseGranted(self.request.query_id, self.request.trace_id, more))
            self.granted += more
        self.released += rows
        self.released_bytes += size

    # --- the end ---------------------------------------------------------------------------------

    def completed(self, streams: FragmentStreams) -> None:
        self._close(streams, Outcome(status="ok", seconds=self.seconds))

    def failed(self, error: BaseException, streams: FragmentStreams | None) -> None:
        known = error if isinstance(error, ComityError) else InternalError("an unexpected failure")
        status: Status = "cancelled" if isinstance(known, CancelledError) else "failed"
        self._close(
            streams, Outcome(status=status, seconds=self.seconds, code=known.code, cause=known.message)
        )

    def _close(self, streams: FragmentStreams | None, outcome: Outcome) -> None:
        if self._ended:
            return
        request = self.request
        events: list[Event] = [] if self._received else [self._receive()]
        found = list(streams.streams.values()) if streams is not None else []
        self.coverage = _coverage(found)
        if streams is not None:
            self.small_groups = small_groups(streams.plan.authorized.decisions, found)
        if self.small_groups:
            self.notices.append(SMALL_GROUPS)
        for stream in (stream for stream in found if stream.was_sent):
            receipt = _receipt(stream, self._fragment_text(stream.fragment))
            events.append(FragmentCompleted(request.query_id, request.trace_id, receipt))
            self._telemetry.record_fragment(stream, self._context)
        final = Outcome(
            status=outcome.status,
            seconds=outcome.seconds,
            code=outcome.code,
            cause=outcome.cause,
            rows_granted=self.granted,
            rows_released=self.released,
            bytes_released=self.released_bytes,
            suppressed_groups=self.suppressed_groups,
            partial=any(part.status == "missing" for part in self.coverage),
            notices=tuple(self.notices),
            timings=dict(self.timings),
            peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        )
        events.append(QueryCompleted(request.query_id, request.trace_id, final, self.coverage))
        self._finish(outcome.code)
        self._write(events)

    def _finish(self, code: str | None) -> None:
        self._ended = True
        labels = {"error.type": code} if code else {}
        if code:
            self._span.set_attribute("error.type", code)
            self._span.set_status(trace.StatusCode.ERROR, code)
        self._span.set_attribute("comity.rows", self.released)
        self._span.end()
        self._telemetry.active.add(-1)
        self._telemetry.query_duration.record(self.seconds, labels)
        self._telemetry.rows.add(self.released)
        self._telemetry.bytes.add(self.released_bytes)

    def _receive(self) -> QueryReceived:
        request = self.request
        principal = request.principal
        values = [str(value) for value in (*request.positional, *request.named.values())]
        self._received = True
        return QueryReceived(
            request.query_id,
            request.trace_id,
            Actor(principal.subject, principal.department, principal.roles, request.peer, "token"),
            request.purpose,
            self._text or QueryText.unparsed(request.sql, values),
            operation=request.operation,
            allow_partial=request.allow_partial,
        )

    def _fragment_text(self, fragment: Fragment) -> QueryText:
        """The fragment's SQL, its literals set apart; the same value when it is dispatched and when it ends."""
        if fragment.sql not in self._fragments:
            known = len(fragment.sql) <= LARGEST_TEXT
            normalized, fingerprint = (_normal if known else _normal.__wrapped__)(fragment.sql)
            self._fragments[fragment.sql] = QueryText.of(
                fragment.sql, normalized=normalized, fingerprint=fingerprint
            )
        return self._fragments[fragment.sql]

    def _write(self, events: Sequence[Event]) -> None:
        positions = self._log.append_many(events)
        self.leaf_index = positions[-1].leaf_index


@lru_cache(maxsize=2048)
def _normal(sql: str) -> tuple[str, str]:
    """A fragment's text without its literals, and the fingerprint of that. Plans are used again, and so are these."""
    normalized = normalize_tokens(read_tokens(sql, TextLimits()))
    return normalized, fingerprint_of(normalized)


def _table_decision(use: TableUse, decision: Decision) -> TableDecision:
    masks = {name: rule.mask for name, rule in decision.columns.items() if rule.mask and name in use.columns}
    return TableDecision(
        department=decision.department,
        table=decision.table,
        allowed=decision.allowed,
        grant_id=decision.grant_id,
        reasons=decision.reasons,
        policy_digest=decision.policy_digest,
        columns=tuple(sorted(use.columns)),
        masks=masks,
        row_filter=decision.row_filter,
        legal_basis=decision.legal_basis,
        uses=_column_uses(use),
        policy_columns=_policy_columns(use, decision),
        floor=decision.floor.entities if decision.floor is not None else None,
    )


def _policy_columns(use: TableUse, decision: Decision) -> tuple[str, ...]:
    """The columns that only the policy reads: those of its row filter, and the entities of its floor."""
    read = {decision.floor.column} if decision.floor is not None else set()
    if decision.row_filter is not None:
        read |= {column.name for column in columns_in(parse_scalar(decision.row_filter))}
    asked = {name.lower() for name in use.columns}
    return tuple(sorted(name for name in read if name.lower() not in asked))


def _column_uses(use: TableUse) -> dict[str, tuple[str, ...]]:
    """What the question uses each column for; an aggregate with its function: `aggregate(sum)`."""
    found: dict[str, dict[str, None]] = {name: {} for name in sorted(use.columns)}
    for each in use.uses:
        word = f"{each.use}({each.function})" if each.function else each.use
        found.setdefault(each.column, {}).setdefault(word)
    return {name: tuple(sorted(words)) or ("read",) for name, words in found.items()}


def _receipt(stream: FragmentStream, text: QueryText) -> Receipt:
    given: AgentReceipt | None = stream.receipt
    error = stream.error
    return Receipt(
        department=stream.department,
        fragment_id=stream.fragment.id,
        published_sql=text,
        native_sql_digest=given.source_sql_digest if given else "",
        rows=stream.rows,
        bytes=stream.bytes,
        seconds=stream.seconds,
        policy_digest=",".join(given.policy_digests) if given else "",
        status="ok" if error is None else ("cancelled" if isinstance(error, CancelledError) else "failed"),
        code=error.code if error is not None else None,
        execution=given.mode if given else None,
        suppressed_groups=given.suppressed_groups if given else 0,
    )


def _coverage(streams: Sequence[FragmentStream]) -> tuple[Coverage, ...]:
    found: list[Coverage] = []
    by_department: dict[str, list[FragmentStream]] = {}
    for stream in streams:
        by_department.setdefault(stream.department, []).append(stream)
    for department, own in by_department.items():
        failed = next((stream.error for stream in own if stream.error is not None), None)
        found.append(
            Coverage(
                department,
                "missing" if failed is not None else "complete",
                sum(stream.rows for stream in own),
                sum(stream.bytes for stream in own),
                len(own),
                failed.code if failed is not None else None,
                min((stream.as_of for stream in own if stream.as_of), default=None),
            )
        )
    return tuple(found)
