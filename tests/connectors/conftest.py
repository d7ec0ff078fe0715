"""What the contract subclasses share: assertions of the suite explained, one test per type case and proof."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    *(f"tests.connectors.{name}" for name in ("source", "engine_terms", "value_contract", "scan_contract"))
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes a test of each type, refusal and proof that the engine's subclass lists."""
    for argument, attribute in (
        ("type_case", "type_cases"),
        ("refused_value", "refused_values"),
        ("capability", "capabilities"),
        ("write", "writes"),
    ):
        if argument in metafunc.fixturenames:
            cases = getattr(metafunc.cls, attribute)
            metafunc.parametrize(argument, cases, ids=[str(getattr(case, "id", case)) for case in cases])


@contextmanager
def _server_directory() -> Iterator[Path]:
    """A directory for an embedded server. Not under pytest's own, which every session that starts makes private
    again: run as root, PostgreSQL has an account of its own and would lose its files to the next session."""
    directory = Path(tempfile.mkdtemp(prefix="comity-test-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="class")
def server_directory() -> Iterator[Path]:
    with _server_directory() as directory:
        yield directory


@pytest.fixture(scope="module")
def module_server_directory() -> Iterator[Path]:
    with _server_directory() as directory:
        yield directory
