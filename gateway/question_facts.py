"""What departments tell the caller of one question about its tables, asked as the planner wants to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from comity.errors import ComityError
from gateway.stages import QueryRequest
from policies.decision import Decision
from policies.port import DepartmentPort
from policies.statistics import DepartmentFacts, SourceSpeed, TableFacts


class QuestionFacts:
    """Implements `gateway.planner.choosing.Facts`. A department is asked once, and only for what it decided."""

    def __init__(
        self, ports: Mapping[str, DepartmentPort], request: QueryRequest, decisions: Iterable[Decision]
    ) -> None:
        self._ports = ports
        self._request = request
        self._decisions = tuple(decisions)
        self._told: dict[str, DepartmentFacts] = {}

    def table(self, department: str, name: str) -> TableFacts | None:
        return self._of(department).tables.get(name)

    def speed(self, department: str) -> SourceSpeed:
        return self._of(department).speed

    def _of(self, department: str) -> DepartmentFacts:
        if department not in self._told:
            # What hides rows is the department's to leave out; that it is not asked about keeps plans honest too.
            grants = {
                d.table: d.grant_id
                for d in self._decisions
                if d.department == department and d.grant_id and d.row_filter is None and d.floor is None
            }
            request, facts = self._request, DepartmentFacts()
            try:
                facts = self._ports[department].statistics(request.principal, request.purpose, grants)
            except ComityError:
                # A question that needs the department will say so itself.
                pass
            self._told[department] = facts
        return self._told[department]
