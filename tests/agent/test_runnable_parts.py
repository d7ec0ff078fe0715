"""What a database is asked for when it cannot run a fragment as a whole: never several tables, whole, for one column."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlglot import exp

from agent.computed_outputs import is_computed
from agent.runnable_parts import is_scan, reads_once, split_runnable
from sql.split import Split
from tests.sql.ask_in_parts import World

QUESTION = (
    "SELECT p.name AS n, sum(v.cost) AS s FROM a.person p JOIN a.visit v ON v.person_id = p.id "
    "WHERE v.cost > 10 AND p.age IN (SELECT f.id FROM b.firm f WHERE f.id > 3) GROUP BY p.name"
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


def texts(split: Split) -> list[str]:
    return [piece.query.sql(dialect="duckdb") for piece in split.pieces]


def no_sums(query: exp.Query) -> bool:
    return query.find(exp.AggFunc) is None


def test_the_largest_part_is_asked_for_where_it_runs(world: World) -> None:
    (text,) = texts(split_runnable(world.resolve(QUESTION).tree, no_sums))
    assert "JOIN" in text
    assert "firm" in text


def test_a_part_that_does_not_run_with_its_columns_is_asked_for_without_subqueries(world: World) -> None:
    def runs(query: exp.Query) -> bool:
        shows_names = any(output.alias == "name" for output in query.selects)
        return no_sums(query) and not (shows_names and "firm" in query.sql())

    found = texts(split_runnable(world.resolve(QUESTION).tree, runs))
    assert len(found) == 2
    assert "JOIN" in found[0]
    assert "firm" not in found[0]
    assert "> 3" in found[1]


def test_what_does_not_run_in_smaller_parts_is_asked_for_table_by_table(world: World) -> None:
    def runs(query: exp.Query) -> bool:
        shows_names = any(output.alias == "name" for output in query.selects)
        return no_sums(query) and not (shows_names and len(list(query.find_all(exp.Table))) > 1)

    found = texts(split_runnable(world.resolve(QUESTION).tree, runs))
    assert len(found) == 3
    assert not any("JOIN" in text for text in found)


def test_all_rows_of_one_table_are_a_scan_and_stream_into_one_block(world: World) -> None:
    split = split_runnable(world.resolve("SELECT sum(p.age) AS s FROM a.person p").tree, no_sums)
    assert split.residual is not None
    assert is_scan(split.pieces[0].query)
    assert reads_once(split.residual, split.pieces[0].name)
    split = split_runnable(
        world.resolve("SELECT sum(p.age) AS s FROM a.person p WHERE p.age > 1").tree, no_sums
    )
    assert not is_scan(split.pieces[0].query)
    joined = split_runnable(
        world.resolve(QUESTION).tree, lambda query: no_sums(query) and "firm" not in query.sql()
    )
    assert joined.residual is not None
    assert not any(reads_once(joined.residual, piece.name) for piece in joined.pieces)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("SELECT p.age AS n FROM a.person p", False),
        ("SELECT p.age + 1 AS n FROM a.person p", True),
        ("SELECT max(p.age) AS n FROM a.person p", True),
        ("SELECT x.age AS n FROM (SELECT p.age FROM a.person p) AS x", False),
        ("SELECT x.b AS n FROM (SELECT p.age, -p.age FROM a.person p) AS x(a, b)", True),
        ("SELECT x.a AS n FROM (SELECT p.age, -p.age FROM a.person p) AS x(a, b)", False),
        ("WITH x(a, b) AS (SELECT p.age, -p.age FROM a.person p) SELECT y.b AS n FROM x AS y", True),
        ("WITH x(a, b) AS (SELECT p.age, -p.age FROM a.person p) SELECT y.a AS n FROM x AS y", False),
        ("SELECT p.age AS n FROM a.person p UNION SELECT p.id FROM a.person p", False),
        ("SELECT p.age AS n FROM a.person p EXCEPT (SELECT p.id * 2 FROM a.person p)", True),
        ("SELECT x.n FROM a.person p JOIN LATERAL (SELECT p.age + 1 AS n) AS x ON true", True),
        ("SELECT x.n FROM (VALUES (1)) AS x(n)", True),
    ],
)
def test_an_output_is_computed_unless_it_is_a_published_column(
    world: World, question: str, expected: bool
) -> None:
    assert is_computed(world.resolve(question).tree, "n") is expected
