"""`comity check`: whether a federation is sound, every source can be read, and how each behaves."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from comity.errors import ComityError
from comity.shell.tables import format_table
from gateway.assembly import Agent, load_agents
from gateway.catalogs import Catalogs
from gateway.commands.check_profiles import Profile, TextColumn, columns_table, profiles_table
from gateway.configuration import Federation, load_federation
from policies.port import DepartmentPort
from sql.dialects.behaviour import reading, unproven
from sql.engine import EnginePool


class Format(StrEnum):
    """How the findings are written."""

    text = "text"
    json = "json"


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
    profile: Profile | None = None


def check(
    federation: Annotated[Path, typer.Option(help="Directory of the federation (federation.yaml).")],
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show how each column of text compares.")
    ] = False,
    output: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.text,
) -> None:
    """Validate configuration and policies, connect to every source, compare it with what is published, and ask how it behaves."""
    engines = EnginePool(memory="256MB", threads=1, spares=0)
    agents: dict[str, Agent] = {}
    try:
        loaded = load_federation(federation)
        agents = load_agents(loaded, os.environ, engines)
        with ThreadPoolExecutor(8) as pool:
            findings = list(pool.map(_examine, agents.values()))
        ports: dict[str, DepartmentPort] = dict(agents)
        members = {
            table.qualified_name: (len(table.members), len(table.columns))
            for table in Catalogs(loaded, ports).published.tables
            if table.members
        }
        if output is Format.json:
            _write_json(loaded, findings, members)
        else:
            _write_text(loaded, findings, members, verbose=verbose)
    finally:
        for agent in agents.values():
            agent.close()
        engines.close()
    broken = [finding for finding in findings if not finding.ok]
    if broken:
        print(f"{len(broken)} of {len(findings)} departments have a problem", file=sys.stderr)
        raise typer.Exit(3)
    if output is Format.text:
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
        profile = _profile(agent, source)
    except ComityError as error:
        return Finding(
            agent.name, connector, "", str(len(tables)), "", f"{error.code}: {error.message}", ok=False
        )
    about = f"{rows:,}" if known else ("" if not rows else f"{rows:,}+")
    return Finding(agent.name, connector, source, str(len(tables)), about, "ready", ok=True, profile=profile)


def _profile(agent: Agent, source: str) -> Profile:
    report, dialect = agent.probe(), agent.connector.dialect
    columns = []
    for name in agent.department.tables:
        physical = agent.publisher.source(name)
        for column in physical.table.columns:
            if (text := column.text) is not None:
                how = reading(dialect, physical.columns[column.name], report.names())
                compares = (str(text), text.merges, text.groups_as_equal, text.by_code_point)
                columns.append(TextColumn(name, column.name, text.collation, *compares, how))
    return Profile(
        agent.name, source, report.profile.answers, unproven(dialect, report.names()), tuple(columns)
    )


def _write_text(
    loaded: Federation,
    findings: Sequence[Finding],
    members: dict[str, tuple[int, int]],
    *,
    verbose: bool,
) -> None:
    header = ("department", "connector", "source", "tables", "rows (estimate)", "verdict")
    rows = [(f.department, f.connector, f.source, f.tables, f.rows, f.verdict) for f in findings]
    right = [name in {"tables", "rows (estimate)"} for name in header]
    print("\n".join(format_table(header, rows, right=right)))
    profiles = [finding.profile for finding in findings if finding.profile is not None]
    if profiles:
        print("\n" + "\n".join(profiles_table(profiles)) + "\n")
    if verbose and profiles:
        print("\n".join(columns_table(profiles)) + "\n")
    for name, (count, columns) in members.items():
        print(f"{name}: {count} members, {columns} columns")
    print(f"purposes: {', '.join(sorted(loaded.purposes))}; tokens: {len(loaded.principals)}")


def _write_json(loaded: Federation, findings: Sequence[Finding], members: dict[str, tuple[int, int]]) -> None:
    departments = []
    for finding in findings:
        found = asdict(finding)
        if finding.profile is not None:
            found["profile"]["answers"] = dict(finding.profile.answers)
        departments.append(found)
    federated = {name: {"members": count, "columns": columns} for name, (count, columns) in members.items()}
    answer = {
        "departments": departments,
        "federated_tables": federated,
        "purposes": sorted(loaded.purposes),
        "tokens": len(loaded.principals),
    }
    print(json.dumps(answer, ensure_ascii=False, indent=2))
