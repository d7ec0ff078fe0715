"""The gRPC server: services, health, reflection, limits, graceful stop."""

from __future__ import annotations

import threading
from concurrent import futures
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from comity.errors import ConfigurationError, UnavailableError
from comity.v1 import catalog_pb2, catalog_pb2_grpc, query_pb2, query_pb2_grpc
from gateway.assembly import Gateway
from gateway.configuration import TlsFile
from gateway.services.calls import CallInterceptor
from gateway.services.catalog_service import CatalogService
from gateway.services.query_service import QueryService

SERVICES = (
    query_pb2.DESCRIPTOR.services_by_name["QueryService"].full_name,
    catalog_pb2.DESCRIPTOR.services_by_name["CatalogService"].full_name,
)

SPARE_THREADS = 8
"""Threads for calls that are not queries, so that health and cancel answer while queries run."""

OPTIONS = (
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.max_receive_message_length", 4 << 20),
    ("grpc.max_metadata_size", 16 << 10),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.so_reuseport", 0),
)


class Server:
    """One gateway on one port."""

    def __init__(self, gateway: Gateway, listen: str | None = None) -> None:
        settings = gateway.federation.settings
        self.gateway = gateway
        threads = settings.limits.concurrent_queries + SPARE_THREADS
        self._pool = futures.ThreadPoolExecutor(threads, thread_name_prefix="grpc")
        self._server = grpc.server(
            self._pool,
            interceptors=[CallInterceptor(gateway.identity, gateway.log)],
            options=OPTIONS,
            maximum_concurrent_rpcs=threads * 4,
        )
        self._health = health.HealthServicer()
        pipeline = gateway.pipeline
        query_pb2_grpc.add_QueryServiceServicer_to_server(QueryService(pipeline), self._server)  # type: ignore[no-untyped-call]  # generated
        catalog = CatalogService(pipeline.catalogs, pipeline.admission)
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(catalog, self._server)  # type: ignore[no-untyped-call]  # generated
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if settings.reflection:
            reflection.enable_server_reflection((*SERVICES, reflection.SERVICE_NAME), self._server)
        self.address = self._bind(listen or settings.listen, settings.tls)
        self._stopped = threading.Event()

    def start(self) -> None:
        self._server.start()
        for name in ("", *SERVICES):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        for department in self.gateway.agents:
            missing = department in self.gateway.pipeline.catalogs.missing
            status = health_pb2.HealthCheckResponse
            state = status.NOT_SERVING if missing else status.SERVING
            self._health.set(f"department.{department}", state)

    def stop(self, grace: float = 10.0) -> None:
        """Refuses new calls, lets running ones finish for `grace` seconds, then cancels them."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._health.enter_graceful_shutdown()
        self._server.stop(grace).wait()
        self._pool.shutdown(wait=True)
        self.gateway.close()

    def wait(self) -> None:
        self._server.wait_for_termination()

    def _bind(self, listen: str, tls: TlsFile | None) -> str:
        host, _, wanted = listen.rpartition(":")
        try:
            if tls is None:
                port = self._server.add_insecure_port(listen)
            else:
                port = self._server.add_secure_port(
                    listen, _credentials(tls, self.gateway.federation.directory)
                )
        except RuntimeError as error:
            self.gateway.close()
            raise UnavailableError(
                f"cannot listen on {listen}", hint="Is another gateway running there?"
            ) from error
        return f"{host}:{port or wanted}"


def _credentials(tls: TlsFile, directory: Path) -> grpc.ServerCredentials:
    def read(name: str) -> bytes:
        try:
            return (directory / name).read_bytes()
        except OSError as error:
            raise ConfigurationError(f"tls: {name} cannot be read", code="CONFIG_MISSING") from error

    chain = [(read(tls.key), read(tls.certificate))]
    client_ca = read(tls.client_ca) if tls.client_ca else None
    return grpc.ssl_server_credentials(chain, client_ca, require_client_auth=client_ca is not None)
