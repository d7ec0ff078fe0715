"""Pieces and residual together give the rows of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlglot import exp

from sql.split import split_query
from tests.sql.ask_in_parts import PLACES, World, ask
from tests.sql.random_questions import random_question

QUESTIONS = [
    line.rstrip(";")
    for line in (Path(__file__).parent / "split_questions.sql").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("--")
]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World(rows=25, most=30)
    yield world
    world.close()


def text(tree: exp.Expr) -> str:
    return tree.sql(dialect="duckdb", identify=True)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("by", sorted(PLACES))
def test_pieces_and_residual_give_the_rows_of_the_whole(question: str, by: str, world: World) -> None:
    outcome = ask(world, question, by)
    assert outcome.status == "same", outcome.why


@pytest.mark.parametrize("by", sorted(PLACES))
def test_pieces_and_residual_of_random_questions_give_the_rows_of_the_whole(by: str) -> None:
    world = World()
    counts = Counter(ask(world, random_question(seed), by).status for seed in range(150))
    world.close()
    assert counts["same"] > 100, counts


def test_a_place_gets_what_it_can_run(world: World) -> None:
    question = (
        "SELECT p.name AS n, sum(v.cost) AS s FROM a.person p JOIN a.visit v ON v.person_id = p.id "
        "WHERE v.cost > 10 AND upper(p.name) = 'X' AND p.age < 3 GROUP BY p.name"
    )
    unable = (exp.Upper, exp.AggFunc)
    split = split_query(world.resolve(question).tree, PLACES["able"], runs=lambda q: q.find(*unable) is None)
    assert split.residual is not None
    (joined,) = [text(piece.query) for piece in split.pieces]
    assert "10" in joined
    assert "3" in joined
    assert "UPPER" not in joined
    assert "UPPER" in text(split.residual)


def test_a_place_gets_conditions_that_it_can_run_with_the_columns_that_are_shown(world: World) -> None:
    question = (
        "SELECT p.name AS n, sum(v.cost) AS s FROM a.person p JOIN a.visit v ON v.person_id = p.id "
        "WHERE v.cost > 10 AND p.id IN (SELECT w.person_id FROM a.visit w WHERE w.cost > 7) GROUP BY p.name"
    )

    def runs(query: exp.Query) -> bool:
        shows_names = any(output.alias == "name" for output in query.selects)
        return query.find(exp.AggFunc) is None and not (shows_names and query.find(exp.In))

    split = split_query(world.resolve(question).tree, PLACES["able"], runs=runs)
    joined, other = [text(piece.query) for piece in split.pieces]
    assert "JOIN" in joined
    assert " IN " not in joined
    assert "7" in other, "what is asked of the names is one thing, and what the subquery may run another"


def test_columns_that_a_place_cannot_give_do_not_hold_up_conditions(world: World) -> None:
    question = "SELECT p.name AS n FROM a.person p WHERE p.age < 3 AND upper(p.town) = 'X'"

    def runs(query: exp.Query) -> bool:
        return query.find(exp.Upper) is None and all(output.alias != "name" for output in query.selects)

    split = split_query(world.resolve(question).tree, PLACES["able"], runs=runs)
    (piece,) = [text(piece.query) for piece in split.pieces]
    assert "3" in piece
    assert "UPPER" not in piece


def test_joins_that_leave_nothing_out_are_not_done_below(world: World) -> None:
    question = (
        "SELECT p.name AS n, sum(v.cost) AS s FROM a.person p JOIN a.visit v ON v.person_id = p.id GROUP BY 1"
    )
    split = split_query(
        world.resolve(question).tree, PLACES["able"], runs=lambda q: q.find(exp.AggFunc) is None
    )
    assert len(split.pieces) == 2


def test_conditions_and_joins_of_one_place_go_down_together(world: World) -> None:
    question = (
        "SELECT p.name AS n, t.name AS t FROM a.person p JOIN a.visit v ON v.person_id = p.id "
        "JOIN c.town t ON t.code = p.town WHERE v.cost > 10 AND t.area > 2"
    )
    split = split_query(world.resolve(question).tree, PLACES["place"])
    texts = {piece.context: text(piece.query) for piece in split.pieces}
    assert set(texts) == {"a", "c"}
    assert "10" in texts["a"]
    assert "2" in texts["c"]
    assert '"cost"' not in texts["a"].split("FROM")[0], "a column nobody needs leaves the place"


def test_joins_come_before_what_is_asked_of_their_rows(world: World) -> None:
    """As they are written; what fails on a value is tried in this order (ADR 23)."""
    question = (
        "SELECT p.name AS n FROM a.person p JOIN b.firm f ON f.owner = p.id JOIN a.visit v ON v.cost < p.age + f.id "
        "WHERE p.age + f.id > 3"
    )
    residual = split_query(world.resolve(question).tree, PLACES["place"]).residual
    assert residual is not None
    (condition,) = [text(where) for where in residual.find_all(exp.Where)]
    places = [condition.index(part) for part in ('"owner"', '"cost"', "> 3")]
    assert places == sorted(places)


def test_a_query_of_one_place_is_one_piece(world: World) -> None:
    question = (
        "WITH x AS (SELECT id FROM a.person) SELECT count(*) AS n FROM x JOIN a.visit v ON v.person_id = x.id"
    )
    split = split_query(world.resolve(question).tree, PLACES["place"])
    assert split.residual is None
    assert [piece.whole for piece in split.pieces] == [True]


def test_pieces_take_names_that_the_question_does_not_use(world: World) -> None:
    question = (
        "WITH FRAGMENT_2 AS (SELECT id FROM b.firm) SELECT fragment_1.id AS id, f.id AS f "
        "FROM a.person fragment_1 JOIN fragment_2 f ON f.id = fragment_1.age JOIN c.note n ON n.firm_id = f.id"
    )
    split = split_query(world.resolve(question).tree, PLACES["place"])
    assert {piece.name for piece in split.pieces}.isdisjoint({"fragment_1", "fragment_2"})
    assert ask(world, question, "place").status == "same"
