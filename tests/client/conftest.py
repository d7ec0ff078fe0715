"""A gateway over a real socket that answers by script, so that tests can inject known data and faults."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import grpc
import pyarrow as pa
import pytest

import comity
from comity.channel import MESSAGE_BYTES
from comity.client import Connection
from comity.errors import ComityError
from comity.plan_text import plan_text
from comity.status import to_status
from comity.v1 import catalog_pb2, catalog_pb2_grpc, query_pb2, query_pb2_grpc

Script = Callable[[query_pb2.QueryRequest, grpc.ServicerContext], Iterable[query_pb2.QueryResponse]]
Response = query_pb2.QueryResponse


class Gateway(query_pb2_grpc.QueryServiceServicer, catalog_pb2_grpc.CatalogServiceServicer):
    """Answers `scripts[sql]`; keeps what it was sent."""

    def __init__(self) -> None:
        self.address = ""
        self.scripts: dict[str, Script | ComityError] = {}
        self.default: Script | None = None
        self.tables: list[catalog_pb2.TableInfo] = []
        self.failure: ComityError | None = None
        self.requests: list[query_pb2.QueryRequest] = []
        self.explains: list[query_pb2.ExplainRequest] = []
        self.plan: dict[str, Any] | None = None
        self.catalog_purposes: list[str] = []
        self.metadata: list[dict[str, str]] = []
        self.cancel_requests: list[str] = []
        self.left = threading.Event()
        """Set when a caller left a running query."""

    # What tests put on the wire.

    @staticmethod
    def schema(schema: pa.Schema, query_id: str = "q-1") -> Response:
        encoded = schema.serialize().to_pybytes()
        return Response(schema=query_pb2.ResultSchema(arrow_schema=encoded, query_id=query_id))

    @staticmethod
    def batch(batch: pa.RecordBatch) -> Response:
        return Response(
            batch=query_pb2.ResultBatch(arrow_batch=batch.serialize().to_pybytes(), rows=batch.num_rows)
        )

    @staticmethod
    def progress(
        department: str, state: str, rows: int, fragment: str = "f1", seconds: float = 0.5
    ) -> Response:
        return Response(
            progress=query_pb2.Progress(
                department=department,
                fragment=fragment,
                state=f"FRAGMENT_STATE_{state.upper()}",
                rows=rows,
                bytes=rows * 100,
                elapsed_seconds=seconds,
            )
        )

    @staticmethod
    def notice(code: str, message: str, department: str = "") -> Response:
        return Response(notice=query_pb2.Notice(code=code, message=message, department=department))

    @staticmethod
    def summary(rows: int, *, missing: str = "") -> Response:
        coverage = [
            query_pb2.Coverage(
                department="health",
                status="COVERAGE_STATUS_COMPLETE",
                rows=rows,
                bytes=rows * 100,
                fragments=1,
            )
        ]
        if missing:
            coverage.append(
                query_pb2.Coverage(
                    department=missing, status="COVERAGE_STATUS_MISSING", reason="SOURCE_UNAVAILABLE"
                )
            )
        return Response(
            summary=query_pb2.Summary(
                query_id="q-1",
                rows=rows,
                bytes=rows * 100,
                coverage=coverage,
                timings=[query_pb2.StageTiming(stage="plan", seconds=0.01)],
                partial=bool(missing),
                audit_leaf_index=7,
            )
        )

    def table_script(self, table: pa.Table, *, rows_per_batch: int = 1000) -> Script:
        """An ordinary, complete answer."""

        def answer(_request: object, _context: object) -> Iterator[Response]:
            yield self.schema(table.schema)
            for batch in table.to_batches(max_chunksize=rows_per_batch):
                yield self.batch(batch)
            yield self.summary(table.num_rows)

        return answer

    def answer(self, sql: str, table: pa.Table) -> None:
        self.scripts[sql] = self.table_script(table)

    # The services.

    def Query(self, request: query_pb2.QueryRequest, context: grpc.ServicerContext) -> Iterator[Response]:
        self._note(context)
        self.requests.append(request)
        done = threading.Event()

        def end() -> None:
            if not done.is_set():
                self.left.set()

        context.add_callback(end)
        try:
            script = self.scripts.get(request.sql, self.default)
            assert script is not None, f"no script for {request.sql}"
            if isinstance(script, ComityError):
                raise script
            yield from script(request, context)
        except ComityError as error:
            done.set()
            context.abort_with_status(to_status(error))
        done.set()

    def Explain(
        self, request: query_pb2.ExplainRequest, context: grpc.ServicerContext
    ) -> query_pb2.ExplainResponse:
        self._note(context)
        self.explains.append(request)
        if self.plan is not None:
            text = plan_text(self.plan)
            return query_pb2.ExplainResponse(
                plan_json=json.dumps(self.plan, ensure_ascii=False), plan_text=text
            )
        return query_pb2.ExplainResponse(
            plan_json='{"fragments": [{"department": "health"}]}',
            plan_text="fragment f1 in health\n  SELECT 1",
        )

    def CancelQuery(
        self, request: query_pb2.CancelQueryRequest, context: grpc.ServicerContext
    ) -> query_pb2.CancelQueryResponse:
        self.cancel_requests.append(request.query_id)
        return query_pb2.CancelQueryResponse(cancelled=request.query_id == "q-1")

    def ListTables(
        self, request: catalog_pb2.ListTablesRequest, context: grpc.ServicerContext
    ) -> catalog_pb2.ListTablesResponse:
        self._note(context)
        self.catalog_purposes.append(request.purpose)
        return catalog_pb2.ListTablesResponse(tables=self.tables)

    def GetTable(
        self, request: catalog_pb2.GetTableRequest, context: grpc.ServicerContext
    ) -> catalog_pb2.GetTableResponse:
        self._note(context)
        for table in self.tables:
            if f"{table.department}.{table.name}" == request.table:
                return catalog_pb2.GetTableResponse(table=table)
        unknown = comity.SqlError(f"there is no table {request.table}", code="SQL_TABLE_UNKNOWN")
        context.abort_with_status(to_status(unknown))
        raise AssertionError

    def ListPurposes(
        self, request: catalog_pb2.ListPurposesRequest, context: grpc.ServicerContext
    ) -> catalog_pb2.ListPurposesResponse:
        self._note(context)
        return catalog_pb2.ListPurposesResponse(
            purposes=[catalog_pb2.PurposeInfo(name="statistics", title="统计")]
        )

    def _note(self, context: grpc.ServicerContext) -> None:
        self.metadata.append({key: str(value) for key, value in context.invocation_metadata()})
        if self.failure is not None:
            context.abort_with_status(to_status(self.failure))


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    servicer = Gateway()
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_send_message_length", MESSAGE_BYTES)])
    query_pb2_grpc.add_QueryServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    servicer.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield servicer
    server.stop(None).wait()


@pytest.fixture
def connection(gateway: Gateway) -> Iterator[Connection]:
    with comity.connect(gateway.address, token="t-li", purpose="statistics", timeout=20) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _no_settings_from_outside(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for variable in ("COMITY_SERVER", "COMITY_TOKEN", "COMITY_PURPOSE", "COMITY_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-such-config"))


@pytest.fixture
def people() -> pa.Table:
    """Rows with everything that formats get wrong: Chinese, NULLs, exact decimals, times, binary, quotes."""
    return pa.table(
        {
            "姓名": pa.array(["王小明", "欧阳 “静”", None, 'O"Brien, J\n2'], pa.string()),
            "年龄": pa.array([41, None, 7, 100], pa.int32()),
            "cost": pa.array(
                [Decimal("1234567.10"), Decimal("-0.05"), None, Decimal("0.00")], pa.decimal128(15, 2)
            ),
            "born": pa.array([date(1985, 2, 3), date(2000, 12, 31), None, date(1925, 1, 1)], pa.date32()),
            "seen": pa.array(
                ["2026-01-02 03:04:05", None, "2026-06-07 08:09:10.123456", "1999-01-01 00:00:00"],
                pa.string(),
            ).cast(pa.timestamp("us")),
            "logged": pa.array(
                ["2026-01-02 03:04:05Z", None, "2026-01-01 08:00:00+08:00", None], pa.string()
            ).cast(pa.timestamp("us", "UTC")),
            "ok": pa.array([True, False, None, True], pa.bool_()),
            "score": pa.array([0.1, 1e300, None, -2.0], pa.float64()),
            "photo": pa.array([b"\x00\xff", b"", None, "中".encode()], pa.binary()),
            "tags": pa.array([["慢病", "高血压"], [], None, ["x"]], pa.list_(pa.string())),
        }
    )


@pytest.fixture
def gateway_address(gateway: Gateway) -> str:
    return gateway.address
