"""Published tables as DuckDB views, each as one decision shows it, over all departments' rows."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL
from sqlglot import exp

from gateway.configuration import Federation, load_federation
from policies.decision import Decision
from policies.department import Department, load_department
from policies.principal import Principal
from policies.wrap import wrap_table
from sql.types import canonical_type
from tests.oracle.floors import ENTITY, ROW
from tests.oracle.tokens import token_function

Rows = Mapping[tuple[str, str], pa.Table]
"""(department, physical table's own name) → its rows."""
NO_ENVIRONMENT = None
"""Sources of departments are not resolved: the oracle opens none."""


class Views:
    """One DuckDB that holds every department's rows, and shows some of them.

    `keys` are the departments' token keys, by department.

    Raw rows lie in the main database; each caller and purpose has a database of views of its own: `health.patients`,
    federated ones (`city.resident`), and one without a department where the name is unique among what is shown.
    """

    def __init__(self, directory: Path, rows: Rows, keys: Mapping[str, bytes] | None = None) -> None:
        self._keys = keys or {}
        self._token_functions: dict[tuple[str, str], str] = {}
        self.federation: Federation = load_federation(directory)
        self.departments: dict[str, Department] = {}
        for path in self.federation.department_directories:
            department = load_department(path, NO_ENVIRONMENT)
            self.departments[department.name] = department
        self.connection = duckdb.connect(":memory:")
        self._databases: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        self._floored: dict[str, str] = {}
        self.numbered: dict[tuple[str, str], str] = {}
        """The names of the numbered rows behind the tables under floors that are shown."""
        self._types: dict[tuple[str, str], dict[str, str]] = {}
        for (department_name, table), data in rows.items():
            self._load(department_name, table, data)
        # One thread adds floats in one order, so an answer is the same each time.
        self.connection.execute("SET threads = 1")
        self.connection.execute("SET TimeZone = 'UTC'")
        # It loses rows: docs/adr/0024-statistics-propagation-is-off.md
        self.connection.execute("SET disabled_optimizers = 'statistics_propagation'")
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

    def show(self, decisions: Sequence[Decision], principal: Principal, purpose: str) -> None:
        """Shows the tables of `decisions` as `principal` may see them.

        Other tables shown to the same principal for the same purpose before stay as they were; all tables of one name
        must be shown together.
        """
        shown = self._enter(principal, purpose)
        by_table = {(decision.department, decision.table): decision for decision in decisions}
        wanted = {table: self._wrapped(decision, principal, purpose) for table, decision in by_table.items()}
        wanted |= self._federated(by_table)
        counts = Counter(table for _, table in wanted)
        wanted |= {
            ("main", table): f"SELECT * FROM {_quoted(schema, table)}"
            for schema, table in wanted
            if counts[table] == 1
        }
        if wanted.items() <= shown.items():
            return
        # A view on views has the columns they had when it was made, so all are made again.
        for (schema, table), query in wanted.items():
            self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
            self.connection.execute(f"CREATE OR REPLACE VIEW {_quoted(schema, table)} AS {query}")
        shown |= wanted

    def _enter(self, principal: Principal, purpose: str) -> dict[tuple[str, str], str]:
        """Makes the database of this caller and purpose the one that questions see; returns its views."""
        key = (repr(principal), purpose)
        new = key not in self._databases
        shown = self._databases.setdefault(key, {})
        name = _quoted(f"caller {list(self._databases).index(key) + 1}")
        if new:
            self.connection.execute(f"ATTACH ':memory:' AS {name}")
        self.connection.execute(f"USE {name}")
        return shown

    def _load(self, department: str, table: str, data: pa.Table) -> None:
        self._types[department, table] = {field.name: canonical_type(field.type) for field in data.schema}
        self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(f'raw {department}')}")
        self.connection.register("incoming", data)
        self.connection.execute(
            f"CREATE TABLE {_quoted(f'raw {department}', table)} AS SELECT * FROM incoming"
        )
        self.connection.unregister("incoming")

    def _wrapped(self, decision: Decision, principal: Principal, purpose: str) -> str:
        table = self.departments[decision.department].tables[decision.table]
        physical = table.physical[-1]
        columns = table.in_order(decision.columns)
        types = self._types[decision.department, physical]
        entity = (ENTITY,) if decision.floor is not None else ()
        relation = wrap_table(table, types, decision, principal, (*columns, *entity), "wrapped")
        for node in relation.find_all(exp.Table):
            node.set("catalog", exp.to_identifier("memory", quoted=True))
            node.set("db", exp.to_identifier(f"raw {decision.department}", quoted=True))
            node.set("this", exp.to_identifier(physical, quoted=True))
        for call in relation.find_all(exp.Anonymous):
            if call.name.lower() == "comity_token":
                call.set("this", self._token_function(decision.department, purpose))
        shown = f"SELECT * FROM {relation.sql(dialect='duckdb', identify=True)}"
        return self._numbered(shown, decision, columns) if decision.floor is not None else shown

    def _numbered(self, shown: str, decision: Decision, columns: Sequence[str]) -> str:
        """The rows of a table under a floor without those that are hidden now; see `hide`."""
        name = self._floored.setdefault(shown, f"floored {len(self._floored)}")
        self.numbered[decision.department, decision.table] = name
        self.connection.execute(
            f"CREATE TABLE IF NOT EXISTS memory.main.{_quoted(name)} AS "
            f"SELECT *, row_number() OVER () AS {_quoted(ROW)} FROM ({shown})"
        )
        self.connection.execute(
            f"CREATE TABLE IF NOT EXISTS memory.main.{_quoted(name + ' hidden')} (r BIGINT)"
        )
        return (
            f"SELECT {', '.join(map(_quoted, columns))} FROM memory.main.{_quoted(name)} "
            f"WHERE {_quoted(ROW)} NOT IN (SELECT r FROM memory.main.{_quoted(name + ' hidden')})"
        )

    def rows_of(self, department: str, table: str) -> str:
        """The name of all rows of a table under a floor, numbered, with their entities."""
        return f"memory.main.{_quoted(self.numbered[department, table])}"

    def hide(self, department: str, table: str, rows: Sequence[int]) -> None:
        """Hides these rows of a table under a floor, and no others."""
        hidden = f"memory.main.{_quoted(self.numbered[department, table] + ' hidden')}"
        self.connection.execute(f"DELETE FROM {hidden}")
        if rows:
            self.connection.execute(f"INSERT INTO {hidden} SELECT unnest(?)", [list(rows)])

    def _token_function(self, department: str, purpose: str) -> str:
        """The name of the function that makes this department's tokens for this purpose."""
        key = (department, purpose)
        if key not in self._token_functions:
            tokens = self.departments[department].tokens
            assert tokens is not None
            name = f"oracle_token_{len(self._token_functions)}"
            function = token_function(tokens.algorithm.removeprefix("hmac-"), self._keys[department], purpose)
            self.connection.create_function(
                name, function, ["VARCHAR", "VARCHAR"], "VARCHAR", type=ARROW, null_handling=SPECIAL
            )
            self._token_functions[key] = name
        return self._token_functions[key]

    def _federated(self, decisions: Mapping[tuple[str, str], Decision]) -> dict[tuple[str, str], str]:
        """The federated tables of which all members are shown: with fewer rows they would not be those tables."""
        found = {}
        for name in self.federation.settings.tables:
            members = self.members(name)
            if members and all(member in decisions for member in members):
                group, _, short = name.partition(".")
                found[group, short] = self._union(name, [decisions[member] for member in members])
        return found

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


def _quoted(*parts: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
