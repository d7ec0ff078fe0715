"""Spans and metrics through OpenTelemetry, with the stable names of its database conventions.

Spans: `comity.query` with a child per stage (`comity.parse` … `comity.merge`) and one client span per
fragment. Metrics: docs/reference/telemetry.md lists them all, and a test compares.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    MetricExporter,
    MetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

from comity.errors import ComityError
from gateway.configuration import TelemetryFile
from gateway.exchange import FragmentStream

METRICS = {
    "comity.query.duration": ("s", "Time from a question's arrival to its last row."),
    "comity.query.rows": ("{row}", "Rows given to callers."),
    "comity.query.bytes": ("By", "Bytes of Arrow batches given to callers."),
    "comity.query.active": ("{query}", "Questions being answered now."),
    "comity.query.plans": ("{plan}", "Plans used, by what they were known by (comity.plan.known_by)."),
    "comity.fragment.rows": ("{row}", "Rows that left a department."),
    "comity.fragment.bytes": ("By", "Bytes of Arrow batches that left a department."),
    "db.client.operation.duration": ("s", "Time of one fragment at its department."),
}
"""Every metric: name → (unit, meaning)."""


class Telemetry:
    """One gateway's tracer and meters. Without exporters, measuring costs next to nothing."""

    def __init__(
        self,
        settings: TelemetryFile,
        *,
        readers: tuple[MetricReader, ...] = (),
        processors: tuple[SpanProcessor, ...] = (),
    ) -> None:
        resource = Resource.create({"service.name": "comity-gateway"})
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        seeing = [*processors, *(BatchSpanProcessor(e) for e in _span_exporters(settings))]
        for processor in seeing:
            self._tracers.add_span_processor(processor)
        reading = [*readers, *(PeriodicExportingMetricReader(e) for e in _metric_exporters(settings))]
        self._meters = MeterProvider(reading, resource=resource, shutdown_on_exit=False)
        # What nobody looks at is not made: a question to four hundred members has as many spans.
        self.tracer: trace.Tracer = self._tracers.get_tracer("comity") if seeing else trace.NoOpTracer()
        meter: metrics.Meter = self._meters.get_meter("comity") if reading else metrics.NoOpMeter("comity")
        self._is_seen = bool(seeing or reading)
        histogram, counter = meter.create_histogram, meter.create_counter
        self.query_duration = histogram("comity.query.duration", *METRICS["comity.query.duration"])
        self.fragment_duration = histogram(
            "db.client.operation.duration", *METRICS["db.client.operation.duration"]
        )
        self.rows = counter("comity.query.rows", *METRICS["comity.query.rows"])
        self.bytes = counter("comity.query.bytes", *METRICS["comity.query.bytes"])
        self.plans = counter("comity.query.plans", *METRICS["comity.query.plans"])
        self.fragment_rows = counter("comity.fragment.rows", *METRICS["comity.fragment.rows"])
        self.fragment_bytes = counter("comity.fragment.bytes", *METRICS["comity.fragment.bytes"])
        self.active = meter.create_up_down_counter("comity.query.active", *METRICS["comity.query.active"])

    @contextmanager
    def span(self, name: str, **attributes: str | int | float | bool) -> Iterator[trace.Span]:
        """A span that records a `ComityError`'s code as `error.type`, and no message."""
        with self.tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except ComityError as error:
                span.set_attribute("error.type", error.code)
                span.set_status(trace.StatusCode.ERROR, error.code)
                raise

    def record_fragment(self, stream: FragmentStream, context: Context | None) -> None:
        """The span and metrics of one finished fragment; its text has no literals."""
        if not self._is_seen:
            return
        attributes: dict[str, str] = {
            "db.system.name": "comity",
            "db.namespace": stream.department,
            "db.operation.name": "SELECT",
            "db.query.summary": f"SELECT {' '.join(use.name for use in stream.fragment.tables)}".strip(),
        }
        if stream.error is not None:
            attributes["error.type"] = attributes["db.response.status_code"] = stream.error.code
        end = time.time_ns()
        span = self.tracer.start_span(
            "comity.fragment",
            context=context,
            kind=trace.SpanKind.CLIENT,
            attributes=attributes
            | {"comity.fragment.rows": stream.rows, "comity.fragment.bytes": stream.bytes},
            start_time=end - int(stream.seconds * 1e9),
        )
        span.end(end)
        labels = {key: value for key, value in attributes.items() if key != "db.query.summary"}
        self.fragment_duration.record(stream.seconds, labels)
        self.fragment_rows.add(stream.rows, {"db.namespace": stream.department})
        self.fragment_bytes.add(stream.bytes, {"db.namespace": stream.department})

    def close(self) -> None:
        self._tracers.shutdown()
        self._meters.shutdown()


def _span_exporters(settings: TelemetryFile) -> list[SpanExporter]:
    exporters: list[SpanExporter] = []
    if settings.console:
        exporters.append(ConsoleSpanExporter(out=sys.stderr))
    if settings.otlp:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        exporters.append(
            OTLPSpanExporter(endpoint=settings.otlp, insecure=not settings.otlp.startswith("https"))
        )
    return exporters


def _metric_exporters(settings: TelemetryFile) -> list[MetricExporter]:
    exporters: list[MetricExporter] = []
    if settings.console:
        exporters.append(ConsoleMetricExporter(out=sys.stderr))
    if settings.otlp:
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter

        exporters.append(
            OTLPMetricExporter(endpoint=settings.otlp, insecure=not settings.otlp.startswith("https"))
        )
    return exporters
