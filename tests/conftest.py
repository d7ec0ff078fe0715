"""What holds for every test: a bound of memory, so that a test that eats the machine fails by name."""

import os
import resource

# Before anything uses gRPC: its fork handlers start threads in a child that is about to become another program, and
# such a child, a database server's, was seen to end by SIGSEGV.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

# Far above what any test needs (a worker was seen at 5 GB of data), far below what makes the kernel kill processes.
MOST_MEMORY_BYTES = 10 * 2**30


def pytest_configure() -> None:
    """Bound what this process may allocate: an allocation beyond it fails, in the test that asked for it."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = MOST_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MOST_MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
