"""What a reviewer should look at in policies that load: expiry, rules that match nobody, parts that let out more than it seems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from policies.department import Department
from policies.model import Grant
from policies.token_findings import published_hashes, undone_tokens

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
        for message in published_hashes(department, name):
            yield Finding(name, None, message)
        policy = department.policies.get(name)
        if policy is None:
            if table.sharing != "none":
                duty = (
                    ", though it is to be shared without conditions"
                    if table.sharing == "unconditional"
                    else ""
                )
                yield Finding(name, None, f"has no policy: nobody sees it{duty}")
            continue
        if table.sharing == "unconditional" and not any(g.usable for g in policy.grants):
            yield Finding(name, None, "is to be shared without conditions, and no grant opens it")
        for grant in policy.grants:
            undone = undone_tokens(department, name, grant)
            for message in (*_about(grant, today), *_about_columns(grant), *undone):
                yield Finding(name, grant.id, message)
            own = grant.principals.departments == frozenset({department.name})
            if table.sharing == "conditional" and grant.request is None and not own:
                yield Finding(name, grant.id, "is for a table shared on request, and cites no `request`")


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


def _about_columns(grant: Grant) -> Iterator[str]:
    """What a list of uses lets out that its author may not have meant."""
    closed = {name: rule for name, rule in grant.columns.items() if not rule.readable}
    sums = [name for name, rule in closed.items() if "aggregate" in rule.uses]
    if sums and grant.floor is None:
        yield (
            f"{_listed(sums)} may be aggregated without a floor: a group of one person gives out the person's value"
        )
    matched = [name for name, rule in closed.items() if "match" in rule.uses and "filter" not in rule.uses]
    if matched and grant.limits.matches is None and grant.limits.matches_per_day is None:
        yield f"{_listed(matched)} may be matched with any number of values: give limits.matches_per_day"
    if grant.floor is not None and (shown := [name for name in grant.shown if name == grant.floor.column]):
        yield f"{_listed(shown)} is the floor's entity, so with read every group of it is of one and too small"
    if grant.crossing == "raw" and closed:
        yield f"values of {_listed(list(closed))} may leave row by row, for the merge (crossing: raw)"


def _listed(names: list[str]) -> str:
    return ", ".join(names)
