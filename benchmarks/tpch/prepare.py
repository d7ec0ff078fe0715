"""Makes the directory that `tpch-three` runs on, or finds it made."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.tpch.federation import write_federation
from benchmarks.tpch.load import generate, load_departments, load_oracle

MARKER = "tpch-three.json"
ORACLE = "oracle.duckdb"


class PreparationError(Exception):
    """The directory holds something else."""


def default_directory(scale: float) -> Path:
    """Where data goes unless told otherwise; `build` is not under version control."""
    return Path("build") / "benchmarks" / f"tpch-three-{scale:g}"


def prepare(directory: Path, scale: float, say: Callable[[str], None] = print) -> float:
    """Fills `directory`, and returns the seconds that it took: 0 when it was full already.

    A directory that this function began before is emptied and made again; any other that is not empty
    raises `PreparationError`.
    """
    marker = directory / MARKER
    if marker.exists():
        state = json.loads(marker.read_text())
        if state == {"scale": scale, "complete": True}:
            # The data stays; the files around it are those of this version.
            write_federation(directory)
            return 0.0
        shutil.rmtree(directory)
    elif directory.exists() and any(directory.iterdir()):
        raise PreparationError(f"{directory} is not empty and was not made by this benchmark: name another")
    started = time.monotonic()
    (directory / "data").mkdir(parents=True)
    marker.write_text(json.dumps({"scale": scale, "complete": False}))
    with tempfile.TemporaryDirectory(dir=directory, prefix="scratch-") as name:
        scratch = Path(name)
        say(f"generating TPC-H at scale factor {scale:g}")
        generate(scale, scratch)
        say("loading it into one DuckDB, PostgreSQL, MariaDB and SQLite (minutes at scale factor 1)")
        load_oracle(scratch, directory / ORACLE)
        load_departments(directory / "data", directory / ORACLE, scratch)
    write_federation(directory)
    marker.write_text(json.dumps({"scale": scale, "complete": True}))
    return time.monotonic() - started
