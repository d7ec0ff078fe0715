"""What the departments' decisions let out of a member: it decides what a partial aggregate may consist of."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from gateway.planner.members import arms_of, member_tables
from policies.decision import Decision


class Disclosure:
    """Questions about the columns of members, answered from the decisions on this question.

    A table without a decision holds nothing back; that is for plans without policies, as in tests.
    """

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._decisions = {(d.department, d.table): d for d in decisions}

    def has_floor(self, union: exp.Subquery) -> bool:
        """Whether a member's aggregates must each rest on enough entities."""
        tables = (table for arm in arms_of(union) for table in member_tables(arm).values())
        return any(d is not None and d.floor is not None for d in map(self._decisions.get, tables))

    def has_floor_on(self, department: str, table: str) -> bool:
        """As `has_floor`, of one table."""
        decision = self._decisions.get((department, table))
        return decision is not None and decision.floor is not None

    def may_read(self, expressions: Iterable[exp.Expr], arm: exp.Select) -> bool:
        """Whether values of every column in the expressions, which are a member's own, may be seen."""
        return all(self._may_read(*table, column) for table, column in _columns(expressions, arm))

    def holds_back(self, department: str, table: str, column: str) -> bool:
        """Whether a column's values may be worked with at the department and not be seen."""
        return not self._may_read(department, table, column)

    def may_filter(self, department: str, table: str, column: str) -> bool:
        """Whether a column may be compared with constants where its rows are, and not only its groups afterwards."""
        decision = self._decisions.get((department, table))
        if decision is None:
            return True
        rule = decision.columns.get(column)
        return decision.floor is None and rule is not None and bool(rule.uses & {"read", "filter"})

    def functions(self, expressions: Iterable[exp.Expr], arm: exp.Select) -> frozenset[str] | None:
        """The aggregate functions that columns which may not be read are confined to; None for any."""
        found: frozenset[str] | None = None
        for (department, table), column in _columns(expressions, arm):
            decision = self._decisions.get((department, table))
            rule = decision.columns.get(column) if decision is not None else None
            if rule is not None and rule.functions and not self._may_read(department, table, column):
                found = rule.functions if found is None else found & rule.functions
        return found

    def _may_read(self, department: str, table: str, column: str) -> bool:
        decision = self._decisions.get((department, table))
        if decision is None:
            return True
        rule = decision.columns.get(column)
        readable = rule is not None and (rule.mask is not None or "read" in rule.uses)
        return readable and decision.floor is None


def _columns(expressions: Iterable[exp.Expr], arm: exp.Select) -> Iterable[tuple[tuple[str, str], str]]:
    tables = member_tables(arm)
    for expression in expressions:
        for column in expression.find_all(exp.Column):
            if column.table in tables:
                yield tables[column.table], column.name
