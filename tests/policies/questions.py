"""Asks SQL of one policy: from the text to the decision, without any database."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from policies.decide import decide
from policies.decision import Decision
from policies.department import Department, load_department
from policies.principal import Principal
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table, TableUse
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.uses import infer_uses

TODAY = date(2026, 6, 1)
ANALYST = Principal("li.wei", "civil", frozenset({"analyst"}))

PATIENTS = {
    "person_id": "VARCHAR",
    "name": "VARCHAR",
    "born": "DATE",
    "town": "VARCHAR",
    "diagnosis": "VARCHAR",
    "cost": "DECIMAL(15,2)",
    "visits": "INTEGER",
}
DEPARTMENT = f"""\
name: health
source: {{connector: sqlite, uri: x.sqlite}}
tables:
  patients:
    entity: person_id
    grade: important
    columns:
{textwrap.indent(chr(10).join(f'{n}: {{type: "{t}"}}' for n, t in PATIENTS.items()), "      ")}
"""
TABLES = (
    Table("health", "patients", tuple(Column(n, t) for n, t in PATIENTS.items())),
    Table("civil", "benefit", (Column("person_id", "VARCHAR"), Column("amount", "INTEGER"))),
    Table("tax", "income", (Column("person_id", "VARCHAR"), Column("earned", "INTEGER"))),
)


@dataclass(frozen=True, slots=True)
class Asker:
    """Decides questions over health.patients, to which `civil.benefit` and `tax.income` may be joined."""

    write_department: Callable[..., Path]
    binder: Binder

    def department(self, grant: str, department: str = DEPARTMENT) -> Department:
        """A department with one grant to the analyst; `grant` are its lines from `columns` on."""
        policy = f"""\
table: patients
grants:
  - id: g
    reason: r
    principals: {{roles: [analyst]}}
    purposes: [work]
{textwrap.indent(textwrap.dedent(grant), "    ")}
"""
        return load_department(self.write_department(department, policy), {})

    def use(self, sql: str, *, crossing: bool = False) -> TableUse:
        """How the question uses health.patients."""
        resolved = resolve_query(parse_query(sql), Catalog(TABLES, ""), self.binder)
        uses = infer_uses(resolved.tree, resolved.tables, sql, crossing=crossing).tables
        return next(use for use in uses if use.department == "health")

    def ask(
        self, department: Department, sql: str, principal: Principal = ANALYST, *, fragment: bool = False
    ) -> Decision:
        """The decision on a question, or on a fragment of one."""
        use = self.use(sql, crossing=fragment)
        return decide(department, use, principal, "work", TODAY, fragment=fragment)
