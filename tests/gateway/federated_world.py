"""Two federated tables over four members, one of them empty, with rows that are easy to get wrong, in one DuckDB.

`land.person` and `land.home` have the members north, south, east and west; `centre.town` and `centre.rate` are not
federated. Numbers called `even` are multiples of a quarter, whose sums are exact in any order; those called `ratio`
are positive, so that no order of adding loses them.
"""

from __future__ import annotations

import random
from collections.abc import Container
from datetime import date, timedelta
from functools import partial

import duckdb

from gateway.planner.choosing import Choosing, NoFacts
from gateway.planner.disclosure import Disclosure
from gateway.planner.distinct_lookups import distinct_lookups
from gateway.planner.make_plan import apply_passes
from gateway.planner.planning import Planning
from policies.statistics import ColumnFacts, TableFacts
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.resolve import ResolvedQuery
from sql.split import Split, split_query
from tests.sql.ask_in_parts import World

PERSON = {
    "id": "INTEGER",
    "area": "VARCHAR",
    "name": "VARCHAR",
    "small": "SMALLINT",
    "far": "BIGINT",
    "price": "DECIMAL(12,2)",
    "ratio": "DOUBLE",
    "even": "DOUBLE",
    "tenth": "DOUBLE",
    "thin": "FLOAT",
    "flag": "BOOLEAN",
    "born": "DATE",
    "home": "INTEGER",
}
HOME = {"id": "INTEGER", "street": "VARCHAR", "rooms": "INTEGER", "rent": "DECIMAL(8,2)"}
TOWN = {"code": "VARCHAR", "title": "VARCHAR", "weight": "INTEGER"}
RATE = {"least": "INTEGER", "share": "DOUBLE", "area": "VARCHAR"}
MEMBERS = ("north", "south", "east", "west")
TEXTS = ("", " ", "a", "A", "a ", "b", "中", "é", "e\u0301", "\u00df", None)


def federated_catalog() -> Catalog:
    """Every table of this world."""
    tables = [Table("centre", "town", _columns(TOWN)), Table("centre", "rate", _columns(RATE))]
    for name, kinds in (("person", PERSON), ("home", HOME)):
        tables += [Table(member, name, _columns(kinds)) for member in MEMBERS]
        columns = (*_columns(kinds), Column("member", "VARCHAR"))
        members = tuple((member, name) for member in MEMBERS)
        tables.append(Table("land", name, columns, members=members, member_column="member"))
    return Catalog(tables, "1")


def _columns(kinds: dict[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in kinds.items())


class SameFacts(NoFacts):
    """Every person table has so many rows, and a column so many values, but for those of `others`."""

    def __init__(self, rows: float, distinct: float, **others: float) -> None:
        counts = dict.fromkeys(PERSON, distinct) | others
        facts = {name: ColumnFacts(distinct=count, null_fraction=0.0) for name, count in counts.items()}
        self.known = TableFacts(rows, facts)

    def table(self, department: str, name: str) -> TableFacts | None:
        del department, name
        return self.known


class FederatedWorld(World):
    """The rows are the same for a seed."""

    def __init__(self, *, rows: int = 40, seed: int = 5) -> None:
        self._rows, self._seed = rows, seed
        self._fill = partial(self._make)
        self.catalog = federated_catalog()
        self.binder = Binder(self.catalog.tables)
        self._open()

    def plan(
        self,
        resolved: ResolvedQuery,
        skip: Container[str] = (),
        disclosure: Disclosure | None = None,
        choosing: Choosing | None = None,
    ) -> Split:
        """The parts of a question, planned without the passes in `skip`."""
        planning = Planning(self.catalog, self.binder, disclosure or Disclosure(), choosing or Choosing())
        before = repr(resolved.tree)
        tree = apply_passes(resolved.tree, planning, skip)
        split = split_query(tree, lambda table: table.db, in_place=tree is not resolved.tree)
        if split.residual is not None:
            distinct_lookups(split, planning)
        assert repr(resolved.tree) == before, "planning changed the question"
        return split

    def _make(self, connection: duckdb.DuckDBPyConnection) -> None:
        chance = random.Random(self._seed)
        sizes = dict(zip(MEMBERS, (self._rows, self._rows // 2, 0, 3), strict=True))
        for name, kinds, make in (("person", PERSON, _person), ("home", HOME, _home)):
            for member, size in sizes.items():
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {member}")
                _create(connection, f"{member}.{name}", kinds, [make(i, chance) for i in range(size)])
            arms = " UNION ALL ".join(f"SELECT *, '{m}' AS member FROM {m}.{name}" for m in MEMBERS)
            connection.execute("CREATE SCHEMA IF NOT EXISTS land")
            connection.execute(f"CREATE VIEW land.{name} AS {arms}")
        connection.execute("CREATE SCHEMA centre")
        towns: list[list[object]] = [
            [text, f"town {text}", i] for i, text in enumerate(("a", "A", "b", "", "中", "zz"))
        ]
        _create(connection, "centre.town", TOWN, towns)
        rates: list[list[object]] = [[1, 0.5, "a"], [2, 0.25, "b"], [2, 1.5, None], [None, 2.0, "中"]]
        _create(connection, "centre.rate", RATE, rates)


def _create(
    connection: duckdb.DuckDBPyConnection, name: str, kinds: dict[str, str], rows: list[list[object]]
) -> None:
    listed = ", ".join(f"{column} {kind}" for column, kind in kinds.items())
    connection.execute(f"CREATE TABLE {name} ({listed})")
    if rows:
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(kinds))})", rows)


def _person(number: int, chance: random.Random) -> list[object]:
    def maybe(value: object, share: float = 0.15) -> object:
        return None if chance.random() < share else value

    return [
        number,
        chance.choice(TEXTS),
        maybe(chance.choice(("张三", "李四", "x", "X", "x "))),
        maybe(chance.choice((-3, 0, 1, 2, 2, 32767))),
        maybe(1_000_000 + chance.randint(-9, 9)),
        maybe(chance.choice((-0.01, 0, 1.5, 99.99, 1234567.89))),
        maybe(chance.choice((0.1, 0.2, 0.1 + 0.2, 3.3, 1e-9, 7e5))),
        maybe(
            chance.choice((-0.0, 0.0, -2.5, 0.25, 8.75, float("nan")) if number % 7 == 0 else (-1.25, 0.5))
        ),
        maybe(0.1),
        maybe(chance.choice((0.1, 2.5, 100.0))),
        maybe(chance.random() < 0.5),
        maybe(date(2000, 1, 1) + timedelta(days=chance.randint(0, 900))),
        maybe(chance.randint(0, 6)),
    ]


def _home(number: int, chance: random.Random) -> list[object]:
    rooms = None if chance.random() < 0.2 else chance.randint(1, 5)
    return [number % 7, chance.choice(TEXTS), rooms, chance.choice((None, 10.5, 99.95, 1000))]
