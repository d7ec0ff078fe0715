"""Functions, files, settings, writes, templates: attack classes 35 to 42, as their files say."""

from __future__ import annotations

from conformance.case import Case
from conformance.suite import Suite

CLASSES = range(35, 43)


def test_the_attack_is_held(suite: Suite, case: Case) -> None:
    outcome = suite.run(case)
    assert not outcome.complaints, "\n".join([case.question.ask, f"gains: {case.gains}", *outcome.complaints])
    assert outcome.checks, outcome.untried
