"""Where the peers' environments are, and what is installed into each."""

from __future__ import annotations

import subprocess
import venv
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
    "spark": ("pyspark==4.0.1", "setuptools", "pyarrow"),
}
"""By peer: the packages of its environment."""

JARS = (
    "org.postgresql:postgresql:42.7.4",
    "com.kohlschutter.junixsocket:junixsocket-common:2.10.1",
    "com.kohlschutter.junixsocket:junixsocket-native-common:2.10.1",
    "org.mariadb.jdbc:mariadb-java-client:2.7.12",
    "org.xerial:sqlite-jdbc:3.47.1.0",
)
"""What Spark loads when it starts for the first time: JDBC drivers, and a way through PostgreSQL's unix socket."""


def python_of(name: str) -> Path:
    """The Python of a peer's environment, which is there once it was installed."""
    return PEERS / name / "bin" / "python"


def install(name: str) -> int:
    """Makes a peer's environment, and says so; pip's exit status."""
    program = python_of(name)
    print(f"installing {name}: {', '.join(ENVIRONMENTS[name])}", flush=True)
    if not program.exists():
        venv.create(program.parent.parent, with_pip=True)
    pip = [str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    status = subprocess.run([*pip, *ENVIRONMENTS[name]], check=False).returncode
    if status == 0:
        _installed(name).touch()
    return status


def is_installed(name: str) -> bool:
    return _installed(name).exists()


def _installed(name: str) -> Path:
    return PEERS / name / "installed"
