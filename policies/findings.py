"""What a reviewer should look at in policies that load: expiry, rules that match nobody, parts not enforced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from policies.department import Department
from policies.model import Grant

EXPIRY_NOTICE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth a look. `grant` is None when it concerns the whole table."""

    table: str
    grant: str | None
    message: str


def find(department: Department, today: date) -> tuple[Finding, ...]:
    """Findings in the order of the files. None of them widens anything: what is unclear is closed."""
    return tuple(_find(department, today))


def _find(department: Department, today: date) -> Iterator[Finding]:
    for name, table in department.tables.items():
        policy = department.policies.get(name)
        if policy is None:
            yield Finding(name, None, "has no policy: nobody sees it")
            continue
        if table.sharing == "none" and policy.grants:
            message = f"is not to be shared ({table.legal_basis}), and yet its policy has grants"
            yield Finding(name, None, message)
        for grant in policy.grants:
            for message in _about(grant, today):
                yield Finding(name, grant.id, message)


def _about(grant: Grant, today: date) -> Iterator[str]:
    if grant.ended_before(today):
        yield f"expired after {grant.valid_until}"
    elif grant.valid_until is not None and grant.ended_before(today + EXPIRY_NOTICE):
        days = (grant.valid_until - today).days
        yield f"expires after {grant.valid_until}, in {days} day{'' if days == 1 else 's'}"
    rule = grant.principals
    parts = {"departments": rule.departments, "roles": rule.roles, "subjects": rule.subjects}
    for key in [k for k, part in parts.items() if part is not None and not part]:
        yield f"matches nobody: {key} is an empty list"
    if rule.attributes is not None and not (rule.attributes and all(rule.attributes.values())):
        yield "matches nobody: attributes is empty"
    if not grant.purposes:
        yield "applies to no purpose"
    if not grant.usable:
        yield "opens no column"
