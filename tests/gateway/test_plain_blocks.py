"""What tools and people write around the same question is planned as the question is (docs/reference/pushdown.md)."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from sqlglot import exp

from gateway.planner.constant_conditions import simplified
from gateway.planner.disclosure import Disclosure
from gateway.planner.make_plan import PASSES
from gateway.planner.members import BRANCHES
from gateway.planner.planning import Planning
from gateway.planner.repeat_wrappers import repeat_wrappers
from policies.decision import ColumnDecision, Decision, Floor
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.parse import parse_query
from sql.resolve import resolve_query
from tests.gateway.test_planner_passes import pairs, parse, text

PERSON = tuple(
    Column(name, kind)
    for name, kind in (("id", "INTEGER"), ("area", "VARCHAR"), ("balance", "DECIMAL(12,2)"))
)
CATALOG = Catalog(
    [
        Table("north", "person", PERSON),
        Table("south", "person", PERSON),
        Table(
            "centre",
            "town",
            (Column("code", "VARCHAR"), Column("name", "VARCHAR"), Column("size", "INTEGER")),
        ),
        Table(
            "all",
            "person",
            (*PERSON, Column("department", "VARCHAR")),
            members=(("north", "person"), ("south", "person")),
            member_column="department",
        ),
    ],
    "1",
)
NAMES = ("merge_wrappers", "simplify_outer_joins", "push_filters_into_queries", "unite_branches")


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    binder = Binder(CATALOG.tables)
    yield binder
    binder.close()


def resolved(question: str, binder: Binder) -> exp.Query:
    return resolve_query(parse_query(question), CATALOG, binder).tree


def passed(question: str, binder: Binder, disclosure: Disclosure | None = None) -> exp.Query:
    tree, planning = resolved(question, binder), Planning(CATALOG, binder, disclosure or Disclosure(()))
    for name in NAMES:
        tree = PASSES[name](tree, planning)
    return tree


def test_the_passes_stand_in_this_order() -> None:
    assert [name for name in PASSES if name in NAMES] == list(NAMES)


@pytest.mark.parametrize(("title", "question", "plan"), pairs("plain_blocks.sql"))
def test_blocks_are_as_plain_as_they_can_be(title: str, question: str, plan: str, binder: Binder) -> None:
    tree = passed(question, binder)
    # Whatever became of it, DuckDB reads it, with the same columns.
    assert binder.columns_of(tree) == binder.columns_of(resolved(question, binder)), title
    assert text(tree) == text(parse(plan)), title


def test_branches_are_not_members_of_the_same(binder: Binder) -> None:
    """A label of a branch is no department, so branches of two unions are not joined by it."""
    branches = "(SELECT 'x' AS s, id FROM north.person UNION ALL SELECT 'y', size FROM centre.town)"
    other = "(SELECT 'y' AS s, id FROM north.person UNION ALL SELECT 'x', size FROM centre.town)"
    tree = passed(
        f"SELECT a.id, b.id AS i FROM {branches} a JOIN {other} b ON a.s = b.s AND a.id = b.id", binder
    )
    assert sum(bool(node.meta.get(BRANCHES)) for node in tree.find_all(exp.Subquery)) == 2
    planning = Planning(CATALOG, binder, Disclosure(()))
    after = tree
    for name in ("join_members", "look_up_in_members"):
        after = PASSES[name](after, planning)
    assert text(after) == text(tree)


REPEATED = """
WITH r AS (SELECT p.id, p.area, t.size FROM north.person p JOIN centre.town t ON t.code = p.area WHERE p.id > 1),
s AS (SELECT r.id AS i FROM r WHERE r.size = 2)
SELECT a.id AS id, b.i AS i FROM r AS a JOIN s AS b ON b.i = a.id WHERE EXISTS (SELECT 1 AS one FROM s AS c WHERE c.i < a.id)
"""


def test_a_with_query_that_is_read_often_can_stand_in_each_place(binder: Binder) -> None:
    tree, planning = resolved(REPEATED, binder), Planning(CATALOG, binder, Disclosure(()))
    before = text(tree)
    apart = repeat_wrappers(tree, planning)
    assert apart is not None
    assert text(tree) == before, "the input was changed"
    assert apart.find(exp.CTE) is None
    names = [
        node.alias_or_name.lower() for node in apart.find_all(exp.Table, exp.Subquery) if node.alias_or_name
    ]
    assert len(set(names)) == len(names)
    assert binder.columns_of(apart) == binder.columns_of(tree)
    database = duckdb.connect()
    for table in CATALOG.tables:
        if not table.members:
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            database.execute(f"CREATE SCHEMA IF NOT EXISTS {table.department}")
            database.execute(f"CREATE TABLE {table.department}.{table.name} ({columns})")
    database.execute("INSERT INTO north.person SELECT i % 7, 'c' || i % 3, i FROM range(20) AS r(i)")
    database.execute("INSERT INTO centre.town SELECT 'c' || i % 4, 'n', i % 3 FROM range(6) AS r(i)")
    expected = sorted(database.sql(text(tree)).fetchall())
    assert expected
    assert sorted(database.sql(text(apart)).fetchall()) == expected
    whole = apart
    for run in PASSES.values():
        whole = run(whole, planning)
    assert sorted(database.sql(text(whole)).fetchall()) == expected
    database.close()


@pytest.mark.parametrize(
    "question",
    [
        "WITH r AS (SELECT id FROM north.person LIMIT 1) SELECT a.id FROM r a, r b, centre.town t",
        "WITH r AS (SELECT id FROM north.person WHERE id IN (SELECT size FROM centre.town)) SELECT a.id FROM r a, r b",
        "WITH r AS (SELECT id FROM north.person) SELECT a.id FROM r a, r b",
        "WITH r AS (SELECT id FROM north.person) SELECT r.id FROM r, centre.town t",
    ],
)
def test_others_stand_once(question: str, binder: Binder) -> None:
    planning = Planning(CATALOG, binder, Disclosure(()))
    assert repeat_wrappers(resolved(question, binder), planning) is None


def granted(uses: str, *, floor: bool = False) -> Disclosure:
    """Every column of persons has these uses."""
    rules = {column.name: ColumnDecision(frozenset(uses.split())) for column in PERSON}
    of_floor = Floor(3, "id") if floor else None
    return Disclosure(
        Decision(
            department, "person", allowed=True, known=True, grant_id="g", reasons=(), columns=rules, row_filter=None,
            legal_basis=None, policy_digest="", floor=of_floor,
        )
        for department in ("north", "south")
    )  # fmt: skip


@pytest.mark.parametrize(
    "question",
    [
        "SELECT q.n FROM (SELECT p.area, count(*) AS n FROM {0} p JOIN centre.town t ON t.code = p.area GROUP BY p.area) q WHERE q.area > 'x'",
        "SELECT u.a FROM (SELECT area AS a FROM {0} INTERSECT SELECT code FROM centre.town) u WHERE u.a > 'b'",
        "SELECT q.a FROM (SELECT DISTINCT p.area AS a FROM {0} p JOIN centre.town t ON t.code = p.area) q WHERE q.a > 'x'",
    ],
)
@pytest.mark.parametrize("table", ["north.person", '"all".person'])
def test_rows_are_filtered_by_what_they_may_be_filtered_by(question: str, table: str, binder: Binder) -> None:
    """A column that may only be grouped by can be compared when its groups are there, and not before."""
    sql = question.format(table)
    before = text(resolved(sql, binder))
    assert text(passed(sql, binder, granted("group join"))) == before
    assert text(passed(sql, binder, granted("group join filter", floor=True))) == before
    assert text(passed(sql, binder, granted("group join filter"))) != before


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("'town_a' LIKE 'town%'", True),
        ("'town_a' LIKE 'town_'", False),
        ("'a' NOT LIKE '%y%'", True),
        ("'a' NOT LIKE 'a'", False),
        ("'a' NOT IN ('a')", False),
        ("'a' NOT BETWEEN 'a' AND 'b'", False),
        ("'a' LIKE ANY ('a')", None),
        ("'a' LIKE 'a' ESCAPE 'b'", None),
        ("'a%' LIKE 'a\\%'", None),
        ("'b' BETWEEN 'a' AND 'c'", True),
        ("'é' > 'z'", True),
        ("'Z' < 'a'", True),
        ("NOT ('a' = 'b')", True),
        ("'a' IN ('b', 'c')", False),
        ("'a' IN ('b', NULL)", None),
        ("'a' = NULL", None),
        ("'a' = 'a' AND 'a' <> 'a'", False),
        ("CAST('a' AS VARCHAR) = 'a'", True),
        ("CAST('1' AS INTEGER) = '1'", None),
    ],
)
def test_conditions_on_constants_are_decided_as_duckdb_does(
    condition: str, expected: bool | None, binder: Binder
) -> None:
    where = parse(f"SELECT 1 WHERE {condition}").args["where"]
    found = simplified(where.this)
    assert found is expected if expected is not None else found is where.this


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("'a' = 'b' OR x = 1", "x = 1"),
        ("('a' = 'a' AND x = 1)", "(x = 1)"),
        ("'a' = 'a' OR x = 1", "True"),
        ("x = 1 AND ('a' = 'b' OR y = 2) AND 'c' > 'b'", "x = 1 AND (y = 2)"),
        ("NOT ('a' = 'b' OR x = 1)", "NOT ('a' = 'b' OR x = 1)"),
    ],
)
def test_what_is_not_constant_is_left(condition: str, left: str) -> None:
    found = simplified(parse(f"SELECT 1 WHERE {condition}").args["where"].this)
    assert (found.sql("duckdb") if isinstance(found, exp.Expr) else str(found)) == left
