"""What a run is pointed at: a gateway, the agents behind it where they can be reached, and what is missing there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from comity.errors import ConfigurationError
from comity.settings import Settings
from conformance.canaries import Canary, load_canaries
from conformance.case import ENGINES, Question, department
from conformance.fragments import HostileGateway
from conformance.suite import Suite
from conformance.wire import Gateway
from gateway.assembly import Agent, load_agents
from gateway.configuration import Federation, load_federation
from gateway.embedded import start
from policies.port import DepartmentPort
from policies.principal import Principal
from sql.engine import EnginePool

CALLERS = (
    "analyst",
    "clerk",
    "clerk_west",
    "clerk_hostile",
    "drifter",
    "both",
    "visitor",
    "outsider",
    "researcher",
    "matcher",
    "capped",
    "middling",
    "owner",
)
PROBE = "SELECT count(*) AS n FROM proof.resident"


@contextmanager
def open_target(
    server: str | None, federation: Path | None, secret: str, connect: Callable[[str], Settings]
) -> Iterator[Suite]:
    """A suite for the gateway at `server`, or for one that runs meanwhile on `federation`.

    With the federation's directory, its agents are opened in this process too, for forged fragments. `connect`
    makes the settings for an address. Raises `ConfigurationError` when nothing there can be tried.
    """
    with ExitStack() as stack:
        hostile = None
        if federation is not None:
            # Before anything of gRPC runs: embedded databases are started by forking.
            loaded = load_federation(federation)
            ports = stack.enter_context(_agents(loaded))
            hostile = HostileGateway(ports, principals(loaded, secret))
            stack.callback(hostile.close)
            if server is None:
                server = stack.enter_context(start(federation))
        assert server is not None
        gateway = stack.enter_context(Gateway(connect(server), secret))
        yield Suite(gateway, load_canaries(), hostile, find_absent(gateway))


def find_absent(gateway: Gateway) -> Mapping[str, str]:
    """The conformance departments and callers that are not there, with the reason."""
    absent: dict[str, str] = {}
    for engine in ENGINES:
        reply = gateway.ask(Question(PROBE, "owner", "proof_control").on(engine), "query")
        if reply.code == "GATEWAY_UNAVAILABLE":
            raise ConfigurationError(f"no gateway answers: {reply.message}", code="CONFIG_MISSING")
        if reply.code == "TOKEN_INVALID":
            raise ConfigurationError(
                "the gateway does not know the conformance callers",
                code="CONFIG_MISSING",
                hint="Add what `comity conformance --prepare DIR` printed to its files, and give the secret.",
            )
        if reply.code is not None:
            absent[department(engine)] = f"{department(engine)} does not answer there ({reply.code})"
    if len(absent) == len(ENGINES):
        raise ConfigurationError(
            "the gateway has no conformance department: " + "; ".join(absent.values()),
            code="CONFIG_MISSING",
            hint="`comity conformance --prepare DIR` writes them.",
        )
    for caller in CALLERS:
        reply = gateway.ask(Question("proof.none", caller, "proof_statistics"), "catalog")
        if reply.code == "TOKEN_INVALID":
            absent[caller] = f"the caller {caller} is not known there"
    reply = gateway.ask(
        Question("SELECT count(*) FROM proof_all.resident", "owner", "proof_control"), "query"
    )
    if reply.code is not None:
        absent["proof_all"] = f"the federated table proof_all.resident is not there ({reply.code})"
    return absent


def find_missing_canaries(suite: Suite, engine: str) -> list[Canary]:
    """The canaries that their own readers do not get to see: they would guard nothing."""
    if department(engine) in suite.absent:
        return []
    said = ""
    for table in ("resident", "payment", "visit", "人员登记信息汇总台账二零二六年度第一批次核"):
        question = Question(f"SELECT * FROM proof.{table}", "owner", "proof_control").on(engine)
        said += suite.gateway.ask(question, "query").said
    return [c for c in suite.canaries if c.shown_to and not c.computed and c.value not in said]


def principals(federation: Federation, secret: str) -> Mapping[str, Principal]:
    """The conformance callers of a federation by their names."""
    prefix = f"{secret}."
    return {
        token.removeprefix(prefix): principal
        for token, principal in federation.principals.items()
        if token.startswith(prefix)
    }


@contextmanager
def _agents(federation: Federation) -> Iterator[Mapping[str, DepartmentPort]]:
    """The agents of the conformance departments, as a gateway beside this one would hold them."""
    engines = EnginePool(memory="512MB", threads=1, spares=1)
    agents: dict[str, Agent] = {}
    try:
        agents = load_agents(federation, os.environ, engines)
        ports = {name: agent for name, agent in agents.items() if name in set(map(department, ENGINES))}
        for agent in ports.values():
            agent.probe()
        yield ports
    finally:
        for agent in agents.values():
            agent.close()
        engines.close()
