"""The texts of a plan: all of it that holds values of its question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.stages import FederatedPlan


def plan_texts(plan: FederatedPlan) -> tuple[str, ...]:
    """The texts that departments and the merge are given, in a fixed order."""
    return (plan.residual_sql, *(planned.fragment.sql for planned in plan.fragments))


def with_texts(plan: FederatedPlan, texts: Sequence[str]) -> FederatedPlan:
    """The plan with other texts, in the order of `plan_texts`. What was expected of fragments is left out."""
    residual, *sql = texts
    fragments = tuple(
        replace(planned, fragment=replace(planned.fragment, sql=text), estimate=None)
        for planned, text in zip(plan.fragments, sql, strict=True)
    )
    return replace(plan, residual_sql=residual, fragments=fragments)
