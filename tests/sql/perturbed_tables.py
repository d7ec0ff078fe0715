"""The small tables with other values in some columns: what must not change an answer, and what must.

python -m tests.sql.perturbed_tables --seeds 1000:3000     checks many questions, prints those that break a rule
python -m tests.sql.perturbed_tables --seed 17             prints one question, its uses and what becomes of it
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import duckdb
from sqlglot import exp

from comity.errors import SqlError
from sql.binder import Binder
from sql.catalog import Origin, TableUse
from sql.parse import parse_query
from sql.render import render
from sql.resolve import resolve_query
from sql.uses import Influence, infer_uses
from tests.sql.plain_questions import plain_question
from tests.sql.random_questions import random_question
from tests.sql.small_tables import TABLES, catalog, fill

KINDS: Mapping[Origin, str] = {
    (*table, column): kind for table, columns in TABLES.items() for column, kind in columns.items()
}
COLUMNS = tuple(KINDS)
_OTHER: Mapping[str, str] = {
    "INTEGER": "CASE WHEN {r} < 0.1 THEN NULL ELSE CAST(1 + floor({r2} * 12) AS INTEGER) END",
    "VARCHAR": "CASE WHEN {r} < 0.1 THEN NULL ELSE ['张三', '李四', 'x', 'Y ', '', '1', '3', 'w'][1 + CAST(floor({r2} * 8) AS INTEGER)] END",
    "DATE": "CASE WHEN {r} < 0.1 THEN NULL ELSE DATE '2026-01-01' + CAST(floor({r2} * 28) AS INTEGER) END",
    "DECIMAL(10,2)": "CASE WHEN {r} < 0.1 THEN NULL ELSE CAST(floor({r2} * 6000) / 100 AS DECIMAL(10,2)) END",
    "DOUBLE": "CASE WHEN {r} < 0.1 THEN NULL ELSE 1 + floor({r2} * 6) END",
}
"""Other values of a type; `r` and `r2` are numbers from 0 to 1 that differ from row to row."""
_EXTREMES: Mapping[str, tuple[str, ...]] = {
    "INTEGER": ("2147483647", "-2147483648", "0", "NULL"),
    "VARCHAR": ("''", "'('", "'%_'", "'99999999999999999999'", "'2026-13-41'", "NULL"),
    "DATE": ("DATE 'infinity'", "DATE '-infinity'", "DATE '5000000-01-01'", "DATE '5000000-01-01 (BC)'"),
    "DECIMAL(10,2)": ("99999999.99", "-99999999.99", "0", "NULL"),
    "DOUBLE": ("'inf'::DOUBLE", "'nan'::DOUBLE", "1e308", "-1e308", "0", "NULL"),
}
_VALUE_ERRORS = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)
_NUMBERS = {"INTEGER", "DECIMAL(10,2)", "DOUBLE"}
FAR = 100_000
MOST_TABLES = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that was understood: its text with every name bound, and what was inferred."""

    question: str
    tree: exp.Query
    text: str
    tables: tuple[TableUse, ...]
    influence: Influence

    @property
    def ordered(self) -> bool:
        return self.tree.args.get("order") is not None

    def uses(self) -> dict[Origin, set[str]]:
        """What each column of the small tables is used for; an empty set where it is not."""
        found: dict[Origin, set[str]] = {column: set() for column in COLUMNS}
        for table in self.influence.tables:
            for use in table.uses:
                found[table.department, table.name, use.column].add(use.use)
        return found

    def failing(self) -> set[Origin]:
        return {
            (table.department, table.name, use.column)
            for table in self.influence.tables
            for use in table.uses
            if use.fails
        }

    def partners(self) -> Iterator[tuple[Origin, Origin | None]]:
        for table in self.influence.tables:
            for use in table.uses:
                if use.use == "join":
                    yield (table.department, table.name, use.column), use.partner


@dataclass(slots=True)
class Tally:
    """How often each rule was put to the test, and what broke it."""

    checked: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


Rows = list[tuple[object, ...]]
Changes = Mapping[Origin, str]
"""New values by column, as SQL over the old ones."""


