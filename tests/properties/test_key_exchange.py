"""Join keys that one department finds and another asks for never change an answer, whatever engines they have.

Exchanges are made wherever policies allow them, also where they would not pay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.dispatch import dispatch
from gateway.stages import FederatedPlan
from tests.properties.asking import QUESTIONS, ask, question
from tests.properties.eager import eager_exchanges
from tests.properties.ground import Ground
from tests.properties.world import World
from tests.sql.ask_in_parts import difference

FORMS = {
    "inner join": "SELECT p.id, f.name FROM a.person p JOIN b.firm f ON f.owner = p.id WHERE p.age > 2",
    "join by text": "SELECT p.id, t.name FROM a.person p JOIN c.town t ON t.code = p.town WHERE t.area = 3",
    "join by date": "SELECT v.cost, m.kind FROM a.visit v JOIN b.permit m ON m.day = v.day",
    "chain": (
        "SELECT p.name, n.text FROM a.person p JOIN b.firm f ON f.owner = p.id JOIN c.note n ON n.firm_id = f.id"
    ),
    "two keys": (
        "SELECT count(*) FROM a.person p JOIN c.note n ON n.person_id = p.id JOIN b.firm f"
        " ON f.id = n.firm_id AND f.owner = p.id"
    ),
    "left join": "SELECT p.id, f.name FROM a.person p LEFT JOIN b.firm f ON f.owner = p.id",
    "left join, condition": "SELECT p.id, f.id FROM a.person p LEFT JOIN b.firm f ON f.owner = p.id AND f.id > 3 WHERE p.age < 4",
    "left join that WHERE makes inner": (
        "SELECT p.id, f.name FROM a.person p LEFT JOIN b.firm f ON f.owner = p.id WHERE f.owner = p.id"
    ),
    "right join": "SELECT p.id, f.name FROM a.person p RIGHT JOIN b.firm f ON f.owner = p.id WHERE f.id > 3",
    "full join": "SELECT p.id, f.name FROM a.person p FULL JOIN b.firm f ON f.owner = p.id",
    "semi join": "SELECT p.id FROM a.person p SEMI JOIN b.firm f ON f.owner = p.id",
    "anti join": "SELECT p.id FROM a.person p ANTI JOIN b.firm f ON f.owner = p.id",
    "IN": "SELECT p.id FROM a.person p WHERE p.id IN (SELECT f.owner FROM b.firm f WHERE f.id > 2)",
    "NOT IN": "SELECT p.id FROM a.person p WHERE p.id NOT IN (SELECT f.owner FROM b.firm f)",
    "NOT IN without NULLs": (
        "SELECT p.id FROM a.person p WHERE p.id NOT IN (SELECT f.owner FROM b.firm f WHERE f.owner IS NOT NULL)"
    ),
    "EXISTS": "SELECT p.id FROM a.person p WHERE EXISTS (SELECT 1 FROM b.firm f WHERE f.owner = p.id)",
    "NOT EXISTS": "SELECT p.id FROM a.person p WHERE NOT EXISTS (SELECT 1 FROM b.firm f WHERE f.owner = p.id)",
    "EXISTS of an aggregate": (
        "SELECT p.id FROM a.person p WHERE EXISTS (SELECT count(*) FROM b.firm f WHERE f.owner = p.id)"
    ),
    "correlated count": (
        "SELECT p.id, (SELECT count(*) FROM b.firm f WHERE f.owner = p.id) AS firms FROM a.person p"
    ),
    "groups of the other side": (
        "SELECT p.id, g.n FROM a.person p JOIN (SELECT owner, count(*) AS n FROM b.firm GROUP BY owner) g"
        " ON g.owner = p.id"
    ),
    "sums that are joined by": (
        "SELECT p.id, g.n FROM a.person p JOIN (SELECT owner, count(*) AS n FROM b.firm GROUP BY owner) g"
        " ON g.n = p.age"
    ),
    "groups with a rollup": (
        "SELECT p.id, g.n FROM a.person p JOIN (SELECT owner, town, count(*) AS n FROM b.firm"
        " GROUP BY ROLLUP (owner, town)) g ON g.owner = p.id"
    ),
    "first rows of the other side": (
        "SELECT p.id, f.id FROM a.person p JOIN (SELECT id, owner FROM b.firm ORDER BY id, owner NULLS LAST LIMIT 3) f"
        " ON f.owner = p.id"
    ),
    "window over the other side": (
        "SELECT p.id, f.r FROM a.person p JOIN (SELECT owner, rank() OVER (ORDER BY id) AS r FROM b.firm) f"
        " ON f.owner = p.id"
    ),
    "union of the other side": (
        "SELECT p.id FROM a.person p JOIN (SELECT owner AS k FROM b.firm UNION SELECT firm_id FROM b.permit) u"
        " ON u.k = p.id"
    ),
    "the same table twice": (
        "SELECT p.id, f.id, g.id FROM a.person p JOIN b.firm f ON f.owner = p.id LEFT JOIN b.firm g ON g.id = p.age"
    ),
    "a WITH that is read twice": (
        "WITH f AS (SELECT id, owner FROM b.firm) SELECT p.id, x.id, y.id FROM a.person p JOIN f x ON x.owner = p.id"
        " JOIN f y ON y.id = p.age"
    ),
    "federated receivers": (
        "SELECT r.place, r.id, t.name FROM every.resident r JOIN c.town t ON t.code = r.town WHERE t.area = 2"
    ),
    "federated sources": (
        "SELECT r.place, n.text FROM every.resident r JOIN c.note n ON n.person_id = r.id WHERE r.age = 3"
    ),
    "federated groups": (
        "SELECT t.name, g.n FROM c.town t JOIN (SELECT town, count(*) AS n FROM every.resident GROUP BY town) g"
        " ON g.town = t.code"
    ),
    "no keys at all": "SELECT p.id, f.id FROM a.person p JOIN b.firm f ON f.owner = p.id WHERE p.age = 77",
    "no keys, left join": "SELECT p.id, f.id FROM a.person p LEFT JOIN b.firm f ON f.owner = p.id AND p.age = 77",
    "keys computed": "SELECT p.id, f.id FROM a.person p JOIN b.firm f ON f.owner = p.id + 1",
    "keys of different types": "SELECT p.id, t.code FROM a.person p JOIN c.town t ON t.area = p.age",
    "equal to two of other types": (
        "SELECT p.id, n.text FROM a.person p JOIN b.firm f ON f.town = p.town JOIN c.note n ON n.person_id = p.town"
        " AND n.firm_id = f.id"
    ),
    "either of two": "SELECT p.id, f.id FROM a.person p JOIN b.firm f ON f.owner = p.id OR f.id = p.age",
}
"""Ways to ask two departments for what belongs together."""

RECEIVES_NOTHING = {
    "full join", "NOT IN", "NOT IN without NULLs", "sums that are joined by", "keys computed",
    "keys of different types", "either of two",
}  # fmt: skip
"""Where keys would change the answer, or are not what is compared."""

EITHER = {
    "left join, condition", "right join", "groups with a rollup", "first rows of the other side", "window over the other side",
    "union of the other side",
}  # fmt: skip
"""Where one side only could receive keys, and may be the smaller one."""


@pytest.fixture(autouse=True)
def _eager() -> Iterator[None]:
    with eager_exchanges():
        yield


@pytest.fixture(scope="module", params=range(900, 906))
def plain(ground: Ground, request: pytest.FixtureRequest) -> Iterator[World]:
    """Six draws of engines; every department receives every other's keys."""
    with ground.world(request.param, keys=1.0, plain=True) as world:
        yield world


