"""Who may do what with a table: its grants, read the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from policies.model import ALL_USES, USES, ColumnRule, Grant, PrincipalRule, TablePolicy


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One line of `comity policy who`: a grant, or one column of it."""

    grant: str
    principals: str
    purposes: str
    column: str
    may: str
    rows: str
    valid: str
    reason: str


def entitlements(policy: TablePolicy, column: str | None, today: date) -> tuple[Entitlement, ...]:
    """What each grant allows in file order, per column, or of `column` alone."""
    found: list[Entitlement] = []
    for grant in policy.grants:
        for name, rule in grant.columns.items():
            if column is None or name == column:
                found.append(_entitlement(grant, name, rule, today))
    return tuple(found)


def describe_principals(rule: PrincipalRule) -> str:
    """Whom a grant names, on one line; every part must match.

    >>> describe_principals(PrincipalRule(departments=frozenset({"tax"}), roles=frozenset()))
    'department tax and role (nobody)'
    """
    parts: list[str] = []
    for label, names in (("department", rule.departments), ("role", rule.roles), ("subject", rule.subjects)):
        if names is not None:
            parts.append(f"{label} {' | '.join(sorted(names)) or '(nobody)'}")
    for name, values in (rule.attributes or {}).items():
        parts.append(f"{name} = {' | '.join(str(v) for v in values) or '(nobody)'}")
    if rule.attributes is not None and not rule.attributes:
        parts.append("attributes (nobody)")
    return " and ".join(parts)


def describe_validity(grant: Grant, today: date) -> str:
    """When a grant applies, on one line."""
    if grant.starts_after(today):
        return f"from {grant.valid_from}" + (f" until {grant.valid_until}" if grant.valid_until else "")
    if grant.valid_until is None:
        return "always"
    return f"until {grant.valid_until}" + (" (expired)" if grant.ended_before(today) else "")


def describe_rule(grant: Grant, rule: ColumnRule) -> str:
    """What may be done with a column, on one line."""
    uses = "read" if rule.uses == ALL_USES else " ".join(u for u in USES if u in rule.uses) or "nothing"
    text = uses if rule.mask is None else f"{uses} as {rule.mask}"
    if rule.functions:
        text += f" in {' '.join(sorted(rule.functions))}"
    if grant.unenforced is not None:
        return f"{text} (closed: {grant.unenforced})"
    if not rule.visible:
        return f"{text} (closed: not enforced without read yet)"
    return text


def _entitlement(grant: Grant, name: str, rule: ColumnRule, today: date) -> Entitlement:
    return Entitlement(
        grant=grant.id,
        principals=describe_principals(grant.principals),
        purposes=" ".join(grant.purposes) or "(none)",
        column=name,
        may=describe_rule(grant, rule),
        rows=grant.row_filter or "all",
        valid=describe_validity(grant, today),
        reason=grant.reason + (f" ({grant.request})" if grant.request else ""),
    )
