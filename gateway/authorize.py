"""The third stage: every department that owns a table decides, by its own policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from comity.errors import PolicyError
from gateway.catalogs import Catalogs
from gateway.record import QueryRecord
from gateway.stages import AuthorizedQuery, BoundQuery
from policies.decision import Decision, Refusal
from policies.grades import HIGHEST, derived_grades, highest
from policies.port import DepartmentPort
from sql.catalog import Origin, TableUse

MOST_REMEDIES = 3


def authorize(
    query: BoundQuery, catalogs: Catalogs, ports: Mapping[str, DepartmentPort], record: QueryRecord
) -> AuthorizedQuery:
    """Asks every owner how the question uses its tables; one refusal refuses the question.

    This is the early and explained denial. What protects the data is each agent, which decides again.
    """
    request = query.admitted.request
    decisions: list[Decision] = []
    by_department: dict[str, list[TableUse]] = {}
    for use in query.influence.tables:
        for member in catalogs.members(use):
            by_department.setdefault(member.department, []).append(member)
    places: dict[tuple[str, str], TableUse] = {}
    for department, uses in by_department.items():
        made = ports[department].decide(request.principal, request.purpose, uses)
        decisions += made
        places |= {(use.department, use.name): use for use in uses}
        record.decided(uses, made)
    denied = [decision for decision in decisions if not decision.allowed]
    if denied:
        raise denial(denied, places[denied[0].department, denied[0].table])
    return AuthorizedQuery(query, tuple(decisions), _grades(query, catalogs, decisions))


def denial(denied: Iterable[Decision], use: TableUse) -> PolicyError:
    """What a caller is told: each table's reasons, where the question does it, and what would be allowed.

    Tables that refuse for the same reasons, as the members of a federated table mostly do, are named together.
    """
    decisions = list(denied)
    by_reasons: dict[tuple[str, ...], list[str]] = {}
    for decision in decisions:
        by_reasons.setdefault(decision.reasons, []).append(f"{decision.department}.{decision.table}")
    lines = [f"{_named(tables)}: {'; '.join(reasons)}" for reasons, tables in by_reasons.items()]
    refusals = [refusal for decision in decisions for refusal in decision.refusals]
    placed = next((r for r in refusals if r.line is not None), None)
    text = "\n".join(lines)
    if placed is not None:
        # The error says its own place.
        text = text.replace(f" (line {placed.line}, column {placed.place})", "", 1)
    return PolicyError(
        text,
        department=decisions[0].department,
        line=placed.line if placed is not None else use.line,
        column=placed.place if placed is not None else use.column,
        hint=_remedies(refusals),
    )


def _named(tables: list[str]) -> str:
    """At most three tables by name.

    >>> _named(["a.t", "b.t", "c.t", "d.t"])
    'a.t, b.t and 2 more'
    """
    return ", ".join(tables) if len(tables) <= 3 else f"{', '.join(tables[:2])} and {len(tables) - 2} more"


def _remedies(refusals: Iterable[Refusal]) -> str | None:
    found = list(dict.fromkeys(r.remedy for r in refusals if r.remedy))[:MOST_REMEDIES]
    return ". ".join(f"{remedy[:1].upper()}{remedy[1:]}" for remedy in found) + "." if found else None


def _grades(query: BoundQuery, catalogs: Catalogs, decisions: Iterable[Decision]) -> tuple[str, ...]:
    """The grade of each output column: the highest of all that decided it."""
    known = {(d.department, d.table): d for d in decisions}

    @cache
    def grade_of(origin: Origin) -> str:
        department, name, column = origin
        grades: list[str] = []
        for member in catalogs.members_of(department, name):
            decision = known.get(member)
            rule = decision.columns.get(column) if decision is not None else None
            grades.append(rule.grade if rule is not None else HIGHEST)
        return highest(grades)

    own = {
        (table.department, table.name, table.member_column)
        for table in catalogs.published.tables
        if table.members and table.member_column is not None
    }
    return derived_grades((origins - own for origins in query.influence.outputs), grade_of)