class World:
    """One DuckDB with the small tables, whose values can be changed for one question."""

    def __init__(self, *, rows: int = 7, most: int = 7) -> None:
        self.size = rows, most
        self.catalog = catalog()
        self.binder = Binder(self.catalog.tables)
        self.database = self._open()

    def _open(self) -> duckdb.DuckDBPyConnection:
        database = duckdb.connect(config={"threads": 1})
        fill(database, rows=self.size[0], most=self.size[1])
        return database

    def close(self) -> None:
        self.binder.close()
        self.database.close()

    def ask(self, question: str) -> Asked | None:
        """None where the resolver does not take the question, or it could multiply too many rows."""
        try:
            resolved = resolve_query(parse_query(question), self.catalog, self.binder)
        except SqlError:
            return None
        if len(list(resolved.tree.find_all(exp.Table, exp.Values))) > MOST_TABLES:
            return None
        influence = infer_uses(resolved.tree, resolved.tables, question)
        return Asked(question, resolved.tree, render(resolved.tree), resolved.tables, influence)

    def answer(self, text: str, changes: Changes, *, optimized: bool = True) -> Rows:
        """The answer over tables with changed values. Raises what DuckDB raises."""
        self.database.execute("BEGIN")
        try:
            for (department, table), columns in _by_table(changes).items():
                assigned = ", ".join(f'"{column}" = {value}' for column, value in columns.items())
                self.database.execute(f"UPDATE {department}.{table} SET {assigned}")
            if not optimized:
                self.database.execute("PRAGMA disable_optimizer")
            return self.database.execute(text).fetchall()
        except (duckdb.InternalException, duckdb.FatalException):
            self.database.close()
            self.database = self._open()
            raise
        finally:
            with suppress(duckdb.TransactionException):  # A database opened anew has no transaction.
                self.database.execute("ROLLBACK")
            self.database.execute("PRAGMA enable_optimizer")


def _by_table(changes: Changes) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for (department, table, column), value in changes.items():
        found.setdefault((department, table), {})[column] = value
    return found


# --- changes ------------------------------------------------------------------------------------


def other_values(columns: Iterable[Origin], seed: int) -> Changes:
    """Values drawn afresh, row by row, without regard to the old ones."""
    found = {}
    for place, column in enumerate(sorted(columns)):
        draw = [f"(hash(rowid + {seed * 1000 + place * 10 + n}) % 1000000) / 1000000.0" for n in (1, 2)]
        found[column] = _OTHER[KINDS[column]].format(r=draw[0], r2=draw[1])
    return found


def extreme_values(columns: Iterable[Origin], seed: int) -> Changes:
    found = {}
    for place, column in enumerate(sorted(columns)):
        values = _EXTREMES[KINDS[column]]
        listed = " ".join(f"WHEN {n} THEN {value}" for n, value in enumerate(values[1:], 1))
        pick = f"hash(rowid + {seed * 1000 + place}) % {len(values)}"
        found[column] = f"CASE {pick} {listed} ELSE {values[0]} END"
    return found


def renamed_values(columns: Iterable[Origin], tree: exp.Query) -> Changes:
    """One value for another throughout, so that equal ones stay equal; constants of the question stay."""
    literals = {str(node.this) for node in tree.find_all(exp.Literal)}
    numbers = ", ".join(sorted(text for text in literals if _is_number(text))) or "NULL"
    texts = ", ".join("'" + text.replace("'", "''") + "'" for text in sorted(literals)) or "NULL"
    found = {}
    for column in columns:
        name, kind = f'"{column[2]}"', KINDS[column]
        if kind in _NUMBERS:
            found[column] = f"CASE WHEN {name} IN ({numbers}) THEN {name} ELSE {name} + {FAR} END"
        elif kind == "DATE":
            found[column] = (
                f"CASE WHEN CAST({name} AS VARCHAR) IN ({texts}) THEN {name} ELSE {name} + {FAR} END"
            )
        else:
            found[column] = f"CASE WHEN {name} IN ({texts}) THEN {name} ELSE {name} || '#' END"
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# --- rules --------------------------------------------------------------------------------------


def check(world: World, asked: Asked, seed: int, tally: Tally) -> None:
    """Puts every rule that has something to say about the question to the test."""
    try:
        expected = world.answer(asked.text, {})
    except duckdb.Error:
        return
    backwards = {column: f'"{column[2]}"' for column in COLUMNS if column[2] in {"id", "day", "code", "text"}}
    if not _same(asked, expected, world.answer(asked.text, backwards)):
        return  # The order of rows in the tables decides: the question has no one answer.
    for rule, changes, compared in _rules(asked, seed):
        tally.checked[rule] += 1
        try:
            found = world.answer(asked.text, changes)
        except _VALUE_ERRORS as error:
            if rule == "extremes" and "More than one row" not in str(error):
                tally.broken.append(f"{rule}: {asked.question}\n    {_changed(changes)}\n    {error}")
            continue
        except duckdb.Error:
            continue
        if not compared(expected, found) and not _is_engines(world, asked, changes, compared):
            tally.broken.append(f"{rule}: {asked.question}\n    {_changed(changes)}")


