"""Runs cases against a gateway, and says of each whether it passed, failed, or could not be tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from conformance.canaries import Canary
from conformance.case import ENGINES, Case, Question, department
from conformance.fragments import HostileGateway
from conformance.judge import judge
from conformance.policy_text import offer_policy
from conformance.reply import Reply
from conformance.wire import Gateway

Status = Literal["passed", "failed", "not applicable"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case. `checks` were made; `complaints` are of those that failed; `untried` says why not."""

    case: Case
    checks: int
    complaints: tuple[str, ...]
    untried: tuple[str, ...]

    @property
    def status(self) -> Status:
        if self.complaints:
            return "failed"
        return "passed" if self.checks else "not applicable"


@dataclass(frozen=True, slots=True)
class Suite:
    """What the cases are tried on. `absent` are departments and callers that it lacks, with the reason."""

    gateway: Gateway
    canaries: Sequence[Canary]
    hostile: HostileGateway | None = None
    absent: Mapping[str, str] = field(default_factory=dict)

    def run(self, case: Case) -> Outcome:
        """Tries a case on every engine, in every way it has."""
        complaints: list[str] = []
        untried: dict[str, None] = {}
        checks = 0
        for engine in case.places:
            for way in case.ways:
                lacking = self._lacking(case, engine, way)
                if lacking is not None:
                    untried[lacking] = None
                    continue
                checks += 1
                complaints += [
                    f"{way} on {engine or 'no department'}: {complaint}"
                    for complaint in self._try(case, engine, way)
                ]
        return Outcome(case, checks, tuple(complaints), tuple(untried))

    def _try(self, case: Case, engine: str | None, way: str) -> list[str]:
        placed = replace_asks(case, engine)

        def ask(question: Question) -> Reply:
            return self.ask(question if engine is None else question.on(engine), way, engine)

        for earlier in placed.before:
            self.ask(earlier, "query", engine)
        reply = ask(placed.question)
        return judge(placed.question, way, case.expect, self.canaries, ask, reply)

    def ask(self, question: Question, way: str, engine: str | None) -> Reply:
        """One question by one way; fragments and policies need an engine's department."""
        if way == "fragment":
            assert self.hostile is not None
            return self.hostile.ask(question, department(engine or ENGINES[0]))
        if way == "policy":
            return offer_policy(question.ask)
        return self.gateway.ask(question, way)

    def _lacking(self, case: Case, engine: str | None, way: str) -> str | None:
        """Why this check cannot be made here, None when it can."""
        if way == "policy":
            return None
        if way == "fragment":
            if self.hostile is None:
                return "fragments: the federation's directory is not given, and no agent is reachable"
            if not self.hostile.has(department(engine or ENGINES[0])):
                return f"there is no department {department(engine or ENGINES[0])}"
            return None
        text = case.question.ask
        engines = [engine] if engine is not None else [e for e in ENGINES if department(e) in text]
        if engine is not None and "other." in text:
            engines.append(ENGINES[(ENGINES.index(engine) + 1) % len(ENGINES)])
        needed = [department(e) for e in engines if e is not None]
        if "proof_all." in text:
            # Its rows are those of all four.
            needed += ["proof_all", *map(department, ENGINES)]
        for name in (*needed, case.question.caller):
            if name in self.absent:
                return self.absent[name]
        return None


def replace_asks(case: Case, engine: str | None) -> Case:
    """The case about one engine's department."""
    if engine is None:
        return case
    return replace(
        case, question=case.question.on(engine), before=tuple(question.on(engine) for question in case.before)
    )
