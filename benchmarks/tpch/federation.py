"""Writes the federation directory over the three databases: everything granted to analysts for `benchmark`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from benchmarks.tpch.tables import DEPARTMENTS, TpchDepartment, TpchTable

TOKEN = "benchmark-analyst"
PURPOSE = "benchmark"
SAMPLE = {"BIGINT": 1, "INTEGER": 1, "VARCHAR": "text", "DATE": "1995-06-17", "DECIMAL(15,2)": "12.34"}


def write_federation(directory: Path) -> None:
    """federation.yaml, identity.yaml, and a directory per department with policies and their tests."""
    _write(
        directory / "federation.yaml",
        {
            "name": "tpch_three",
            "listen": "127.0.0.1:0",
            "identity": {"tokens": "identity.yaml"},
            "purposes": {PURPOSE: {"title": "Benchmark"}, "other": {"title": "Anything else"}},
            "departments": "departments/*",
            "audit": {"path": "audit/"},
        },
    )
    analyst = {"subject": "bench", "department": "benchmarks", "roles": ["analyst"]}
    _write(directory / "identity.yaml", {"tokens": {TOKEN: analyst}})
    for department in DEPARTMENTS:
        home = directory / "departments" / department.name
        _write(home / "department.yaml", _department(department))
        for table in department.tables:
            _write(home / "policies" / f"{table.name}.yaml", _policy(table))
            _write(home / "policies" / f"{table.name}_test.yaml", _policy_test(department, table))


def _department(department: TpchDepartment) -> dict[str, Any]:
    return {
        "name": department.name,
        "title": department.title,
        "source": {"connector": department.connector, "uri": department.uri},
        "tables": {
            table.name: {
                "from": f"public.{table.name}" if department.connector == "postgresql" else table.name,
                "title": table.title,
                "sharing": "unconditional",
                "columns": {name: {"type": kind} for name, kind in table.columns.items()},
            }
            for table in department.tables
        },
    }


def _policy(table: TpchTable) -> dict[str, Any]:
    grant = {
        "id": "benchmark",
        "reason": "Invented data, for measuring",
        "principals": {"roles": ["analyst"]},
        "purposes": [PURPOSE],
        "columns": {name: {"use": ["read"]} for name in table.columns},
    }
    return {"table": table.name, "grants": [grant]}


def _policy_test(department: TpchDepartment, table: TpchTable) -> dict[str, Any]:
    keys = ", ".join(table.primary_key)
    sql = f"SELECT {keys} FROM {department.name}.{table.name}"
    row = {name: SAMPLE[kind] for name, kind in table.columns.items()}

    def question(name: str, principal: str, purpose: str, expect: dict[str, Any]) -> dict[str, Any]:
        return {"name": name, "principal": principal, "purpose": purpose, "sql": sql, "expect": expect}

    allowed = {"decision": "allow", "grant": "benchmark", "rows": [[row[key] for key in table.primary_key]]}
    denied = {"decision": "deny"}
    return {
        "table": table.name,
        "principals": {
            "analyst": {"subject": "bench", "department": "benchmarks", "roles": ["analyst"]},
            "clerk": {"subject": "other", "department": "benchmarks", "roles": ["clerk"]},
        },
        "rows": [row],
        "questions": [
            question("an analyst reads for the benchmark", "analyst", PURPOSE, allowed),
            question("nobody reads for anything else", "analyst", "other", denied),
            question("other roles read nothing", "clerk", PURPOSE, denied),
        ],
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
