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
from tests.noninterference.rows import FILTERS, SIDES
from tests.noninterference.world import Servers

WORLDS = (1, 2)
QUESTIONS = 255
"""Questions of each world, every one of them a pair."""

FILTERS_BY_NAME = tuple(f"person_{table}" for table in FILTERS)
ESTIMATED = (
    "SELECT count(*) AS n, a.town AS town FROM pg.person_mask a JOIN my.person_mask b ON a.id = b.id GROUP BY a.town",
    "SELECT sum(a.score) AS s FROM sq.person_mask a JOIN du.person_own b ON a.id = b.id WHERE a.level < '5'",
    "SELECT a.id AS id FROM my.person_mask a WHERE a.name = '王' AND a.score > 3",
    "SELECT b.town AS town, max(b.money) AS m FROM pg.person_list a JOIN my.person_mask b ON a.id = b.id GROUP BY b.town",
)
"""Questions of which something is known of one side at least."""

Pair = Mapping[str, Connection]
TOLD_APART = 4
"""Of 20 questions by who may see everything; many fail in both worlds alike."""


@contextmanager
def connected(directories: Mapping[str, Path], token: str) -> Iterator[Pair]:
    with ExitStack() as stack:
        found = {}
        for side in SIDES:
            server = stack.enter_context(serve(directories[side]))
            # Known from the first question on, so that both plan with what departments know of their rows.
            for agent in server.gateway.agents.values():
                agent.source_statistics.refresh()
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


def test_statistics_tell_nothing_of_hidden_rows(world: tuple[int, Mapping[str, Path]]) -> None:
    """What departments know differs; what they tell of it does not, and shows in plans where it may."""
    _, directories = world
    told_of: dict[str, dict[str, object]] = {side: {} for side in SIDES}
    known: dict[str, object] = {}
    for side in SIDES:
        with serve(directories[side]) as server:
            for name, agent in server.gateway.agents.items():
                agent.source_statistics.refresh()
                tables = agent.department.policies
                grants = {table: policy.grants[0].id for table, policy in tables.items()}
                principal = server.gateway.federation.principals["analyst"]
                told_of[side][name] = agent.statistics(principal, "work", grants).tables
                insider = server.gateway.federation.principals["insider"]
                seen = agent.statistics(insider, "work", dict.fromkeys(FILTERS_BY_NAME, "all"))
                known[side] = seen.tables
    assert told_of["left"] == told_of["right"]
    assert known["left"] != known["right"]
    for tables in told_of["left"].values():
        assert isinstance(tables, dict)
        assert set(tables) == {"person_mask"}, "all others have a row filter or a floor"
        assert not {"name", "phone", "born"} & set(tables["person_mask"].columns)


@pytest.mark.parametrize("sql", ESTIMATED)
def test_plans_with_estimates_are_the_same(sql: str, world: tuple[int, Mapping[str, Path]]) -> None:
    with connected(world[1], "analyst") as pair:
        for _ in range(2):
            left, right = both(pair, partial(explain, sql=sql, analyze=True))
            assert not left.failed, left.facts
            assert not left.differences(right)


def test_who_may_see_everything_tells_them_apart(world: tuple[int, Mapping[str, Path]]) -> None:
    different = 0
    with connected(world[1], "insider") as pair:
        for seed in range(20):
            left, right = both(pair, partial(ask, sql=question(seed)))
            different += bool(left.differences(right))
    assert different > TOLD_APART
