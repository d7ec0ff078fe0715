"""What the passes know beside the tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from gateway.planner.choosing import Choosing
from gateway.planner.disclosure import Disclosure
from gateway.planner.members import arm_values, arms_of, in_member
from gateway.planner.remarks import Remark
from sql.binder import Binder
from sql.catalog import Catalog
from sql.scopes import source_alias


@dataclass(frozen=True, slots=True)
class Planning:
    """One question being planned: the tables that its caller sees, what departments decided, and by what plans
    are chosen. `remarks` gathers what the passes have to say of their choices.
    """

    catalog: Catalog
    binder: Binder
    disclosure: Disclosure = field(default_factory=Disclosure)
    choosing: Choosing = field(default_factory=Choosing)
    remarks: list[Remark] = field(default_factory=list)

    def may_read(self, expression: exp.Expr, union: exp.Subquery) -> bool:
        """Whether every member lets the values be seen that an expression over the union is made of."""
        return all(self.disclosure.may_read([value], arm) for value, arm in _in_members(expression, union))

    def may_filter(self, column: exp.Column, source: exp.Expr) -> bool:
        """Whether every department whose published table a FROM item is lets its rows be filtered by the column. True of
        what is no published table: whoever makes it is asked.
        """
        if not isinstance(source, exp.Table) or not source.db:
            return True
        table = self.catalog.find(source.db, source.name)
        homes = table.members if table is not None and table.members else ((source.db, source.name),)
        is_member = table is not None and column.name == table.member_column
        return is_member or all(self.disclosure.may_filter(*home, column.name) for home in homes)

    def functions(self, expression: exp.Expr, union: exp.Subquery) -> frozenset[str] | None:
        """The aggregate functions that all members allow over an expression; None for any."""
        found: frozenset[str] | None = None
        for value, arm in _in_members(expression, union):
            allowed = self.disclosure.functions([value], arm)
            if allowed is not None:
                found = allowed if found is None else found & allowed
        return found

    def kind_in_member(self, expression: exp.Expr, union: exp.Subquery) -> str | None:
        """The canonical type of an expression over the union, asked of DuckDB."""
        value, arm = next(_in_members(expression, union))
        question = arm.copy()
        question.set("expressions", [exp.alias_(value, "value", quoted=True)])
        (column,) = self.binder.columns_of(question)
        return column.type


def _in_members(expression: exp.Expr, union: exp.Subquery) -> Iterator[tuple[exp.Expr, exp.Select]]:
    alias = source_alias(union)
    return ((in_member(expression, alias, arm_values(arm)), arm) for arm in arms_of(union))
