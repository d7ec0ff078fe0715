"""Decodes the messages of an answer: schema first, batches, progress and notices, the summary last.

Whatever breaks that order, or does not decode, is an `InternalError`: the answer cannot be trusted. A call
that fails is the `ComityError` its status stands for. A stream that ends without its summary has failed,
however many rows it brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import grpc
import pyarrow as pa

from comity.answers import Coverage, Notice, State, Summary
from comity.errors import InternalError
from comity.status import from_rpc_error
from comity.v1 import query_pb2

_STATES: dict[int, State] = {
    query_pb2.FRAGMENT_STATE_STARTED: "started",
    query_pb2.FRAGMENT_STATE_STREAMING: "streaming",
    query_pb2.FRAGMENT_STATE_DONE: "done",
    query_pb2.FRAGMENT_STATE_FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class Opening:
    """The first event: what every batch will look like."""

    schema: pa.Schema
    query_id: str


@dataclass(frozen=True, slots=True)
class FragmentProgress:
    """How far one fragment has come."""

    department: str
    fragment: str
    state: State
    rows: int
    bytes: int
    elapsed_seconds: float


Event: TypeAlias = "Opening | pa.RecordBatch | FragmentProgress | Notice | Summary"


def read_events(responses: Iterable[query_pb2.QueryResponse]) -> Iterator[Event]:
    """The events of one answer, decoded as they arrive, the summary only after the call has ended well.

    Reading one event asks for at most the messages up to it, so a slow reader holds the server back.
    """
    schema: pa.Schema | None = None
    summary: Summary | None = None
    rows = 0
    try:
        for response in responses:
            if summary is not None:
                raise InternalError("the gateway sent more after the answer's summary")
            kind = response.WhichOneof("event")
            if (kind == "schema") != (schema is None):
                raise InternalError("the gateway's answer does not start with exactly one schema")
            match kind:
                case "schema":
                    schema = _decode_schema(response.schema.arrow_schema)
                    yield Opening(schema, response.schema.query_id)
                case "batch":
                    batch = _decode_batch(response.batch, schema)
                    rows += batch.num_rows
                    yield batch
                case "progress":
                    yield _decode_progress(response.progress)
                case "notice":
                    notice = response.notice
                    yield Notice(notice.code, notice.message, notice.department)
                case "summary":
                    summary = _decode_summary(response.summary)
                # A kind of event this client does not know is a newer gateway's, and only informs.
    except grpc.RpcError as error:
        raise from_rpc_error(error) from None
    if summary is None:
        raise InternalError(
            "the answer ended without its summary", hint="Some rows may be missing: ask again."
        )
    if summary.rows != rows:
        raise InternalError(f"the answer has {rows} rows where its summary says {summary.rows}")
    yield summary


def _decode_schema(encoded: bytes) -> pa.Schema:
    try:
        schema = pa.ipc.read_schema(pa.py_buffer(encoded))
    except (pa.ArrowException, OSError, EOFError) as error:
        raise InternalError("the answer's schema does not decode as Arrow") from error
    if any(pa.types.is_dictionary(field.type) for field in schema):
        raise InternalError("the answer has a dictionary-encoded column, which batches cannot carry")
    return schema


def _decode_batch(message: query_pb2.ResultBatch, schema: pa.Schema | None) -> pa.RecordBatch:
    try:
        batch = pa.ipc.read_record_batch(pa.py_buffer(message.arrow_batch), schema)
        batch.validate()
    except (pa.ArrowException, OSError, EOFError) as error:
        raise InternalError("a batch of the answer does not decode as Arrow") from error
    if batch.num_rows != message.rows:
        raise InternalError(f"a batch has {batch.num_rows} rows where its message says {message.rows}")
    return batch


def _decode_progress(message: query_pb2.Progress) -> FragmentProgress:
    return FragmentProgress(
        department=message.department,
        fragment=message.fragment,
        state=_STATES.get(message.state, "started"),
        rows=message.rows,
        bytes=message.bytes,
        elapsed_seconds=message.elapsed_seconds,
    )


def _decode_summary(message: query_pb2.Summary) -> Summary:
    return Summary(
        query_id=message.query_id,
        rows=message.rows,
        bytes=message.bytes,
        coverage=tuple(
            Coverage(
                department=part.department,
                complete=part.status == query_pb2.COVERAGE_STATUS_COMPLETE,
                rows=part.rows,
                bytes=part.bytes,
                reason=part.reason,
                as_of=part.as_of,
                fragments=part.fragments,
            )
            for part in message.coverage
        ),
        timings={timing.stage: timing.seconds for timing in message.timings},
        partial=message.partial,
        audit_leaf_index=message.audit_leaf_index,
        suppressed_groups=message.suppressed_groups,
    )
