"""The conformance suite on a federation of its own, on all four engines, one for each worker."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from comity.settings import resolve_settings
from conformance.canaries import load_canaries
from conformance.case_files import load_classes
from conformance.fragments import HostileGateway
from conformance.prepare import DATA, prepare
from conformance.suite import Suite
from conformance.target import principals
from conformance.wire import Gateway
from connectors.servers import start_mariadb, start_postgresql
from gateway.embedded import serve
from gateway.server import Server

SECRET = "conformance-tests"


@dataclass(frozen=True, slots=True)
class Proof:
    """The running federation: what the suite asks, the server behind it, and its files."""

    suite: Suite
    server: Server
    directory: Path


@pytest.fixture(scope="session")
def federation() -> Iterator[Path]:
    """The federation's files and databases. Not under pytest's own folder: PostgreSQL may run as another account."""
    place = Path(tempfile.mkdtemp(prefix="comity-conformance-"))
    prepare(place, secret=SECRET)
    # Held while the session lasts, so that no gateway in between starts them anew.
    servers = [start_postgresql(place / DATA / "postgresql"), start_mariadb(place / DATA / "mariadb")]
    yield place
    for server in servers:
        server.stop()
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def proof(federation: Path) -> Iterator[Proof]:
    with serve(federation) as server:
        settings = resolve_settings(server=server.address, token=SECRET)
        hostile = HostileGateway(server.gateway.agents, principals(server.gateway.federation, SECRET))
        with Gateway(settings, SECRET) as gateway:
            yield Proof(Suite(gateway, load_canaries(), hostile), server, federation)
        hostile.close()


@pytest.fixture
def suite(proof: Proof) -> Suite:
    return proof.suite


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each case of the classes that the module names in CLASSES."""
    if "case" in metafunc.fixturenames:
        wanted = metafunc.module.CLASSES
        cases = [case for attack in load_classes() if attack.number in wanted for case in attack.cases]
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    classes = load_classes()
    cases = sum(len(attack.cases) for attack in classes)
    tried = sum(bool(attack.cases) for attack in classes)
    terminalreporter.write_line(
        f"conformance: {cases} cases of {tried} classes of attacks, {len(classes)} classes known"
    )
