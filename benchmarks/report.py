"""Where results go: a JSON file per benchmark, with the machine they were measured on."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("comity-gateway", "duckdb", "sqlglot", "pyarrow", "grpcio", "adbc-driver-postgresql")


def write_result(name: str, result: dict[str, Any], directory: Path = RESULTS) -> Path:
    """Writes `result` beside what it depends on, and returns the file."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.json"
    content = {
        "benchmark": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **machine(),
        **result,
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def machine() -> dict[str, Any]:
    """Processors, memory and versions: what a number means nothing without."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "machine": {
            "processors": os.cpu_count(),
            "memory_bytes": pages,
            "system": platform.platform(terse=True),
            "python": platform.python_version(),
        },
        "versions": {name: version(name) for name in PACKAGES},
    }
