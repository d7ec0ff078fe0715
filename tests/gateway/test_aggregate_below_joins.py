"""Aggregation below joins across departments: the same answers, with and without, and chosen by what it costs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlglot import exp

from gateway.planner.choosing import Choosing
from gateway.planner.disclosure import Disclosure
from gateway.planner.make_plan import apply_passes
from gateway.planner.planning import Planning
from policies.decision import ColumnDecision, Decision, Floor
from policies.statistics import UNKNOWN_SPEED, ColumnFacts, SourceSpeed, TableFacts
from sql.resolve import ResolvedQuery
from sql.split import Split, split_query
from tests.gateway.below_join_questions import BelowFacts, BelowJoinMaker
from tests.gateway.federated_world import PERSON, FederatedWorld, SameFacts
from tests.sql.ask_in_parts import compare

QUESTIONS = 400


@pytest.fixture(scope="module")
def world() -> Iterator[FederatedWorld]:
    world = FederatedWorld()
    yield world
    world.close()


def plan(world: FederatedWorld, resolved: ResolvedQuery, choosing: Choosing) -> tuple[Split, Planning]:
    planning = Planning(world.catalog, world.binder, choosing=choosing)
    return split_query(apply_passes(resolved.tree, planning), lambda table: table.db), planning


def aggregated(split: Split) -> list[str]:
    """The departments that send groups."""
    return [p.context for p in split.pieces if p.query.find(exp.Group) is not None]


@pytest.mark.parametrize("people", ["north.person", "land.person"])
def test_rows_and_groups_give_the_same_answer(people: str, world: FederatedWorld) -> None:
    counts: Counter[str] = Counter()
    for seed in range(QUESTIONS):
        question = BelowJoinMaker(seed).question().replace("north.person", people)
        chosen: list[bool] = []

        def planned(resolved: ResolvedQuery, found: list[bool] = chosen) -> Split:
            split, planning = plan(world, resolved, Choosing(BelowFacts()))
            found.append(bool(planning.remarks) and split.residual is not None and bool(aggregated(split)))
            return split

        try:
            outcome = compare(world, question, planned)
        except AssertionError as error:
            error.add_note(f"seed {seed}: {question}")
            raise
        counts[outcome.status if chosen and chosen[0] else "rows"] += 1
    assert counts["same"] >= 0.35 * QUESTIONS, counts


QUESTION = "SELECT t.title AS t, sum(p.price) AS s FROM north.person p JOIN centre.town t ON t.code = p.area GROUP BY t.title"


class Told:
    """So many persons of so many areas, at a department that takes so long to group them; nothing of towns."""

    def __init__(self, rows: float, areas: float, group: float = 0.1, price: float = 1000.0) -> None:
        self.person = TableFacts(
            rows,
            {
                "area": ColumnFacts(distinct=areas, null_fraction=0.0, width=8.0),
                "price": ColumnFacts(distinct=rows, null_fraction=0.0, bounds=(0.0, price)),
            },
        )
        self.group = group

    def table(self, department: str, name: str) -> TableFacts | None:
        return self.person if (department, name) == ("north", "person") else None

    def speed(self, department: str) -> SourceSpeed:
        del department
        return SourceSpeed(UNKNOWN_SPEED.row, UNKNOWN_SPEED.value, self.group)


COUNTS = QUESTION.replace("sum(p.price)", "count(*)")
LOOKED_UP = "SELECT sum(p.price) AS s FROM north.person p WHERE p.area IN (SELECT t.code FROM centre.town t)"
FEW, MANY = Told(100_000, 50), Told(100_000, 90_000)
SLOW = Told(100_000, 50_000, group=50.0)


@pytest.mark.parametrize(
    ("question", "choosing", "groups"),
    [
        *((question, Choosing(), False) for question in (QUESTION, COUNTS, LOOKED_UP)),
        *((question, Choosing(FEW), True) for question in (QUESTION, COUNTS, LOOKED_UP)),
        *((question, Choosing(FEW, "time"), True) for question in (QUESTION, LOOKED_UP)),
        *((question, Choosing(MANY), False) for question in (QUESTION, COUNTS, LOOKED_UP)),
        *((question, Choosing(Told(100, 2)), False) for question in (QUESTION, COUNTS)),
        (COUNTS, Choosing(Told(100_000, 45_000)), False),
        (COUNTS, Choosing(Told(100_000, 45_000), "time"), True),
        (QUESTION, Choosing(SLOW), True),
        (QUESTION, Choosing(SLOW, "time"), False),
    ],
)
def test_groups_cross_where_that_is_better(
    question: str, choosing: Choosing, groups: bool, world: FederatedWorld
) -> None:
    split, _ = plan(world, world.resolve(question), choosing)
    assert aggregated(split) == (["north"] if groups else [])


def test_a_choice_says_what_the_other_would_have_cost(world: FederatedWorld) -> None:
    for areas, first in ((50, "of north.person, groups ("), (90_000, "of north.person, rows (")):
        _, planning = plan(world, world.resolve(QUESTION), Choosing(Told(100_000, areas)))
        (remark,) = planning.remarks
        assert remark.kind == "choice"
        assert remark.text.startswith(first)
        assert remark.text.count("bytes") == 2
        assert remark.text.endswith("prefer exposure")


SPREAD = QUESTION.replace("north.person", "land.person")
COUNTED_IN_MEMBERS = (
    SPREAD,
    SPREAD.replace("sum(p.price)", "count(*)"),
    SPREAD.replace("t.title AS t", "t.title AS t, p.member AS m").replace(
        "BY t.title", "BY t.title, p.member"
    ),
    "SELECT t.code AS c, count(p.id) AS n FROM centre.town t LEFT JOIN land.person p ON p.area = t.code GROUP BY t.code",
    "SELECT count(DISTINCT p.area) AS n, max(t.weight) AS w FROM land.person p, centre.town t WHERE t.code = p.area",
)


@pytest.mark.parametrize("question", COUNTED_IN_MEMBERS)
def test_members_send_groups_where_that_is_better(question: str, world: FederatedWorld) -> None:
    for facts, groups in (
        (SameFacts(1e6, 20.0), True),
        (SameFacts(1e6, 9e5), False),
        (SameFacts(100, 20), False),
    ):
        split, planning = plan(world, world.resolve(question), Choosing(facts))
        assert set(aggregated(split)) == ({"north", "south", "east", "west"} if groups else set())
        assert [remark.kind for remark in planning.remarks] == ([] if facts.known.rows == 100 else ["choice"])
        assert compare(world, question, lambda r, f=facts: plan(world, r, Choosing(f))[0]).status == "same"


def test_each_block_is_chosen_for_by_itself(world: FederatedWorld) -> None:
    """What is gathered in one block adds blocks to the tree, so that a block's place in it is another one then."""
    inner = "SELECT p.small AS s FROM {people} p JOIN centre.town t ON t.code = p.area GROUP BY p.small HAVING count(*) > {n}"
    people = ("north.person", "land.person", "south.person")
    parts = [inner.format(people=name, n=n) for n, name in enumerate(people)]
    question = (
        "SELECT t.title AS t, count(*) AS n FROM north.person p JOIN centre.town t ON t.code = p.area WHERE "
        + " AND ".join(f"p.small IN ({part})" for part in parts)
        + " GROUP BY t.title"
    )
    facts = Choosing(SameFacts(1e6, 20.0))
    _, planning = plan(world, world.resolve(question), facts)
    chosen = [remark.text.split(",")[0] for remark in planning.remarks]
    assert sorted(chosen) == sorted(["of north.person", *(f"of {name}" for name in people)])
    assert compare(world, question, lambda resolved: plan(world, resolved, facts)[0]).status == "same"


