"""Decides whether one principal may use columns of one table, for one purpose, today.

Deny is the default: a table without a policy, a principal no grant names, a purpose, date or column that
does not fit, and a rule that this version cannot enforce all end in a refusal.
"""

from __future__ import annotations

from datetime import date

from policies.decision import Decision, Visibility
from policies.department import Department
from policies.model import Grant
from policies.principal import Principal


def decide(
    department: Department,
    table: str,
    principal: Principal,
    purpose: str,
    columns: frozenset[str],
    today: date,
    grant_id: str | None = None,
) -> Decision:
    """The first grant in file order under which all of `columns` may be used, or a denial with reasons.

    `columns` are published names in the catalog's spelling; none at all asks for rows only, `count(*)`.
    With `grant_id` no other grant is considered: a fragment of a question is decided by the grant that
    governs the whole question, or the same rows would look different in two fragments.
    """
    policy = department.policies.get(table)
    if policy is None or table not in department.tables:
        return _denial(department, table, known=False, reasons=(), digest=department.digest)
    named = [g for g in policy.grants if g.principals.matches(principal)]
    if not named:
        return _denial(department, table, known=False, reasons=(), digest=policy.digest)
    if grant_id is not None:
        named = [g for g in named if g.id == grant_id]
    applicable = [g for g in named if _misfit(g, purpose, today) is None]
    listed = frozenset(c for g in applicable for c in g.columns)
    reasons: list[str] = []
    for grant in named:
        lacking = _misfit(grant, purpose, today) or _closed(grant, columns, listed)
        if lacking is None:
            reasons.append(f"grant {grant.id}: {grant.reason}")
            return Decision(
                department=department.name,
                table=table,
                allowed=True,
                known=True,
                grant_id=grant.id,
                reasons=tuple(reasons),
                columns={name: grant.shown[name] for name in sorted(columns)},
                row_filter=grant.row_filter,
                legal_basis=grant.reason,
                policy_digest=policy.digest,
                obligations=grant.obligations,
            )
        reasons.append(f"grant {grant.id}: {lacking}")
    others = [
        f"grant {g.id}: is for other roles, subjects or attributes of your department"
        for g in policy.grants
        if g not in named and g.principals.departments and principal.department in g.principals.departments
    ]
    return _denial(department, table, known=True, reasons=(*reasons, *others), digest=policy.digest)


def visible(
    department: Department, table: str, principal: Principal, purpose: str, today: date
) -> Visibility | None:
    """What the principal may see of the table under the purpose; None when that is nothing."""
    policy = department.policies.get(table)
    if policy is None or table not in department.tables:
        return None
    named = [g for g in policy.grants if g.principals.matches(principal)]
    applicable = [g for g in named if _misfit(g, purpose, today) is None]
    columns: dict[str, None] = {}
    masks: dict[str, str] = {}
    for grant in applicable:
        for name, shown in grant.shown.items():
            if name not in columns and shown.mask is not None:
                masks[name] = str(grant.columns[name].mask)
            columns.setdefault(name)
    if not columns:
        return None
    ordered = department.tables[table].in_order(columns)
    first = next(g for g in applicable if g.shown)
    return Visibility(
        table=table,
        columns=ordered,
        star=department.tables[table].in_order(first.shown),
        masks=masks,
        purposes=_purposes(named, today),
        reasons=tuple(f"grant {g.id}: {g.reason}" for g in applicable),
        stars={g.id: department.tables[table].in_order(g.shown) for g in applicable if g.shown},
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
            if _misfit(grant, purpose, today) is None:
                found.setdefault(purpose)
    return tuple(found)


def _misfit(grant: Grant, purpose: str, today: date) -> str | None:
    """Why a grant that names the principal does not apply at all, None when it does."""
    if purpose not in grant.purposes:
        listed = ", ".join(grant.purposes) or "no purpose"
        return f"is for {listed}, not for the purpose {purpose or '(none)'}"
    if grant.starts_after(today):
        return f"is valid from {grant.valid_from}"
    if grant.ended_before(today):
        return f"expired after {grant.valid_until}"
    return grant.unenforced


def _closed(grant: Grant, columns: frozenset[str], listed: frozenset[str]) -> str | None:
    """Why an applicable grant does not open all of `columns`, None when it does.

    Only columns in `listed`, those of grants that apply, are named: the others may or may not exist.
    """
    if not grant.shown:
        return "opens no column that this version can show"
    missing = [c for c in sorted(columns) if c not in grant.shown]
    if not missing:
        return None
    parts: list[str] = []
    for name in missing:
        rule = grant.columns.get(name)
        if rule is not None:
            uses = ", ".join(u for u in sorted(rule.uses)) or "no use"
            parts.append(f"column {name} is granted for {uses} without read, which is not enforced yet")
        elif name in listed:
            parts.append(f"column {name} is not in this grant")
    if any(c not in listed for c in missing):
        parts.append("a column of the question is not one you may use")
    return "; ".join(parts)


def _denial(
    department: Department, table: str, *, known: bool, reasons: tuple[str, ...], digest: str
) -> Decision:
    return Decision(
        department=department.name,
        table=table,
        allowed=False,
        known=known,
        grant_id=None,
        reasons=reasons,
        columns={},
        row_filter=None,
        legal_basis=None,
        policy_digest=digest,
    )
