"""The oracle: what one DuckDB answers over views that show each table through its department's policy.

This is the answer rule of the design made into a program. It shares the policies' meaning with the gateway
(`decide` and `wrap_table`) and nothing else: no resolving, no planning, no fragments, no connectors. All departments'
rows lie in one DuckDB, each published table is a view, and the question's own text runs over the views.

    oracle = Oracle(directory, rows)          # rows: (department, physical table) → pyarrow table
    answer = oracle.ask(sql, principal, "statistics")
    differences(answer, table)                # what is wrong with a table that claims to be the answer

One grant per table governs a question: the first in file order under which the whole question is allowed. The
oracle finds it by trying: it shows each table as its first grant would, then as the second, and so on, until DuckDB
can bind the text. So `*` means the columns of the chosen grant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import ParseError, exp, parse_one

from policies.decide import decide
from policies.decision import Decision
from policies.principal import Principal
from sql.catalog import TableUse
from tests.oracle.answer import Answer, differences, ordered, unordered
from tests.oracle.floors import Unclear, find_block, small_rows
from tests.oracle.sorting import read_sorting
from tests.oracle.views import Rows, Views

MOST_COMBINATIONS = 1024
Parameters = Sequence[Any] | Mapping[str, Any]


class NoAnswer(Exception):
    """Under no combination of grants does DuckDB take the question.

    `denials` are the reasons of departments that know the caller, for tables that no grant shows.
    """

    def __init__(self, message: str, denials: Sequence[str] = ()) -> None:
        super().__init__("\n".join([message, *denials]))
        self.denials = tuple(denials)


class Doubtful(Exception):
    """The oracle cannot tell which column a name means; write it with its table."""


__all__ = ["Doubtful", "NoAnswer", "Oracle", "Unclear"]


class Oracle:
    """The rule of the answer, for one federation. `today` decides which grants are valid."""

    def __init__(
        self,
        directory: Path,
        rows: Rows,
        today: date | None = None,
        keys: Mapping[str, bytes] | None = None,
    ) -> None:
        self.views = Views(directory, rows, keys)
        self.today = today or date.today()

    def close(self) -> None:
        self.views.close()

    def principal(self, token: str) -> Principal:
        """The holder of a development token."""
        return self.views.federation.principals[token]

    def ask(
        self, sql: str, principal: Principal, purpose: str, parameters: Parameters | None = None
    ) -> Answer:
        """All right answers. Raises `NoAnswer`, `Doubtful`, and `duckdb.Error` for what fails as it runs."""
        tree = _parse(sql)
        table = self._bind(tree, sql, principal, purpose, parameters).to_arrow_table()
        return self._answer(sql, table, parameters)

    def ask_raw(self, sql: str) -> Answer:
        """All right answers over the rows as departments hold them: `memory."raw health".t_hzjbxx`."""
        return self._answer(sql, self._run(sql, None).to_arrow_table(), None)

    def _answer(self, sql: str, table: pa.Table, parameters: Parameters | None) -> Answer:
        """The answers that are as right as `table`: what ORDER BY leaves open is open."""
        sorting = read_sorting(sql, table.column_names)
        if sorting is None:
            return unordered(table)
        pool = self._run(sorting.text, parameters).to_arrow_table() if sorting.text else table
        if sorting.keys:
            answer = ordered(table, pool, sorting.keys, sorting.offset)
        else:
            answer = unordered(table, pool)
        assert not differences(answer, table), f"the oracle reads the order of this question wrongly: {sql}"
        return answer

    def _bind(
        self,
        tree: exp.Expr,
        sql: str,
        principal: Principal,
        purpose: str,
        parameters: Parameters | None,
    ) -> duckdb.DuckDBPyRelation:
        """The question over the first combination of grants under which it binds."""
        choices: list[list[Decision]] = []
        denials: list[str] = []
        for department, table in self._named(tree):
            decisions = list(self._decisions(department, table, principal, purpose))
            if decisions:
                choices.append(decisions)
            else:
                denials += self._denial(department, table, principal, purpose)
        refusal = ""
        for number, combination in enumerate(product(*choices)):
            if number == MOST_COMBINATIONS:
                raise Doubtful("there are too many combinations of grants to try")
            self.views.show(combination, principal, purpose)
            try:
                relation = self._run(sql, parameters)
            except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
                refusal = refusal or str(error)
                continue
            _check_names(tree, choices, combination)
            floors = [decision for decision in combination if decision.floor is not None]
            if not floors:
                return relation
            if any(len(decisions) > 1 for decisions in choices):
                raise Doubtful("which of several grants governs depends on uses, and one of them has a floor")
            return self._floored(tree, sql, floors, parameters)
        raise NoAnswer(refusal, denials)

    def _floored(
        self, tree: exp.Expr, sql: str, floors: Sequence[Decision], parameters: Parameters | None
    ) -> duckdb.DuckDBPyRelation:
        """The question over the rows that are in groups on enough entities. All are shown when it is called."""
        blocks: set[int] = set()
        nothing_left: list[bool] = []
        nested = False
        for decision in floors:
            self.views.hide(decision.department, decision.table, [])
        found: list[tuple[Decision, list[int]]] = []
        for decision in floors:
            assert decision.floor is not None
            block = find_block(tree, partial(self._refers, decision))
            if block is None:
                continue
            select, source = block
            grouped = select.args.get("group") is not None or select.args.get("distinct") is not None
            if id(source) not in blocks and any(id(select) == known for known in blocks):
                raise Unclear("several tables under floors in one block")
            blocks |= {id(select), id(source)}
            rows = self._numbered_rows(decision, source)
            least = decision.floor.entities
            small, none_left = small_rows(
                lambda text: self._run(text, parameters), select, source, rows, least
            )
            found.append((decision, small))
            if not grouped:
                nothing_left.append(none_left)
                nested = nested or select is not tree
        for decision, small in found:
            self.views.hide(decision.department, decision.table, small)
        if nothing_left and all(nothing_left):
            if nested:
                raise Unclear("a small total inside a question")
            return self._run(f"SELECT * FROM ({sql.rstrip().rstrip(';')}) WHERE false", parameters)
        return self._run(sql, parameters)

    def _numbered_rows(self, decision: Decision, source: exp.Table) -> str:
        """A query for the rows that one department gives to a table of the text, which may be a federated one."""
        name = self.views.rows_of(decision.department, decision.table)
        for federated, settings in self.views.federation.settings.tables.items():
            group = federated.rpartition(".")[0].lower()
            if source.db.lower() == group and settings.member_column:
                return f"SELECT *, '{decision.department}' AS \"{settings.member_column}\" FROM {name}"
        return f"SELECT * FROM {name}"

    def _refers(self, decision: Decision, node: exp.Table) -> bool:
        """Whether a name in the text stands for the decision's table, or for a federated table that has it."""
        name, department = node.name.lower(), node.db.lower()
        if name == decision.table.lower() and department in {"", decision.department.lower()}:
            return True
        return any(
            name == federated.rpartition(".")[2].lower()
            and department in {"", federated.rpartition(".")[0].lower()}
            and (decision.department, decision.table) in self.views.members(federated)
            for federated in self.views.federation.settings.tables
        )

    def _run(self, sql: str, parameters: Parameters | None) -> duckdb.DuckDBPyRelation:
        if parameters is None:
            return self.views.connection.sql(sql)
        return self.views.connection.sql(sql, params=parameters)

    def _named(self, tree: exp.Expr) -> list[tuple[str, str]]:
        """(department, table) of every published table whose own name, or federated name, is in the text."""
        names = {node.name.lower() for node in tree.find_all(exp.Table)}
        found = {
            (department.name, table): None
            for department in self.views.departments.values()
            for table in department.tables
            if table.lower() in names
        }
        for federated in self.views.federation.settings.tables:
            if federated.rpartition(".")[2].lower() in names:
                found.update(dict.fromkeys(self.views.members(federated)))
        return list(found)

    def _decisions(
        self, department: str, table: str, principal: Principal, purpose: str
    ) -> Iterator[Decision]:
        """One decision for each grant that applies, in file order: all that it shows."""
        owner = self.views.departments[department]
        policy = owner.policies.get(table)
        for grant in policy.grants if policy else ():
            columns = frozenset(grant.shown)
            use = TableUse(department, table, columns)
            decision = decide(owner, use, principal, purpose, self.today, grant.id)
            if grant.floor is not None:
                # No row is shown under a floor, so what is only grouped or aggregated may stand in the view.
                usable = {name: grant.decided[name] for name, rule in grant.columns.items() if rule.uses}
                columns, decision = frozenset(usable), replace(decision, columns=usable)
            if columns and decision.allowed:
                yield decision

    def _denial(self, department: str, table: str, principal: Principal, purpose: str) -> list[str]:
        owner = self.views.departments[department]
        decision = decide(owner, TableUse(department, table, frozenset()), principal, purpose, self.today)
        return [f"{department}.{table}: {'; '.join(decision.reasons)}"] if decision.known else []


def _parse(sql: str) -> exp.Expr:
    try:
        tree: exp.Expr = parse_one(sql, read="duckdb")
    except ParseError as error:
        raise NoAnswer(str(error)) from None
    return tree


def _check_names(tree: exp.Expr, choices: list[list[Decision]], combination: Sequence[Decision]) -> None:
    """Raises `Doubtful` where a name may have been bound to another column than the caller's catalog says.

    Names mean what they mean over all that the caller may see. Under a grant that hides a column of that, its name
    could fall to another table's, or to an outer query's, so such names must stand with their table.
    """
    hidden: set[str] = set()
    for decisions, chosen in zip(choices, combination, strict=True):
        seen = {column for decision in decisions for column in decision.columns}
        hidden |= {column.lower() for column in seen - set(chosen.columns)}
    if not hidden:
        return
    named = {node.name.lower() for node in tree.find_all(exp.Column) if not node.table}
    for join in tree.find_all(exp.Join):
        named |= {column.name.lower() for column in join.args.get("using") or ()}
        if join.args.get("method") == "NATURAL":
            named |= hidden
    if doubtful := sorted(named & hidden):
        raise Doubtful(
            f"{', '.join(doubtful)}: another grant than the chosen one shows a column of this name"
        )
