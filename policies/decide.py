"""Decides whether one principal may use columns of one table, for one purpose, today.

Deny is the default: a table without a policy, a principal no grant names, a purpose, date, column, use, join
or grade that does not fit all end in a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from policies.decision import Decision, Refusal, Visibility
from policies.department import Department
from policies.grades import exceeds
from policies.grant_view import view_grant
from policies.model import Grant
from policies.principal import Principal
from policies.published import PublishedTable
from policies.refuse import Request, matches, refusals
from sql.catalog import TableUse

CATALOGUE = "is in the catalogue for everybody to know of; its use needs a grant, and none names you"


def decide(
    department: Department,
    use: TableUse,
    principal: Principal,
    purpose: str,
    today: date,
    grant_id: str | None = None,
    *,
    fragment: bool = False,
) -> Decision:
    """The first grant in file order under which the whole use is allowed, or a denial with reasons.

    `use` names table and columns in the catalog's spelling; without columns it asks for rows only, `count(*)`.
    With `grant_id` no other grant is considered: a fragment of a question is decided by the grant that
    governs the whole question, or the same rows would look different in two fragments. `fragment` says that
    `use` is that of a fragment, whose values cross to the merge.
    """
    policy = department.policies.get(use.name)
    table = department.tables.get(use.name)
    if table is None:
        return _denial(department, use, known=False, digest=department.digest)
    digest = policy.digest if policy is not None else department.digest
    named = [g for g in policy.grants if g.principals.matches(principal)] if policy is not None else []
    if not named and not table.catalogue:
        return _denial(department, use, known=False, digest=digest)
    if not named:
        return _denial(department, use, known=True, reasons=(CATALOGUE,), digest=digest)
    if grant_id is not None:
        named = [g for g in named if g.id == grant_id]
    applicable = [g for g in named if misfit(g, purpose, today) is None]
    request = Request(
        department.name, table, use, principal.ceiling, _listed(table, applicable, use), fragment
    )
    reasons_so_far: list[str] = []
    nearest: tuple[Refusal, ...] = ()
    for grant in named:
        unfit = misfit(grant, purpose, today)
        found = () if unfit else refusals(grant, request)
        if unfit is None and not found:
            reasons_so_far.append(f"grant {grant.id}: {grant.reason}")
            return _grant(department, use, grant, tuple(reasons_so_far), matches(grant, request), digest)
        lacking = unfit or "; ".join(dict.fromkeys(r.message for r in found))
        reasons_so_far.append(f"grant {grant.id}: {lacking}")
        if found and (not nearest or len(found) < len(nearest)):
            nearest = found
    others = [
        f"grant {g.id}: is for other roles, subjects or attributes of your department"
        for g in (policy.grants if policy is not None else ())
        if not g.principals.matches(principal)
        and g.principals.departments
        and principal.department in g.principals.departments
    ]
    reasons = (*reasons_so_far, *others)
    return _denial(department, use, known=True, reasons=reasons, digest=digest, found=nearest)


def decide_all(
    department: Department,
    uses: Iterable[TableUse],
    principal: Principal,
    purpose: str,
    today: date,
    grants: Mapping[str, str] | None = None,
) -> tuple[Decision, ...]:
    """One decision per use. With `grants`, by table, the uses are those of a fragment of a question."""
    return tuple(
        decide(
            department,
            use,
            principal,
            purpose,
            today,
            None if grants is None else grants.get(use.name),
            fragment=grants is not None,
        )
        for use in uses
    )


def misfit(grant: Grant, purpose: str, today: date) -> str | None:
    """Why a grant that names the principal does not apply at all, None when it does."""
    if purpose not in grant.purposes:
        listed = ", ".join(grant.purposes) or "no purpose"
        return f"is for {listed}, not for the purpose {purpose or '(none)'}"
    if grant.starts_after(today):
        return f"is valid from {grant.valid_from}"
    if grant.ended_before(today):
        return f"expired after {grant.valid_until}"
    return None


def visible(
    department: Department, table: str, principal: Principal, purpose: str, today: date
) -> Visibility | None:
    """What the principal may see of the table under the purpose; None when that is nothing."""
    published = department.tables.get(table)
    if published is None:
        return None
    policy = department.policies.get(table)
    named = [g for g in policy.grants if g.principals.matches(principal)] if policy is not None else []
    applicable = [g for g in named if misfit(g, purpose, today) is None and g.columns]
    columns = dict.fromkeys(c.name for c in published.columns or ()) if published.catalogue else {}
    columns |= dict.fromkeys(name for grant in applicable for name in grant.columns)
    if not columns:
        return None
    closed = {name for name in columns if exceeds(published.grade_of(name), principal.ceiling)}
    uses = {name: frozenset[str]() for name in columns}
    masks: dict[str, str] = {}
    stars: dict[str, tuple[str, ...]] = {}
    for grant in applicable:
        for name, rule in grant.columns.items():
            if name not in closed and rule.uses:
                if not uses[name] and rule.mask is not None:
                    masks[name] = str(rule.mask)
                uses[name] |= rule.uses
        shown = [name for name in grant.shown if name not in closed]
        if shown:
            stars[grant.id] = published.in_order(shown)
    return Visibility(
        table=table,
        columns=published.in_order(columns),
        star=next(iter(stars.values()), ()),
        masks=masks,
        purposes=_purposes(named, today),
        reasons=tuple(f"grant {g.id}: {g.reason}" for g in applicable) or (CATALOGUE,),
        stars=stars,
        uses=uses,
        functions={n: f for n in columns if uses[n] and (f := _functions(n, applicable))},
        grades={name: published.grade_of(name) for name in columns},
        floors={g.id: g.floor for g in applicable if g.floor is not None},
        grants=tuple(view_grant(g, principal) for g in applicable),
    )


def purposes(department: Department, table: str, principal: Principal, today: date) -> tuple[str, ...]:
    """The purposes under which some grant on the table names the principal and applies today."""
    policy = department.policies.get(table)
    if policy is None or table not in department.tables:
        return ()
    return _purposes([g for g in policy.grants if g.principals.matches(principal)], today)


def _purposes(named: list[Grant], today: date) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for grant in named:
        for purpose in grant.purposes:
            if misfit(grant, purpose, today) is None:
                found.setdefault(purpose)
    return tuple(found)


def _functions(name: str, applicable: list[Grant]) -> frozenset[str]:
    """What the use `aggregate` is confined to over all grants; empty where some grant confines nothing."""
    rules = [g.columns[name] for g in applicable if name in g.columns and "aggregate" in g.columns[name].uses]
    if any(not rule.functions for rule in rules):
        return frozenset()
    return frozenset(function for rule in rules for function in rule.functions)


def _listed(table: PublishedTable, applicable: list[Grant], use: TableUse) -> frozenset[str]:
    """The columns that the caller may know to exist."""
    listed = frozenset(c for g in applicable for c in g.columns)
    return listed | use.columns if table.catalogue else listed


def _grant(
    department: Department, use: TableUse, grant: Grant, reasons: tuple[str, ...], tried: int, digest: str
) -> Decision:
    return Decision(
        department=department.name,
        table=use.name,
        allowed=True,
        known=True,
        grant_id=grant.id,
        reasons=reasons,
        columns={name: grant.decided[name] for name in sorted(use.columns)},
        row_filter=grant.row_filter,
        legal_basis=grant.reason,
        policy_digest=digest,
        obligations=grant.obligations,
        floor=grant.floor,
        crossing=grant.crossing,
        matches=tried,
        joins_required=grant.joins.required is not None,
    )


def _denial(
    department: Department,
    use: TableUse,
    *,
    known: bool,
    digest: str,
    reasons: tuple[str, ...] = (),
    found: tuple[Refusal, ...] = (),
) -> Decision:
    return Decision(
        department=department.name,
        table=use.name,
        allowed=False,
        known=known,
        grant_id=None,
        reasons=reasons,
        columns={},
        row_filter=None,
        legal_basis=None,
        policy_digest=digest,
        refusals=found,
    )
