"""The rows of a policy test in a real DuckDB, and the questions asked of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

import duckdb
from sqlglot import exp

from comity.errors import ComityError, SqlError
from policies.decision import Decision, Visibility
from policies.department import Department
from policies.expressions import parse_scalar
from policies.floors import ENTITY, apply_floors, check_floors
from policies.principal import Principal
from policies.published import PublishedColumn, PublishedTable
from policies.read_file import nearest
from policies.rehearsal_file import PolicyTestFile
from policies.stage_partners import Partners, guess_type, written
from policies.token_keys import TokenKey
from policies.tokens import TOKEN_FUNCTION, Tokens
from policies.wrap import wrap_table
from policies.yaml_document import YamlDocument
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table, TableUse
from sql.engine import create_function, open_locked
from sql.parse import ParsedQuery
from sql.render import render
from sql.resolve import ResolvedQuery, resolve_query
from sql.types import canonical_name

Scalar = str | int | float | bool | None

ROWS = "_rows"
# Tests run without the department's key, and their files hold tokens of this one, the same under every purpose.
_KEY = TokenKey("hmac-sha256", b"the key of policy tests, no secret")


class Sandbox:
    """The databases that test files share, since opening one takes longer than running a file."""

    def __init__(self) -> None:
        self._binders: list[Binder] = []
        self.connection = open_locked(memory="256MB", threads=1)
        create_function(self.connection, TOKEN_FUNCTION, 2, Tokens(_KEY, ""))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for binder in self._binders:
            binder.close()
        self.connection.close()

    def binder(self, *tables: Table) -> Binder:
        binder = Binder(tables)
        self._binders.append(binder)
        return binder


class Stage:
    """One published table, filled with a test file's rows, without the mapping from physical columns.

    `types` are the published columns' canonical types: those of department.yaml, else the test file's, else
    guessed from the rows (text, whole numbers, numbers, true and false).
    """

    def __init__(
        self, sandbox: Sandbox, department: Department, document: YamlDocument, form: PolicyTestFile
    ) -> None:
        self.department = department
        self.table = department.tables[form.table]
        self.types: Mapping[str, str] = _types(self.table, document, form)
        self._full = Table(
            department.name, self.table.name, tuple(Column(name, kind) for name, kind in self.types.items())
        )
        self.partners = Partners(sandbox.connection, document, form, f"{department.name}.{self.table.name}")
        self.binder = sandbox.binder(self._full, *self.partners.tables)
        # Rows are given as published: the wrap reads them by their published names.
        self._as_published = PublishedTable(name=self.table.name, physical=(ROWS,))
        self._connection = sandbox.connection
        self._fill(document, form)

    def catalog(self, view: Visibility | None) -> Catalog:
        """What somebody with this view of the table may name."""
        if view is None:
            return Catalog(self.partners.tables, "")
        shown = frozenset(view.columns)
        columns = tuple(Column(name, kind) for name, kind in self.types.items() if name in shown)
        own = Table(self.department.name, self.table.name, columns, view.star)
        return Catalog([own, *self.partners.tables], "")

    def resolve_fully(self, parsed: ParsedQuery) -> ResolvedQuery:
        """The question as someone who may see everything could ask it. Raises `SqlError`."""
        return resolve_query(parsed, Catalog([self._full, *self.partners.tables], ""), self.binder)

    def own_use(self, uses: Iterable[TableUse]) -> TableUse | None:
        """How a question uses the table whose policy is tested, None when it does not."""
        name = (self.department.name, self.table.name)
        return next((use for use in uses if (use.department, use.name) == name), None)

    def wrapped(
        self, resolved: ResolvedQuery, decision: Decision, principal: Principal, *, floored: bool = True
    ) -> str:
        """The question over the wrapped rows, as DuckDB SQL, with or without the decision's floor kept.

        Raises `PolicyError` where the floor could be got around.
        """
        tree = resolved.tree.copy()
        entity: tuple[str, ...] = ()
        if decision.floor is not None and floored:
            floors = {(self.department.name, self.table.name): decision.floor}
            check_floors(tree, floors, resolved.parsed.text)
            tree, entity = apply_floors(tree, floors).tree, (ENTITY,)
        for node in list(tree.find_all(exp.Table)):
            if node.db:
                columns = (*decision.columns, *entity)
                partner = self.partners.stands_for(node)
                node.replace(partner or self._wrap(decision, principal, columns, node.alias_or_name))
        return render(tree)

    def rows_of(self, sql: str) -> int:
        """How many rows an answer has; -1 where it cannot be computed."""
        try:
            return int(str(self._fetch(f"SELECT count(*) FROM ({sql}) AS answer")[0][0]))
        except duckdb.Error:
            return -1

    def count(self, decision: Decision, principal: Principal) -> tuple[int, int]:
        """How many rows the decision's row filter lets pass, and how many there are."""
        wrap = self._wrap(decision, principal, (), "t")
        counted = exp.Select(expressions=[exp.Count(this=exp.Star())], from_=exp.From(this=wrap))
        passed = self._fetch(render(counted))
        total = self._fetch(f'SELECT count(*) FROM "{ROWS}"')
        return int(str(passed[0][0])), int(str(total[0][0]))

    def compare(self, sql: str, expected: Sequence[Sequence[Scalar]], *, ordered: bool) -> list[str]:
        """What differs between the answer to `sql` and the expected rows, as lines to print."""
        try:
            relation = self._connection.sql(sql)
            kinds = [str(kind) for kind in relation.types]
            texts = ", ".join(f'CAST("c{i}" AS VARCHAR)' for i in range(len(kinds)))
            names = ", ".join(f'"c{i}"' for i in range(len(kinds)))
            got = self._fetch(f"SELECT {texts} FROM ({sql}) AS answer({names})")
        except duckdb.Error as error:
            return [f"could not be answered: {str(error).splitlines()[0]}"]
        wide = [row for row in expected if len(row) != len(kinds)]
        if wide:
            return [
                f"the answer has {len(kinds)} columns, the expected row {list(wide[0])} has {len(wide[0])}"
            ]
        wanted = [tuple(map(self._text, row, kinds)) for row in expected]
        shown = [tuple(map(_rounded, row, kinds)) for row in got]
        if ordered:
            if wanted == shown:
                return []
            return [f"expected: {_line(row)}" for row in wanted] + [
                f"got:      {_line(row)}" for row in shown
            ]
        missing, extra = Counter(wanted) - Counter(shown), Counter(shown) - Counter(wanted)
        return [f"expected: {_line(row)}" for row in missing.elements()] + [
            f"got:      {_line(row)}" for row in extra.elements()
        ]

    def _text(self, value: Scalar, kind: str) -> str | None:
        """An expected value as DuckDB writes one of the answer's type, or as it stands when it is none."""
        if value is None:
            return None
        found = self._fetch(f"SELECT CAST(TRY_CAST(? AS {kind}) AS VARCHAR)", [value])[0][0]
        return _rounded(str(value) if found is None else str(found), kind)

    def _wrap(
        self, decision: Decision, principal: Principal, columns: tuple[str, ...], alias: str
    ) -> exp.Subquery:
        return wrap_table(self._as_published, self.types, decision, principal, columns, alias)

    def _fetch(self, sql: str, parameters: Sequence[Scalar] = ()) -> list[tuple[object, ...]]:
        return self._connection.execute(sql, list(parameters)).fetchall()

    def _fill(self, document: YamlDocument, form: PolicyTestFile) -> None:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in self.types.items())
        self._connection.execute(f'CREATE OR REPLACE TABLE "{ROWS}" ({columns})')
        marks = ", ".join(f"CAST(? AS {kind})" for kind in self.types.values())
        for index, row in enumerate(form.rows):
            for name in row:
                if name not in self.types:
                    message = f"{self.table.name} publishes no column `{name}`{nearest(name, self.types)}"
                    raise document.error(("rows", index, name), message, code="CONFIG_REFERENCE")
            # As text, so that 1.10 reaches a decimal as it is written and a code keeps its digits.
            values = [written(row.get(name)) for name in self.types]
            try:
                self._connection.execute(f'INSERT INTO "{ROWS}" VALUES ({marks})', values)
            except duckdb.Error:
                wrong = [
                    n for n, v in zip(self.types, values, strict=True) if not self._fits(v, self.types[n])
                ]
                message = " and ".join(f"`{n}` does not hold a value of type {self.types[n]}" for n in wrong)
                raise document.error(("rows", index), message, code="CONFIG_POLICY") from None

    def _fits(self, value: str | None, kind: str) -> bool:
        found = self._fetch(f"SELECT TRY_CAST(? AS {kind})", [value])[0][0]
        return value is None or found is not None


