"""Health, reflection, identity and telemetry of a running gateway."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from comity.client import connect
from comity.errors import ComityError
from gateway.assembly import open_gateway
from gateway.configuration import TelemetryFile
from gateway.server import Server
from gateway.telemetry import METRICS, Telemetry

SERVING = health_pb2.HealthCheckResponse.SERVING


def status(address: str, service: str) -> int:
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return int(stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status)


@pytest.mark.parametrize(
    "service", ["", "comity.v1.QueryService", "comity.v1.CatalogService", "department.north"]
)
def test_health_is_told_overall_by_service_and_by_department(gateway: Any, service: str) -> None:
    assert status(gateway.server.address, service) == SERVING


def services_by_reflection(address: str) -> list[str]:
    with grpc.insecure_channel(address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=5)
        return [service.name for service in answer.list_services_response.service]


def test_reflection_is_off_unless_set(gateway: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        services_by_reflection(gateway.server.address)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_reflection_lists_the_services_when_set(federation: Path, start: Any) -> None:
    path = federation / "federation.yaml"
    path.write_text(path.read_text("utf-8") + "reflection: true\n", "utf-8")
    with start(federation) as gateway:
        found = services_by_reflection(gateway.server.address)
    assert {"comity.v1.QueryService", "comity.v1.CatalogService"} <= set(found)


def test_a_call_without_a_token_is_refused(gateway: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("COMITY_TOKEN", raising=False)
    with (
        connect(gateway.server.address, purpose="statistics") as connection,
        pytest.raises(ComityError) as caught,
    ):
        connection.query("SELECT 1").to_arrow()
    assert caught.value.code == "TOKEN_MISSING"


def test_errors_come_in_chinese_when_asked_for(gateway: Any) -> None:
    from comity.v1 import query_pb2, query_pb2_grpc

    with grpc.insecure_channel(gateway.server.address) as channel:
        stub = query_pb2_grpc.QueryServiceStub(channel)
        metadata = (("authorization", "Bearer analyst"), ("accept-language", "zh-CN"))
        with pytest.raises(grpc.RpcError) as caught:
            list(
                stub.Query(
                    query_pb2.QueryRequest(sql="SELEC", purpose="statistics"), metadata=metadata, timeout=5
                )
            )
    trailers = b"".join(v for k, v in caught.value.trailing_metadata() if k == "grpc-status-details-bin")
    assert "只允许查询语句".encode() in trailers


def test_spans_and_metrics_have_their_documented_names(federation: Path) -> None:
    spans, metrics = InMemorySpanExporter(), InMemoryMetricReader()
    telemetry = Telemetry(
        TelemetryFile.model_validate({}), readers=(metrics,), processors=(SimpleSpanProcessor(spans),)
    )
    server = Server(open_gateway(federation, telemetry=telemetry), "127.0.0.1:0")
    server.start()
    try:
        with connect(server.address, token="analyst", purpose="statistics") as connection:
            connection.query("SELECT count(*) FROM shared.person WHERE area = 'N1'").to_arrow()
            with pytest.raises(ComityError):
                connection.query("SELECT nosuch FROM north.person").to_arrow()
        # The span of a question ends after its last message has left.
        for _ in range(100):
            if sum(span.name == "comity.query" for span in spans.get_finished_spans()) == 2:
                break
            time.sleep(0.02)
        finished = spans.get_finished_spans()
        data = metrics.get_metrics_data()
    finally:
        server.stop(0)
    names = [span.name for span in finished]
    assert {
        "comity.query",
        "comity.parse",
        "comity.resolve",
        "comity.authorize",
        "comity.plan",
        "comity.merge",
    } <= set(names)
    fragments = [span for span in finished if span.name == "comity.fragment"]
    assert {span.attributes["db.namespace"] for span in fragments} == {"north", "south"}
    queries = [span for span in finished if span.name == "comity.query"]
    assert {span.attributes.get("error.type") for span in queries} == {None, "SQL_COLUMN_UNKNOWN"}
    assert all("N1" not in str(dict(span.attributes)) for span in finished)
    children = {span.parent.span_id for span in finished if span.name == "comity.plan" and span.parent}
    assert children <= {span.context.span_id for span in queries}
    found = {m.name for r in data.resource_metrics for scope in r.scope_metrics for m in scope.metrics}
    assert found == set(METRICS)
