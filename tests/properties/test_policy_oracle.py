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
