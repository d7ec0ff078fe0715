from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.decide import decide, purposes, visible
from policies.decision import Decision, Floor
from policies.department import Department, load_department
from policies.model import ALL_USES
from policies.principal import AttributeValue, Principal
from sql.catalog import TableUse

Write = Callable[..., Path]

TODAY = date(2026, 6, 1)
ANALYST = Principal("li.wei", "civil_affairs", frozenset({"analyst"}), {"town_code": "440605"})
CLERK = Principal("zhang.san", "civil_affairs")
STRANGER = Principal("he.ren", "tax", frozenset({"analyst"}))
STATISTICIAN = Principal("chen.yi", "bureau", frozenset({"statistician"}))


def ask(
    department: Department,
    *columns: str,
    principal: Principal = ANALYST,
    purpose: str = "benefit_review",
    table: str = "patients",
    today: date = TODAY,
) -> Decision:
    return decide(department, TableUse("health", table, frozenset(columns)), principal, purpose, today)


def one_grant(write_department: Write, principals: str, rest: str = "") -> Department:
    policy = f"""\
table: patients
grants:
  - id: g
    reason: r
    principals: {principals}
    purposes: [benefit_review]
    columns: {{name: {{use: [read]}}}}
    {rest}
"""
    return load_department(write_department(policy=policy), {})


def test_the_first_grant_under_which_all_columns_are_allowed_decides(health: Department) -> None:
    decision = ask(health, "name", "sex")
    assert decision.allowed
    assert decision.grant_id == "benefit-review"
    assert decision.reasons == ("grant benefit-review: 民政与卫健数据共享协议 2026-07",)
    assert decision.legal_basis == "民政与卫健数据共享协议 2026-07"
    assert set(decision.columns) == {"name", "sex"}
    assert decision.columns["name"].mask == "person_name"
    assert decision.columns["sex"].mask is None
    assert decision.columns["sex"].uses == ALL_USES
    assert decision.row_filter == "town_code = principal.town_code"
    assert decision.policy_digest == health.policies["patients"].digest


def test_a_later_grant_decides_when_the_earlier_lacks_a_column_and_the_record_says_why(
    health: Department,
) -> None:
    decision = ask(health, "sex", "cost")
    assert decision.grant_id == "counts"
    assert decision.row_filter is None
    assert decision.columns["cost"].mask_argument == "1000"
    assert decision.reasons == (
        "grant benefit-review: column cost is not in this grant",
        "grant counts: 统计法 第十条",
    )


def test_columns_of_two_grants_are_never_combined(health: Department) -> None:
    decision = ask(health, "name", "cost")
    assert not decision.allowed
    assert decision.known
    assert decision.columns == {}
    assert decision.row_filter is None
    assert decision.reasons == (
        "grant benefit-review: column cost is not in this grant",
        "grant counts: column name is not in this grant",
    )


def test_a_question_without_columns_is_decided_by_the_first_grant_that_applies(health: Department) -> None:
    assert ask(health).grant_id == "benefit-review"
    assert ask(health, principal=CLERK).grant_id == "counts"


@pytest.mark.parametrize("columns", [[], ["name"], ["nothing"]])
def test_who_is_named_by_no_grant_learns_nothing(health: Department, columns: list[str]) -> None:
    decision = ask(health, *columns, principal=STRANGER)
    assert (decision.allowed, decision.known, decision.reasons) == (False, False, ())


@pytest.mark.parametrize("table", ["诊所", "nothing", "Patients", "patients "])
def test_a_table_without_a_policy_is_closed_and_unknown(health: Department, table: str) -> None:
    decision = ask(health, "name", table=table)
    assert (decision.allowed, decision.known, decision.reasons) == (False, False, ())
    assert decision.policy_digest == health.digest


def test_another_purpose_is_a_reason(health: Department) -> None:
    decision = ask(health, "name", purpose="statistics")
    assert decision.known
    assert "grant benefit-review: is for benefit_review, not for the purpose statistics" in decision.reasons
    assert not ask(health, "name", purpose="").allowed


