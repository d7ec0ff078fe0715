"""Puts a gateway together from a federation's directory. The one module that embeds agents."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from agent.agent import Agent, open_agent
from agent.statistics import Refresher
from audit.events import AdminEvent, PolicyChanged
from audit.log import AuditLog
from comity.errors import ConfigurationError
from gateway.admit import Admission
from gateway.catalogs import Catalogs
from gateway.configuration import Federation, load_federation
from gateway.identity import TokenIdentity
from gateway.merge.duckdb import DuckdbMerge
from gateway.pipeline import Pipeline
from gateway.plan_question import QuestionPlanner
from gateway.record import Recorder
from gateway.telemetry import Telemetry
from policies.department import validate_department
from sql.binder import BinderDatabase
from sql.engine import EnginePool

__all__ = ["Agent", "Gateway", "load_agents", "open_gateway"]


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that is ready to be served."""

    federation: Federation
    agents: Mapping[str, Agent]
    pipeline: Pipeline
    identity: TokenIdentity
    log: AuditLog
    statistics: Refresher

    def close(self) -> None:
        """Stops everything, sources last. A second call does nothing."""
        self.log.append(AdminEvent("server_stopped"))
        self.statistics.close()
        self.pipeline.merge.close()
        self.pipeline.telemetry.close()
        for agent in self.agents.values():
            agent.close()
        self.pipeline.catalogs.binder.close()
        self.log.close()


def load_agents(
    federation: Federation,
    environ: Mapping[str, str],
    engines: EnginePool,
    today: Callable[[], date] = date.today,
) -> dict[str, Agent]:
    """Every department's agent, its policies checked against the federation's purposes and departments."""
    agents: dict[str, Agent] = {}
    bindings = BinderDatabase()
    for directory in federation.department_directories:
        agent = open_agent(directory, environ, engines, today=today, bindings=bindings)
        if agent.name in agents:
            raise ConfigurationError(
                f"{directory}: the department {agent.name} is there twice", code="CONFIG_REFERENCE"
            )
        agents[agent.name] = agent
    callers = frozenset(principal.department for principal in federation.principals.values())
    for agent in agents.values():
        validate_department(agent.department, federation.purposes, frozenset(agents) | callers)
    return agents


def open_gateway(
    directory: Path,
    environ: Mapping[str, str] | None = None,
    *,
    telemetry: Telemetry | None = None,
    today: Callable[[], date] = date.today,
) -> Gateway:
    """Loads a federation and opens its log. Raises `ConfigurationError` or `AuditError`, leaving nothing open."""
    federation = load_federation(directory)
    merge = federation.settings.merge
    engines = EnginePool(memory=merge.memory, threads=merge.threads)
    agents: dict[str, Agent] = {}
    try:
        agents = load_agents(federation, environ if environ is not None else os.environ, engines, today)
        log = AuditLog.open(federation.audit_path, federation.settings.name)
        try:
            return _assemble(federation, agents, engines, log, telemetry, today)
        except BaseException:
            log.close()
            raise
    except BaseException:
        for agent in agents.values():
            agent.close()
        engines.close()
        raise


def _assemble(
    federation: Federation,
    agents: Mapping[str, Agent],
    engines: EnginePool,
    log: AuditLog,
    telemetry: Telemetry | None,
    today: Callable[[], date],
) -> Gateway:
    catalogs = Catalogs(federation, agents, today)
    telemetry = telemetry or Telemetry(federation.settings.telemetry)
    admission = Admission(federation)
    planner = QuestionPlanner(admission, catalogs, agents, telemetry)
    pipeline = Pipeline(admission, catalogs, agents, DuckdbMerge(engines), Recorder(log), telemetry, planner)
    changes = [PolicyChanged(agent.name, agent.department.digest) for agent in agents.values()]
    log.append_many([AdminEvent("server_started"), *changes])
    identity = TokenIdentity(federation.principals, federation.settings.ceilings.query)
    statistics = Refresher((agent.source_statistics for agent in agents.values()), planner.forget_plans)
    return Gateway(federation, agents, pipeline, identity, log, statistics)
