"""Asks one question of a world in both ways, and compares."""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from comity.errors import ComityError, LimitError, PolicyError, SqlError
from tests.properties.world import World
from tests.sql.ask_in_parts import difference
from tests.sql.random_questions import random_question

QUESTIONS = 50
"""How many each world is asked."""


def question(world: World, number: int) -> str:
    return random_question(world.seed * 1000 + number, world.tables)


def ask(world: World, question: str, asking: Callable[[str], None] = lambda _: None) -> str:
    """`same`; `invalid` where DuckDB fails too; `refused`; `denied` by policy; `engine` where DuckDB's own optimizer changes
    the answer, or saves it from an internal error of its own.

    Fails the test when the answers differ. `asking` hears which side is asked next: the oracle or the gateway.
    """
    where = f"world {world.seed}, {world.engines}\n{question}"
    asking("oracle")
    try:
        expected = world.expected(question)
    except duckdb.Error:
        return "invalid"
    asking("gateway")
    try:
        found = world.answer(question)
    except (SqlError, LimitError):
        # The gateway's language is smaller than DuckDB's, and so is its memory; the caller bounds how many.
        return "refused"
    except PolicyError:
        return "denied"
    except ComityError as error:
        asking("oracle")
        if error.code == "INTERNAL" and world.breaks_down(question):
            return "engine"
        raise AssertionError(f"{error.code}: {error.message}\n{where}") from error
    if found.schema.types != expected.schema.types:
        raise AssertionError(f"{found.schema}\n{expected.schema}\n{where}")
    ordered = False
    wrong = difference(expected, found, ordered=ordered)
    if wrong and not difference(world.expected(question, optimized=False), found, ordered=ordered):
        return "engine"
    assert not wrong, f"{wrong}\n{where}"
    return "same"