@pytest.mark.parametrize(
    ("uses", "floor", "groups"),
    [({"read"}, None, True), ({"join", "aggregate"}, None, False), ({"read"}, Floor(2, "id"), False)],
    ids=["read", "not read", "floor"],
)
@pytest.mark.parametrize(
    "question", [SPREAD, "SELECT count(*) AS n FROM land.person p CROSS JOIN centre.town t"]
)
def test_members_group_what_may_be_seen_of_all_rows(
    question: str, uses: set[str], floor: Floor | None, groups: bool, world: FederatedWorld
) -> None:
    """Columns that may not be read are grouped for that reason, without a choice: see `split_aggregates`."""
    rules = {name: ColumnDecision(frozenset(uses)) for name in PERSON}
    hidden = Decision("west", "person", True, True, "grant", (), rules, None, None, "", floor=floor)
    planning = Planning(world.catalog, world.binder, Disclosure([hidden]), Choosing(SameFacts(1e6, 20.0)))
    apply_passes(world.resolve(question).tree, planning)
    counts = "count" in question and floor is None
    assert [remark.kind for remark in planning.remarks] == (["choice"] if groups or counts else [])


def test_members_of_which_one_tells_nothing_send_rows(world: FederatedWorld) -> None:
    split, planning = plan(world, world.resolve(SPREAD), Choosing(Told(100_000, 50)))
    assert (aggregated(split), planning.remarks) == ([], [])


@pytest.mark.parametrize("price", [1000.0, 9e9])
def test_sums_of_one_member_that_might_not_fit_their_type_keep_the_rows_of_all(
    price: float, world: FederatedWorld
) -> None:
    question = SPREAD.replace("sum(p.price)", "sum(p.price * p.price)")
    facts = SameFacts(1e6, 20.0)
    bounded = {name: replace(known, bounds=(0.0, 1000.0)) for name, known in facts.known.columns.items()}
    usual, one = (
        TableFacts(1e6, bounded),
        TableFacts(1e6, {**bounded, "price": ColumnFacts(20.0, bounds=(0.0, price))}),
    )
    facts.table = lambda department, name: one if department == "west" else usual  # type: ignore[method-assign]  # one member differs
    split, _ = plan(world, world.resolve(question), Choosing(facts))
    assert bool(aggregated(split)) == (price == 1000.0)


