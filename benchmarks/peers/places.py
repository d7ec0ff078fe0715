"""Where the peers' environments are, and what is installed into each."""

from __future__ import annotations

from pathlib import Path

PEERS = Path("build") / "benchmarks" / "peers"

ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "duckdb": (
        "duckdb==1.5.5",
        "duckdb-extensions==1.5.5",
        "duckdb-extension-postgres-scanner==1.5.5",
        "duckdb-extension-mysql-scanner==1.5.5",
        "duckdb-extension-sqlite-scanner==1.5.5",
        "pyarrow",
    ),
}
"""By peer: the packages of its environment."""


def python_of(name: str) -> Path:
    """The Python of a peer's environment, which is there once it was installed."""
    return PEERS / name / "bin" / "python"