@pytest.mark.parametrize(
    ("today", "reason"),
    [
        (date(2025, 12, 31), "grant benefit-review: is valid from 2026-01-01"),
        (date(2026, 1, 1), None),
        (date(2026, 12, 31), None),
        (date(2027, 1, 1), "grant benefit-review: expired after 2026-12-31"),
    ],
)
def test_both_days_of_validity_are_included(health: Department, today: date, reason: str | None) -> None:
    decision = ask(health, "name", today=today)
    assert decision.allowed == (reason is None)
    assert reason is None or reason in decision.reasons


def test_another_role_is_a_reason_for_callers_of_the_same_department_only(health: Department) -> None:
    decision = ask(health, "name", principal=CLERK)
    assert decision.reasons == (
        "grant counts: a column of the question is not one you may use",
        "grant benefit-review: is for other roles, subjects or attributes of your department",
    )


def test_a_hidden_column_reads_the_same_as_one_that_does_not_exist(health: Department) -> None:
    hidden, absent = ask(health, "name", "person_id", principal=CLERK), ask(health, "x", "y", principal=CLERK)
    assert hidden.reasons == absent.reasons
    assert "person_id" not in " ".join(hidden.reasons)


def test_a_column_whose_use_is_not_known_more_closely_counts_as_read(health: Department) -> None:
    decision = ask(health, "diagnosis")
    assert not decision.allowed
    assert decision.reasons[0] == (
        "grant benefit-review: column diagnosis is granted for filter, group, not for read"
    )


def test_a_decision_carries_the_floor_of_its_grant(health: Department) -> None:
    decision = ask(health, "diagnosis", principal=STATISTICIAN, purpose="statistics")
    assert (decision.allowed, decision.grant_id) == (True, "small-groups")
    assert decision.floor == Floor(2, "person_id")


def test_every_limit_and_key_exchange_are_obligations(write_department: Write) -> None:
    limits = "{rows: 100, bytes: 2, rows_per_day: 3, bytes_per_day: 4, matches: 5, matches_per_day: 6}"
    rest = f"limits: {limits}\n    key_exchange: [tax, health]"
    department = one_grant(write_department, "{roles: [analyst]}", rest)
    assert ask(department, "name").obligations == {
        "rows": "100",
        "bytes": "2",
        "rows_per_day": "3",
        "bytes_per_day": "4",
        "matches": "5",
        "matches_per_day": "6",
        "key_exchange": "tax health",
    }


def test_a_grant_whose_columns_have_no_use_does_not_even_count_rows(write_department: Write) -> None:
    policy = """\
table: patients
grants:
  - id: known
    reason: r
    principals: {roles: [analyst]}
    purposes: [benefit_review]
    columns: {cost: {use: []}}
"""
    department = load_department(write_department(policy=policy), {})
    assert ask(department).reasons == ("grant known: opens no column",)
    assert not ask(department, "cost").allowed
    view = visible(department, "patients", ANALYST, "benefit_review", TODAY)
    assert view is not None
    assert (view.columns, view.star, view.uses) == (("cost",), (), {"cost": frozenset()})


@pytest.mark.parametrize(
    "principals",
    [
        "{departments: []}",
        "{roles: []}",
        "{subjects: []}",
        "{attributes: {}}",
        "{attributes: {town_code: []}}",
        "{departments: [civil_affairs], roles: []}",
        "{departments: [civil_affairs], roles: [auditor]}",
        "{departments: [tax], roles: [analyst]}",
        "{subjects: [wang.fang]}",
        "{departments: [Civil_Affairs]}",
        "{roles: [analyst], attributes: {town_code: '440604'}}",
        "{roles: [analyst], attributes: {town_code: 440605}}",
        "{roles: [analyst], attributes: {level: 3}}",
    ],
)
def test_who_is_not_matched_by_every_part_is_not_named(write_department: Write, principals: str) -> None:
    assert not ask(one_grant(write_department, principals), "name").known


@pytest.mark.parametrize(
    "principals",
    [
        "{departments: [tax, civil_affairs]}",
        "{roles: [auditor, analyst]}",
        "{subjects: [li.wei]}",
        "{attributes: {town_code: '440605'}}",
        "{attributes: {town_code: ['1', '440605']}}",
        "{departments: [civil_affairs], roles: [analyst], subjects: [li.wei], attributes: {town_code: '440605'}}",
    ],
)
def test_who_is_matched_by_every_part_is_named(write_department: Write, principals: str) -> None:
    assert ask(one_grant(write_department, principals), "name").allowed


