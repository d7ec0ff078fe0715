"""The oracle: what one DuckDB answers over views that show each table through its department's policy.

This is the answer rule of the design made into a program. It shares the policies' meaning with the
gateway (`decide` and `wrap_table`), and nothing else: no resolving, no planning, no fragments, no
connectors. All departments' rows lie in one DuckDB, each published table is a view, and the question's own
text runs over the views.

    oracle = Oracle(directory, rows)          # rows: (department, physical table) → pyarrow table
    oracle.answer(sql, principal, "statistics") → pyarrow table
"""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from gateway.configuration import Federation, load_federation
from policies.decide import decide
from policies.decision import Decision
from policies.department import Department, PublishedTable, load_department
from policies.principal import Principal
from policies.wrap import wrap_table
from sql.types import canonical_type

Rows = Mapping[tuple[str, str], pa.Table]


class NoAnswer(Exception):
    """No combination of grants allows the question, or DuckDB itself refuses it."""


class Oracle:
    """One DuckDB with every department's rows. `today` decides which grants are valid."""

    def __init__(self, directory: Path, rows: Rows, today: date | None = None) -> None:
        self.federation: Federation = load_federation(directory)
        self.today = today or date.today()
        self.departments: dict[str, Department] = {}
        for path in self.federation.department_directories:
            department = load_department(path, None)
            self.departments[department.name] = department
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET TimeZone='UTC'")
        self.types: dict[tuple[str, str], dict[str, str]] = {}
        for (department_name, table), data in rows.items():
            self.types[department_name, table] = {f.name: canonical_type(f.type) for f in data.schema}
            self.connection.register("incoming", data)
            self.connection.execute(f'CREATE SCHEMA IF NOT EXISTS "raw {department_name}"')
            self.connection.execute(
                f'CREATE TABLE "raw {department_name}"."{table}" AS SELECT * FROM incoming'
            )
            self.connection.unregister("incoming")

    def answer(self, sql: str, principal: Principal, purpose: str) -> pa.Table:
        """The answer of the first combination of grants, in file order, under which DuckDB takes the text.

        Raises `NoAnswer` when there is none.
        """
        text = sql.lower()
        tables = [(d, t) for d, t in self._tables() if self._may_name(text, d.name, t.name)]
        choices = [list(self._decisions(d, t.name, principal, purpose)) or [None] for d, t in tables]
        refusal = "no grant applies"
        for combination in itertools.islice(itertools.product(*choices), 64):
            cursor = self.connection.cursor()
            # Views are temporary in effect: every combination replaces them, and a failed one leaves none.
            views = [d for d in combination if d is not None]
            self._drop_views(cursor)
            self._create_views(cursor, views, principal)
            try:
                return cursor.sql(sql).to_arrow_table()
            except duckdb.Error as error:
                refusal = str(error)
            finally:
                cursor.close()
        raise NoAnswer(refusal)

    def _tables(self) -> Iterator[tuple[Department, PublishedTable]]:
        for department in self.departments.values():
            for table in department.tables.values():
                yield department, table

    def _may_name(self, text: str, department: str, table: str) -> bool:
        """Whether a question could read the table, directly or as a member. Too many do no harm."""
        if table in text and department in text:
            return True
        for name, settings in self.federation.settings.tables.items():
            if fnmatch.fnmatchcase(f"{department}.{table}", settings.union):
                return name.rpartition(".")[2] in text
        return False

    def _decisions(
        self, department: Department, table: str, principal: Principal, purpose: str
    ) -> Iterator[Decision]:
        policy = department.policies.get(table)
        for grant in policy.grants if policy else ():
            columns = frozenset(grant.shown)
            if not columns:
                continue
            decision = decide(department, table, principal, purpose, columns, self.today)
            if decision.allowed and decision.grant_id == grant.id:
                yield decision

    def _create_views(
        self, cursor: duckdb.DuckDBPyConnection, decisions: list[Decision], principal: Principal
    ) -> None:
        for decision in decisions:
            department = self.departments[decision.department]
            table = department.tables[decision.table]
            physical = table.physical[-1]
            order = table.in_order(decision.columns)
            wrapped = wrap_table(
                table, self.types[department.name, physical], decision, principal, order, "wrapped"
            )
            for node in wrapped.find_all(exp.Table):
                node.set("db", exp.to_identifier(f"raw {department.name}", quoted=True))
                node.set("this", exp.to_identifier(physical, quoted=True))
                node.set("catalog", None)
            cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{department.name}"')
            text = wrapped.sql(dialect="duckdb", identify=True)
            cursor.execute(
                f'CREATE OR REPLACE VIEW "{department.name}"."{table.name}" AS SELECT * FROM {text}'
            )
        self._create_federated(cursor, decisions)

    def _create_federated(self, cursor: duckdb.DuckDBPyConnection, decisions: list[Decision]) -> None:
        for name, settings in self.federation.settings.tables.items():
            group, _, short = name.partition(".")
            pattern, _, member = settings.union.rpartition(".")
            wanted = [n for n in self.departments if fnmatch.fnmatchcase(n, pattern)]
            found = [d for d in decisions if d.table == member and d.department in wanted]
            if {d.department for d in found} != set(wanted):
                continue
            shared = [c for c in found[0].columns if all(c in d.columns for d in found)]
            order = self.departments[found[0].department].tables[member].in_order(shared)
            columns = ", ".join(f'"{c}"' for c in order)
            arms = []
            for decision in found:
                tag = (
                    f", '{decision.department}' AS \"{settings.member_column}\""
                    if settings.member_column
                    else ""
                )
                arms.append(f'SELECT {columns}{tag} FROM "{decision.department}"."{member}"')
            cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{group}"')
            cursor.execute(f'CREATE OR REPLACE VIEW "{group}"."{short}" AS ' + " UNION ALL ".join(arms))

    def _drop_views(self, cursor: duckdb.DuckDBPyConnection) -> None:
        found = cursor.execute(
            "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        for schema, view in found:
            cursor.execute(f'DROP VIEW "{schema}"."{view}"')
