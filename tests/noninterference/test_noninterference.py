"""Two worlds that differ only in what a policy hides cannot be told apart by asking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from comity.client import Connection, connect
from gateway.embedded import serve
from tests.noninterference.outcomes import Outcome, ask, catalogue, explain
from tests.noninterference.questions import question
from tests.noninterference.rows import SIDES
from tests.noninterference.world import Servers

WORLDS = (1, 2)
QUESTIONS = 255
"""Questions of each world, every one of them a pair."""

Pair = Mapping[str, Connection]
TOLD_APART = 4
"""Of 20 questions by who may see everything; many fail in both worlds alike."""


@contextmanager
def connected(directories: Mapping[str, Path], token: str) -> Iterator[Pair]:
    with ExitStack() as stack:
        found = {}
        for side in SIDES:
            server = stack.enter_context(serve(directories[side]))
            found[side] = stack.enter_context(connect(server.address, token=token, purpose="work"))
        yield found


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest, servers: Servers) -> tuple[int, Mapping[str, Path]]:
    return request.param, servers.build(request.param)


def both(pair: Pair, learn: Callable[[Connection], Outcome]) -> tuple[Outcome, Outcome]:
    with ThreadPoolExecutor(2) as pool:
        left, right = pool.map(learn, (pair[side] for side in SIDES))
    return left, right


def told(seed: int, sql: str, left: Outcome, right: Outcome) -> str:
    """The pair and what differed in it; the seed replays it."""
    found = left.differences(right)
    return "\n".join([f"question {seed}: {sql}", *found]) if found else ""


def test_a_caller_cannot_tell_the_worlds_apart(world: tuple[int, Mapping[str, Path]]) -> None:
    number, directories = world
    kinds: Counter[str] = Counter()
    failures = []
    with connected(directories, "analyst") as pair:
        failures.append(told(0, "the catalogue", *both(pair, catalogue)))
        for seed in range(number * 10_000, number * 10_000 + QUESTIONS):
            sql = question(seed)
            left, right = both(pair, partial(ask, sql=sql))
            failures.append(told(seed, sql, left, right))
            kinds[left.facts["error"][1] if left.failed else "answer"] += 1
            if seed % 10 == 0:
                plans = both(pair, partial(explain, sql=sql, analyze=seed % 20 == 0))
                failures.append(told(seed, f"EXPLAIN {sql}", *plans))
    different = [failure for failure in failures if failure]
    assert not different, f"{len(different)} pairs differ\n\n" + "\n\n".join(different[:5])
    # Questions that are refused or fail say little: most are answered.
    assert kinds["answer"] > QUESTIONS * 0.6, kinds


def test_who_may_see_everything_tells_them_apart(world: tuple[int, Mapping[str, Path]]) -> None:
    different = 0
    with connected(world[1], "insider") as pair:
        for seed in range(20):
            left, right = both(pair, partial(ask, sql=question(seed)))
            different += bool(left.differences(right))
    assert different > TOLD_APART
