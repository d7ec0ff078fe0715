"""Quantiles over federated tables: of values that repeat, members send each once with how often it comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlglot import exp

from gateway.planner.aggregate_block import REPEATED
from gateway.planner.choosing import Choosing
from gateway.planner.disclosure import Disclosure
from policies.decision import ColumnDecision, Decision, Floor
from tests.gateway.federated_world import MEMBERS, PERSON, FederatedWorld, SameFacts
from tests.sql.ask_in_parts import compare

ROWS = 100_000.0
MEDIAN = "SELECT median(p.far) AS m FROM land.person p"
GROUPS = {
    "median": MEDIAN,
    "of decimals": "SELECT quantile_cont(p.price, 0.25) AS q FROM land.person p",
    "of dates": "SELECT p.area AS a, median(p.born) AS m FROM land.person p GROUP BY p.area",
    "of texts": "SELECT quantile_disc(p.name, 0.4) AS q FROM land.person p",
    "of doubles": "SELECT list_extract(quantile_cont(p.even, [0.05, 0.5, 1]), 3) AS q FROM land.person p",
    "of some rows": "SELECT median(p.far) FILTER (WHERE p.small > 0) AS m, count(*) AS n FROM land.person p",
    "of no rows": "SELECT median(p.far) AS m FROM land.person p WHERE p.id < 0",
    "of a constant": "SELECT median(2) AS m, p.area AS a FROM land.person p GROUP BY p.area",
    "of an expression": "SELECT median(p.far % 5) AS m FROM land.person p WHERE p.small >= 0",
    "of two columns": "SELECT median(p.far) AS m, quantile(p.small, 0.9) AS q, avg(p.price) AS a FROM land.person p",
    "rolled up": "SELECT p.area AS a, median(p.small) AS m FROM land.person p GROUP BY ROLLUP (p.area)",
    "in a condition": "SELECT p.area AS a FROM land.person p GROUP BY p.area HAVING median(p.small) > 1",
}
OF_ROWS = {
    "within group": "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY p.far DESC) AS m FROM land.person p",
    "mode": "SELECT mode(p.far) AS m FROM land.person p WHERE p.far = 1000001",
}


@pytest.fixture(scope="module")
def world() -> Iterator[FederatedWorld]:
    world = FederatedWorld(rows=400)
    yield world
    world.close()


def sends_groups(
    world: FederatedWorld, sql: str, choosing: Choosing, disclosure: Disclosure | None = None
) -> bool:
    split = world.plan(world.resolve(sql), disclosure=disclosure, choosing=choosing)
    assert split.residual is not None
    return all(piece.query.find(exp.Count) is not None for piece in split.pieces)


def decided(*, floor: Floor | None = None, uses: str = "read") -> Disclosure:
    rules = {name: ColumnDecision(frozenset({uses if name == "far" else "read"})) for name in PERSON}
    return Disclosure(
        Decision(member, "person", True, True, "grant", (), rules, None, None, "", floor=floor)
        for member in MEMBERS
    )


@pytest.mark.parametrize("question", GROUPS)
def test_values_are_counted_in_members(question: str, world: FederatedWorld) -> None:
    assert sends_groups(world, GROUPS[question], Choosing())
    assert compare(world, GROUPS[question], world.plan).status == "same"


@pytest.mark.parametrize("question", OF_ROWS)
def test_what_is_not_known_by_values_alone_takes_rows(question: str, world: FederatedWorld) -> None:
    assert not sends_groups(world, OF_ROWS[question], Choosing())
    assert compare(world, OF_ROWS[question], world.plan).status == "same"


def test_values_that_hardly_repeat_are_sent_one_by_one(world: FederatedWorld) -> None:
    assert sends_groups(world, MEDIAN, Choosing(SameFacts(ROWS, ROWS / REPEATED / 2)))
    assert not sends_groups(world, MEDIAN, Choosing(SameFacts(ROWS, ROWS)))
    # Each column alone repeats; the two of them together do not.
    both = "SELECT median(p.far) AS m, median(p.small) AS s FROM land.person p"
    assert sends_groups(world, both, Choosing(SameFacts(ROWS, 20)))
    assert not sends_groups(world, both, Choosing(SameFacts(ROWS, 5000)))


def test_values_are_not_counted_where_few_must_not_be_seen_or_none(world: FederatedWorld) -> None:
    assert sends_groups(world, MEDIAN, Choosing(), decided())
    assert not sends_groups(world, MEDIAN, Choosing(), decided(floor=Floor(2, "id")))
    assert not sends_groups(world, MEDIAN, Choosing(), decided(uses="aggregate"))
