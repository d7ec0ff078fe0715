from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from comity.errors import ConfigurationError
from policies.department import Department, load_department
from policies.findings import find

Write = Callable[..., Path]
LoadError = Callable[..., ConfigurationError]


def messages(department: Department, today: date) -> list[str]:
    return [f"{f.table} {f.grant}: {f.message}" for f in find(department, today)]


def test_the_fixture_has_what_is_closed_pointed_out(health: Department) -> None:
    assert messages(health, date(2026, 6, 1)) == [
        "patients counts: is for a table shared on request, and cites no `request`",
        "patients small-groups: is for a table shared on request, and cites no `request`",
        "诊所 None: has no policy: nobody sees it, though it is to be shared without conditions",
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
    request: REQ-1
    principals: {principals}
    purposes: {purposes}
    columns: {{name: {{use: [read]}}}}
"""
    department = load_department(write_department(policy=policy), {})
    assert messages(department, date(2026, 6, 1)) == [f"patients g: {says}"]


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        (
            "columns: {cost: {use: [aggregate]}}",
            "cost may be aggregated without a floor: a group of one person gives out the person's value",
        ),
        ("columns: {cost: {use: [aggregate]}}\n    floor: {entities: 5}", None),
        (
            "columns: {name: {use: [match]}}",
            "name may be matched with any number of values: give limits.matches_per_day",
        ),
        ("columns: {name: {use: [match]}}\n    limits: {matches_per_day: 9}", None),
        ("columns: {name: {use: [match, filter]}}", None),
        (
            "columns: {name: {use: [filter]}}\n    crossing: raw",
            "values of name may leave row by row, for the merge (crossing: raw)",
        ),
        ("columns: {name: {use: []}}", "opens no column"),
        ("columns: {name: {use: [read]}}", None),
    ],
)
def test_what_a_list_of_uses_lets_out_that_its_author_may_not_have_meant(
    write_department: Write, rest: str, says: str | None
) -> None:
    text = """\
name: health
source: {connector: sqlite, uri: x.sqlite}
tables:
  patients: {entity: name, columns: {name: {}, cost: {}}}
"""
    policy = f"""\
table: patients
grants:
  - id: g
    reason: r
    request: REQ-1
    principals: {{roles: [a]}}
    purposes: [p]
    {rest}
"""
    department = load_department(write_department(text, policy=policy), {})
    assert messages(department, date(2026, 6, 1)) == ([] if says is None else [f"patients g: {says}"])


@pytest.mark.parametrize(
    ("sharing", "grant", "says"),
    [
        ("conditional", "principals: {departments: [tax]}", "g: is for a table shared on request, and cites no `request`"),
        ("conditional", "principals: {departments: [health]}", None),
        ("conditional", "request: REQ-1\n    principals: {departments: [tax]}", None),
        ("unconditional", "principals: {departments: [tax]}", None),
        ("unconditional", None, "None: has no policy: nobody sees it, though it is to be shared without conditions"),
        ("conditional", None, "None: has no policy: nobody sees it"),
        ("none, legal_basis: 精神卫生法", None, None),
    ],
)  # fmt: skip
def test_each_class_of_sharing_is_held_to(
    write_department: Write, sharing: str, grant: str | None, says: str | None
) -> None:
    text = f"""\
name: health
source: {{connector: sqlite, uri: x.sqlite}}
tables:
  patients: {{sharing: {sharing}, columns: {{name: {{}}}}}}
"""
    policy = f"""\
table: patients
grants:
  - id: g
    reason: r
    {grant}
    purposes: [p]
    columns: {{name: {{use: [read]}}}}
"""
    department = load_department(write_department(text, policy=policy if grant else None), {})
    assert messages(department, date(2026, 6, 1)) == ([] if says is None else [f"patients {says}"])


def test_a_table_that_may_not_be_shared_can_have_no_grants(load_error: LoadError) -> None:
    text = """\
name: health
source: {connector: sqlite, uri: x.sqlite}
tables:
  patients: {sharing: none, legal_basis: 精神卫生法 第二十三条}
"""
    error = load_error(text)
    assert error.code == "CONFIG_POLICY"
    assert "patients is not to be shared (精神卫生法 第二十三条), so no grant can stand here" in error.message
