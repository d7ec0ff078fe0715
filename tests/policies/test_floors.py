"""An attacker with all shown cells in front of him, and every linear combination of them to try."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from sqlglot import exp

from comity.errors import ConfigurationError, InternalError, PolicyError
from policies.decision import ColumnDecision, Decision, Floor
from policies.floors import ENTITY, Keys, apply_floors, check_floors
from policies.principal import Principal
from policies.published import PublishedColumn, PublishedTable
from policies.wrap import wrap_table
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.parse import parse_query
from sql.render import render
from sql.resolve import resolve_query

FLOORS = {("h", "t"): Floor(3, "id")}
KEYS: Keys = {("h", "d"): (frozenset({"code"}),)}
INTEGER_COLUMNS = [Column(name, "INTEGER") for name in ("id", "a", "b", "c")]
TABLES = [
    Table("h", "t", (*INTEGER_COLUMNS, Column("s", "VARCHAR"), Column("v", "BIGINT"))),
    Table("h", "d", (Column("code", "INTEGER"), Column("name", "VARCHAR"))),
]
CATALOG = Catalog(TABLES, "1")

QUESTIONS = (
    "SELECT a, b, sum(v) AS v FROM h.t GROUP BY a, b",
    "SELECT a, b, sum(v) AS v FROM h.t GROUP BY ROLLUP (a, b)",
    "SELECT a, b, c, sum(v) AS v FROM h.t GROUP BY ROLLUP (a, b, c)",
    "SELECT a, b, c, sum(v) AS v FROM h.t GROUP BY a, ROLLUP (b, c)",
    "SELECT a, b, c, sum(v) AS v FROM h.t GROUP BY ROLLUP (a, (b, c))",
    "SELECT a, b, c, sum(v) AS v FROM h.t GROUP BY GROUPING SETS ((a, b, c), (a), ())",
    "SELECT sum(v) AS v, sum(v) FILTER (WHERE s = 'F') AS w FROM h.t",
    "SELECT a, sum(v) AS v, sum(v) FILTER (WHERE s = 'F') AS w FROM h.t GROUP BY a",
    "SELECT a, sum(v) AS v, sum(v) FILTER (WHERE s = 'F') AS w, sum(v) FILTER (WHERE b > 0) AS x FROM h.t GROUP BY a",
    "SELECT sum(v) FILTER (WHERE b < 2) AS v, sum(v) FILTER (WHERE b < 1) AS w, sum(v) FILTER (WHERE c = 0) AS x FROM h.t",
    "SELECT a, b, sum(v) AS v, sum(v) FILTER (WHERE s = 'F') AS w FROM h.t GROUP BY ROLLUP (a, b)",
    "SELECT a, b, sum(v) AS v FROM h.t WHERE c < 2 OR id = 1 GROUP BY ROLLUP (a, b)",
    "SELECT name, a, sum(v) AS v FROM h.t JOIN h.d ON t.b = d.code GROUP BY ROLLUP (name, a)",
    "SELECT id, a, sum(v) AS v FROM h.t GROUP BY ROLLUP (a, id)",
)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    found = Binder(TABLES)
    yield found
    found.close()


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute("CREATE SCHEMA h")
        connection.execute(
            "CREATE TABLE h.d AS SELECT i AS code, 'n' || (i // 2) AS name FROM range(9) AS r(i)"
        )
        yield connection


def random_rows(chance: random.Random) -> list[Row]:
    """Few people, some with several rows, in groups of which many are small; `v` is a bit of its own for each row."""
    return [
        {
            "id": None if chance.random() < 0.1 else chance.randrange(chance.choice((4, 12, 30))),
            "a": chance.choice((0, 0, 0, 1, 2, None)),
            "b": chance.choice((0, 0, 1, 1, 2)),
            "c": chance.randrange(3),
            "s": chance.choice(("F", "M", "M", None)),
            "v": 1 << number,
        }
        for number in range(chance.randrange(1, 60))
    ]


SCHEMA = pa.schema(
    [(name, pa.int32()) for name in ("id", "a", "b", "c")]
    + [("s", pa.string()), ("v", pa.int64()), (ENTITY, pa.int32())]
)


def load(database: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> None:
    table = pa.Table.from_pylist([{**row, ENTITY: row["id"]} for row in rows], SCHEMA)
    database.register("rows_of_t", table)
    database.execute("CREATE OR REPLACE TABLE h.t AS SELECT * FROM rows_of_t")
    database.unregister("rows_of_t")


@cache
def floored(sql: str, binder: Binder) -> tuple[exp.Query, tuple[exp.Query, ...]]:
    resolved = resolve_query(parse_query(sql), CATALOG, binder)
    check_floors(resolved.tree, FLOORS, sql, KEYS)
    found = apply_floors(resolved.tree, FLOORS)
    return found.tree, found.counts


def ask(database: duckdb.DuckDBPyConnection, sql: str, binder: Binder) -> list[Row]:
    tree, _ = floored(sql, binder)
    found: list[Row] = database.sql(render(tree)).to_arrow_table().to_pylist()
    return found


def cells_of(answer: Sequence[Row]) -> list[frozenset[int]]:
    """The rows of the table behind each shown sum: a sum of bits says exactly which."""
    sums = [int(row[name]) for row in answer for name in ("v", "w", "x") if row.get(name) is not None]
    return [frozenset(bit for bit in range(one.bit_length()) if one >> bit & 1) for one in sums]


def people(rows: Sequence[Row], behind: frozenset[int]) -> int:
    return len({rows[number]["id"] for number in behind if rows[number]["id"] is not None})


@pytest.mark.parametrize("sql", QUESTIONS)
def test_no_linear_combination_of_shown_cells_isolates_a_small_group(
    sql: str, binder: Binder, database: duckdb.DuckDBPyConnection
) -> None:
    """In the span of the cells, rows with the same coefficient in every cell cannot be told apart: those are what
    an attacker can isolate at best, and each must be large. For few cells every combination is tried as well.
    """
    for seed in range(8):
        rows = random_rows(random.Random(f"{seed} {sql}"))
        load(database, rows)
        cells = list(dict.fromkeys(cells_of(ask(database, sql, binder))))
        together: dict[tuple[bool, ...], set[int]] = defaultdict(set)
        for number in range(len(rows)):
            together[tuple(number in cell for cell in cells)].add(number)
        for pattern, behind in together.items():
            assert not any(pattern) or people(rows, frozenset(behind)) >= 3, (sql, seed)
        for factors in product((-1, 0, 1), repeat=min(len(cells), 5)):
            weights = [
                sum(f for f, cell in zip(factors, cells, strict=False) if number in cell)
                for number in range(len(rows))
            ]
            left = frozenset(number for number, weight in enumerate(weights) if weight)
            assert not left or people(rows, left) >= 3, (sql, seed, factors)


def test_the_attacker_would_find_a_group_that_is_only_left_out() -> None:
    """The test above is no test if it cannot fail: totals beside their large parts give the small part away."""
    rows = [{"id": number, "a": min(number, 3) // 3} for number in range(4)]
    cells = [frozenset({0, 1, 2, 3}), frozenset({3})]
    assert people(rows, cells[0] - cells[1]) == 3
    assert people(rows, cells[0] - frozenset({0, 1, 2})) == 1


@pytest.mark.parametrize("sql", QUESTIONS)
def test_rows_that_are_never_shown_change_nothing(
    sql: str, binder: Binder, database: duckdb.DuckDBPyConnection
) -> None:
    """Not their values, not how many they are, not whether there are any: neither the rows of the answer nor the
    number of groups that is told.
    """
    _, counts = floored(sql, binder)
    for seed in range(8):
        rows = random_rows(random.Random(f"hidden {seed} {sql}"))
        load(database, rows)
        shown = sorted(map(repr, ask(database, sql, binder)))
        seen = frozenset().union(*cells_of(ask(database, sql, binder)))
        told = [database.sql(render(count)).fetchall() for count in counts]
        if any(count != [(0,)] for count in told):
            # What is told of the hidden rows then rests on enough people itself.
            continue
        load(database, [row for number, row in enumerate(rows) if number in seen])
        assert sorted(map(repr, ask(database, sql, binder))) == shown
        assert [database.sql(render(count)).fetchall() for count in counts] == told


def test_averages_extremes_and_counts_hold_the_same_rows_as_sums(
    binder: Binder, database: duckdb.DuckDBPyConnection
) -> None:
    sql = (
        "SELECT a, b, sum(v) AS v, count(*) AS n, avg(v) AS m, min(v) AS lo, max(v) AS hi, count(DISTINCT id) AS d "
        "FROM h.t GROUP BY ROLLUP (a, b)"
    )
    for seed in range(10):
        rows = random_rows(random.Random(seed))
        load(database, rows)
        for row in ask(database, sql, binder):
            (behind,) = cells_of([row])
            assert row["n"] == len(behind)
            assert row["d"] == people(rows, behind)
            assert (int(row["lo"]), int(row["hi"])) == (1 << min(behind), 1 << max(behind))
            assert abs(Fraction(row["m"]) * row["n"] - int(row["v"])) <= Fraction(int(row["v"]), 10**9)


def test_the_count_of_groups_left_out_is_told_only_of_enough_people(
    binder: Binder, database: duckdb.DuckDBPyConnection
) -> None:
    _, (count,) = floored("SELECT a, count(*) AS n FROM h.t GROUP BY a", binder)
    empty = {"b": 0, "c": 0, "s": None, "v": 1}
    cases: list[tuple[list[list[int | None]], int]] = [
        ([[1, 2, 3]], 0),
        ([[1, 2, 3], [4]], 0),
        ([[1, 2, 3], [4, 5]], 0),
        ([[1, 2, 3], [4], [4], [5], [5]], 0),
        ([[1, 2, 3], [4], [5], [6]], 3),
        ([[4, 5], [6]], 2),
        ([[None], [None], [None], [None]], 0),
    ]
    for groups, expected in cases:
        load(
            database,
            [{"id": who, "a": place, **empty} for place, group in enumerate(groups) for who in group],
        )
        assert database.sql(render(count)).fetchall() == [(expected,)]


def test_a_with_name_may_be_read_twice_since_it_shows_large_groups_only(
    binder: Binder, database: duckdb.DuckDBPyConnection
) -> None:
    load(database, [{"id": who, "a": who // 4, "b": 0, "c": 0, "s": None, "v": 1} for who in range(6)])
    sql = (
        "WITH g AS (SELECT a, count(*) AS n FROM h.t GROUP BY a) "
        "SELECT x.a, x.n, (SELECT sum(y.n) FROM g AS y) AS total FROM g AS x"
    )
    assert ask(database, sql, binder) == [{"a": 0, "n": 4, "total": 4}]


@pytest.mark.parametrize(
    "sql",
    [
        # One sum in which the first counts once, the second ten times, the third a hundred times.
        "SELECT sum(t.v) AS v FROM h.t JOIN (VALUES (1), (2), (2), (3)) AS w(x) ON t.id = w.x",
        # Everybody in one group, everybody but one in the next.
        "SELECT w.g, sum(t.v) AS v FROM h.t JOIN (VALUES (1, 1), (1, 2), (2, 1)) AS w(x, g) ON t.id = w.x GROUP BY w.g",
        "SELECT w.g, sum(t.v) AS v FROM h.t, (VALUES (1), (2)) AS w(g) GROUP BY w.g, t.id = w.g",
        "SELECT x.name, sum(t.v) AS v FROM h.t JOIN (SELECT * FROM h.d UNION ALL SELECT * FROM h.d) AS x ON t.b = x.code GROUP BY 1",
        # The condition of an outer join says nothing of the tables that were joined before it.
        "SELECT sum(t.v) AS v FROM h.t CROSS JOIN h.d LEFT JOIN h.d AS e ON t.b = d.code AND e.code = t.a",
        # No groups at all.
        "SELECT a FROM h.t",
        "SELECT DISTINCT max(a) OVER (PARTITION BY b) AS m FROM h.t",
        "SELECT name FROM h.d WHERE EXISTS (SELECT 1 FROM h.t WHERE t.b = d.code)",
        # A condition of one's own in an aggregate.
        "SELECT sum(CASE WHEN id = 1 THEN v END) AS v FROM h.t",
        # Margins that give cells away.
        "SELECT a, b, sum(v) AS v FROM h.t GROUP BY CUBE (a, b)",
        "SELECT a, b, sum(v) AS v FROM h.t GROUP BY GROUPING SETS ((a), (b))",
        # An error for one person.
        "SELECT count(*) AS n FROM h.t WHERE CAST(s AS INTEGER) > 1",
        # Everybody, once for each row around it.
        "SELECT name, (SELECT sum(v) FROM h.t WHERE t.id <> d.code) AS v FROM h.d",
        # The first n power sums of n numbers are the numbers.
        "SELECT sum(v * v * v) AS v FROM h.t",
        # A second look at the same people.
        "SELECT sum(v) AS v FROM h.t WHERE id IN (SELECT u.id FROM h.t AS u WHERE u.a = 1)",
        "SELECT sum(v) AS v FROM h.t WHERE id IN (SELECT u.id FROM h.t AS u GROUP BY u.id)",
    ],
)
def test_a_way_around_a_floor_is_refused(sql: str, binder: Binder) -> None:
    with pytest.raises(PolicyError):
        floored(sql, binder)


@pytest.mark.parametrize(
    "join",
    [
        "JOIN h.d ON t.b = d.code",
        "LEFT JOIN h.d ON d.code = t.b AND d.name > 'n'",
        "JOIN (SELECT DISTINCT name FROM h.d) AS n ON t.s = n.name",
        "JOIN (SELECT name, count(*) AS n FROM h.d GROUP BY name) AS n ON t.s = n.name",
        "JOIN (VALUES (1), (2)) AS w(x) ON t.id = w.x",
        "CROSS JOIN (SELECT max(code) AS m FROM h.d) AS m",
        "RIGHT JOIN h.d ON t.b = d.code",
        "SEMI JOIN h.d ON t.s = d.name",
    ],
)
def test_joins_that_repeat_no_row_are_let_pass(
    join: str, binder: Binder, database: duckdb.DuckDBPyConnection
) -> None:
    load(database, [{"id": who, "a": 0, "b": 1, "c": 0, "s": "n0", "v": 1 << who} for who in range(5)])
    for row in ask(database, f"SELECT sum(t.v) AS v FROM h.t {join}", binder):
        assert len(cells_of([row])[0]) == 5


def wrapped(columns: Sequence[str], published: Sequence[str], floor: Floor | None) -> str:
    table = PublishedTable("t", ("t",), columns=tuple(PublishedColumn(name, name) for name in published))
    shown = {
        name: ColumnDecision(frozenset({"read"}), "keep_first", "1") for name in published if name != "id"
    }
    made = Decision("h", "t", True, True, "g", (), shown, None, None, "", floor=floor)
    return wrap_table(table, dict.fromkeys(published, "VARCHAR"), made, CALLER, columns, "t").sql("duckdb")


CALLER = Principal("li.wei", "bureau", frozenset())


def test_the_wrap_shows_the_entity_as_it_is_and_only_under_a_floor() -> None:
    assert '"_published"."id" AS "_entity"' in wrapped(["a", ENTITY], ["id", "a"], Floor(3, "id"))
    with pytest.raises(InternalError):
        wrapped(["a", ENTITY], ["id", "a"], None)


def test_a_published_column_may_have_the_name_of_the_entity_where_there_is_no_floor() -> None:
    assert "SUBSTRING" in wrapped([ENTITY], [ENTITY], None) or "LEFT" in wrapped([ENTITY], [ENTITY], None)
    with pytest.raises(ConfigurationError):
        wrapped(["a", ENTITY], ["id", "a", "_Entity"], Floor(3, "id"))
