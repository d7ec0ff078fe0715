"""A gateway inside another process: the same server, on a loopback port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.assembly import open_gateway
from gateway.server import Server

STATISTICS_SECONDS = 2.0
"""How long the one question of a command waits, at most, until something is known of the tables: without, more rows may leave."""


@contextmanager
def start(directory: str | Path) -> Iterator[str]:
    """Serves the federation in `directory` while the context lasts; yields its address."""
    with serve(Path(directory)) as server:
        server.gateway.statistics.start(STATISTICS_SECONDS)
        yield server.address


@contextmanager
def serve(directory: Path) -> Iterator[Server]:
    """As `start`, yielding the server itself. Loopback only, so without TLS.

    Sources are not asked for their statistics: `server.gateway.statistics` does that, at once or beside the questions.
    """
    gateway = open_gateway(directory)
    server = Server(gateway, "127.0.0.1:0")
    server.start()
    try:
        yield server
    finally:
        server.stop(grace=1.0)
