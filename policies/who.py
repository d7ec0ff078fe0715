"""Who may do what with a table: its grants, read the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from policies.department import Department
from policies.expressions import columns_in, parse_scalar
from policies.joins import JoinRules
from policies.model import ALL_USES, USES, ColumnRule, Grant, Limits, PrincipalRule
from policies.published import PublishedTable


@dataclass(frozen=True, slots=True)
class ColumnEntitlement:
    """What one grant allows of one column. `decides_rows` says that the row filter reads it."""

    column: str
    uses: tuple[str, ...]
    mask: str | None
    functions: tuple[str, ...]
    grade: str
    decides_rows: bool
    may: str


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One grant, as `comity policy who` shows it. `conditions` say in words what else holds."""

    department: str
    table: str
    grant: str
    principals: str
    purposes: tuple[str, ...]
    valid: str
    in_force: bool
    reason: str
    request: str | None
    row_filter: str | None
    floor_entities: int | None
    floor_column: str | None
    crossing: str
    conditions: tuple[str, ...]
    columns: tuple[ColumnEntitlement, ...]


def entitlements(
    department: Department, table: str, column: str | None, today: date
) -> tuple[Entitlement, ...]:
    """What each grant allows in file order: of every column it lists, or of `column` alone."""
    policy = department.policies.get(table)
    grants = policy.grants if policy is not None else ()
    published = department.tables[table]
    found = (_entitlement(department.name, published, grant, column, today) for grant in grants)
    return tuple(each for each in found if column is None or each.columns)


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


def describe_rule(rule: ColumnRule) -> str:
    """What may be done with a column, on one line.

    >>> describe_rule(ColumnRule(frozenset({"group", "filter"})))
    'filter, group'
    """
    if not rule.uses:
        return "nothing; known to exist"
    if rule.mask is not None and "read" in rule.uses:
        return f"read as {rule.mask}"
    uses = "read" if rule.uses == ALL_USES else ", ".join(u for u in USES if u in rule.uses)
    text = uses if rule.mask is None else f"{uses} as {rule.mask}"
    return f"{text} (only {', '.join(sorted(rule.functions))})" if rule.functions else text


def describe_conditions(grant: Grant) -> tuple[str, ...]:
    """What holds for everything that a grant allows, a line each; nothing where it says nothing."""
    return tuple(_conditions(grant))


def describe_limits(limits: Limits) -> str:
    """How much, on one line, empty without limits.

    >>> describe_limits(Limits(rows=1000, matches_per_day=20))
    'at most 1,000 rows a question, 20 matched values a day'
    """
    parts = [
        f"{most:,} {what}"
        for most, what in (
            (limits.rows, "rows a question"),
            (limits.bytes, "bytes a question"),
            (limits.matches, "matched values a question"),
            (limits.rows_per_day, "rows a day"),
            (limits.bytes_per_day, "bytes a day"),
            (limits.matches_per_day, "matched values a day"),
        )
        if most is not None
    ]
    return f"at most {', '.join(parts)}" if parts else ""


def describe_joins(joins: JoinRules) -> Iterator[str]:
    """What may be joined with what, a line each."""
    if joins.required is not None:
        yield f"only joined with {' or '.join(joins.required) or '(nothing: never)'}"
    for column, partners in joins.allowed.items():
        yield f"{column} may be joined with {', '.join(partners) or 'nothing'} only"
    for column, partners in joins.blocked.items():
        yield f"{column} may not be joined with {', '.join(partners)}"


def _conditions(grant: Grant) -> Iterator[str]:
    if grant.row_filter is not None:
        yield f"only rows where {grant.row_filter}"
    if grant.floor is not None:
        yield f"no group of fewer than {grant.floor.entities} {grant.floor.column}"
    if limits := describe_limits(grant.limits):
        yield limits
    yield from describe_joins(grant.joins)
    if grant.crossing == "raw":
        yield "row values may leave the department to be worked on at the merge"
    if grant.key_exchange:
        yield f"join keys may be sent to {', '.join(grant.key_exchange)}"


def _entitlement(
    department: str, table: PublishedTable, grant: Grant, column: str | None, today: date
) -> Entitlement:
    filtered = _filter_columns(grant)
    names = [name for name in grant.columns if column is None or name == column]
    return Entitlement(
        department=department,
        table=table.name,
        grant=grant.id,
        principals=describe_principals(grant.principals),
        purposes=grant.purposes,
        valid=describe_validity(grant, today),
        in_force=not grant.starts_after(today) and not grant.ended_before(today),
        reason=grant.reason,
        request=grant.request,
        row_filter=grant.row_filter,
        floor_entities=grant.floor.entities if grant.floor else None,
        floor_column=grant.floor.column if grant.floor else None,
        crossing=grant.crossing,
        conditions=describe_conditions(grant),
        columns=tuple(_column(table, grant, name, filtered) for name in table.in_order(names)),
    )


def _column(table: PublishedTable, grant: Grant, name: str, filtered: frozenset[str]) -> ColumnEntitlement:
    rule = grant.columns[name]
    return ColumnEntitlement(
        column=name,
        uses=tuple(use for use in USES if use in rule.uses),
        mask=str(rule.mask) if rule.mask is not None else None,
        functions=tuple(sorted(rule.functions)),
        grade=table.grade_of(name),
        decides_rows=name.lower() in filtered,
        may=describe_rule(rule),
    )


def _filter_columns(grant: Grant) -> frozenset[str]:
    """The columns that the row filter reads, in lower case."""
    if grant.row_filter is None:
        return frozenset()
    return frozenset(c.name.lower() for c in columns_in(parse_scalar(grant.row_filter)) if not c.table)
