"""Whatever the planner moves and wherever it is computed, the answer is the one DuckDB's.

Each question runs with every pass on, each one off, all off, and with the databases' own execution switched off, over
rows full of traps in real PostgreSQL, MariaDB, SQLite and DuckDB. A failure prints its world, which
`python -m tests.pushdown --seed …` replays; `make fuzz` goes on with seeds of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.servers import LocalServer
from gateway.planner.make_plan import PASSES
from tests.pushdown.trap_world import (
    MODES,
    NECESSARY,
    WITHOUT,
    TrapGround,
    ask_every_way,
    question,
    trap_ground,
)

QUESTIONS = 12


@pytest.fixture(scope="module")
def ground(home: Path, postgresql: LocalServer, mariadb: LocalServer) -> Iterator[TrapGround]:
    ground = trap_ground(home, postgresql, mariadb)
    yield ground
    ground.raw.close()


@pytest.mark.parametrize("seed", range(6))
def test_an_answer_does_not_depend_on_what_is_pushed_down(seed: int, ground: TrapGround) -> None:
    found: Counter[str] = Counter()
    with ground.world(seed) as world:
        for number in range(QUESTIONS):
            outcome = ask_every_way(world, question(world, number))
            found += Counter({outcome.status: 1, "runs": outcome.runs, "native": outcome.native})
    # Some of what is drawn fails on one DuckDB too; the others must be worth the run.
    assert found["same"] >= QUESTIONS / 4, found
    assert found["runs"] > 2 * found["same"], found
    assert found["native"] > 0, found


def test_every_pass_is_left_out_once() -> None:
    alone = {mode.skip[0] for mode in MODES if len(mode.skip) == 1}
    assert alone == PASSES.keys() - {NECESSARY}
    assert {mode.without for mode in MODES} == {"", *WITHOUT}
