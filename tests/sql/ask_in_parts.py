"""Asks a question whole and in parts of one DuckDB, and compares."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import duckdb
import pyarrow as pa
from sqlglot import exp

from benchmarks.compare import same_row, table_rows
from comity.errors import SqlError
from gateway.planner.prune_columns import prune_columns
from sql.binder import Binder
from sql.parse import parse_query
from sql.render import render
from sql.resolve import ResolvedQuery, resolve_query
from sql.scopes import is_cte_reference
from sql.split import Split, split_query
from tests.oracle.answer import differences, unordered
from tests.sql.small_tables import catalog, fill

PLACES: dict[str, Callable[[exp.Table], str]] = {
    "place": lambda table: table.db,
    "table": lambda table: table.alias_or_name,
    "able": lambda _: "here",
}
"""`able` is one place that can run what `can_run` says, never the whole."""


def can_run(query: exp.Query) -> bool:
    """Half of what there is, at random, and the same half for the same text; a table with nothing is always read."""
    bare = isinstance(query, exp.Select) and not any(
        query.args.get(part) for part in ("where", "joins", "group")
    )
    return bare or zlib.crc32(render(query).encode()) % 2 == 0


class DiffersError(AssertionError):
    """The parts do not give the answer of the whole."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status`: `same`; `invalid` when DuckDB itself refuses the question; `refused` when the resolver does;
    `engine` when the answers differ only as long as DuckDB's optimizer works on them.
    """

    status: str
    why: str = ""


class World:
    """A database with the small tables, and the catalog that publishes them."""

    def __init__(self, *, rows: int = 10, most: int = 8, federated: bool = False) -> None:
        self._fill = partial(fill, rows=rows, most=most, federated=federated)
        self.catalog = catalog(federated=federated)
        self.binder = Binder(self.catalog.tables)
        self._open()

    def _open(self) -> None:
        self.database = duckdb.connect(config={"threads": 1, "memory_limit": "1GB", "temp_directory": ""})
        self._fill(self.database)

    @contextmanager
    def surviving(self) -> Iterator[None]:
        """Opens the database again after an internal error of DuckDB, which leaves it useless."""
        try:
            yield
        except (duckdb.InternalException, duckdb.FatalException):
            self.database.close()
            self._open()
            raise

    def close(self) -> None:
        self.binder.close()
        self.database.close()

    def resolve(self, question: str) -> ResolvedQuery:
        return resolve_query(parse_query(question), self.catalog, self.binder)

    def answer(self, question: str, *, optimized: bool = True) -> pa.Table:
        with self.surviving(), _optimizer(self.database, on=optimized):
            return self.database.sql(question).to_arrow_table()

    def answer_in_parts(self, split: Split, *, optimized: bool = True) -> pa.Table:
        """Every piece alone, and then the residual over their results."""
        if split.residual is None:
            return self.answer(render(split.pieces[0].query), optimized=optimized)
        with self.surviving(), self.database.cursor() as cursor:
            for piece in split.pieces:
                _create(cursor, piece.name, render(piece.query))
            with _optimizer(cursor, on=optimized):
                return cursor.sql(render(split.residual)).to_arrow_table()


def ask(world: World, question: str, by: str) -> Outcome:
    """Raises `DiffersError`. `by` is a key of `PLACES`."""

    def parts_of(resolved: ResolvedQuery) -> Split:
        before = render(resolved.tree)
        runs = can_run if by == "able" else None
        split = split_query(prune_columns(resolved.tree), PLACES[by], runs=runs)
        if render(resolved.tree) != before:
            raise DiffersError("the input was changed")
        for piece in split.pieces:
            if {PLACES[by](table) for table in _published(piece.query)} != {piece.context}:
                raise DiffersError(f"{piece.name} reads more than {piece.context}")
        if split.residual is not None and _published(split.residual):
            raise DiffersError("the residual reads a published table")
        return split

    return compare(world, question, parts_of)


def compare(world: World, question: str, parts_of: Callable[[ResolvedQuery], Split]) -> Outcome:
    """The outcome of a question that is taken apart by `parts_of`. Raises `DiffersError`."""
    try:
        expected = world.answer(question)
    except duckdb.Error as error:
        return Outcome("invalid", str(error))
    try:
        resolved = world.resolve(question)
    except SqlError as error:
        return Outcome("refused", f"{error.code}: {error.message}")
    split = parts_of(resolved)
    ordered = resolved.tree.args.get("order") is not None
    try:
        wrong = difference(expected, world.answer_in_parts(split), ordered=ordered)
    except duckdb.Error as error:
        wrong = f"the parts fail: {error}"
    if not wrong:
        return Outcome("same")
    if "INTERNAL Error" in wrong or _agree_unoptimized(world, question, split, ordered=ordered):
        return Outcome("engine", wrong)
    raise DiffersError(wrong)


def _agree_unoptimized(world: World, question: str, split: Split, *, ordered: bool) -> bool:
    try:
        expected = world.answer(question, optimized=False)
        return not difference(expected, world.answer_in_parts(split, optimized=False), ordered=ordered)
    except duckdb.InternalException:
        return True
    except duckdb.Error:
        return False


def difference(expected: pa.Table, found: pa.Table, *, ordered: bool) -> str:
    """What differs, in words; empty when the answers are the same."""
    one, other = table_rows(expected), table_rows(found)
    if expected.schema.equals(found.schema) and (
        one == other or (not ordered and Counter(one) == Counter(other))
    ):
        return ""
    if wrong := differences(unordered(expected), found):
        return "; ".join(wrong)
    in_order = all(same_row(row, like) for row, like in zip(one, other, strict=True))
    return "" if in_order or not ordered else "the order differs"


def _published(query: exp.Query) -> list[exp.Table]:
    return [table for table in query.find_all(exp.Table) if not is_cte_reference(table)]


def _create(cursor: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """A table of the query's rows, whose columns without a type have none, as `Engine.load` has it."""
    cursor.execute(f'CREATE TEMP TABLE "{name}" AS {query}')
    relation = cursor.sql(query)
    untyped = [c for c, kind in zip(relation.columns, relation.types, strict=True) if str(kind) == '"NULL"']
    if untyped:
        nulls = ", ".join(f'NULL AS "{column}"' for column in untyped)
        cursor.execute(f'ALTER TABLE "{name}" RENAME TO "{name} (rows)"')
        cursor.execute(f'CREATE TEMP VIEW "{name}" AS SELECT * REPLACE ({nulls}) FROM "{name} (rows)"')


@contextmanager
def _optimizer(connection: duckdb.DuckDBPyConnection, *, on: bool) -> Iterator[None]:
    if on:
        yield
        return
    connection.execute("PRAGMA disable_optimizer")
    yield
    connection.execute("PRAGMA enable_optimizer")