def planned(world: World, sql: str) -> FederatedPlan:
    return world.gateway.pipeline.explain(world.request(sql))


def left(world: World, plan: FederatedPlan) -> dict[str, int]:
    """Rows that each department sends."""
    streams = dispatch(plan, world.gateway.agents)
    try:
        for stream in streams.streams.values():
            list(stream)
        return {stream.department: stream.rows for stream in streams.streams.values()}
    finally:
        streams.close()
        plan.authorized.request.lifetime.end()


@pytest.mark.parametrize("form", FORMS)
def test_keys_do_not_change_an_answer(plain: World, form: str) -> None:
    wrong = difference(plain.expected(FORMS[form]), plain.answer(FORMS[form]), ordered=False)
    assert not wrong, f"{wrong}\n{plain.engines}"


@pytest.mark.parametrize("form", sorted(FORMS.keys() - EITHER))
def test_keys_are_sent_where_they_may_be(ground: Ground, form: str) -> None:
    with ground.world(910, keys=1.0, plain=True) as world:
        receives = any(fragment.exchanges for fragment in planned(world, FORMS[form]).fragments)
    assert receives is (form not in RECEIVES_NOTHING)


def test_keys_lessen_what_leaves(plain: World) -> None:
    sql = "SELECT p.id, f.name FROM a.person p JOIN b.firm f ON f.owner = p.id WHERE p.age = 3"
    plan, again = planned(plain, sql), planned(plain, sql)
    without = tuple(replace(fragment, exchanges=()) for fragment in again.fragments)
    assert left(plain, plan)["b"] < left(plain, replace(again, fragments=without))["b"]


@pytest.mark.parametrize("seed", range(40, 46))
def test_an_answer_through_policies_is_right_with_keys(seed: int, ground: Ground) -> None:
    with ground.world(seed, keys=0.6, partial=0.3 if seed % 3 == 0 else 0.0) as world:
        outcomes = Counter(ask(world, question(world, number)) for number in range(QUESTIONS))
    assert outcomes["same"] + outcomes["denied"] >= QUESTIONS * 0.6, outcomes
