"""Says of each fragment how many rows and bytes are expected to leave its department."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from gateway.planner.choosing import Choosing
from gateway.planner.estimates import Estimate
from gateway.planner.widths import value_bytes
from gateway.stages import PlannedFragment
from sql.scopes import is_cte_reference
from sql.types import canonical_type

MOST = 32
"""Fragments that are estimated where nobody asked to see the plan: members of a large union are alike."""


def estimate_fragments(
    fragments: tuple[PlannedFragment, ...], queries: Mapping[str, exp.Query], choosing: Choosing
) -> tuple[PlannedFragment, ...]:
    """The fragments with what is expected of them; `queries` are their trees, by name."""
    if len(fragments) > MOST and not choosing.explains:
        return fragments
    return tuple(
        _with_estimate(planned, queries[planned.fragment.id], choosing)
        if planned.fragment.id in queries
        else planned
        for planned in fragments
    )


def _with_estimate(planned: PlannedFragment, query: exp.Query, choosing: Choosing) -> PlannedFragment:
    tables = [node for node in query.find_all(exp.Table) if not is_cte_reference(node)]
    known = [choosing.facts.table(node.db, node.name) for node in tables]
    if any(facts is None for facts in known):
        return planned
    largest = max((facts.rows for facts in known if facts is not None), default=0.0)
    relation = choosing.estimator.estimate(query)
    if relation is None:
        return replace(planned, row_estimate=round(largest))
    width = 0.0
    for field in planned.fragment.schema:
        facts = relation.columns.get(field.name)
        width += value_bytes(canonical_type(field.type), facts.width if facts is not None else None)
    estimate = Estimate(relation.rows, relation.rows * width)
    return replace(planned, row_estimate=round(largest), estimate=estimate)
