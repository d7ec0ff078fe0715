"""Published tables as DuckDB views, each as one decision shows it, over all departments' rows."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from gateway.configuration import Federation, load_federation
from policies.decision import Decision
from policies.department import Department, load_department
from policies.principal import Principal
from policies.wrap import wrap_table
from sql.types import canonical_type

Rows = Mapping[tuple[str, str], pa.Table]
"""(department, physical table's own name) → its rows."""
NO_ENVIRONMENT = None
"""Sources of departments are not resolved: the oracle opens none."""


class Views:
    """One DuckDB that holds every department's rows, and shows some of them.

    Raw rows lie in schemas that no question names (`raw health`); `show` makes the views `health.patients`, the
    federated ones (`city.resident`), and one without a department where the name is unique among what is shown.
    """

    def __init__(self, directory: Path, rows: Rows) -> None:
        self.federation: Federation = load_federation(directory)
        self.departments: dict[str, Department] = {}
        for path in self.federation.department_directories:
            department = load_department(path, NO_ENVIRONMENT)
            self.departments[department.name] = department
        self.connection = duckdb.connect(":memory:")
        self._types: dict[tuple[str, str], dict[str, str]] = {}
        for (department_name, table), data in rows.items():
            self._load(department_name, table, data)
        self.connection.execute("SET TimeZone = 'UTC'")
        # A table that is not shown must not be found among this process's variables or files either.
        self.connection.execute("SET python_enable_replacements = false")
        self.connection.execute("SET enable_external_access = false")

    def close(self) -> None:
        self.connection.close()

    def members(self, name: str) -> list[tuple[str, str]]:
        """(department, table) of each member of the federated table `name`."""
        pattern, _, member = self.federation.settings.tables[name].union.rpartition(".")
        return [
            (department.name, member)
            for department in self.departments.values()
            if member in department.tables and fnmatch.fnmatchcase(department.name, pattern)
        ]

    def show(self, decisions: Sequence[Decision], principal: Principal) -> None:
        """Shows the tables of `decisions` as `principal` may see them, and nothing else."""
        self._drop()
        shown: list[tuple[str, str]] = []
        for decision in decisions:
            self._create(decision.department, decision.table, self._wrapped(decision, principal))
            shown.append((decision.department, decision.table))
        by_table = {(decision.department, decision.table): decision for decision in decisions}
        for name in self.federation.settings.tables:
            members = self.members(name)
            # A federated table is the rows of all its members, or it is not that table.
            if members and all(member in by_table for member in members):
                group, _, short = name.partition(".")
                self._create(group, short, self._union(name, [by_table[member] for member in members]))
                shown.append((group, short))
        counts = Counter(table for _, table in shown)
        for schema, table in shown:
            if counts[table] == 1:
                self._create("main", table, f"SELECT * FROM {_quoted(schema, table)}")

    def _load(self, department: str, table: str, data: pa.Table) -> None:
        self._types[department, table] = {field.name: canonical_type(field.type) for field in data.schema}
        self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(f'raw {department}')}")
        self.connection.register("incoming", data)
        self.connection.execute(
            f"CREATE TABLE {_quoted(f'raw {department}', table)} AS SELECT * FROM incoming"
        )
        self.connection.unregister("incoming")

    def _wrapped(self, decision: Decision, principal: Principal) -> str:
        table = self.departments[decision.department].tables[decision.table]
        physical = table.physical[-1]
        columns = table.in_order(decision.columns)
        types = self._types[decision.department, physical]
        relation = wrap_table(table, types, decision, principal, columns, "wrapped")
        for node in relation.find_all(exp.Table):
            node.set("catalog", None)
            node.set("db", exp.to_identifier(f"raw {decision.department}", quoted=True))
            node.set("this", exp.to_identifier(physical, quoted=True))
        return f"SELECT * FROM {relation.sql(dialect='duckdb', identify=True)}"

    def _union(self, name: str, decisions: Sequence[Decision]) -> str:
        """All members' rows, in the columns that all of them show, and the name of the member."""
        first = self.departments[decisions[0].department].tables[decisions[0].table]
        shared = [
            _quoted(column)
            for column in first.in_order(decisions[0].columns)
            if all(column in decision.columns for decision in decisions)
        ]
        member_column = self.federation.settings.tables[name].member_column
        arms = []
        for decision in decisions:
            tag = [f"'{decision.department}' AS {_quoted(member_column)}"] if member_column else []
            source = _quoted(decision.department, decision.table)
            arms.append(f"SELECT {', '.join([*shared, *tag])} FROM {source}")
        return " UNION ALL ".join(arms)

    def _create(self, schema: str, name: str, query: str) -> None:
        self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
        self.connection.execute(f"CREATE VIEW {_quoted(schema, name)} AS {query}")

    def _drop(self) -> None:
        listed = "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal"
        for schema, view in self.connection.execute(listed).fetchall():
            self.connection.execute(f"DROP VIEW {_quoted(schema, view)}")


def _quoted(*parts: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
