"""0 and -0 are equal and not the same: what is grouped or asked for once by a choice of ours does not make one of both."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from sqlglot import exp

from gateway.planner.choosing import Choosing
from tests.gateway.federated_world import FederatedWorld, SameFacts
from tests.sql.ask_in_parts import compare

TEXT = "CAST(p.even AS VARCHAR)"
SHARE = "CAST(r.share AS VARCHAR)"
APART = {
    "a condition asks another": f"SELECT count(*) AS n FROM land.person p WHERE {TEXT} IN (SELECT {SHARE} FROM centre.rate r)",
    "so does one of what is grouped by": "SELECT p.even AS e, count(*) AS n FROM land.person p WHERE"
    f" {TEXT} IN (SELECT {SHARE} FROM centre.rate r) GROUP BY p.even",
    "an outer query asks": f"SELECT v.c AS c, (SELECT count(*) FROM land.person p WHERE {TEXT} = v.c) AS n"
    f" FROM (SELECT DISTINCT {SHARE} AS c FROM centre.rate r) v",
    "a join": f"SELECT r.area AS a, sum(p.small) AS s, count(*) AS n FROM north.person p JOIN centre.rate r ON r.area = p.area"
    f" AND {SHARE} = {TEXT} GROUP BY r.area",
    "a left join": f"SELECT r.area AS a, sum(p.small) AS s, count(*) AS n FROM centre.rate r LEFT JOIN north.person p"
    f" ON r.area = p.area AND {SHARE} = {TEXT} GROUP BY r.area",
    "a key of both": f"SELECT {SHARE} = {TEXT} AS same, sum(p.small) AS s, count(*) AS n FROM north.person p"
    " JOIN centre.rate r ON r.area = p.area GROUP BY 1",
    "a division": "SELECT r.area AS a, sum(p.small) AS s, count(*) AS n FROM north.person p JOIN centre.rate r"
    " ON r.area = p.area AND 1 / p.even > r.least GROUP BY r.area",
    "different rows": f"SELECT DISTINCT {TEXT} || (SELECT max(r.area) FROM centre.rate r WHERE {SHARE} = {TEXT}) AS t"
    " FROM land.person p",
    "exists": f"SELECT r.area AS a FROM centre.rate r WHERE EXISTS (SELECT 1 FROM north.person p WHERE {TEXT} = {SHARE})",
    "exists, by another name": "SELECT r.area AS a FROM centre.rate r WHERE EXISTS (SELECT 1 FROM (SELECT p.even AS y"
    f" FROM north.person p) z WHERE CAST(z.y AS VARCHAR) = {SHARE})",
    "semi": f"SELECT r.area AS a FROM centre.rate r SEMI JOIN north.person p ON {TEXT} = {SHARE}",
    "anti": f"SELECT r.area AS a FROM centre.rate r ANTI JOIN north.person p ON {TEXT} = {SHARE}",
    "distinct": f"SELECT DISTINCT {TEXT} AS t, r.share AS s FROM north.person p JOIN centre.rate r ON r.area = p.area",
    "compared with text": "SELECT t.title AS a FROM centre.town t WHERE EXISTS (SELECT 1 FROM north.person p"
    f" WHERE {TEXT} = t.code OR p.even IS NULL)",
}
ALIKE = {
    "a comparison": "SELECT count(*) AS n FROM land.person p WHERE p.even IN (SELECT r.share FROM centre.rate r)",
    "a group": "SELECT p.even AS e, count(*) AS n FROM land.person p GROUP BY p.even",
    "a text that is grouped by": f"SELECT {TEXT} AS t, count(*) AS n FROM land.person p WHERE p.area IN"
    " (SELECT t.code FROM centre.town t) GROUP BY 1",
    "different values": "SELECT count(DISTINCT p.even) AS n FROM land.person p",
    "a join": "SELECT r.area AS a, sum(p.small) AS s, count(*) AS n FROM north.person p JOIN centre.rate r"
    " ON r.area = p.area AND p.even <= r.share GROUP BY r.area",
    "null": "SELECT p.even AS e, count(*) AS n FROM land.person p WHERE p.even IS NULL OR p.area IN"
    " (SELECT t.code FROM centre.town t) GROUP BY p.even",
    "another number": "SELECT count(*) AS n FROM land.person p WHERE p.even BETWEEN -0.5 AND 1 AND p.area IN"
    " (SELECT t.code FROM centre.town t)",
    "in": "SELECT r.area AS a FROM centre.rate r WHERE r.share IN (SELECT p.even FROM north.person p)",
    "exists": "SELECT r.area AS a FROM centre.rate r WHERE EXISTS (SELECT 1 FROM north.person p WHERE p.even < r.share)",
    "union": "SELECT r.share AS s FROM centre.rate r UNION SELECT p.even AS s FROM north.person p",
    "distinct": "SELECT DISTINCT p.even AS e, r.share AS s FROM north.person p JOIN centre.rate r ON r.area = p.area",
}


@pytest.fixture(scope="module")
def world() -> Iterator[FederatedWorld]:
    world = FederatedWorld(rows=300)
    for table, column in (("north.person", "even"), ("south.person", "even"), ("centre.rate", "share")):
        world.database.execute(
            f"UPDATE {table} SET {column} = CASE rowid % 4 WHEN 0 THEN 0.0::DOUBLE WHEN 1 THEN -0.0::DOUBLE ELSE {column} END"
        )
    yield world
    world.close()


def moved_less(world: FederatedWorld, sql: str) -> bool:
    """Whether a department is asked for groups, or for different rows."""
    split = world.plan(world.resolve(sql), choosing=Choosing(SameFacts(1e6, 20.0)))
    selects = [
        s for piece in split.pieces for s in piece.query.find_all(exp.Select) if piece.context != "centre"
    ]
    return any(select.args.get("group") or select.args.get("distinct") for select in selects)


def test_both_are_there(world: FederatedWorld) -> None:
    texts = f"SELECT DISTINCT {TEXT} AS t FROM north.person p WHERE p.even = 0 ORDER BY t"
    assert world.answer(texts).column("t").to_pylist() == ["-0.0", "0.0"]


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize("question", APART)
def test_what_tells_them_apart_is_asked_of_rows(question: str, known: bool, world: FederatedWorld) -> None:
    choosing = Choosing(SameFacts(1e6, 20.0)) if known else Choosing()
    assert compare(world, APART[question], partial(world.plan, choosing=choosing)).status == "same"
    assert not moved_less(world, APART[question])


@pytest.mark.parametrize("question", ALIKE)
def test_what_does_not_is_asked_of_groups(question: str, world: FederatedWorld) -> None:
    assert compare(world, ALIKE[question], world.plan).status == "same"
    assert moved_less(world, ALIKE[question])
