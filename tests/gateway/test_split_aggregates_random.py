"""Random questions over federated tables: with every pass, without each, and without all, the answer is one DuckDB's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from gateway.planner.make_plan import PASSES
from tests.gateway.federated_questions import QuestionMaker
from tests.gateway.federated_world import FederatedWorld
from tests.sql.ask_in_parts import compare

# Departments know no federated tables, so this one cannot be left out.
OPTIONAL = frozenset(PASSES) - {"expand_federated_tables"}
SKIPS = {"none": frozenset[str](), **{name: frozenset({name}) for name in sorted(OPTIONAL)}, "all": OPTIONAL}
QUESTIONS = 250


@pytest.fixture(scope="module")
def world() -> Iterator[FederatedWorld]:
    world = FederatedWorld()
    yield world
    world.close()


@pytest.mark.parametrize("skipped", SKIPS)
def test_any_passes_give_the_answer_of_one_database(skipped: str, world: FederatedWorld) -> None:
    counts: Counter[str] = Counter()
    share = QUESTIONS if skipped == "none" else QUESTIONS // 3
    for seed in range(share):
        question = QuestionMaker(seed).question()
        try:
            outcome = compare(world, question, lambda r: world.plan(r, SKIPS[skipped]))
        except AssertionError as error:
            error.add_note(f"seed {seed}: {question}")
            raise
        counts[outcome.status] += 1
    assert counts["same"] >= 0.85 * share, counts
