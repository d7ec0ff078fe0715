"""Federation directories for benchmarks: everything granted to analysts for one purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

TOKEN = "benchmark-analyst"
PURPOSE = "benchmark"
ANALYST = {"subject": "bench", "department": "benchmarks", "roles": ["analyst"]}


class _PlainDumper(yaml.SafeDumper):
    """Writes a value out wherever it stands: Comity's files know no anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def write_federation_file(
    directory: Path,
    name: str,
    other_purposes: Mapping[str, str] | None = None,
    *,
    departments: str = "departments/*",
) -> None:
    """federation.yaml and identity.yaml, with one token."""
    titles = {PURPOSE: "Benchmark", **(other_purposes or {})}
    write_yaml(
        directory / "federation.yaml",
        {
            "name": name,
            "listen": "127.0.0.1:0",
            "identity": {"tokens": "identity.yaml"},
            "purposes": {purpose: {"title": title} for purpose, title in titles.items()},
            "departments": departments,
            "audit": {"path": "audit/"},
        },
    )
    write_yaml(directory / "identity.yaml", {"tokens": {TOKEN: ANALYST}})


def open_policy(table: str, columns: Iterable[str], keys_to: Sequence[str] = ()) -> dict[str, Any]:
    """A policy under which an analyst reads every column for the benchmark, and join keys may go to `keys_to`."""
    grant = {
        "id": "benchmark",
        "reason": "Invented data, for measuring",
        "principals": {"roles": ["analyst"]},
        "purposes": [PURPOSE],
        "columns": {name: {"use": ["read"]} for name in columns},
        **({"key_exchange": list(keys_to)} if keys_to else {}),
    }
    return {"table": table, "grants": [grant]}


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(content, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
