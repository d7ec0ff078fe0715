"""The service's boundary: attack classes 60 to 68, as their files say."""

from __future__ import annotations

from conformance.case import Case
from conformance.suite import Suite

CLASSES = range(60, 69)


def test_the_attack_is_held(suite: Suite, case: Case) -> None:
    outcome = suite.run(case)
    assert not outcome.complaints, "\n".join([case.question.ask, f"gains: {case.gains}", *outcome.complaints])
    assert outcome.checks, outcome.untried
