"""Blocks over the same rows read them once: the same answers, where less leaves, and nothing that may not be seen."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlglot import exp

from gateway.planner.choosing import Choosing
from gateway.planner.disclosure import Disclosure
from gateway.planner.make_plan import make_plan
from gateway.planner.share_blocks import SHARED, share_blocks
from gateway.stages import AdmittedQuery, AuthorizedQuery, BoundQuery, FederatedPlan, Lifetime, QueryRequest
from policies.decision import ColumnDecision, Decision
from policies.principal import Principal
from policies.statistics import UNKNOWN_SPEED, ColumnFacts, SourceSpeed, TableFacts
from sql.parse import parse_query
from sql.render import render
from sql.resolve import ResolvedQuery, resolve_query
from sql.split import Split, split_query
from sql.uses import infer_uses
from tests.sql.ask_in_parts import World, compare
from tests.sql.small_tables import TABLES

QUESTIONS = 300
ROWS = (
    "FROM a.person p{0} JOIN b.firm f{0} ON f{0}.owner = p{0}.id WHERE p{0}.age > 1 AND f{0}.name IS NOT NULL"
)
SHARE = (
    f"SELECT p.town AS t, sum(p.age) AS s {ROWS.format('')} GROUP BY p.town "
    f"HAVING sum(p.age) > (SELECT avg(p2.age) {ROWS.format(2)})"
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World(rows=25, most=12, federated=True)
    yield world
    world.close()


def shared(world: World, question: str, disclosure: Disclosure | None = None) -> exp.Query | None:
    tree = world.resolve(question).tree
    before = render(tree)
    found = share_blocks(tree, disclosure or Disclosure(), world.catalog)
    assert render(tree) == before, "the question was changed"
    return found


class Maker:
    """Questions that put blocks over the same rows, spelled differently, beside and into each other."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.count = 0

    def rows(self, *, other: bool = False) -> tuple[str, str, str]:
        """FROM and WHERE, and what the persons and the firms are called there."""
        self.count += 1
        person, firm = f"p{self.count}", f"f{self.count}"
        age = 2 if other else 1
        conditions = [f"{person}.age > {age}", f"{firm}.name <> 'x'"]
        link = f"{firm}.owner = {person}.id"
        self.chance.shuffle(conditions)
        tables = [f"a.person AS {person}", f"b.firm AS {firm}"]
        if self.chance.random() < 0.5:
            tables.reverse()
        if self.chance.random() < 0.5:
            return f"FROM {' JOIN '.join(tables)} ON {link} WHERE {' AND '.join(conditions)}", person, firm
        return f"FROM {', '.join(tables)} WHERE {' AND '.join([*conditions, link])}", person, firm

    def scalar(self) -> str:
        rows, person, firm = self.rows(other=self.chance.random() < 0.2)
        value = self.chance.choice(
            (f"max({person}.age)", "count(*)", f"sum({firm}.id)", f"count(DISTINCT {firm}.name)")
        )
        return f"(SELECT {value} {rows})"

    def question(self) -> str:
        rows, person, firm = self.rows()
        other, person2, firm2 = self.rows()
        return self.chance.choice(
            (
                f"SELECT {person}.town AS a, count(*) AS n, {self.scalar()} AS m {rows} GROUP BY {person}.town",
                f"SELECT {firm}.name AS a, {person}.name AS b {rows} AND {person}.age < {self.scalar()}",
                f"SELECT {person}.name AS a {rows} UNION ALL SELECT {firm2}.name AS a {other}",
                (
                    f"SELECT {person}.town AS a, sum({firm}.id) AS s {rows} GROUP BY {person}.town "
                    f"HAVING sum({firm}.id) >= {self.scalar()} - 40"
                ),
                (
                    f"SELECT q.t AS t, q.n AS n, r.name AS r FROM (SELECT {person}.town AS t, count(*) AS n {rows} "
                    f"GROUP BY {person}.town) AS q JOIN (SELECT {firm2}.town AS t, {person2}.name AS name {other}) AS r "
                    "ON r.t = q.t"
                ),
                (
                    f"WITH w AS (SELECT {person}.id AS i {rows}) SELECT {person2}.name AS n, {firm2}.id AS i {other} "
                    f"AND {person2}.id + 1 IN (SELECT w.i FROM w)"
                ),
                (
                    f"SELECT {person}.name AS a, rank() OVER (ORDER BY {firm}.id, {person}.id) AS b, {self.scalar()} AS m "
                    f"{rows} ORDER BY b, a LIMIT 7"
                ),
                (
                    f"SELECT DISTINCT {person}.town AS a, (SELECT count(*) FROM c.town AS t WHERE t.code = {person}.town) "
                    f"AS n, {self.scalar()} AS m {rows}"
                ),
            )
        )


