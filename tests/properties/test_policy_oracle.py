"""The answer rule: a question asked through policies is the question asked of what the policies show.

Policies, engines and questions are drawn by lot from a seed; a failure prints its world, which
`python -m tests.properties --seed …` replays. `make fuzz` goes on with seeds of its own.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.properties.asking import QUESTIONS, ask, question
from tests.properties.ground import Ground


@pytest.mark.parametrize("seed", range(20))
def test_an_answer_through_policies_is_the_answer_over_what_they_show(seed: int, ground: Ground) -> None:
    with ground.world(seed) as world:
        outcomes = Counter(ask(world, question(world, number)) for number in range(QUESTIONS))
    assert outcomes["same"] >= QUESTIONS * 0.7, outcomes


@pytest.mark.parametrize("seed", range(500, 508))
def test_an_answer_over_columns_granted_for_some_uses_is_right_or_denied(seed: int, ground: Ground) -> None:
    with ground.world(seed, partial=0.3) as world:
        outcomes = Counter(ask(world, question(world, number)) for number in range(QUESTIONS))
    assert outcomes["same"] + outcomes["denied"] >= QUESTIONS * 0.6, outcomes
    assert outcomes["same"] > 0, outcomes
    assert outcomes["denied"] > 0, outcomes


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1 / 0 AS a", "SELECT CAST('x' AS INT) AS a", "SELECT nothing", "SELECT count(*) FROM a.visit"],
)
def test_an_error_of_a_question_is_no_breakdown_of_the_oracle(sql: str, ground: Ground) -> None:
    with ground.world(1) as world:
        assert not world.breaks_down(sql)
