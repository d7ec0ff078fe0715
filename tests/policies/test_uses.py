"""What each use of a column lets a question do, and how a refusal reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from policies.decide import decide
from policies.department import load_department
from policies.model import USES
from sql.binder import Binder
from sql.catalog import ColumnUse
from tests.policies.questions import ANALYST, DEPARTMENT, TABLES, TODAY, Asker

CASES = yaml.safe_load((Path(__file__).parent / "data" / "uses.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    opened = Binder(TABLES)
    yield opened
    opened.close()


@pytest.fixture
def asker(write_department: Callable[..., Path], binder: Binder) -> Asker:
    return Asker(write_department, binder)


# A question that uses diagnosis in one way only.
ONE_USE = {
    "read": "SELECT upper(diagnosis) FROM health.patients",
    "filter": "SELECT count(*) FROM health.patients WHERE diagnosis LIKE 'E1%'",
    "match": "SELECT count(*) FROM health.patients WHERE diagnosis = 'E11'",
    "join": "SELECT count(*) FROM health.patients p JOIN civil.benefit b ON p.diagnosis = b.person_id",
    "group": "SELECT diagnosis, count(*) FROM health.patients GROUP BY diagnosis",
    "order": "SELECT 1 FROM health.patients ORDER BY diagnosis",
    "aggregate": "SELECT count(DISTINCT diagnosis) FROM health.patients",
}


@pytest.mark.parametrize("granted", [*USES, "mask", "nothing"])
@pytest.mark.parametrize("used", USES)
def test_every_use_against_every_rule(asker: Asker, granted: str, used: str) -> None:
    rule = {"mask": "{mask: {keep_first: 1}}", "nothing": "{use: []}"}.get(granted, f"{{use: [{granted}]}}")
    department = asker.department(f"columns: {{diagnosis: {rule}, town: {{use: [read]}}}}")
    decision = asker.ask(department, ONE_USE[used])
    implied = granted in {"read", "mask"} or used == granted or (used, granted) == ("match", "filter")
    assert decision.allowed == implied
    if implied:
        assert decision.columns["diagnosis"].uses
    else:
        (refusal,) = decision.refusals
        assert (refusal.column, refusal.use, refusal.line) == ("diagnosis", used, 1)
        assert f"ask health for the use {used} on diagnosis" in refusal.remedy


def test_the_questions_use_the_column_in_one_way_each(asker: Asker) -> None:
    for used, sql in ONE_USE.items():
        assert {use.use for use in asker.use(sql).uses} == {used}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_a_grant_allows_and_how_it_refuses(asker: Asker, case: dict[str, object]) -> None:
    department = asker.department(str(case["grant"]))
    ceiling = str(case.get("ceiling", "core"))
    principal = replace(ANALYST, ceiling=ceiling)
    fragment = bool(case.get("fragments"))
    allowed, refused = case.get("allowed") or [], case.get("refused") or {}
    assert isinstance(allowed, list)
    assert isinstance(refused, dict)
    for sql in allowed:
        decision = asker.ask(department, sql, principal, fragment=fragment)
        assert decision.allowed, (sql, decision.reasons)
    for sql, expected in refused.items():
        decision = asker.ask(department, sql, principal, fragment=fragment)
        assert not decision.allowed, sql
        told = [*decision.reasons, *(r.remedy for r in decision.refusals)]
        for words in expected if isinstance(expected, list) else [expected]:
            assert any(words in line for line in told), (sql, words, told)


def test_no_refusal_names_a_column_that_the_caller_may_not_know(asker: Asker) -> None:
    department = asker.department("columns: {town: {use: [read]}, cost: {use: []}}")
    decision = asker.ask(department, "SELECT diagnosis, cost FROM health.patients WHERE name = 'x'")
    told = " ".join([*decision.reasons, *(f"{r.message} {r.remedy} {r.column}" for r in decision.refusals)])
    assert "a column of the question is not one you may use" in told
    assert "cost" in told
    assert "diagnosis" not in told
    assert "name" not in told


def test_a_use_of_another_kind_than_is_known_is_refused(asker: Asker) -> None:
    department = asker.department("columns: {town: {use: [filter, group, order, aggregate, join, match]}}")
    use = replace(asker.use("SELECT count(DISTINCT town) FROM health.patients"))
    odd = replace(use, uses=(ColumnUse("town", "sketch", "draws it"),))
    assert not decide(department, odd, ANALYST, "work", TODAY).allowed


def test_the_grant_that_came_nearest_explains_itself(
    asker: Asker, write_department: Callable[..., Path]
) -> None:
    policy = """\
table: patients
grants:
  - id: far
    reason: r
    principals: {roles: [analyst]}
    purposes: [work]
    columns: {town: {use: [group]}, diagnosis: {use: [group]}, cost: {use: [group]}}
  - id: near
    reason: r
    principals: {roles: [analyst]}
    purposes: [work]
    columns: {town: {use: [read]}, diagnosis: {use: [read]}, cost: {use: [aggregate]}}
"""
    department = load_department(write_department(DEPARTMENT, policy), {})
    decision = asker.ask(department, "SELECT town, diagnosis, cost FROM health.patients")
    assert {r.grant_id for r in decision.refusals} == {"near"}
    assert [r.remedy for r in decision.refusals] == [
        "ask count(DISTINCT cost) instead, or ask health for the use read on cost"
    ]
    assert decision.reasons[0].startswith("grant far: ")


def test_a_refusal_says_where_in_the_text(asker: Asker) -> None:
    department = asker.department("columns: {town: {use: [group]}, cost: {use: [aggregate]}}")
    decision = asker.ask(department, "SELECT town,\n  max(cost)\nFROM health.patients\nGROUP BY town")
    (refusal,) = decision.refusals
    assert (refusal.line, refusal.place) == (2, 7)
    assert "(line 2, column 7)" in refusal.message


def test_a_part_that_the_planner_made_is_not_to_be_asked_instead(asker: Asker) -> None:
    """`avg` over a join takes a count too: advice to ask `avg` would be to ask what was asked."""
    department = asker.department(
        "columns: {town: {use: [group]}, cost: {use: [aggregate], functions: [avg, sum]}}"
    )
    part = "SELECT town AS town, avg(cost) AS a, count(cost) AS n FROM health.patients GROUP BY town"
    (refusal,) = asker.ask(department, part, fragment=True).refusals
    assert (
        "may stand in sum, avg, not in count: the part of the question that goes to health" in refusal.message
    )
    assert refusal.remedy == "ask for what health can answer from its own tables, or ask health for count"
    (asked,) = asker.ask(department, part).refusals
    assert asked.remedy == "ask avg(cost) instead, or ask health for count"
