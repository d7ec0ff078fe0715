"""What is inferred of random questions is put to the test: columns get other values, and the answers are compared.

A column that no use is inferred of may hold anything; one that decides no output changes no output; where only
equalities are inferred, other names for the same values change nothing; where nothing is said to fail, the most
extreme values make nothing fail. `python -m tests.sql.perturbed_tables` asks more questions than these.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from sql.catalog import TableUse
from sql.uses import infer_uses
from tests.sql.perturbed_tables import COLUMNS, Tally, World, check, other_values
from tests.sql.plain_questions import plain_question
from tests.sql.random_questions import random_question

PARTS = 6
SEEDS = range(270)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


@pytest.mark.parametrize("part", range(PARTS))
def test_answers_depend_on_no_column_in_a_way_that_is_not_inferred(world: World, part: int) -> None:
    tally = Tally()
    for seed in SEEDS[part::PARTS]:
        asked = world.ask(random_question(seed))
        if asked is not None:
            check(world, asked, seed, tally)
    assert tally.broken == []
    assert tally.checked["unused"] > 12, tally.checked
    assert tally.checked["extremes"] > 6, tally.checked
    assert tally.checked["renamed"] > 1, tally.checked
    assert tally.checked["output"] + tally.checked["outputs"] > 2, tally.checked


def test_neither_do_answers_that_are_ordered_cut_and_grouped_by_what_is_not_returned(world: World) -> None:
    tally = Tally()
    for seed in range(160):
        asked = world.ask(plain_question(seed))
        if asked is not None:
            check(world, asked, seed, tally)
    assert tally.broken == []
    assert min(tally.checked[rule] for rule in ("unused", "output", "renamed", "extremes")) > 20


def test_a_column_that_is_said_to_decide_mostly_does(world: World) -> None:
    decided, changed = 0, 0
    for seed in range(60):
        asked = world.ask(random_question(seed))
        if asked is None:
            continue
        everything = frozenset().union(*asked.influence.outputs)
        columns = [column for column in COLUMNS if column in everything]
        try:
            before = world.answer(asked.text, {})
            after = world.answer(asked.text, other_values(columns, seed))
        except duckdb.Error:
            continue
        decided += bool(columns)
        changed += before != after and bool(columns)
    assert changed > decided / 2 > 10


def test_as_a_fragment_a_question_sends_what_it_would_otherwise_show(world: World) -> None:
    compared = 0
    for seed in range(80):
        asked = world.ask(random_question(seed))
        if asked is None:
            continue
        compared += 1
        fragment = infer_uses(asked.tree, asked.tables, asked.question, crossing=True)
        assert fragment.outputs == asked.influence.outputs
        for whole, part in zip(asked.influence.tables, fragment.tables, strict=True):
            shown = {use.column for use in whole.uses if use.use == "read"}
            assert {use.column for use in part.uses if use.use in {"read", "cross"}} == shown
            assert _apart(part) == _apart(whole)
    assert compared > 20


def _apart(table: TableUse) -> set[tuple[object, ...]]:
    """The uses that are the same for a question and a fragment."""
    kept = [use for use in table.uses if use.use not in {"read", "cross"}]
    return {(use.column, use.use, use.function, use.partner, use.values, use.fails) for use in kept}
