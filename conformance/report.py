"""What came of a run, by class of attack: as a table for people, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from comity.shell.tables import format_table
from conformance.case import AttackClass
from conformance.suite import Outcome

SHOWN_COMPLAINTS = 4


@dataclass(frozen=True, slots=True)
class ClassResult:
    """One class of attacks with the outcomes of its cases."""

    attack: AttackClass
    outcomes: tuple[Outcome, ...]

    def count(self, status: str) -> int:
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def verdict(self) -> str:
        """In a word, and for what could not be tried, why."""
        if not self.outcomes:
            return f"not applicable: {self.attack.not_applicable}"
        if self.count("failed"):
            return "FAILED"
        untried = list(dict.fromkeys(reason for o in self.outcomes for reason in o.untried))
        if self.count("passed"):
            return "passed" + (f", in part: {'; '.join(untried)}" if untried else "")
        return f"not applicable here: {'; '.join(untried)}"


def as_table(results: Sequence[ClassResult]) -> str:
    """The classes, and under them every failure with what an attacker gains by it."""
    header = ("class", "attack", "passed", "failed", "n/a", "verdict")
    rows = [
        (
            str(result.attack.number),
            result.attack.title,
            str(result.count("passed")),
            str(result.count("failed")),
            str(result.count("not applicable")),
            result.verdict,
        )
        for result in results
    ]
    right = [name in {"class", "passed", "failed", "n/a"} for name in header]
    return "\n".join([*format_table(header, rows, right=right), *_failures(results)])


def as_json(results: Sequence[ClassResult]) -> str:
    """The same, with every case. docs/conformance.md names the keys."""
    classes = [
        {
            "class": result.attack.number,
            "title": result.attack.title,
            "verdict": result.verdict,
            "passed": result.count("passed"),
            "failed": result.count("failed"),
            "not_applicable": result.count("not applicable"),
            "cases": [
                {
                    "id": outcome.case.id,
                    "status": outcome.status,
                    "checks": outcome.checks,
                    "gains": outcome.case.gains,
                    "complaints": list(outcome.complaints),
                    "untried": list(outcome.untried),
                }
                for outcome in result.outcomes
            ],
        }
        for result in results
    ]
    return json.dumps({"summary": _counts(results), "classes": classes}, ensure_ascii=False, indent=2)


def summary(results: Sequence[ClassResult]) -> str:
    """One line."""
    counts = _counts(results)
    return (
        f"{counts['cases']} cases of {counts['classes']} classes, {counts['checks']} checks: "
        f"{counts['passed']} passed, {counts['failed']} failed, {counts['not_applicable']} not applicable here"
    )


def _counts(results: Sequence[ClassResult]) -> dict[str, int]:
    outcomes = [outcome for result in results for outcome in result.outcomes]
    return {
        "classes": sum(bool(result.outcomes) for result in results),
        "cases": len(outcomes),
        "checks": sum(outcome.checks for outcome in outcomes),
        "passed": sum(outcome.status == "passed" for outcome in outcomes),
        "failed": sum(outcome.status == "failed" for outcome in outcomes),
        "not_applicable": sum(outcome.status == "not applicable" for outcome in outcomes),
    }


def _failures(results: Sequence[ClassResult]) -> list[str]:
    lines: list[str] = []
    for outcome in (o for result in results for o in result.outcomes if o.complaints):
        lines += ["", f"{outcome.case.id} failed", f"  asked   {outcome.case.question.ask}"]
        lines.append(f"  gains   {outcome.case.gains}")
        lines += [f"  {complaint}" for complaint in outcome.complaints[:SHOWN_COMPLAINTS]]
        more = len(outcome.complaints) - SHOWN_COMPLAINTS
        if more > 0:
            lines.append(f"  and {more} more")
    return lines
