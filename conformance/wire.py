"""Asks a running gateway as a client would, and keeps everything that comes over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import grpc
import pyarrow as pa

from comity.answers import Notice
from comity.channel import open_channel
from comity.errors import ComityError
from comity.settings import Settings
from comity.status import from_rpc_error
from comity.stream import Opening, read_events
from comity.v1 import catalog_pb2, catalog_pb2_grpc, query_pb2, query_pb2_grpc
from comity.values import encode_parameters
from conformance.case import Question
from conformance.reply import Reply, rows_of

SECONDS = 60.0


class Gateway:
    """A running gateway. `secret` makes the callers' tokens: the secret, a dot, the caller's name."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._secret = secret
        self._channel = open_channel(settings, "comity-conformance")
        # The generated stubs are untyped.
        self._queries: Any = query_pb2_grpc.QueryServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._catalog: Any = catalog_pb2_grpc.CatalogServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def ask(self, question: Question, way: str) -> Reply:
        """One question by one way. Whatever happens, a reply; a dead gateway is `GATEWAY_UNAVAILABLE`."""
        heard = _Heard()
        try:
            match way:
                case "query":
                    return self._query(question, heard)
                case "explain" | "analyze":
                    return self._explain(question, heard, analyze=way == "analyze")
                case "catalog":
                    return self._tables(question, heard)
                case "rpc":
                    return self._call(question, heard)
        except grpc.RpcError as error:
            heard.failure(error)
            return _refusal(from_rpc_error(error), heard)
        except ComityError as error:
            return _refusal(error, heard)
        raise ValueError(way)

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _metadata(self, question: Question) -> list[tuple[str, str]]:
        token = question.token if question.token is not None else f"{self._secret}.{question.caller}"
        own = [("authorization", f"Bearer {token}")] if token else []
        return [*own, *question.metadata.items()]

    def _query(self, question: Question, heard: _Heard) -> Reply:
        request = query_pb2.QueryRequest(
            sql=question.ask, parameters=_parameters(question), purpose=question.purpose
        )
        call = self._queries.Query(request, timeout=SECONDS, metadata=self._metadata(question))
        batches: list[pa.RecordBatch] = []
        notices: list[str] = []
        query_id = ""
        try:
            for event in read_events(heard.messages(call)):
                if isinstance(event, Opening):
                    query_id = event.query_id
                    heard.text(" ".join(event.schema.names), str(event.schema.metadata or ""))
                elif isinstance(event, pa.RecordBatch):
                    batches.append(event)
                elif isinstance(event, Notice):
                    notices.append(event.code)
        finally:
            # Rows that came before a failure came.
            rows = rows_of(batches)
            heard.text(*(cell for row in rows for cell in row if cell is not None))
            heard.metadata(call)
        return Reply(None, rows=rows, notices=tuple(notices), said=heard.said, query_id=query_id)

    def _explain(self, question: Question, heard: _Heard, *, analyze: bool) -> Reply:
        request = query_pb2.ExplainRequest(
            sql=question.ask, parameters=_parameters(question), purpose=question.purpose, analyze=analyze
        )
        response = self._queries.Explain(request, timeout=SECONDS, metadata=self._metadata(question))
        # Text as a reader of the plan sees it: JSON escapes could hide what it says.
        heard.text(response.plan_text, json.dumps(json.loads(response.plan_json), ensure_ascii=False))
        return Reply(None, said=heard.said)

    def _tables(self, question: Question, heard: _Heard) -> Reply:
        metadata = self._metadata(question)
        response: Any
        if question.ask:
            request = catalog_pb2.GetTableRequest(table=question.ask, purpose=question.purpose)
            response = self._catalog.GetTable(request, timeout=SECONDS, metadata=metadata)
            tables = [response.table]
        else:
            listing = catalog_pb2.ListTablesRequest(purpose=question.purpose)
            response = self._catalog.ListTables(listing, timeout=SECONDS, metadata=metadata)
            tables = list(response.tables)
        heard.message(response)
        rows = [(f"{t.department}.{t.name}", " ".join(column.name for column in t.columns)) for t in tables]
        return Reply(None, rows=tuple(rows), said=heard.said)

    def _call(self, question: Question, heard: _Heard) -> Reply:
        method: Any = self._channel.unary_unary(question.ask, lambda message: message, lambda answer: answer)
        try:
            answer: bytes = method(b"", timeout=SECONDS, metadata=self._metadata(question))
        except grpc.RpcError as error:
            heard.failure(error)
            code = getattr(error, "code", lambda: None)()
            if code is grpc.StatusCode.UNIMPLEMENTED:
                return Reply("UNIMPLEMENTED", said=heard.said)
            return _refusal(from_rpc_error(error), heard)
        heard.text(answer.decode(errors="replace"))
        return Reply(None, said=heard.said)


class _Heard:
    """Everything that one call brought, as text."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    @property
    def said(self) -> str:
        return "\n".join(self._parts)

    def text(self, *parts: str) -> None:
        self._parts += parts

    def message(self, message: Any) -> None:
        self._parts.append(message.SerializeToString().decode(errors="replace"))

    def messages(self, call: Any) -> Iterator[query_pb2.QueryResponse]:
        for response in call:
            self.message(response)
            yield response

    def metadata(self, call: Any) -> None:
        for key, value in (*(call.initial_metadata() or ()), *(call.trailing_metadata() or ())):
            self._parts.append(
                f"{key}: {value if isinstance(value, str) else value.decode(errors='replace')}"
            )

    def failure(self, error: grpc.RpcError) -> None:
        call: Any = error
        self._parts.append(str(call.details() or ""))
        self.metadata(call)


def _refusal(error: ComityError, heard: _Heard) -> Reply:
    facts: Mapping[str, object] = {
        "hint": error.hint,
        "line": error.line,
        "column": error.column,
        "department": error.department,
        **error.metadata,
    }
    told = tuple((name, str(value)) for name, value in facts.items() if value is not None)
    said = "\n".join([error.message, *(value for _, value in told), heard.said])
    return Reply(error.code, error.message, told, said=said)


def _parameters(question: Question) -> Any:
    return encode_parameters(question.parameters or None)
