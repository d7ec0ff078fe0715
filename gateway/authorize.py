"""The third stage: every department that owns a table decides, by its own policy."""

from __future__ import annotations

from collections.abc import Mapping

from comity.errors import PolicyError
from gateway.catalogs import Catalogs
from gateway.record import QueryRecord
from gateway.stages import AuthorizedQuery, BoundQuery
from policies.decision import Decision
from policies.port import DepartmentPort
from sql.catalog import TableUse


def authorize(
    query: BoundQuery, catalogs: Catalogs, ports: Mapping[str, DepartmentPort], record: QueryRecord
) -> AuthorizedQuery:
    """Asks every owner; one refusal refuses the question.

    This is the early and explained denial. What protects the data is each agent, which decides again.
    """
    request = query.admitted.request
    decisions: list[Decision] = []
    by_department: dict[str, list[TableUse]] = {}
    for use in query.resolved.tables:
        for member in catalogs.members(use):
            by_department.setdefault(member.department, []).append(member)
    for department, uses in by_department.items():
        made = ports[department].decide(request.principal, request.purpose, uses)
        decisions += made
        record.decided(uses, made)
    denied = [decision for decision in decisions if not decision.allowed]
    if denied:
        lines = [f"{d.department}.{d.table}: {'; '.join(d.reasons)}" for d in denied]
        first = next((u for u in query.resolved.tables if u.department == denied[0].department), None)
        raise PolicyError(
            "\n".join(lines),
            department=denied[0].department,
            line=first.line if first else None,
            column=first.column if first else None,
        )
    return AuthorizedQuery(query, tuple(decisions))