@pytest.mark.parametrize(
    ("attribute", "wanted", "matches"),
    [
        (("440604", "440605"), "'440605'", True),
        (("440604",), "'440605'", False),
        ((), "'440605'", False),
        (True, "true", True),
        (1, "true", False),
        (True, "1", False),
        (3, "[1, 3]", True),
    ],
)
def test_attributes_are_compared_with_their_type(
    write_department: Write, attribute: AttributeValue, wanted: str, matches: bool
) -> None:
    department = one_grant(write_department, f"{{attributes: {{a: {wanted}}}}}")
    principal = Principal("x", "y", frozenset(), {"a": attribute})
    assert ask(department, "name", principal=principal).allowed == matches


def test_a_grant_for_no_purpose_allows_none(write_department: Write) -> None:
    directory = write_department()
    path = directory / "policies" / "patients.yaml"
    path.write_text(path.read_text("utf-8").replace("[benefit_review]", "[]"), "utf-8")
    assert not ask(load_department(directory, {}), "name").allowed


def test_visible_is_what_some_applicable_grant_shows_in_the_tables_order(health: Department) -> None:
    view = visible(health, "patients", ANALYST, "benefit_review", TODAY)
    assert view is not None
    assert view.columns == ("person_id", "name", "sex", "born", "town_code", "diagnosis", "cost")
    assert view.star == ("person_id", "name", "sex", "born")
    assert view.masks == {"name": "person_name", "born": "year", "cost": "bucket(1000)"}
    assert view.purposes == ("benefit_review", "statistics")
    assert view.reasons == (
        "grant benefit-review: 民政与卫健数据共享协议 2026-07",
        "grant counts: 统计法 第十条",
    )


def test_nothing_is_visible_under_another_purpose_to_strangers_or_without_a_policy(
    health: Department,
) -> None:
    assert visible(health, "patients", ANALYST, "other", TODAY) is None
    assert visible(health, "patients", ANALYST, "", TODAY) is None
    assert visible(health, "patients", STRANGER, "benefit_review", TODAY) is None
    assert visible(health, "诊所", ANALYST, "benefit_review", TODAY) is None
    assert visible(health, "nothing", ANALYST, "benefit_review", TODAY) is None


def test_purposes_are_those_of_grants_that_apply_today(health: Department) -> None:
    assert purposes(health, "patients", ANALYST, TODAY) == ("benefit_review", "statistics")
    assert purposes(health, "patients", CLERK, TODAY) == ("statistics", "benefit_review")
    assert purposes(health, "patients", STRANGER, TODAY) == ()
    assert purposes(health, "诊所", ANALYST, TODAY) == ()


@given(
    columns=st.frozensets(
        st.sampled_from(["person_id", "name", "sex", "born", "town_code", "cost", "diagnosis"])
    ),
    role=st.sampled_from(["analyst", "statistician", "other"]),
    department_name=st.sampled_from(["civil_affairs", "tax"]),
    purpose=st.sampled_from(["benefit_review", "statistics", ""]),
    days=st.integers(-400, 400),
)
def test_what_is_decided_agrees_with_what_is_visible(
    columns: frozenset[str], role: str, department_name: str, purpose: str, days: int
) -> None:
    health = _health()
    principal = Principal("x", department_name, frozenset({role}))
    today = TODAY + timedelta(days=days)
    decision = decide(health, TableUse("health", "patients", columns), principal, purpose, today)
    view = visible(health, "patients", principal, purpose, today)
    if decision.allowed:
        assert view is not None
        assert columns <= set(view.columns)
        assert set(decision.columns) == columns
    if view is None:
        assert not decision.allowed
    else:
        star = TableUse("health", "patients", frozenset(view.star))
        assert decide(health, star, principal, purpose, today).allowed
    if not decision.known:
        assert not decision.reasons


def _health() -> Department:
    return load_department(Path(__file__).parent / "data" / "city" / "departments" / "health", None)
