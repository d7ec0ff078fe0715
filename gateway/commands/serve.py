"""`comity serve`: the gateway."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from gateway.assembly import open_gateway
from gateway.server import Server


def serve(
    federation: Annotated[Path, typer.Option(help="Directory of the federation (federation.yaml).")],
    listen: Annotated[str | None, typer.Option(help="Address and port, instead of the file's.")] = None,
    grace: Annotated[float, typer.Option(help="Seconds that running queries get when stopping.")] = 10.0,
) -> None:
    """Run the gateway until it is interrupted."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    # What libraries say of their own doings (an embedded PostgreSQL says much) is for nobody who runs a gateway.
    logging.getLogger("comity").setLevel(logging.INFO)
    server = Server(open_gateway(federation), listen)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    server.gateway.statistics.start()
    catalogs = server.gateway.pipeline.catalogs
    print(f"comity: {catalogs.federation.settings.name} answers on {server.address}", file=sys.stderr)
    for name, missing in catalogs.missing.items():
        print(f"comity: {name} is not available yet: {missing.message}", file=sys.stderr)
    # What is loaded by now stays: to look through it for garbage would stop every question for a tenth of a second.
    gc.collect()
    gc.freeze()
    stop.wait()
    print("comity: stopping", file=sys.stderr)
    server.stop(grace)
    # Or DuckDB's module finds what was frozen still there when Python ends, and prints pages about leaks.
    gc.unfreeze()
