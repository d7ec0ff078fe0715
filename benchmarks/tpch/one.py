"""tpch-one: all eight tables in one department's PostgreSQL, open for one purpose and under policies for another."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sqlglot import exp, parse_one

from benchmarks.federation_files import PURPOSE, open_policy, write_federation_file, write_yaml
from benchmarks.tpch.load import generate, load_one, load_oracle
from benchmarks.tpch.prepare import ORACLE, PreparationError
from benchmarks.tpch.tables import DEPARTMENTS, TpchTable

MARKER = "tpch-one.json"
DEPARTMENT = "tpch"
POLICED = "policed"
"""The purpose under which rows are filtered and columns masked."""

TABLES = tuple(table for department in DEPARTMENTS for table in department.tables)
FILTERS = {
    "region": "r_regionkey <> 4",
    "nation": "n_nationkey <> 24",
    "customer": "c_custkey % 10 <> 0",
    "supplier": "s_suppkey % 10 <> 0",
    "part": "p_partkey % 10 <> 0",
    "partsupp": "ps_partkey % 10 <> 0",
    "orders": "o_orderkey % 10 <> 0",
    "lineitem": "l_orderkey % 10 <> 0",
}
KEPT = {"c_phone": 2, "s_phone": 2, "c_address": 3, "s_address": 3} | {
    f"{letter}_comment": 5 for letter in ("r", "n", "c", "s", "p", "ps", "o", "l")
}
"""Columns under `keep_first`, and how many characters stay."""


def prepare(directory: Path, scale: float) -> None:
    """Fills `directory` unless it is full. Raises `PreparationError` where something else is in it."""
    marker = directory / MARKER
    if marker.exists() and json.loads(marker.read_text()) == {"scale": scale, "complete": True}:
        return
    if marker.exists():
        shutil.rmtree(directory)
    elif directory.exists() and any(directory.iterdir()):
        raise PreparationError(f"{directory} is not empty and was not made by this benchmark: name another")
    (directory / "data").mkdir(parents=True)
    marker.write_text(json.dumps({"scale": scale, "complete": False}))
    with tempfile.TemporaryDirectory(dir=directory, prefix="scratch-") as name:
        generate(scale, Path(name))
        load_oracle(Path(name), directory / ORACLE)
        load_one(directory / "data", directory / ORACLE, DEPARTMENT, Path(name))
    _write_federation(directory)
    marker.write_text(json.dumps({"scale": scale, "complete": True}))


def by_hand(sql: str) -> str:
    """The question with the policies' filters and masks written into it, for the open purpose."""
    tree = parse_one(sql, read="duckdb")
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    tables = {table.name: table for table in TABLES}
    for node in list(tree.find_all(exp.Table)):
        if node.name in ctes:
            continue
        query = parse_one(_shown(tables[node.name]), read="duckdb")
        alias = exp.TableAlias(this=exp.to_identifier(node.alias_or_name))
        node.replace(exp.Subquery(this=query, alias=alias))
    return tree.sql("duckdb")


def _shown(table: TpchTable) -> str:
    columns = []
    for name in table.columns:
        kept = KEPT.get(name)
        if kept is None:
            columns.append(name)
            continue
        columns.append(
            f"CASE WHEN length({name}) <= {kept} THEN repeat('*', length({name})) "
            f"ELSE left({name}, {kept}) || repeat('*', length({name}) - {kept}) END AS {name}"
        )
    return f"SELECT {', '.join(columns)} FROM {DEPARTMENT}.{table.name} WHERE {FILTERS[table.name]}"


def _write_federation(directory: Path) -> None:
    write_federation_file(directory, "tpch_one", {POLICED: "Under policies"})
    home = directory / "departments" / DEPARTMENT
    source = {"connector": "postgresql", "uri": f"embedded:../../data/postgresql?database={DEPARTMENT}"}
    tables = {
        table.name: {
            "from": f"public.{table.name}",
            "title": table.title,
            "sharing": "unconditional",
            "columns": {name: {"type": kind} for name, kind in table.columns.items()},
        }
        for table in TABLES
    }
    content = {"name": DEPARTMENT, "title": "TPC-H", "source": source, "tables": tables}
    write_yaml(home / "department.yaml", content)
    for table in TABLES:
        policy = open_policy(table.name, table.columns)
        columns: dict[str, Any] = {
            name: {"mask": {"keep_first": KEPT[name]}} if name in KEPT else {"use": ["read"]}
            for name in table.columns
        }
        policed = policy["grants"][0] | {
            "id": POLICED,
            "purposes": [POLICED],
            "columns": columns,
            "rows": FILTERS[table.name],
        }
        assert policed["purposes"] != [PURPOSE]
        policy["grants"].append(policed)
        write_yaml(home / "policies" / f"{table.name}.yaml", policy)
