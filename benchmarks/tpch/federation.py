"""Writes the federation directory over the three databases: everything granted to analysts for `benchmark`,
and join keys to each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.federation_files import ANALYST, PURPOSE, open_policy, write_federation_file, write_yaml
from benchmarks.tpch.tables import DEPARTMENTS, TpchDepartment, TpchTable
from gateway.configuration import FederationFile

SAMPLE = {"BIGINT": 1, "INTEGER": 1, "VARCHAR": "text", "DATE": "1995-06-17", "DECIMAL(15,2)": "12.34"}


def write_federation(directory: Path) -> None:
    """federation.yaml, identity.yaml, and a directory per department with policies and their tests."""
    write_federation_file(directory, "tpch_three", {"other": "Anything else"})
    for department in DEPARTMENTS:
        home = directory / "departments" / department.name
        write_yaml(home / "department.yaml", _department(department))
        for table in department.tables:
            others = [other.name for other in DEPARTMENTS if other is not department]
            policy = open_policy(table.name, table.columns, others)
            write_yaml(home / "policies" / f"{table.name}.yaml", policy)
            write_yaml(home / "policies" / f"{table.name}_test.yaml", _policy_test(department, table))


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
            "analyst": ANALYST,
            "clerk": {"subject": "other", "department": "benchmarks", "roles": ["clerk"]},
        },
        "rows": [row],
        "questions": [
            question("an analyst reads for the benchmark", "analyst", PURPOSE, allowed),
            question("nobody reads for anything else", "analyst", "other", denied),
            question("other roles read nothing", "clerk", PURPOSE, denied),
        ],
    }


def setting_directory(directory: Path, prefer: str) -> Path:
    """A federation over the same departments, of its own audit log, that prefers `exposure` or `time`."""
    home = directory / f"prefer-{prefer}"
    write_federation_file(home, "tpch_three", {"other": "Anything else"}, departments="../departments/*")
    path = home / "federation.yaml"
    if "prefer" not in FederationFile.model_fields:
        return home
    path.write_text(f"{path.read_text(encoding='utf-8')}prefer: {prefer}\n", encoding="utf-8")
    return home
