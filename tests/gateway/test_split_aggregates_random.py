"""Random questions over federated tables: with every pass, without each, and without all, the answer is one DuckDB's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from gateway.planner.disclosure import Disclosure
from gateway.planner.make_plan import PASSES
from policies.decision import ColumnDecision, Decision, Floor
from tests.gateway.federated_questions import QuestionMaker
from tests.gateway.federated_world import MEMBERS, PERSON, FederatedWorld
from tests.sql.ask_in_parts import compare

# Departments know no federated tables, so this one cannot be left out.
OPTIONAL = frozenset(PASSES) - {"expand_federated_tables", "drop_empty_totals"}
# This one makes answers other, as a floor must.
FLOORS = frozenset({"drop_empty_totals"})
SKIPS = {"none": frozenset[str](), **{name: frozenset({name}) for name in sorted(OPTIONAL)}, "all": OPTIONAL}
QUESTIONS = 120


def held(*columns: str, floor: Floor | None = None) -> Disclosure:
    """Of persons, these columns may be aggregated and not seen; with a floor, nobody is seen alone."""
    rules = {
        name: ColumnDecision(frozenset({"aggregate"} if name in columns else {"read"})) for name in PERSON
    }
    return Disclosure(
        Decision(member, "person", True, True, "grant", (), rules, None, None, "", floor=floor)
        for member in MEMBERS
    )


DISCLOSURES = {
    "no numbers": held("small", "far", "price", "ratio", "tenth", "thin", "id"),
    "groups alone": held(*PERSON, floor=Floor(2, "id")),
}


@pytest.fixture(scope="module")
def world() -> Iterator[FederatedWorld]:
    world = FederatedWorld()
    yield world
    world.close()


@pytest.mark.parametrize("skipped", SKIPS)
def test_any_passes_give_the_answer_of_one_database(skipped: str, world: FederatedWorld) -> None:
    hold(
        world,
        range(0 if skipped == "none" else QUESTIONS, QUESTIONS + QUESTIONS // 4),
        SKIPS[skipped],
        Disclosure(),
    )


@pytest.mark.parametrize("disclosed", DISCLOSURES)
def test_what_may_not_be_seen_changes_plans_and_no_answers(disclosed: str, world: FederatedWorld) -> None:
    hold(world, range(1000, 1000 + QUESTIONS // 2), FLOORS, DISCLOSURES[disclosed])


@pytest.mark.parametrize(
    "question",
    [
        "SELECT sum(CAST(p.name AS INTEGER)) AS s FROM land.person p WHERE p.area IN (SELECT t.code FROM centre.town t WHERE t.weight > 99)",
        "SELECT DISTINCT CAST(p.name AS INTEGER) AS n FROM land.person p WHERE p.area IN (SELECT t.code FROM centre.town t WHERE t.weight > 99)",
        "SELECT t.title AS t, max(CAST(p.name AS INTEGER)) AS m FROM land.person p JOIN centre.town t ON t.code = p.area AND t.weight > 99 GROUP BY t.title",
    ],
)
@pytest.mark.parametrize("disclosed", DISCLOSURES)
def test_members_compute_nothing_that_fails_on_rows_which_the_question_leaves_out(
    question: str, disclosed: str, world: FederatedWorld
) -> None:
    outcome = compare(world, question, lambda r: world.plan(r, FLOORS, DISCLOSURES[disclosed]))
    assert outcome.status == "same"


def hold(world: FederatedWorld, seeds: range, skip: frozenset[str], disclosure: Disclosure) -> None:
    """Compares the answers to the questions of these seeds. Floors themselves are the departments' to keep."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        question = QuestionMaker(seed).question()
        try:
            outcome = compare(world, question, lambda r: world.plan(r, skip, disclosure))
        except AssertionError as error:
            error.add_note(f"seed {seed}: {question}")
            raise
        counts[outcome.status] += 1
    assert counts["same"] >= 0.85 * len(seeds), counts