def _types(table: PublishedTable, document: YamlDocument, form: PolicyTestFile) -> dict[str, str]:
    names = [c.name for c in table.columns] if table.columns is not None else list(form.types)
    if table.columns is None:
        names += [n for n in dict.fromkeys(n for row in form.rows for n in row) if n not in form.types]
    for name in form.types:
        if name not in names:
            message = f"{table.name} publishes no column `{name}`{nearest(name, names)}"
            raise document.error(("types", name), message, code="CONFIG_REFERENCE")
    types: dict[str, str] = {}
    for name in names:
        column = table.column(name)
        declared = form.types.get(name) or (column and declared_type(column))
        values = [row[name] for row in form.rows if row.get(name) is not None]
        try:
            types[name] = canonical_name(declared) if declared else guess_type(values)
        except SqlError as error:
            raise document.error(("types", name), error.message, code="CONFIG_POLICY") from None
    return types


def declared_type(column: PublishedColumn) -> str | None:
    """The type that department.yaml gives, also where the expression is one CAST."""
    if column.type is not None or column.codes is not None:
        return column.type or "VARCHAR"
    if column.expr is not None:
        try:
            tree = parse_scalar(column.expr)
        except ComityError:
            return None
        if isinstance(tree, exp.Cast):
            return str(tree.to.sql(dialect="duckdb"))
    return None


def _rounded(text: object, kind: str) -> str | None:
    """A float to 12 digits, so that the order of a sum does not matter; everything else as it is."""
    if text is None or kind not in {"FLOAT", "DOUBLE"}:
        return None if text is None else str(text)
    try:
        number = float(str(text))
    except ValueError:
        return str(text)
    return format(number, ".12g") if math.isfinite(number) else str(number)


def _line(row: Sequence[str | None]) -> str:
    return ", ".join("NULL" if value is None else value for value in row)
