from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from policies.department import Department, load_department
from policies.findings import find

Write = Callable[..., Path]


def messages(department: Department, today: date) -> list[str]:
    return [f"{f.table} {f.grant}: {f.message}" for f in find(department, today)]


def test_the_fixture_has_what_is_closed_pointed_out(health: Department) -> None:
    assert messages(health, date(2026, 6, 1)) == [
        "诊所 None: has no policy: nobody sees it",
    ]


@pytest.mark.parametrize(
    ("today", "says"),
    [
        (date(2026, 11, 30), None),
        (date(2026, 12, 1), None),
        (date(2026, 12, 2), "expires after 2026-12-31, in 29 days"),
        (date(2026, 12, 30), "expires after 2026-12-31, in 1 day"),
        (date(2026, 12, 31), "expires after 2026-12-31, in 0 days"),
        (date(2027, 1, 1), "expired after 2026-12-31"),
    ],
)
def test_grants_that_expire_within_thirty_days_or_have_expired(
    health: Department, today: date, says: str | None
) -> None:
    found = [m for m in messages(health, today) if m.startswith("patients benefit-review: exp")]
    assert found == ([] if says is None else [f"patients benefit-review: {says}"])


@pytest.mark.parametrize(
    ("principals", "purposes", "says"),
    [
        ("{departments: [], roles: [a]}", "[p]", "matches nobody: departments is an empty list"),
        ("{attributes: {}}", "[p]", "matches nobody: attributes is empty"),
        ("{attributes: {town: []}}", "[p]", "matches nobody: attributes is empty"),
        ("{roles: [a]}", "[]", "applies to no purpose"),
    ],
)
def test_grants_that_can_never_apply(
    write_department: Write, principals: str, purposes: str, says: str
) -> None:
    policy = f"""\
table: patients
grants:
  - id: g
    reason: r
    principals: {principals}
    purposes: {purposes}
    columns: {{name: {{use: [read]}}}}
"""
    department = load_department(write_department(policy=policy), {})
    assert messages(department, date(2026, 6, 1)) == [f"patients g: {says}"]


def test_a_grant_on_a_table_that_may_not_be_shared(write_department: Write) -> None:
    text = """\
name: health
source: {connector: sqlite, uri: x.sqlite}
tables:
  patients: {sharing: none, legal_basis: 精神卫生法 第二十三条}
"""
    department = load_department(write_department(text), {})
    assert messages(department, date(2026, 6, 1)) == [
        "patients None: is not to be shared (精神卫生法 第二十三条), and yet its policy has grants"
    ]