def test_sums_that_might_not_fit_their_type_are_left_to_the_merge(world: FederatedWorld) -> None:
    """A product of decimals has 18 digits in DuckDB, and values near that could fail on rows that nobody asked for."""
    question = QUESTION.replace("sum(p.price)", "sum(p.price * p.price)")
    for price, groups in ((1000.0, ["north"]), (9e9, [])):
        split, _ = plan(world, world.resolve(question), Choosing(Told(100_000, 50, price=price)))
        assert aggregated(split) == groups


def test_columns_that_may_not_be_counted_are_not_grouped_for_less_bytes(world: FederatedWorld) -> None:
    told = Told(100_000, 50)
    told.person = TableFacts(100_000, {"price": told.person.columns["price"]})
    split, planning = plan(world, world.resolve(QUESTION), Choosing(told))
    assert aggregated(split) == []
    assert planning.remarks == []


def test_a_left_join_counts_rows_without_a_partner_once(world: FederatedWorld) -> None:
    question = (
        "SELECT t.code AS c, count(*) AS n, count(p.id) AS m, sum(t.weight) AS w FROM centre.town t "
        "LEFT JOIN north.person p ON p.area = t.code GROUP BY t.code"
    )
    found: list[Split] = []

    def planned(resolved: ResolvedQuery) -> Split:
        found.append(plan(world, resolved, Choosing(BelowFacts()))[0])
        return found[-1]

    assert compare(world, question, planned).status == "same"
    assert aggregated(found[0]) == ["north"]


COUNTED = (
    "FROM north.person p JOIN centre.town t ON t.code = p.area",
    "FROM north.person p JOIN centre.town t ON t.code = p.area AND p.small < t.weight",
    "FROM centre.town t LEFT JOIN north.person p ON p.area = t.code",
    "FROM north.person p JOIN north.home h ON h.id = p.home JOIN centre.town t ON t.code = p.area",
    "FROM north.person p CROSS JOIN centre.town t",
)


@pytest.mark.parametrize("source", COUNTED)
def test_rows_of_a_join_are_counted_by_what_each_of_its_groups_stands_for(
    source: str, world: FederatedWorld
) -> None:
    few = Choosing(SameFacts(1e6, 20.0))
    for group in ("", "t.title", "p.flag", "t.title, p.area", "ROLLUP (t.title)"):
        output = f"{group}, " if group and "ROLLUP" not in group else ""
        grouping = f" GROUP BY {group}" if group else ""
        for condition in ("", " WHERE p.small > 0", " WHERE t.weight < 4 OR p.flag"):
            question = f"SELECT {output}count(*) AS n {source}{condition}{grouping}"
            split, _ = plan(world, world.resolve(question), few)
            assert any(piece.query.find(exp.Count) is not None for piece in split.pieces), question
            assert compare(world, question, lambda resolved: plan(world, resolved, few)[0]).status == "same"


LOOKUPS = (
    "p.area IN (SELECT t.code FROM centre.town t)",
    "p.area NOT IN (SELECT t.code FROM centre.town t WHERE t.weight > 1)",
    "p.area NOT IN (SELECT t.code FROM centre.town t WHERE t.code > 'a')",
    "EXISTS (SELECT 1 FROM centre.town t WHERE t.code = p.area AND t.weight > p.small)",
    "NOT EXISTS (SELECT 1 FROM centre.town t WHERE t.code = p.area)",
    "p.small > (SELECT min(t.weight) FROM centre.town t)",
    "p.small > (SELECT max(t.weight) FROM centre.town t WHERE t.code = p.area)",
    "(p.flag OR p.area IN (SELECT t.code FROM centre.town t))",
)
CALLS = (
    "count(*)",
    "count(p.name)",
    "sum(p.price)",
    "avg(p.small)",
    "min(p.born)",
    "count(DISTINCT p.name)",
    "stddev(p.even)",
    "bool_and(p.flag)",
    "sum(p.price) FILTER (WHERE p.small > 0)",
    "approx_count_distinct(p.far)",
)
GROUPS = (
    "",
    " GROUP BY p.area",
    " GROUP BY p.small",
    " GROUP BY ROLLUP (p.area, p.flag)",
    " GROUP BY p.born HAVING count(*) > 1",
)


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_groups_are_made_below_a_condition_that_asks_another_department(
    lookup: str, world: FederatedWorld
) -> None:
    chance = random.Random(lookup)
    few = Choosing(SameFacts(1e6, 20.0, far=1e6))
    grouped = 0
    for _ in range(12):
        calls = ", ".join(f"{call} AS c{n}" for n, call in enumerate(chance.sample(CALLS, 2)))
        own = chance.choice(("", " AND p.small < 3", " AND p.home IN (SELECT h.id FROM north.home h)"))
        question = f"SELECT {calls} FROM north.person p WHERE {lookup}{own}{chance.choice(GROUPS)}"
        split, _ = plan(world, world.resolve(question), few)
        grouped += "north" in aggregated(split)
        assert compare(world, question, lambda resolved: plan(world, resolved, few)[0]).status == "same"
    assert grouped >= 6
