"""What holds for every test: their order, and a bound of memory, so that one that eats the machine fails by name."""

import os
import resource
from pathlib import Path

import pytest

# Before anything uses gRPC: its fork handlers start threads in a child that is about to become another program, and
# such a child, a database server's, was seen to end by SIGSEGV.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

TESTS = Path(__file__).parent

# Far above what any test needs (a worker was seen at 5 GB of data), far below what makes the kernel kill processes.
MOST_MEMORY_BYTES = 10 * 2**30

LONGEST = (
    "properties/test_policy_oracle.py",
    "properties/test_key_exchange.py",
    "noninterference/test_noninterference.py",
    "conformance/test_inference.py",
    "city/test_questions.py",
    "dialects/test_random_questions.py",
    "pushdown/test_every_way.py",
    "connectors/test_duckdb.py",
    "barriers/test_fences.py",
    "dialects/test_answers.py",
    "connectors/test_mysql.py",
    "dialects/test_keys.py",
    "gateway/test_split_aggregates_random.py",
    "conformance/test_predicates.py",
)
"""The files that take longest, the longest first."""


def pytest_configure() -> None:
    """Bound what this process may allocate: an allocation beyond it fails, in the test that asked for it."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = MOST_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MOST_MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: one that begins last leaves the other processes without work.

    All else stays in the order in which pytest-randomly shuffled it.
    """
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    gone = [str(path) for path in places if not path.is_file()]
    if gone:
        raise pytest.UsageError(f"LONGEST in tests/conftest.py names what is not there: {', '.join(gone)}")
    items.sort(key=lambda item: places.get(item.path, len(places)))
