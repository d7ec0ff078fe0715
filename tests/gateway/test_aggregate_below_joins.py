"""Aggregation below joins across departments: the same answers, with and without, and chosen by what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlglot import exp

from gateway.planner.choosing import Choosing
from gateway.planner.make_plan import apply_passes
from gateway.planner.planning import Planning
from sql.resolve import ResolvedQuery
from sql.split import Split, split_query
from tests.gateway.below_join_questions import BelowFacts, BelowJoinMaker
from tests.gateway.federated_world import FederatedWorld
from tests.sql.ask_in_parts import compare

QUESTIONS = 400


@pytest.fixture(scope="module")
def world() -> Iterator[FederatedWorld]:
    world = FederatedWorld()
    yield world
    world.close()


def plan(world: FederatedWorld, resolved: ResolvedQuery, choosing: Choosing) -> tuple[Split, Planning]:
    planning = Planning(world.catalog, world.binder, choosing=choosing)
    return split_query(apply_passes(resolved.tree, planning), lambda table: table.db), planning


def aggregated(split: Split) -> list[str]:
    """The departments that send groups."""
    return [p.context for p in split.pieces if p.query.find(exp.Group) is not None]


def test_rows_and_groups_give_the_same_answer(world: FederatedWorld) -> None:
    counts: Counter[str] = Counter()
    for seed in range(QUESTIONS):
        question = BelowJoinMaker(seed).question()
        chosen: list[bool] = []

        def planned(resolved: ResolvedQuery, found: list[bool] = chosen) -> Split:
            split, planning = plan(world, resolved, Choosing(BelowFacts()))
            found.append(bool(planning.remarks) and split.residual is not None and bool(aggregated(split)))
            return split

        try:
            outcome = compare(world, question, planned)
        except AssertionError as error:
            error.add_note(f"seed {seed}: {question}")
            raise
        counts[outcome.status if chosen and chosen[0] else "rows"] += 1
    assert counts["same"] >= 0.35 * QUESTIONS, counts
