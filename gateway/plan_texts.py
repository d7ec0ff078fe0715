"""The texts of a plan: all of it that holds values of its question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.stages import FederatedPlan


def plan_texts(plan: FederatedPlan) -> tuple[str, ...]:
    """The texts that departments and the merge are given, in a fixed order."""
    return (plan.residual_sql, *(text for p in plan.fragments for text in (p.fragment.sql, p.keyed_sql)))


def with_texts(plan: FederatedPlan, texts: Sequence[str]) -> FederatedPlan:
    """The plan with other texts, in the order of `plan_texts`."""
    residual, *rest = texts
    fragments = tuple(
        replace(planned, fragment=replace(planned.fragment, sql=sql), keyed_sql=keyed)
        for planned, sql, keyed in zip(plan.fragments, rest[::2], rest[1::2], strict=True)
    )
    return replace(plan, residual_sql=residual, fragments=fragments)