def _changed(changes: Changes) -> str:
    return ", ".join(".".join(column) for column in changes)


def _rules(asked: Asked, seed: int) -> Iterator[tuple[str, Changes, Callable[[Rows, Rows], bool]]]:
    """(rule, changes, whether the second answer is as it should be beside the first)."""
    uses, failing = asked.uses(), asked.failing()

    def same(one: Rows, other: Rows) -> bool:
        return _same(asked, one, other)

    unused = [column for column in COLUMNS if not uses[column]]
    if unused:
        yield "unused", other_values(unused, seed), same
    everything = frozenset().union(*asked.influence.outputs)
    without = [column for column in COLUMNS if column not in everything]
    if without != unused:
        yield "outputs", other_values(without, seed), same
    for complement in {frozenset(COLUMNS) - origins for origins in asked.influence.outputs}:
        places = [p for p, origins in enumerate(asked.influence.outputs) if not origins & complement]
        if complement != frozenset(without):
            yield "output", other_values(complement, seed), _at(places)
    renamed = [column for group in _equated(asked) for column in group]
    if renamed:
        yield "renamed", renamed_values(renamed, asked.tree), same
    deciding = {"filter", "match", "join", "order"}
    safe = [c for c in COLUMNS if uses[c] and uses[c] <= deciding and c not in failing]
    if safe:
        yield "extremes", extreme_values([*safe, *unused], seed), lambda _one, _other: True


def _at(places: list[int]) -> Callable[[Rows, Rows], bool]:
    def same(one: Rows, other: Rows) -> bool:
        return all(
            Counter(repr(row[place]) for row in one) == Counter(repr(row[place]) for row in other)
            for place in places
        )

    return same


def _equated(asked: Asked) -> list[set[Origin]]:
    """Sets of columns of which it only counts which values are equal, to each other and to constants."""
    uses = asked.uses()
    groups: dict[Origin, set[Origin]] = {c: {c} for c in COLUMNS}
    open_: set[Origin] = {c for c in COLUMNS if not uses[c] or not uses[c] <= {"join", "match"}}
    for column, partner in asked.partners():
        if partner is None:
            open_.add(column)
            continue
        merged = groups[column] | groups[partner]
        for member in merged:
            groups[member] = merged
    distinct = {id(group): group for group in groups.values()}.values()
    return [g for g in distinct if not g & open_ and len({_family(c) for c in g}) == 1]


def _family(column: Origin) -> str:
    return "number" if KINDS[column] in _NUMBERS else KINDS[column]


def _same(asked: Asked, one: Rows, other: Rows) -> bool:
    ones, others = [repr(row) for row in one], [repr(row) for row in other]
    return ones == others if asked.ordered else Counter(ones) == Counter(others)


def _is_engines(world: World, asked: Asked, changes: Changes, compared: Callable[[Rows, Rows], bool]) -> bool:
    """Whether the difference is gone when DuckDB's optimizer stays out of it."""
    try:
        one = world.answer(asked.text, {}, optimized=False)
        return compared(one, world.answer(asked.text, changes, optimized=False))
    except duckdb.Error:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", default="0:1000")
    parser.add_argument("--plain", action="store_true", help="questions of few blocks")
    arguments = parser.parse_args()
    first, _, last = arguments.seeds.partition(":")
    seeds = [arguments.seed] if arguments.seed is not None else list(range(int(first), int(last)))
    world, tally = World(), Tally()
    write = plain_question if arguments.plain else random_question
    for seed in seeds:
        asked = world.ask(write(seed))
        before = len(tally.broken)
        if asked is not None:
            check(world, asked, seed, tally)
        for broken in tally.broken[before:]:
            print(f"seed {seed}: {broken}\n")
        if arguments.seed is not None and asked is not None:
            print(asked.question, asked.text, sep="\n")
            for table in asked.influence.tables:
                for use in table.uses:
                    print(f"  {table.department}.{table.name}.{use.column} {use}")
            print(*map(sorted, asked.influence.outputs), sep="\n")
    print(dict(tally.checked), f"{len(tally.broken)} broken")
    world.close()


if __name__ == "__main__":
    main()
