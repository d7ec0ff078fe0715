"""What the merge only looks up crosses once: the answer is the same, and a row that counts as often as it comes still does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlglot import exp

from gateway.planner.choosing import Choosing, Preference
from gateway.planner.disclosure import Disclosure
from policies.decision import ColumnDecision, Decision, Floor
from tests.gateway.federated_world import HOME, PERSON, TOWN, FederatedWorld, SameFacts
from tests.sql.ask_in_parts import compare

TOWNS = "FROM centre.town t WHERE"
ONCE = {
    "in": f"SELECT t.title AS a {TOWNS} t.code IN (SELECT p.area FROM north.person p)",
    "not in": f"SELECT t.title AS a {TOWNS} t.code NOT IN (SELECT p.area FROM north.person p)",
    "not in, no null": f"SELECT t.title AS a {TOWNS} t.code NOT IN (SELECT p.area FROM north.person p WHERE p.area IS NOT NULL)",
    "exists": f"SELECT t.title AS a {TOWNS} EXISTS (SELECT 1 FROM north.person p WHERE p.area = t.code AND p.small > 0)",
    "not exists": f"SELECT t.title AS a {TOWNS} NOT EXISTS (SELECT * FROM north.person p WHERE p.area = t.code)",
    "exists, by more than one": f"SELECT t.title AS a {TOWNS} EXISTS (SELECT 1 FROM north.person p WHERE p.area = t.code"
    " AND p.small < t.weight)",
    "semi": "SELECT t.title AS a FROM centre.town t SEMI JOIN north.person p ON p.area = t.code",
    "anti": "SELECT t.title AS a FROM centre.town t ANTI JOIN north.person p ON p.area = t.code",
    "distinct": "SELECT DISTINCT t.title AS a, p.small AS s FROM centre.town t LEFT JOIN north.person p ON p.area = t.code",
    "union": "SELECT t.code AS a FROM centre.town t UNION SELECT p.area AS a FROM north.person p",
    "except": "SELECT t.code AS a FROM centre.town t EXCEPT SELECT p.area AS a FROM north.person p",
    "in a count": f"SELECT count(*) AS n {TOWNS} t.code IN (SELECT p.area FROM north.person p)",
    "members": f"SELECT t.title AS a {TOWNS} t.code IN (SELECT p.area FROM land.person p)",
    "members that exist": f"SELECT t.title AS a {TOWNS} EXISTS (SELECT 1 FROM land.person p WHERE p.area = t.code)",
    "a join that is looked up": f"SELECT t.title AS a {TOWNS} t.code IN (SELECT p.area FROM north.person p"
    " JOIN north.home h ON h.id = p.home)",
    "nested": f"SELECT t.title AS a {TOWNS} t.code IN (SELECT p.area FROM north.person p WHERE p.home IN"
    " (SELECT h.id FROM south.home h))",
}
AS_OFTEN_AS_IT_COMES = {
    "a join": "SELECT t.title AS a FROM centre.town t JOIN north.person p ON p.area = t.code",
    "union all": "SELECT t.code AS a FROM centre.town t UNION ALL SELECT p.area AS a FROM north.person p",
    "except all": "SELECT t.code AS a FROM centre.town t EXCEPT ALL SELECT p.area AS a FROM north.person p",
    "a count": f"SELECT t.title AS a {TOWNS} t.weight < (SELECT count(*) FROM north.person p JOIN south.home h ON h.id = p.home)",
    "exists a count": f"SELECT t.title AS a {TOWNS} EXISTS (SELECT count(*) AS n FROM north.person p JOIN south.home h"
    " ON h.id = p.home HAVING count(*) > 5)",
    "exists of a group": f"SELECT t.title AS a {TOWNS} t.weight IN (SELECT count(*) AS n FROM north.person p JOIN south.home h"
    " ON h.id = p.home GROUP BY p.area)",
    "in the third row": f"SELECT t.title AS a {TOWNS} t.code IN (SELECT u.area FROM (SELECT p.area AS area, row_number() OVER"
    " (ORDER BY p.area, h.id) AS n FROM north.person p JOIN south.home h ON h.id = p.home) u WHERE u.n = 3)",
    "the rows count elsewhere": f"SELECT t.title AS a, (SELECT count(*) FROM (SELECT p.area AS area FROM north.person p"
    f" JOIN south.home h ON h.id = p.home) u) AS n {TOWNS} t.code IN (SELECT p.area FROM north.person p)",
}


@pytest.fixture(scope="module")
def world() -> Iterator[FederatedWorld]:
    world = FederatedWorld(rows=300)
    yield world
    world.close()


def looked_up(
    world: FederatedWorld,
    sql: str,
    choosing: Choosing | None = None,
    disclosure: Disclosure | None = None,
) -> list[str]:
    """The tables of pieces of which different rows are asked for."""
    split = world.plan(world.resolve(sql), choosing=choosing, disclosure=disclosure)
    queries = [piece.query.unnest() for piece in split.pieces]
    found = [query for query in queries if isinstance(query, exp.Select) and query.args.get("distinct")]
    return [table.name for query in found for table in query.find_all(exp.Table)]


@pytest.mark.parametrize("question", ONCE)
def test_what_is_looked_up_crosses_once(question: str, world: FederatedWorld) -> None:
    assert {"person", "home"} & set(looked_up(world, ONCE[question]))
    assert compare(world, ONCE[question], world.plan).status == "same"


@pytest.mark.parametrize("question", AS_OFTEN_AS_IT_COMES)
def test_what_counts_as_often_as_it_comes_crosses_whole(question: str, world: FederatedWorld) -> None:
    tables = looked_up(world, AS_OFTEN_AS_IT_COMES[question])
    assert "home" not in tables
    assert "person" not in tables or question == "the rows count elsewhere"
    assert compare(world, AS_OFTEN_AS_IT_COMES[question], world.plan).status == "same"


@pytest.mark.parametrize("prefer", ["exposure", "time"])
def test_different_rows_are_asked_for_where_there_are_fewer(
    prefer: Preference, world: FederatedWorld
) -> None:
    for distinct, fewer in ((20.0, True), (1e6, False)):
        choosing = Choosing(SameFacts(1e6, distinct), prefer)
        assert bool(looked_up(world, ONCE["in"], choosing)) is fewer


def test_of_unknown_rows_the_fewest_bytes_leave(world: FederatedWorld) -> None:
    assert looked_up(world, ONCE["in"], Choosing(prefer="exposure")) == ["person"]
    assert looked_up(world, ONCE["in"], Choosing(prefer="time")) == []


def test_few_rows_are_not_worth_it(world: FederatedWorld) -> None:
    assert looked_up(world, ONCE["in"], Choosing(SameFacts(100.0, 5.0))) == []


@pytest.mark.parametrize(
    ("uses", "floor", "expected"),
    [({"read"}, None, ["person"]), ({"join"}, None, []), ({"read"}, Floor(2, "id"), [])],
    ids=["read", "join", "floor"],
)
def test_only_values_that_may_be_seen_are_grouped(
    uses: set[str], floor: Floor | None, expected: list[str], world: FederatedWorld
) -> None:
    rules = {name: ColumnDecision(frozenset(uses)) for name in (*PERSON, *HOME, *TOWN)}
    disclosure = Disclosure(
        [Decision("north", "person", True, True, "grant", (), rules, None, None, "", floor=floor)]
    )
    assert looked_up(world, ONCE["in"], disclosure=disclosure) == expected


def test_what_is_read_elsewhere_as_well_is_asked_for_once(world: FederatedWorld) -> None:
    """Equal parts are one fragment, which is less than two of them."""
    sql = (
        "SELECT t.title AS a FROM centre.town t JOIN (SELECT p.area AS area FROM north.person p) q ON q.area = t.code"
        " WHERE t.code IN (SELECT p.area FROM north.person p)"
    )
    split = world.plan(world.resolve(sql))
    assert compare(world, sql, world.plan).status == "same"
    texts = {piece.query.sql("duckdb") for piece in split.pieces if piece.context == "north"}
    assert len(texts) <= 2
