"""Spans and metrics reach an OTLP collector, or the terminal, when the settings say so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


class Collector(trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer):
    """A real OTLP endpoint that remembers names. One class for both, since both methods are named Export."""

    def __init__(self) -> None:
        self.spans: set[str] = set()
        self.metrics: set[str] = set()

    def Export(self, request: Any, context: grpc.ServicerContext) -> Any:
        if isinstance(request, trace_service_pb2.ExportTraceServiceRequest):
            for resource in request.resource_spans:
                self.spans |= {span.name for scope in resource.scope_spans for span in scope.spans}
            return trace_service_pb2.ExportTraceServiceResponse()
        for resource in request.resource_metrics:
            self.metrics |= {metric.name for scope in resource.scope_metrics for metric in scope.metrics}
        return metrics_service_pb2.ExportMetricsServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    found = Collector()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(found, server)
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(found, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield found, f"http://127.0.0.1:{port}"
    server.stop(0).wait()


def ask_once(federation: Path, start: Any, setting: str) -> None:
    path = federation / "federation.yaml"
    path.write_text(path.read_text("utf-8") + f"telemetry: {{{setting}}}\n", "utf-8")
    with start(federation) as gateway, gateway.connect() as connection:
        connection.query("SELECT count(*) FROM north.person").to_arrow()


def test_spans_and_metrics_reach_a_collector(
    federation: Path, start: Any, collector: tuple[Collector, str]
) -> None:
    found, address = collector
    ask_once(federation, start, f"otlp: '{address}'")
    assert {"comity.query", "comity.fragment", "comity.merge"} <= found.spans
    assert {"comity.query.rows", "db.client.operation.duration"} <= found.metrics


def test_spans_and_metrics_are_printed_on_stderr(federation: Path, start: Any, capfd: Any) -> None:
    ask_once(federation, start, "console: true")
    printed = capfd.readouterr()
    assert '"name": "comity.query"' in printed.err
    assert "comity.query.rows" in printed.err
    assert printed.out == ""