def test_the_answers_are_the_same(world: World) -> None:
    counts: Counter[str] = Counter()
    for seed in range(QUESTIONS):
        question = Maker(seed).question()

        def parts_of(resolved: ResolvedQuery) -> Split:
            tree = share_blocks(resolved.tree, Disclosure(), world.catalog)
            counts["shared" if tree is not None else "apart"] += 1
            return split_query(tree or resolved.tree, lambda table: table.db)

        try:
            counts[compare(world, question, parts_of).status] += 1
        except AssertionError as error:
            error.add_note(f"seed {seed}: {question}")
            raise
    assert counts["shared"] > 0.4 * QUESTIONS, counts
    assert counts["same"] > 0.9 * QUESTIONS, counts


def test_each_department_is_asked_once(world: World) -> None:
    tree = shared(world, SHARE)
    assert tree is not None
    split = split_query(tree, lambda table: table.db)
    assert sorted(piece.context for piece in split.pieces) == ["a", "b"]


@pytest.mark.parametrize(
    "question",
    [
        SHARE.replace("p2.age > 1", "p2.age > 2"),
        SHARE.replace("p2.age > 1", "p2.town = p.town"),
        SHARE.replace("JOIN b.firm f2", "LEFT JOIN b.firm f2"),
        SHARE.replace("p2.age > 1", "p2.age > (SELECT 1)"),
        SHARE.replace("a.person p2", "a.person p3, a.person p2"),
        SHARE.replace("b.firm", "a.visit").replace("owner", "person_id").replace(".name IS", ".cost IS"),
        SHARE.replace("a.person", "every.resident"),
        SHARE.partition(" HAVING")[0],
    ],
    ids=["other value", "correlated", "outer", "subquery", "twice", "one department", "federated", "alone"],
)
def test_other_blocks_stay_as_they_are(question: str, world: World) -> None:
    assert shared(world, question) is None


def test_what_may_not_be_seen_is_not_shared(world: World) -> None:
    def held(uses: frozenset[str]) -> Disclosure:
        every = frozenset({"read", "filter", "match", "aggregate"})
        columns = {name: ColumnDecision(every, None) for name in ("id", "town")}
        columns["age"] = ColumnDecision(uses, None)
        return Disclosure([Decision("a", "person", True, True, "g", (), columns, None, None, "d")])

    assert shared(world, SHARE, held(frozenset({"read", "filter", "aggregate"}))) is not None
    assert shared(world, SHARE, held(frozenset({"filter", "aggregate"}))) is None


class Told:
    """So many persons, each of a firm of their own, in so many towns."""

    def __init__(self, towns: float) -> None:
        self.towns = towns

    def table(self, department: str, name: str) -> TableFacts | None:
        rows = 20_000.0 if name != "town" else self.towns
        columns = {
            column: ColumnFacts(
                distinct=self.towns if column == "town" else rows, null_fraction=0.0, width=8.0
            )
            for column in TABLES[department, name]
        }
        columns["age"] = ColumnFacts(distinct=90.0, null_fraction=0.0, bounds=(0.0, 90.0))
        return TableFacts(rows, columns)

    def speed(self, department: str) -> SourceSpeed:
        del department
        return UNKNOWN_SPEED


@pytest.mark.parametrize(
    ("choosing", "fragments"),
    [
        (Choosing(), 4),
        (Choosing(Told(20_000.0)), 2),
        (Choosing(Told(20_000.0), "time"), 2),
        (Choosing(Told(5.0)), 2),
    ],
    ids=["nothing known", "rows cross", "rows cross in time", "groups of as many keys"],
)
def test_rows_are_shared_where_no_more_leaves(choosing: Choosing, fragments: int, world: World) -> None:
    plan = planned(world, SHARE, choosing)
    assert len(plan.fragments) == fragments
    assert (SHARED in plan.remarks) == (fragments == 2)


def test_groups_that_cross_are_not_given_up_for_shared_rows(world: World) -> None:
    """A department that sends a few groups twice sends less than if it sent its rows once."""
    question = (
        "SELECT q.t AS t, q.s AS s, r.m AS m "
        "FROM (SELECT t.name AS t, sum(p.age) AS s FROM a.person p JOIN c.town t ON t.code = p.town GROUP BY t.name) q "
        "JOIN (SELECT t2.name AS t, max(p2.age) AS m FROM a.person p2 JOIN c.town t2 ON t2.code = p2.town "
        "GROUP BY t2.name) r ON r.t = q.t"
    )
    assert share_blocks(world.resolve(question).tree, Disclosure(), world.catalog) is not None
    plan = planned(world, question, Choosing(Told(5.0)))
    assert SHARED not in plan.remarks
    assert any("GROUP BY" in fragment.fragment.sql for fragment in plan.fragments)


def planned(world: World, question: str, choosing: Choosing) -> FederatedPlan:
    lifetime = Lifetime(time.monotonic() + 60)
    asker = Principal("someone", "one")
    request = QueryRequest("id", "trace", asker, "peer", question, (), {}, "purpose", False, lifetime)
    parsed = parse_query(question)
    resolved = resolve_query(parsed, world.catalog, world.binder)
    influence = infer_uses(resolved.tree, resolved.tables, question)
    bound = BoundQuery(AdmittedQuery(request, parsed, world.catalog), resolved, influence)
    return make_plan(AuthorizedQuery(bound, ()), world.binder, world.catalog, choosing)
