"""`comity check`: whether a federation is sound, and every source can be read."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from comity.errors import ComityError
from comity.shell.tables import format_table
from gateway.assembly import Agent, load_agents
from gateway.catalogs import Catalogs
from gateway.configuration import load_federation
from policies.port import DepartmentPort
from sql.engine import EnginePool


@dataclass(frozen=True, slots=True)
class Finding:
    """What checking one department found."""

    department: str
    connector: str
    source: str
    tables: str
    rows: str
    verdict: str
    ok: bool


def check(
    federation: Annotated[Path, typer.Option(help="Directory of the federation (federation.yaml).")],
) -> None:
    """Validate configuration and policies, connect to every source, and compare it with what is published."""
    engines = EnginePool(memory="256MB", threads=1, spares=0)
    agents: dict[str, Agent] = {}
    try:
        loaded = load_federation(federation)
        agents = load_agents(loaded, os.environ, engines)
        with ThreadPoolExecutor(8) as pool:
            findings = list(pool.map(_examine, agents.values()))
        _print(findings)
        ports: dict[str, DepartmentPort] = dict(agents)
        catalogs = Catalogs(loaded, ports)
        for table in catalogs.published.tables:
            if table.members:
                print(f"{table.qualified_name}: {len(table.members)} members, {len(table.columns)} columns")
        purposes = ", ".join(sorted(loaded.purposes))
        print(f"purposes: {purposes}; tokens: {len(loaded.principals)}")
    finally:
        for agent in agents.values():
            agent.close()
        engines.close()
    broken = [finding for finding in findings if not finding.ok]
    if broken:
        print(f"{len(broken)} of {len(findings)} departments have a problem", file=sys.stderr)
        raise typer.Exit(3)
    print(f"{len(findings)} of {len(findings)} departments are ready")


def _examine(agent: Agent) -> Finding:
    connector = agent.department.source.connector
    tables = agent.department.tables
    rows = 0
    known = True
    try:
        report = agent.probe()
        source = f"{report.product} {report.version}"
        for name in tables:
            agent.check_table(name)
            estimate = agent.publisher.estimate(name)
            rows, known = rows + (estimate or 0), known and estimate is not None
    except ComityError as error:
        return Finding(
            agent.name, connector, "", str(len(tables)), "", f"{error.code}: {error.message}", ok=False
        )
    about = f"{rows:,}" if known else ("" if not rows else f"{rows:,}+")
    return Finding(agent.name, connector, source, str(len(tables)), about, "ready", ok=True)


def _print(findings: list[Finding]) -> None:
    header = ("department", "connector", "source", "tables", "rows (estimate)", "verdict")
    rows = [(f.department, f.connector, f.source, f.tables, f.rows, f.verdict) for f in findings]
    right = [name in {"tables", "rows (estimate)"} for name in header]
    print("\n".join(format_table(header, rows, right=right)))
