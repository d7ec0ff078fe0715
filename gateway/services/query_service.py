"""QueryService: questions over gRPC."""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Iterator

import pyarrow as pa

from comity.errors import ComityError, SqlError
from comity.v1 import query_pb2 as pb
from comity.v1 import query_pb2_grpc
from comity.values import decode_parameters
from gateway.answer import Answer
from gateway.exchange import FragmentProgress
from gateway.explain import add_actuals, describe_plan, plan_json, plan_text
from gateway.pipeline import Pipeline
from gateway.services.calls import Call
from gateway.stages import Lifetime, QueryRequest
from gateway.suppression import SMALL_GROUPS

PROGRESS_SECONDS = 0.25

STATES = {
    "started": pb.FRAGMENT_STATE_STARTED,
    "streaming": pb.FRAGMENT_STATE_STREAMING,
    "done": pb.FRAGMENT_STATE_DONE,
    "failed": pb.FRAGMENT_STATE_FAILED,
}
COVERAGE = {"complete": pb.COVERAGE_STATUS_COMPLETE, "missing": pb.COVERAGE_STATUS_MISSING}


class QueryService(query_pb2_grpc.QueryServiceServicer):
    """Answers, explains and cancels."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._running: dict[str, QueryRequest] = {}
        self._lock = threading.Lock()

    def Query(self, request: pb.QueryRequest, call: Call) -> Iterator[pb.QueryResponse]:
        asked = self._request(request, call, "query")
        with self._lock:
            if asked.query_id in self._running:
                raise SqlError("a query with this id is running", code="QUERY_ID")
            self._running[asked.query_id] = asked
        call.context.add_callback(asked.lifetime.cancel)
        try:
            answer = self._pipeline.answer(asked)
            try:
                yield from _responses(answer)
            finally:
                answer.close()
        finally:
            with self._lock:
                del self._running[asked.query_id]

    def Explain(self, request: pb.ExplainRequest, call: Call) -> pb.ExplainResponse:
        asked = self._request(request, call, "explain")
        if not request.analyze:
            described = describe_plan(self._pipeline.explain(asked))
        else:
            call.context.add_callback(asked.lifetime.cancel)
            answer = self._pipeline.answer(asked)
            failure = None
            try:
                for _ in answer.read():
                    pass
            except ComityError as error:
                if not request.keep_failure:
                    raise
                failure = error
            described = describe_plan(answer.plan)
            add_actuals(described, answer, failure)
        return pb.ExplainResponse(plan_json=plan_json(described), plan_text=plan_text(described))

    def CancelQuery(self, request: pb.CancelQueryRequest, call: Call) -> pb.CancelQueryResponse:
        with self._lock:
            running = self._running.get(request.query_id)
        # Another principal's query reads as absent.
        if running is None or running.principal != call.principal:
            return pb.CancelQueryResponse(cancelled=False)
        running.lifetime.cancel()
        return pb.CancelQueryResponse(cancelled=True)

    def _request(
        self, request: pb.QueryRequest | pb.ExplainRequest, call: Call, operation: str
    ) -> QueryRequest:
        positional, named = decode_parameters(request.parameters)
        query_id = request.query_id if isinstance(request, pb.QueryRequest) else ""
        most = self._pipeline.admission.limits.query_seconds
        given = call.context.time_remaining()
        seconds = most if given is None else min(most, given)
        return QueryRequest(
            query_id=_checked_id(query_id),
            trace_id=call.trace_id,
            principal=call.principal,
            peer=call.peer,
            sql=request.sql,
            positional=positional,
            named=named,
            purpose=request.purpose,
            allow_partial=request.allow_partial,
            lifetime=Lifetime(time.monotonic() + seconds),
            operation=operation,
        )


def _checked_id(query_id: str) -> str:
    if not query_id:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(query_id))
    except ValueError:
        raise SqlError("the query id is not a UUID", code="QUERY_ID") from None


def _responses(answer: Answer) -> Iterator[pb.QueryResponse]:
    """Schema, then batches with progress in between, then the summary."""
    schema = pb.ResultSchema(arrow_schema=answer.schema.serialize().to_pybytes(), query_id=answer.query_id)
    yield pb.QueryResponse(schema=schema)
    batches = _Pump(answer)
    reported: tuple[FragmentProgress, ...] = ()
    try:
        while True:
            batch = batches.next(PROGRESS_SECONDS)
            if batch is None:
                current = answer.progress()
                yield from (_progress(p) for p in current if p not in reported and p.state != "waiting")
                reported = current
            elif isinstance(batch, pa.RecordBatch):
                body = pb.ResultBatch(arrow_batch=batch.serialize().to_pybytes(), rows=batch.num_rows)
                yield pb.QueryResponse(batch=body)
            elif isinstance(batch, BaseException):
                raise batch
            else:
                break
    finally:
        batches.close()
    # Of departments that nothing was told of while it ran, the summary says how it ended.
    told = {progress.fragment for progress in reported if progress.state != "waiting"}
    yield from (_progress(p) for p in answer.progress() if p.fragment in told)
    missing = [part for part in answer.coverage if part.status == "missing"]
    for part in missing:
        message = f"{part.department} is missing from this answer; totals over it are too low"
        notice = pb.Notice(code="PARTIAL_ANSWER", message=message, department=part.department)
        yield pb.QueryResponse(notice=notice)
    for floor in answer.record.small_groups:
        notice = pb.Notice(code=SMALL_GROUPS, message=floor.message, department=floor.department)
        yield pb.QueryResponse(notice=notice)
    yield pb.QueryResponse(summary=_summary(answer, partial=bool(missing)))


_END = object()


class _Pump:
    """Pulls batches in a thread of its own, so that progress can be told while none comes."""

    def __init__(self, answer: Answer) -> None:
        self._queue: queue.Queue[object] = queue.Queue(2)
        self._stopping = threading.Event()
        self._finished = False
        self._answer = answer
        self._thread = threading.Thread(target=self._pull, name="answer", daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> object:
        """A batch, an exception, `_END`, or None when `seconds` passed without any."""
        try:
            return self._queue.get(timeout=seconds)
        except queue.Empty:
            return None

    def close(self) -> None:
        self._stopping.set()
        if not self._finished:
            self._answer.cancel()
        self._thread.join()

    def _pull(self) -> None:
        last: object = _END
        batches = self._answer.read()
        try:
            for batch in batches:
                if not self._put(batch):
                    return
        except Exception as error:
            last = error
        finally:
            # Here, in the thread that ran it, and not wherever garbage is collected.
            batches.close()
        self._finished = True
        self._put(last)

    def _put(self, item: object) -> bool:
        while not self._stopping.is_set():
            try:
                self._queue.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False


def _progress(progress: FragmentProgress) -> pb.QueryResponse:
    return pb.QueryResponse(
        progress=pb.Progress(
            department=progress.department,
            fragment=progress.fragment,
            state=STATES.get(progress.state, pb.FRAGMENT_STATE_UNSPECIFIED),
            rows=progress.rows,
            bytes=progress.bytes,
            elapsed_seconds=progress.seconds,
        )
    )


def _summary(answer: Answer, *, partial: bool) -> pb.Summary:
    record = answer.record
    coverage = [
        pb.Coverage(
            department=part.department,
            status=COVERAGE[part.status],
            rows=part.rows,
            bytes=part.bytes,
            reason=part.reason or "",
            as_of=part.as_of or "",
            fragments=part.fragments,
        )
        for part in answer.coverage
    ]
    return pb.Summary(
        query_id=answer.query_id,
        rows=record.released,
        bytes=record.released_bytes,
        coverage=coverage,
        timings=[pb.StageTiming(stage=name, seconds=value) for name, value in record.timings.items()],
        partial=partial,
        audit_leaf_index=record.leaf_index,
        suppressed_groups=record.suppressed_groups,
    )
